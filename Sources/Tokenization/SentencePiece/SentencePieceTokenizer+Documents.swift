// Documents in parts, for texts that are too long to be encoded at once. Where pieces can reach
// over any place, a document stays whole.

extension SentencePieceTokenizer {
    /// Where a document may be cut so that its parts can be encoded apart: before the first of some
    /// spaces, where each of them begins a piece.
    var documentCutting: CuttingRule {
        var cutting = CuttingRule(splitting: .spaces, marker: nil)
        cutting.keepsSpacesTogether = true
        var settings = vocabulary.normalizer.settings
        settings.addsDummySpace = true
        cutting.isUncut =
            !splitsAtSpaces || settings != SentencePieceNormalizer.Settings() || !ordinary.isEmpty
            // A run of unknown text is one piece, wherever it is cut.
            || vocabulary.byteIDs.isEmpty
        return cutting
    }

    private var splitsAtSpaces: Bool {
        guard case .spaces(let cut)? = model?.words else { return vocabulary.splitsAtSpaces }
        return cut != .nowhere
    }

    /// Appends the ids of a document, or of a part of one.
    /// - Parameters:
    ///   - bytes: The text.
    ///   - isStart: Whether the document begins with it.
    ///   - output: Where ids are put.
    /// - Throws: ``TokenizerError/noToken(byte:)``.
    func append(
        _ bytes: UnsafeRawBufferPointer,
        isStart: Bool,
        to output: inout [TokenID]
    ) throws {
        if bytes.isEmpty { return }
        if isStart {
            output += try encode(bytes)
            return
        }
        try bytes.withMemoryRebound(to: UInt8.self) { text in
            let marked = SentencePieceVocabulary.replacingSpaceMarks(in: text)
            try marked.withUnsafeBufferPointer { try merge($0, into: &output) }
        }
    }
}
