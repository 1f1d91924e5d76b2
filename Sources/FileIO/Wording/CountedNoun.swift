// A number with its noun, so that no message speaks of "1 layers".

/// `count` and its noun, such as `1 step` and `3 steps`.
/// - Parameters:
///   - count: How many there are.
///   - noun: What one of them is called.
///   - plural: What several are called, where that is not the noun with an s.
///   - digits: The number as it is to be written; nil for plain digits.
/// - Returns: Both, with a space between them.
package func counted(
    _ count: Int,
    _ noun: String,
    plural: String? = nil,
    written digits: String? = nil
) -> String {
    "\(digits ?? "\(count)") \(count == 1 ? noun : plural ?? noun + "s")"
}
