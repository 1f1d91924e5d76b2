import ArgumentParser
import Swiftlet

/// `swiftlet tokenizer encode`.
struct TokenizerEncodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode",
        abstract: "Turn text into token ids.",
        discussion: """
            The ids of each text are printed on a line of their own, as they are found. A text may \
            be any bytes; with byte-level BPE, 'tokenizer decode' gives the same bytes back.

            The names of special tokens in a text, such as <|im_start|>, are text unless --special \
            is given. A text with a byte for which the tokenizer has no token is refused.

            A Llama tokenizer encodes each text as a whole, on one thread whatever --threads says, \
            and without the token that starts a text. It first changes the text as its file says: \
            it replaces characters, and removes spaces or adds one in front. Decoding turns \
            U+2581, its mark for a space, into a space; a tokenizer without a piece for it encodes \
            spaces as the bytes of U+2581, and they come back as that character.

            Examples:
              swiftlet tokenizer encode --text "Hello world" \\
                --tokenizer checkpoints/gpt2
              swiftlet tokenizer encode --tokenizer checkpoints/quickstart/tokenizer.bin \\
                < checkpoints/quickstart/stories.txt
            """
    )

    @Argument(help: "Files, or - for standard input, which is also read when no file is named.")
    var files: [FilePath] = []

    @Option(help: "A text to encode. Repeatable.")
    var text: [ArgumentText] = []

    @Option(help: .anyTokenizer)
    var tokenizer: FilePath

    @Flag(
        help: "Treat the names of special tokens, such as <|endoftext|>, as those tokens, not text."
    )
    var special = false

    @Flag(help: "Print each text as a JSON object: {\"tokens\":[...],\"count\":N}.")
    var json = false

    @OptionGroup
    var compute: ComputeOptions

    private static let chunkByteCount = 1 << 20

    func validate() throws {
        if !files.isEmpty && !text.isEmpty {
            throw ValidationError("give either files or --text")
        }
    }

    func run() throws {
        // Missing files are found before anything is printed.
        let inputs = try (files.isEmpty && text.isEmpty ? ["-"] : files).map {
            $0 == "-" ? .standardInput : try InputFile($0)
        }
        switch try TokenizerSource(tokenizer).tokenizer() {
        case let tokenizer as BytePairTokenizer: try encode(inputs, with: tokenizer)
        case let tokenizer as SentencePieceTokenizer: try encode(inputs, with: tokenizer)
        default: preconditionFailure("tokenizers are of two kinds")
        }
    }

    private func encode(_ inputs: [InputFile], with tokenizer: BytePairTokenizer) throws {
        var encoder = StreamingEncoder(
            tokenizer,
            specialTokens: special ? .token : .text,
            threads: compute.threadCount()
        )
        for text in text {
            try print { ids, _ in
                try encoder.append(text.bytes, to: &ids)
                try encoder.finish(to: &ids)
            }
        }
        for input in inputs {
            try print { ids, flush in
                try input.forEachChunk(ofAtMost: Self.chunkByteCount) { chunk in
                    try encoder.append(chunk, to: &ids)
                    try flush(&ids)
                }
                try encoder.finish(to: &ids)
            }
        }
    }

    /// The same with a tokenizer that needs a whole text.
    private func encode(_ inputs: [InputFile], with tokenizer: SentencePieceTokenizer) throws {
        func encode(_ bytes: [UInt8]) throws -> [TokenID] {
            try bytes.withUnsafeBytes {
                try tokenizer.encode($0, specialTokens: special ? .token : .text)
            }
        }
        for text in text { try print { ids, _ in ids = try encode(text.bytes) } }
        for input in inputs {
            let bytes = try Terminal.readAll(input)
            try print { ids, _ in ids = try encode(bytes) }
        }
    }

    /// Prints the ids of one text: those that `encode` passes on, and those it returns.
    private func print(
        _ encode: (inout [TokenID], _ flush: (inout [TokenID]) throws -> Void) throws -> Void
    ) throws {
        var count = 0
        func flush(_ ids: inout [TokenID]) throws {
            var line: [UInt8] = []
            for id in ids {
                if count > 0 { line.append(UInt8(ascii: json ? "," : " ")) }
                line += String(id).utf8
                count += 1
            }
            ids.removeAll(keepingCapacity: true)
            try Terminal.write(line)
        }
        if json { try Terminal.write("{\"tokens\":[") }
        var ids: [TokenID] = []
        try encode(&ids, flush)
        try flush(&ids)
        try Terminal.write(json ? "],\"count\":\(count)}\n" : "\n")
    }
}
