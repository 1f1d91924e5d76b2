// Tokens in the cells of tables, where each is on one line and its spaces can be seen.

import Swiftlet

extension TokenNames {
    /// A token as a table shows it.
    ///
    /// A space is a dot at half height, what cannot be drawn is written out, and a token that is no
    /// text has its name or its number.
    func cell(of token: TokenID, _ glyphs: DisplayGlyphs) -> String {
        guard let bytes = bytes(of: token), !bytes.isEmpty else { return name(of: token) }
        let text = DisplayText.escaping(bytes: bytes).replacing(" ", with: glyphs.space)
        guard text.unicodeScalars.contains(where: isInvisible) else { return text }
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            result +=
                isInvisible(scalar)
                ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }
    }

    /// Whether a terminal may draw nothing, as of a space of another kind.
    private func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.isASCII
            && (scalar.properties.isWhitespace || scalar.properties.generalCategory == .format)
    }
}
