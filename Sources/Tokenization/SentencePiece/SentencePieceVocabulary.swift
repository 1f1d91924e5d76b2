// The pieces of a SentencePiece model: what each stands for, and how eagerly it is formed; and
// pieces to text. The files they come in are read in SentencePieceVocabulary+Llama2C.swift and
// +Model.swift; text becomes pieces in SentencePieceEncoder.swift.

import FileIO

/// The pieces of a SentencePiece BPE model with their scores and kinds.
package struct SentencePieceVocabulary: Sendable {
    /// What a piece is for; an unused one is split again when merging has formed it.
    typealias Kind = TokenType

    /// U+2581 in UTF-8, which SentencePiece's pieces have in place of spaces.
    static let spaceMark: [UInt8] = [0xE2, 0x96, 0x81]

    /// A piece as the file has it, but with spaces for U+2581 where that stands for them, and
    /// U+2581 for spaces, which then occur in no text.
    struct Piece: Sendable, Equatable {
        var name: [UInt8]
        var score: Float
        var kind: Kind
    }

    /// The pieces by id.
    let pieces: [Piece]
    /// The text of each piece: its name, or its byte.
    private let texts: Vocabulary
    let index: TokenIndex
    /// What the file says besides its pieces.
    let rules: Rules

    /// The id for text that nothing else covers; nil for a tokenizer made without one.
    let unknown: TokenID?
    /// The id that starts a sequence; nil for models made without one.
    let start: TokenID?
    /// The id that ends a sequence; nil for models made without one.
    let end: TokenID?
    /// The ids of the 256 bytes; none when the model does not fall back to bytes.
    let byteIDs: [TokenID]
    /// What is done to a text before pieces are looked for in it.
    let normalizer: SentencePieceNormalizer
    /// What decoding the unknown piece gives.
    let unknownSurface: [UInt8]

    /// By id, the order in which merging forms pieces.
    let mergeOrder: [UInt32]
    /// The user-defined pieces by their first byte, the longest first.
    let userDefined: [UInt8: [TokenID]]
    /// Those that may mark places in a chat: not single characters, and not blanks.
    let markers: Set<TokenID>
    /// Whether pieces contain U+2581 that decoded text does not.
    private let hasSpaceMarks: Bool
    /// Bytes of the longest piece that text can become.
    let longestPieceByteCount: Int
    /// Whether a space after anything else always starts a new piece, so that the words of a text
    /// can be encoded separately.
    let splitsAtSpaces: Bool

    /// What a file says besides its pieces.
    struct Rules: Sendable, Equatable {
        var normalization = SentencePieceNormalizer.Settings()
        var fallsBackToBytes = true
        var startName = "<s>"
        var endName = "</s>"
        var unknownSurface = " \u{2047} "
        /// Whether there must be a piece for unknown text.
        var needsUnknown = true
    }

    /// Checks pieces and puts them in order.
    /// - Parameters:
    ///   - pieces: In the order of their ids, none with an empty name.
    ///   - rules: What else the file says.
    ///   - path: The file, for messages.
    /// - Throws: ``TextTokenizerError/malformed(path:what:expected:found:)`` when a piece that is
    ///   needed is missing, or two are the same.
    init(_ pieces: [Piece], _ rules: Rules, path: FilePath) throws {
        func malformed(_ what: String, _ expected: String, _ found: String) -> TextTokenizerError {
            .malformed(path: path, what: what, expected: expected, found: found)
        }
        guard pieces.count <= TokenID.max else {
            throw malformed("the number of pieces", "at most \(TokenID.max)", "\(pieces.count)")
        }
        func ids(_ kinds: Kind...) -> [TokenID] {
            pieces.indices.filter { kinds.contains(pieces[$0].kind) }.map { TokenID($0) }
        }
        func control(_ name: String) -> TokenID? {
            ids(.control).first { pieces[Int($0)].name.elementsEqual(name.utf8) }
        }
        if let id = pieces.firstIndex(where: { !$0.score.isFinite }) {
            throw malformed("the score of piece \(id)", "a number", "\(pieces[id].score)")
        }
        let unknowns = ids(.unknown)
        guard unknowns.count == 1 || unknowns.isEmpty && !rules.needsUnknown else {
            throw malformed("the number of pieces for unknown text", "1", "\(unknowns.count)")
        }
        self.rules = rules
        unknown = unknowns.first
        start = control(rules.startName)
        end = control(rules.endName)
        byteIDs = try Self.byteIDs(pieces, isNeeded: rules.fallsBackToBytes, path: path)
        normalizer = SentencePieceNormalizer(
            rules.normalization,
            userDefined: ids(.userDefined).map { id in
                let name = pieces[Int(id)].name
                return rules.normalization.escapesSpaces ? Self.swappingSpaceMarks(in: name) : name
            }
        )
        unknownSurface = Array(rules.unknownSurface.utf8)

        texts = Vocabulary(
            tokens: pieces.map {
                $0.kind == .byte ? Self.byte(of: $0.name).map { [$0] } ?? [] : $0.name
            },
            endOfText: end
        )
        let textual = ids(.normal, .userDefined, .unused)
        do { index = try TokenIndex(texts, of: textual) } catch let error
            as TokenIndex.DuplicateToken
        {
            throw malformed(
                "the pieces",
                "all different",
                "the same for ids \(error.first) and \(error.second)"
            )
        }
        let names = textual.map { pieces[Int($0)].name }
        longestPieceByteCount = names.reduce(0) { max($0, $1.count) }
        hasSpaceMarks = names.contains(where: Self.hasSpaceMark)
        // Unused pieces are split as they were last formed, anywhere in a text.
        splitsAtSpaces = ids(.unused).isEmpty && !names.contains(where: Self.hasInnerSpace)
        mergeOrder = pieces.map { Self.descendingOrder(of: $0.score) }
        userDefined = Dictionary(grouping: ids(.userDefined)) { pieces[Int($0)].name[0] }
            .mapValues { $0.sorted { pieces[Int($0)].name.count > pieces[Int($1)].name.count } }
        markers = Set(ids(.userDefined).filter { Self.mayBeMarker(pieces[Int($0)].name) })
        self.pieces = pieces
    }

    /// The number of pieces.
    package var count: Int { pieces.count }

    /// The bytes of one piece, those of a control piece being its name.
    func text(of id: TokenID) -> ArraySlice<UInt8> { texts.slice(of: id) }

    /// The text that a piece stands for, without the space that was added before it if it is the
    /// first of a text.
    func surface(of id: TokenID, isFirst: Bool) -> ArraySlice<UInt8> {
        let settings = normalizer.settings
        var text = texts.slice(of: id)
        // What the file's U+2581 has become.
        let mark = settings.escapesSpaces ? [0x20] : Self.spaceMark
        let mayBegin = settings.addsDummySpace || settings.removesExtraSpaces
        if isFirst, mayBegin, text.starts(with: mark) {
            text = text.dropFirst(mark.count)
        }
        return hasSpaceMarks ? Self.replacingSpaceMarks(in: text)[...] : text
    }

    /// Whether `id` is a piece.
    func contains(_ id: TokenID) -> Bool { texts.contains(id) }

    /// What the piece is for.
    func kind(of id: TokenID) -> Kind { pieces[Int(id)].kind }

    /// The piece with exactly these bytes, however it was formed.
    func id(of bytes: UnsafeBufferPointer<UInt8>) -> TokenID? {
        bytes.count <= longestPieceByteCount ? index.id(of: bytes) : nil
    }

    /// An index of the ids of plain text, by text.
    func indexOfWords() -> TokenIndex {
        TokenIndex(
            unchecked: texts.texts,
            of: pieces.indices.lazy.filter { pieces[$0].kind == .normal }
        )
    }

    /// The byte that a name such as `<0x0A>` stands for.
    static func byte(of name: [UInt8]) -> UInt8? {
        guard name.count == 6 else { return nil }
        let value = UInt8(String(decoding: name[3..<5], as: UTF8.self), radix: 16)
        return value.flatMap { name == byteName($0) ? $0 : nil }
    }

    /// The name of the piece for a byte.
    static func byteName(_ byte: UInt8) -> [UInt8] {
        let digits = String(byte, radix: 16, uppercase: true)
        return Array("<0x\(byte < 16 ? "0" : "")\(digits)>".utf8)
    }

    private static func byteIDs(
        _ pieces: [Piece],
        isNeeded: Bool,
        path: FilePath
    ) throws -> [TokenID] {
        var found = [TokenID?](repeating: nil, count: 256)
        for (id, piece) in pieces.enumerated() where piece.kind == .byte {
            guard isNeeded, let byte = byte(of: piece.name), found[Int(byte)] == nil else {
                throw TextTokenizerError.malformed(
                    path: path,
                    what: "the byte piece \(id)",
                    expected: isNeeded ? "one of <0x00> to <0xFF>, each once" : "of another kind",
                    found: String(decoding: piece.name, as: UTF8.self)
                )
            }
            found[Int(byte)] = TokenID(id)
        }
        let ids = found.compactMap(\.self)
        guard ids.count == 256 || !isNeeded else {
            throw TextTokenizerError.malformed(
                path: path,
                what: "the number of byte pieces",
                expected: "256",
                found: "\(ids.count)"
            )
        }
        return ids
    }

    /// The bytes of a character that no piece covers: a space that stands for U+2581 has the bytes
    /// of U+2581, as in SentencePiece.
    func escaped(_ character: UnsafeBufferPointer<UInt8>) -> ArraySlice<UInt8> {
        normalizer.settings.escapesSpaces
            ? Self.escaped(character) : Array(character)[...]
    }

    /// The same, if spaces always stand for U+2581.
    static func escaped(_ character: UnsafeBufferPointer<UInt8>) -> ArraySlice<UInt8> {
        character.elementsEqual(CollectionOfOne(Ascii.space))
            ? spaceMark[...] : Array(character)[...]
    }

    /// The text with a space for every U+2581.
    static func replacingSpaceMarks(in text: some Collection<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var rest = text[...]
        while let mark = rest.firstIndex(of: spaceMark[0]) {
            result.append(contentsOf: rest[..<mark])
            let isMark = rest[mark...].starts(with: spaceMark)
            result.append(isMark ? 0x20 : rest[mark])
            rest = rest[mark...].dropFirst(isMark ? spaceMark.count : 1)
        }
        result.append(contentsOf: rest)
        return result
    }

    /// The name with a space for every U+2581, and U+2581 for every space.
    static func swappingSpaceMarks(in name: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(name.count)
        var rest = name[...]
        while let byte = rest.popFirst() {
            if byte == 0x20 {
                result += spaceMark
            } else if byte == spaceMark[0], rest.starts(with: spaceMark.dropFirst()) {
                result.append(0x20)
                rest = rest.dropFirst(spaceMark.count - 1)
            } else {
                result.append(byte)
            }
        }
        return result
    }

    private static func mayBeMarker(_ name: [UInt8]) -> Bool {
        let name = replacingSpaceMarks(in: name)
        return name.contains { $0 > 0x20 } && name.count { $0 & 0xC0 != 0x80 } > 1
    }

    private static func hasSpaceMark(_ name: [UInt8]) -> Bool {
        name.indices.contains { name[$0] == spaceMark[0] && name[$0...].starts(with: spaceMark) }
    }

    private static func hasInnerSpace(_ name: [UInt8]) -> Bool {
        zip(name, name.dropFirst()).contains { $0 != 0x20 && $1 == 0x20 }
    }

    /// An integer that gets smaller as the score gets larger.
    private static func descendingOrder(of score: Float) -> UInt32 {
        // Adding zero makes -0 and 0 the same. Then the bits of positive floats sort as the floats
        // do, and those of negative ones in reverse.
        let bits = (score + 0).bitPattern
        return bits >> 31 == 0 ? ~(bits | 0x8000_0000) : bits
    }
}

extension SentencePieceVocabulary {
    /// The bytes one token adds to a text: none for a marker, and for the first piece of a text
    /// those after the space that encoding added.
    package func bytes(of id: TokenID, after previous: TokenID?) throws -> ArraySlice<UInt8> {
        guard contains(id) else {
            throw TextTokenizerError.unknownToken(id: id, vocabularySize: count)
        }
        switch kind(of: id) {
        case .control: return []
        case .unknown: return unknownSurface[...]
        case .byte: return text(of: id)
        case .normal, .userDefined, .unused:
            return surface(of: id, isFirst: previous == nil || previous == start)
        }
    }

    package func context(after id: TokenID, _ previous: TokenID?) -> TokenID? {
        guard contains(id), id != start else { return id }
        let isFirst = previous == nil || previous == start
        switch kind(of: id) {
        // A marker is not part of the text.
        case .control: return previous
        // If extra spaces are removed, a text does not begin with one either.
        case .normal, .userDefined, .unused:
            let isPassedOver =
                isFirst && normalizer.settings.removesExtraSpaces
                && surface(of: id, isFirst: true).isEmpty
            return isPassedOver ? previous : id
        case .unknown, .byte: return id
        }
    }
}
