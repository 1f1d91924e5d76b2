// Numeric options, each with its valid range: values outside are refused before anything is opened,
// with a sentence that says what is allowed.

import ArgumentParser
import Inference

/// Why a value is not the number that an option needs; the parser names both.
struct NumberError: Error, CustomStringConvertible {
    let description: String
}

extension Bounds where Value: LosslessStringConvertible {
    /// The number that a text is.
    /// - Throws: ``NumberError`` where it is none, or one beyond the bounds.
    @Sendable
    func number(_ text: String) throws -> Value {
        let number = Value(text)
        if let number, contains(number) { return number }
        // Without the end of the range, a number of too many digits would seem to be within it.
        let isTooLarge =
            number == nil && !text.isEmpty && text.utf8.allSatisfy { 0x30...0x39 ~= $0 }
        throw NumberError(description: "it must be \(isTooLarge ? fullRequirement : requirement)")
    }
}

// The parser shows no default value for an option with its own transform.
extension Option {
    /// An option whose value is a number within `bounds`.
    init(
        wrappedValue: Value,
        name: NameSpecification = .long,
        help: ArgumentHelp,
        in bounds: Bounds<Value>
    ) where Value: LosslessStringConvertible {
        self.init(
            wrappedValue: wrappedValue,
            name: name,
            help: help.showing(default: "\(wrappedValue)"),
            transform: bounds.number
        )
    }

    /// The same for a required option.
    init(help: ArgumentHelp, in bounds: Bounds<Value>) where Value: LosslessStringConvertible {
        self.init(help: help, transform: bounds.number)
    }

    /// The same for an optional option.
    init<Number: LosslessStringConvertible>(
        name: NameSpecification = .long,
        help: ArgumentHelp,
        in bounds: Bounds<Number>
    ) where Value == Number? {
        self.init(name: name, help: help, transform: bounds.number)
    }

    /// The same for a repeatable option.
    init<Number: LosslessStringConvertible>(
        wrappedValue: [Number],
        help: ArgumentHelp,
        in bounds: Bounds<Number>
    ) where Value == [Number] {
        self.init(
            wrappedValue: wrappedValue,
            help: help.showing(default: wrappedValue.map { "\($0)" }.joined(separator: ", ")),
            transform: bounds.number
        )
    }
}

extension ArgumentHelp {
    fileprivate func showing(default value: String) -> ArgumentHelp {
        var help = self
        help.abstract += " (default: \(value))"
        return help
    }
}
