// Options as the table of training settings describes them: their names, help, defaults and bounds.

import ArgumentParser
import Swiftlet

extension LearningRateSchedule.Shape: ExpressibleByArgument {}
extension OptimizerKind: ExpressibleByArgument {}
extension Recomputation: ExpressibleByArgument {}

/// The precision of matrices and activations in training.
struct TrainingPrecision: ElementTypeArgument {
    static let choices = ElementType.floatTypes
    let elementType: ElementType
}

extension Option {
    /// The option of a setting that is a number.
    init(_ path: KeyPath<TrainingSettings, Value>)
    where Value: SettingValue & Numeric & LosslessStringConvertible {
        self.init(
            wrappedValue: TrainingSettings.default(path),
            name: .setting(path),
            help: .setting(path),
            in: TrainingSettings.setting(path).bounds
        )
    }

    /// The same, where the default depends on something.
    init<Number: SettingValue & Numeric & LosslessStringConvertible>(
        _ path: KeyPath<TrainingSettings, Number>
    ) where Value == Number? {
        self.init(
            name: .setting(path),
            help: .setting(path),
            in: TrainingSettings.setting(path).bounds
        )
    }

    /// The option of a setting that is one of some names.
    init(_ path: KeyPath<TrainingSettings, Value>)
    where Value: SettingValue & ExpressibleByArgument & RawRepresentable<String> {
        self.init(
            wrappedValue: TrainingSettings.default(path),
            name: .setting(path),
            help: .setting(path)
        )
    }

    /// The option of a setting that is a type of numbers.
    init(_ path: KeyPath<TrainingSettings, ElementType>) where Value == TrainingPrecision {
        self.init(
            wrappedValue: TrainingPrecision(elementType: TrainingSettings.default(path)),
            name: .setting(path),
            help: .setting(path)
        )
    }
}

extension Flag where Value == Bool {
    /// The flag of a setting that is off unless it is given.
    init(_ path: KeyPath<TrainingSettings, Bool>) {
        self.init(
            wrappedValue: TrainingSettings.default(path),
            name: .setting(path),
            help: .setting(path)
        )
    }
}

extension NameSpecification {
    fileprivate static func setting(_ path: KeyPath<TrainingSettings, some SettingValue>) -> Self {
        .customLong(TrainingSettings.setting(path).name)
    }
}

extension ArgumentHelp {
    fileprivate static func setting(_ path: KeyPath<TrainingSettings, some SettingValue>) -> Self {
        ArgumentHelp(TrainingSettings.setting(path).help)
    }
}
