// Numeric options, each with its valid range: values outside are refused before anything is opened,
// with a sentence that says what is allowed.

import ArgumentParser

/// The numbers that an option takes.
struct NumberRange<Number>: Sendable {
    /// The number that a text is, or else a ``NumberError``.
    let number: @Sendable (String) throws -> Number
}

/// Why a value is not the number that an option needs; the parser names both.
struct NumberError: Error, CustomStringConvertible {
    let description: String
}

extension NumberRange where Number: FixedWidthInteger & Sendable {
    /// Whole numbers from `least` to `most`.
    static func from(_ least: Number, to most: Number = .max) -> NumberRange {
        NumberRange { text in
            if let number = Number(text), least <= number, number <= most { return number }
            // If the range's end were not named, a number with too many digits would seem to be in
            // it.
            let isTooLarge = Number(text) == nil && text.utf8.allSatisfy { 0x30...0x39 ~= $0 }
            throw NumberError(
                description: most == .max && !(isTooLarge && !text.isEmpty)
                    ? "it must be a whole number, \(least) or more"
                    : "it must be a whole number from \(least) to \(most)"
            )
        }
    }
}

extension NumberRange where Number: BinaryFloatingPoint & LosslessStringConvertible & Sendable {
    static var notNegative: NumberRange {
        range("finite number of 0 or more") { $0 >= 0 && $0.isFinite }
    }
    static var notNegativeOrInfinite: NumberRange { range("number of 0 or more") { $0 >= 0 } }
    static var finite: NumberRange { range("finite number") { $0.isFinite } }
    static var positive: NumberRange { range("finite number above 0") { $0 > 0 && $0.isFinite } }
    static var fraction: NumberRange { range("number from 0 to 1") { $0 >= 0 && $0 <= 1 } }
    static var positiveFraction: NumberRange {
        range("number above 0 and at most 1") { $0 > 0 && $0 <= 1 }
    }
    static var belowOne: NumberRange {
        range("number of 0 or more, and below 1") { $0 >= 0 && $0 < 1 }
    }

    /// The numbers for which `contains` is true; it must be false for NaN.
    private static func range(
        _ requirement: String,
        _ contains: @escaping @Sendable (Number) -> Bool
    ) -> NumberRange {
        NumberRange { text in
            guard let number = Number(text), contains(number) else {
                throw NumberError(description: "it must be a \(requirement)")
            }
            return number
        }
    }
}

// The parser shows no default value for an option with its own transform.
extension Option {
    /// An option whose value is a number of `range`.
    init(
        wrappedValue: Value,
        name: NameSpecification = .long,
        help: ArgumentHelp,
        in range: NumberRange<Value>
    ) {
        self.init(
            wrappedValue: wrappedValue,
            name: name,
            help: help.showing(default: "\(wrappedValue)"),
            transform: range.number
        )
    }

    /// The same for a required option.
    init(help: ArgumentHelp, in range: NumberRange<Value>) {
        self.init(help: help, transform: range.number)
    }

    /// The same for an optional option.
    init<Number>(help: ArgumentHelp, in range: NumberRange<Number>) where Value == Number? {
        self.init(help: help, transform: range.number)
    }

    /// The same for a repeatable option.
    init<Number>(wrappedValue: [Number], help: ArgumentHelp, in range: NumberRange<Number>)
    where Value == [Number] {
        self.init(
            wrappedValue: wrappedValue,
            help: help.showing(default: wrappedValue.map { "\($0)" }.joined(separator: ", ")),
            transform: range.number
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
