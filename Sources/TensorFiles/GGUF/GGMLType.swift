// How GGUF files number the types of tensors.

extension StoredType {
    /// The types that can be read, by their number.
    private static let byGGMLNumber: [UInt32: StoredType] = [
        0: .float32, 1: .float16, 2: .q4_0, 3: .q4_1, 8: .q8_0, 14: .q6_K,
        24: .int8, 25: .int16, 26: .int32, 27: .int64, 28: .float64, 30: .bfloat16,
    ]

    /// The names of types that cannot be read, for messages.
    private static let otherGGMLNames: [UInt32: String] = [
        6: "Q5_0", 7: "Q5_1", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K",
        15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL",
        21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
    ]

    /// The type of a number; nil for those that cannot be read.
    init?(ggmlNumber number: UInt32) {
        guard let type = Self.byGGMLNumber[number] else { return nil }
        self = type
    }

    /// The number of a type; nil where GGUF has none.
    var ggmlNumber: UInt32? { Self.byGGMLNumber.first { $0.value == self }?.key }

    /// What a type that cannot be read is called.
    static func ggmlName(_ number: UInt32) -> String { otherGGMLNames[number] ?? "\(number)" }
}
