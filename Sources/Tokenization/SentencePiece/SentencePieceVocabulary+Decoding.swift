// Pieces to text.

extension SentencePieceVocabulary {
    /// The bytes one token adds to a text: none for a marker, and for the first piece of a text
    /// those after the space that encoding has put before it.
    public func bytes(of id: TokenID, after previous: TokenID?) throws -> ArraySlice<UInt8> {
        guard contains(id) else {
            throw TokenizerError.unknownToken(id: id, vocabularySize: count)
        }
        switch kind(of: id) {
        case .control: return []
        case .unknown: return unknownSurface[...]
        case .byte: return text(of: id)
        case .normal, .userDefined, .unused:
            return surface(of: id, isFirst: previous == nil || previous == start)
        }
    }

    public func context(after id: TokenID, _ previous: TokenID?) -> TokenID? {
        guard contains(id), id != start else { return id }
        let isFirst = previous == nil || previous == start
        switch kind(of: id) {
        // A marker is nowhere in the text.
        case .control: return previous
        // A text whose extra spaces are removed does not begin with them either.
        case .normal, .userDefined, .unused:
            let isPassedOver =
                isFirst && normalizer.settings.removesExtraSpaces
                && surface(of: id, isFirst: true).isEmpty
            return isPassedOver ? previous : id
        case .unknown, .byte: return id
        }
    }
}
