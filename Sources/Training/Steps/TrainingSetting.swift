// One row of the table of settings, and what is read from all rows: defaults, checks, what a run
// that goes on does differently, and the flags of run.json. The options of the command read it too.
// The rows themselves are in TrainingSettings+Table.swift.

import Inference
import LanguageModels
import Tensors

/// A value that run.json can hold.
package protocol SettingValue: Equatable, Sendable {
    /// The value in JSON.
    var json: JSONValue { get }
}

extension Bool: SettingValue { package var json: JSONValue { .bool(self) } }
extension Int: SettingValue { package var json: JSONValue { .integer(self) } }
extension UInt64: SettingValue { package var json: JSONValue { JSONValue(self) } }
extension Float: SettingValue { package var json: JSONValue { JSONValue(self) } }
extension Double: SettingValue { package var json: JSONValue { .number(self) } }
extension SettingValue where Self: RawRepresentable, RawValue == String {
    package var json: JSONValue { .string(rawValue) }
}
extension ElementType: SettingValue {}
extension LearningRateSchedule.Shape: SettingValue {}
extension OptimizerKind: SettingValue {}
extension Recomputation: SettingValue {}

extension TrainingSettings {
    /// What settings belong to; the title is that of the options in the command's help, and of the
    /// flags in a report.
    package enum Section: String, Sendable {
        case data = "Data"
        case batches = "Batches and steps"
        case optimizer = "Optimizer"
        case intervals = "Between steps"
        case run = "Run"
    }

    /// A setting without the type of its value.
    package protocol AnySetting: Sendable {
        var section: Section { get }
        var name: String { get }
        /// Checks that a value makes sense.
        /// - Throws: ``TrainingError/invalidSetting(name:requirement:found:)``.
        func check(_ settings: TrainingSettings) throws
        /// Says in which way a run may not go on; nil where it may.
        func difference(from then: TrainingSettings, to now: TrainingSettings) -> String?
        /// The value of the flag in run.json.
        func json(in settings: TrainingSettings) -> JSONValue
        /// The default of the property at `path`; nil where that is another setting's, and where
        /// the default depends on model and data.
        func initial(at path: PartialKeyPath<TrainingSettings>) -> Any?
        /// The default, as run.json has it; nil where it depends on model and data.
        var initialJSON: JSONValue? { get }
    }

    /// Whether a run may continue with another value, by the settings that it had and has.
    typealias Freedom = @Sendable (_ then: TrainingSettings, _ now: TrainingSettings) -> Bool

    /// All that is said of a setting.
    package struct Setting<Value: SettingValue>: AnySetting {
        package let section: Section
        /// Of the option without its dashes, and of the flag in run.json.
        package let name: String
        let path: KeyPath<TrainingSettings, Value> & Sendable
        /// What holds where nobody says otherwise; nil where that depends on model and data.
        package let initial: Value?
        package let bounds: Bounds<Value>
        /// What sentences call it, such as "the learning rate".
        private(set) var phrase = ""
        /// What help says of it.
        package private(set) var help = ""
        /// Whether a run may continue with another value.
        private var isFree: Freedom = { _, _ in false }

        init(
            _ section: Section,
            _ name: String,
            _ path: KeyPath<TrainingSettings, Value> & Sendable,
            default initial: Value? = nil,
            in bounds: Bounds<Value> = .none
        ) {
            self.section = section
            self.name = name
            self.path = path
            self.initial = initial
            self.bounds = bounds
        }

        /// The same with its words.
        func called(_ phrase: String, _ help: String) -> Self {
            var setting = self
            (setting.phrase, setting.help) = (phrase, help)
            return setting
        }

        /// The same for a run that may continue with another value, always or on a condition.
        func mayDiffer(where isSo: @escaping Freedom = { _, _ in true }) -> Self {
            var setting = self
            setting.isFree = isSo
            return setting
        }

        package func check(_ settings: TrainingSettings) throws {
            try require(bounds.contains(settings[keyPath: path]), bounds.requirement, of: settings)
        }

        /// Throws an error that names the setting, unless a requirement holds.
        func require(_ holds: Bool, _ requirement: String, of settings: TrainingSettings) throws {
            guard !holds else { return }
            throw TrainingError.invalidSetting(
                name: phrase,
                requirement: requirement,
                found: "\(settings[keyPath: path])"
            )
        }

        package func difference(
            from then: TrainingSettings,
            to now: TrainingSettings
        ) -> String? {
            let (old, new) = (then[keyPath: path], now[keyPath: path])
            return old == new || isFree(then, now)
                ? nil : "\(phrase) was \(old) and is now \(new)"
        }

        package func json(in settings: TrainingSettings) -> JSONValue {
            settings[keyPath: path].json
        }

        package func initial(at path: PartialKeyPath<TrainingSettings>) -> Any? {
            path == self.path ? initial : nil
        }

        package var initialJSON: JSONValue? { initial?.json }
    }

    /// The row of the table for a property.
    /// - Precondition: There is one.
    package static func setting<Value>(_ path: KeyPath<Self, Value>) -> Setting<Value> {
        for case let setting as Setting<Value> in table where setting.path == path {
            return setting
        }
        preconditionFailure("no setting for \(path)")
    }

    /// The default of a property.
    /// - Precondition: It depends on nothing.
    @usableFromInline
    package static func `default`<Value>(_ path: KeyPath<Self, Value>) -> Value {
        for case let value as Value in table.lazy.compactMap({ $0.initial(at: path) }) {
            return value
        }
        preconditionFailure("no default for \(path)")
    }

    /// Checks that the settings make sense, each by itself and together.
    /// - Throws: ``TrainingError/invalidSetting(name:requirement:found:)``.
    package func validate() throws {
        for setting in Self.table { try setting.check(self) }
        let microBatch = batchSize * sequenceLength
        try Self.setting(\.totalBatchTokens).require(
            totalBatchTokens.isMultiple(of: microBatch),
            "a multiple of batch size times sequence length, \(microBatch)",
            of: self
        )
    }

    /// Says which settings that decide the arithmetic differ in `current`.
    /// - Returns: Phrases such as "the learning rate was 0.0003 and is now 0.001".
    func differences(from current: Self) -> [String] {
        Self.table.compactMap { $0.difference(from: self, to: current) }
    }

    /// The flags that give these settings, as run.json has them: by their names without dashes.
    package var flags: [String: JSONValue] {
        Dictionary(uniqueKeysWithValues: Self.table.map { ($0.name, $0.json(in: self)) })
    }

    /// The names of a section's flags.
    package static func names(of section: Section) -> [String] {
        table.filter { $0.section == section }.map(\.name)
    }
}
