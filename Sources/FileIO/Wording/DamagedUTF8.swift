// Bytes that should be UTF-8, but may not be: names of files, arguments, and parts of characters.

extension Sequence<UInt8> {
    /// Takes the bytes apart into characters, and bytes that belong to none.
    /// - Parameters:
    ///   - use: Called with each character and its bytes.
    ///   - useDamaged: Called with bytes that are not UTF-8, as many as a decoder replaces by one
    ///     U+FFFD.
    package func forEachCharacter(
        _ use: (Unicode.Scalar, _ bytes: ArraySlice<UInt8>) -> Void,
        damaged useDamaged: (_ bytes: ArraySlice<UInt8>) -> Void
    ) {
        var rest = Array(self)[...]
        while !rest.isEmpty {
            var iterator = rest.makeIterator()
            var parser = Unicode.UTF8.ForwardParser()
            switch parser.parseScalar(from: &iterator) {
            case .valid(let encoded):
                use(Unicode.UTF8.decode(encoded), rest.prefix(encoded.count))
                rest = rest.dropFirst(encoded.count)
            case .error(let length):
                useDamaged(rest.prefix(length))
                rest = rest.dropFirst(length)
            case .emptyInput: return
            }
        }
    }
}
