import ArgumentParser
import Swiftlet

/// `swiftlet tokenizer`: makes tokenizers and shows what they do.
struct TokenizerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenizer",
        abstract: "Train a tokenizer, or turn text into token ids and back.",
        subcommands: [
            TokenizerTrainCommand.self, TokenizerEncodeCommand.self, TokenizerDecodeCommand.self,
            TokenizerInfoCommand.self,
        ]
    )
}

/// `swiftlet tokenizer info`.
struct TokenizerInfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show what a tokenizer holds.",
        discussion: """
            Example:
              swiftlet tokenizer info checkpoints/quickstart/tokenizer.bin
            """
    )

    @Argument(help: .anyTokenizer)
    var tokenizer: FilePath

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let report = try TokenizerInfo(tokenizer)
        try json ? Terminal.printJSON(report) : Terminal.print(report.text)
    }
}

/// `swiftlet tokenizer decode`.
struct TokenizerDecodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Turn token ids into text.",
        discussion: """
            Prints the bytes of the tokens and nothing else, as the ids arrive.

            Examples:
              swiftlet tokenizer decode --tokenizer checkpoints/gpt2 \\
                15496 995
              echo '[15496, 995]' | swiftlet tokenizer decode \\
                --tokenizer checkpoints/gpt2
            """
    )

    @Argument(
        help: """
            Token ids; without any, they are read from standard input, where spaces, line ends, \
            commas and brackets may separate them.
            """
    )
    var ids: [ArgumentText] = []

    @Option(help: .anyTokenizer)
    var tokenizer: FilePath

    private static let chunkByteCount = 1 << 16

    func run() throws {
        let decoder = try TokenizerSource(tokenizer).decoder()
        // A token's bytes may depend on the one before it, which may have come in another chunk.
        var previous: TokenID?
        func decode(_ ids: [TokenID]) throws {
            var bytes: [UInt8] = []
            for id in ids {
                bytes += try decoder.bytes(of: id, after: previous)
                previous = decoder.context(after: id, previous)
            }
            try Terminal.write(bytes)
        }
        var reader = TokenIDReader()
        if ids.isEmpty {
            try InputFile.standardInput.forEachChunk(ofAtMost: Self.chunkByteCount) { chunk in
                try decode(reader.append(chunk))
            }
        } else {
            let text = Array(ids.map(\.bytes).joined(separator: " ".utf8))
            try decode(text.withUnsafeBytes { try reader.append($0) })
        }
        try decode(reader.finish())
    }
}

/// Reads numbers from text that arrives in chunks.
private struct TokenIDReader {
    private var digits: [UInt8] = []

    private static let separators = Set(" ,[]\n\r\t".utf8)
    /// No id has this many digits: a word this long is reported as wrong.
    private static let longestWord = 20

    /// The numbers completed by the next bytes.
    mutating func append(_ chunk: UnsafeRawBufferPointer) throws -> [TokenID] {
        var ids: [TokenID] = []
        for byte in chunk {
            if !Self.separators.contains(byte) {
                digits.append(byte)
                if digits.count > Self.longestWord { _ = try finish() }
            } else if !digits.isEmpty {
                ids += try finish()
            }
        }
        return ids
    }

    /// The last number, if one is left.
    mutating func finish() throws -> [TokenID] {
        if digits.isEmpty { return [] }
        let word = String(decoding: digits, as: UTF8.self)
        digits.removeAll(keepingCapacity: true)
        guard let id = TokenID(word), id >= 0 else {
            throw CommandError(
                .wrongContent,
                "'\(word)' is not a token id; give whole numbers with spaces between them"
            )
        }
        return [id]
    }
}
