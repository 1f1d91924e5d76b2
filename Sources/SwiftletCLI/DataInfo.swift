// What `info` shows of the files beside models: tokenizers, token shards and debug states.

import Swiftlet

/// A tokenizer: a file, a vocabulary and its merges, or a directory.
struct TokenizerInfo: InfoReport {
    let format: String
    let kind = "tokenizer"
    let path: ReportedPath
    let vocabulary: Int
    let endOfText: TokenID
    let longestTokenBytes: Int

    /// Reads the whole tokenizer, which is small.
    init(_ path: FilePath) throws {
        let vocabulary = try TokenizerFile.vocabulary(path)
        let kind = try FileKind(of: path)
        switch kind {
        case .tokenizer: format = "llm.c"
        case .directory, .modelDirectory, .runDirectory: format = "directory"
        default: format = "bpe"
        }
        self.path = ReportedPath(path)
        self.vocabulary = vocabulary.count
        endOfText = vocabulary.endOfText
        longestTokenBytes = vocabulary.longestTokenByteCount
    }

    var text: String {
        var facts = Table(.left, .left)
        facts.append("format", format == "llm.c" ? "llm.c tokenizer" : "tokenizer (\(format))")
        facts.append("vocabulary", vocabulary.grouped)
        facts.append("end of text", "token \(endOfText)")
        facts.append("longest token", "\(longestTokenBytes) bytes")
        return "\(path)\n\(facts.text)"
    }
}

/// A tokenizer of Llama.
struct SentencePieceInfo: InfoReport {
    let format = "sentencepiece"
    let kind = "tokenizer"
    let path: ReportedPath
    let vocabulary: Int
    let startOfText: TokenID?
    let endsOfText: [TokenID]

    /// Reads the whole tokenizer, which is small.
    init(_ path: FilePath) throws {
        let tokenizer = try SentencePieceTokenizer(contentsOf: path)
        self.path = ReportedPath(path)
        vocabulary = tokenizer.vocabularySize
        startOfText = tokenizer.startOfText
        endsOfText = tokenizer.endsOfText
    }

    var text: String {
        var facts = Table(.left, .left)
        facts.append("format", "SentencePiece tokenizer")
        facts.append("vocabulary", vocabulary.grouped)
        facts.append("start of text", startOfText.map { "token \($0)" } ?? "none")
        let ends = endsOfText.map(String.init).joined(separator: " and ")
        facts.append("ends of text", ends.isEmpty ? "none" : "tokens \(ends)")
        return "\(path)\n\(facts.text)"
    }
}

/// A token shard.
struct TokenShardInfo: InfoReport {
    let format = "llm.c"
    let kind = "token_shard"
    let path: ReportedPath
    let family: String
    let tokens: Int
    let bytesPerToken: Int
    let firstTokens: [Int32]
    let bytes: Int

    private static let shownTokenCount = 8

    /// Reads the header and the first few tokens.
    init(_ path: FilePath) throws {
        let shard = try TokenShard(path)
        self.path = ReportedPath(path)
        family = shard.format.name
        tokens = shard.count
        bytesPerToken = shard.format.tokenByteCount
        firstTokens = try shard.tokens(in: 0..<min(shard.count, Self.shownTokenCount))
        bytes = try MappedFile(path).count
    }

    var text: String {
        let first = firstTokens.map(String.init).joined(separator: " ")
        var facts = Table(.left, .left)
        facts.append("format", "llm.c token shard, \(family), \(bytesPerToken) bytes a token")
        facts.append("tokens", tokens.grouped)
        facts.append("first tokens", first + (tokens > firstTokens.count ? " ..." : ""))
        facts.append("size", bytes.formattedAsBytes)
        return "\(path)\n\(facts.text)"
    }
}

/// A debug state: a batch, and the logits, loss and gradients expected for it.
struct DebugStateInfo: InfoReport {
    let format = "llm.c"
    let kind = "debug_state"
    let path: ReportedPath
    let batchSize: Int
    let sequenceLength: Int
    let bytes: Int

    /// Reads the header.
    init(_ path: FilePath) throws {
        let header = try GPT2DebugStateHeader(path: path)
        self.path = ReportedPath(path)
        batchSize = header.batchSize
        sequenceLength = header.sequenceLength
        bytes = try MappedFile(path).count
    }

    var text: String {
        var facts = Table(.left, .left)
        facts.append("format", "llm.c debug state")
        facts.append(
            "batch",
            "\(counted(batchSize, "sequence")) of \(counted(sequenceLength, "token"))"
        )
        facts.append("size", bytes.formattedAsBytes)
        return "\(path)\n\(facts.text)"
    }
}
