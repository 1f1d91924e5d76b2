// Which values are valid for a setting, and the words that say so. Samplers, training settings and
// options of the command line are all checked against these, so that each bound is written once.

/// The values that a setting may have.
package struct Bounds<Value: Sendable>: Sendable {
    /// Whether a value is one of them.
    package let contains: @Sendable (Value) -> Bool
    /// What a value must be, such as "a finite number above 0".
    package let requirement: String
    /// The same for what is too large for the type: with the upper end, even where that is the
    /// largest number there is.
    package let fullRequirement: String

    /// Bounds of a kind that has no name here.
    /// - Parameters:
    ///   - requirement: What a value must be.
    ///   - fullRequirement: The same with the upper end; nil where it makes no difference.
    ///   - contains: Whether a value is within; it must be false for NaN.
    package init(
        _ requirement: String,
        fully fullRequirement: String? = nil,
        _ contains: @escaping @Sendable (Value) -> Bool
    ) {
        self.requirement = requirement
        self.fullRequirement = fullRequirement ?? requirement
        self.contains = contains
    }

    /// All values.
    package static var none: Bounds { Bounds("anything") { _ in true } }

    /// One of some values that have names.
    package static func oneOf(_ values: [Value]) -> Bounds
    where Value: RawRepresentable & Equatable, Value.RawValue == String {
        Bounds(values.map(\.rawValue).joined(separator: " or ")) { values.contains($0) }
    }
}

extension Bounds where Value: FixedWidthInteger {
    /// Whole numbers from `least` to `most`.
    package static func from(_ least: Value, to most: Value = .max) -> Bounds {
        let both = "a whole number from \(least) to \(most)"
        return Bounds(
            most == .max ? "a whole number, \(least) or more" : both,
            fully: both
        ) { least <= $0 && $0 <= most }
    }
}

extension Bounds where Value: BinaryFloatingPoint {
    package static var finite: Bounds { Bounds("a finite number") { $0.isFinite } }
    package static var notNegative: Bounds {
        Bounds("a finite number of 0 or more") { $0 >= 0 && $0.isFinite }
    }
    package static var zeroOrMore: Bounds { Bounds("a number of 0 or more") { $0 >= 0 } }
    package static var positive: Bounds {
        Bounds("a finite number above 0") { $0 > 0 && $0.isFinite }
    }
    package static var fraction: Bounds { Bounds("a number from 0 to 1") { $0 >= 0 && $0 <= 1 } }
    package static var positiveFraction: Bounds {
        Bounds("a number above 0 and at most 1") { $0 > 0 && $0 <= 1 }
    }
    package static var belowOne: Bounds {
        Bounds("a number of 0 or more, and below 1") { $0 >= 0 && $0 < 1 }
    }
}
