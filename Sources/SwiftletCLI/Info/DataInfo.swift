// What `info` shows about files other than models: token shards and debug states. Tokenizers are in
// TokenizerInfo.swift.

import Swiftlet

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
        facts.append("format", "llm.c token shard, \(family), \(bytesPerToken) bytes per token")
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
