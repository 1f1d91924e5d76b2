// What `info` and `tokenizer info` show about a tokenizer.

import Swiftlet

/// A tokenizer of any kind: a file, several that belong together, or a directory.
struct TokenizerInfo: InfoReport {
    let format: String
    let kind = "tokenizer"
    let path: ReportedPath
    let vocabulary: Int
    /// The token between documents, for byte-level kinds.
    let endOfText: TokenID?
    /// For byte-level kinds.
    let longestTokenBytes: Int?
    let startOfText: TokenID?
    let endsOfText: [TokenID]?
    /// How many tokens are found in text by name.
    let addedTokens: Int?
    /// Whether a prompt begins with the start of text.
    let addsStartOfText: Bool?
    /// How text is cut into words, for byte-level kinds.
    let words: String?

    /// Reads the whole tokenizer, which is small.
    init(_ path: FilePath) throws {
        let source = try TokenizerSource(path)
        let tokenizer = try source.decoder()
        let description = (tokenizer as? any Tokenizer)?.description
        let isByteLevel = description?.kind != .sentencePiece
        // For a directory, the file found in it if that is the whole tokenizer.
        let place = isByteLevel && FileSystem.isDirectory(path) ? path : source.path
        self.path = ReportedPath(place)
        switch try FileKind(of: place) {
        case .gguf: format = "gguf"
        case .tokenizer: format = "llm.c"
        case _ where !isByteLevel: format = "sentencepiece"
        case .directory, .modelDirectory, .runDirectory: format = "directory"
        default: format = "bpe"
        }
        vocabulary = tokenizer.vocabularySize
        let bytes = (tokenizer as? BytePairTokenizer)?.vocabulary ?? tokenizer as? Vocabulary
        endOfText = bytes?.endOfText
        longestTokenBytes = bytes?.longestTokenByteCount
        startOfText = tokenizer.startOfText
        endsOfText = tokenizer.endsOfText
        addedTokens = description?.addedTokens.count
        addsStartOfText = description?.addsStartOfText
        words = isByteLevel ? description?.splitting.rawValue : nil
    }

    var text: String {
        var facts = Table(.left, .left)
        switch format {
        case "llm.c": facts.append("format", "llm.c tokenizer")
        case "sentencepiece": facts.append("format", "SentencePiece tokenizer")
        case "gguf": facts.append("format", "tokenizer in a GGUF file")
        default: facts.append("format", "tokenizer (\(format))")
        }
        facts.append("vocabulary", vocabulary.grouped)
        if let longestTokenBytes {
            facts.append("end of text", endOfText.map { "token \($0)" } ?? "none")
            facts.append("longest token", "\(longestTokenBytes) bytes")
        } else {
            facts.append("start of text", startOfText.map { "token \($0)" } ?? "none")
            let ends = (endsOfText ?? []).map(String.init).joined(separator: " and ")
            facts.append("ends of text", ends.isEmpty ? "none" : "tokens \(ends)")
        }
        if let words { facts.append("words", words) }
        if let addedTokens, addedTokens > 0 { facts.append("added tokens", addedTokens.grouped) }
        return "\(path)\n\(facts.text)"
    }
}
