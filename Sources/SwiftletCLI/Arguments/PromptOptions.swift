// What a model continues or reads: text from the command line, a file or standard input; and of one
// `sample` the prompts in the order they are given in, a few that are in memory, then those of a
// file of any length.

import ArgumentParser
import Swiftlet

/// The texts that a model continues.
struct PromptOptions: ParsableArguments {
    @Option(
        name: .customLong("prompt"),
        help: ArgumentHelp(
            "Text to continue; - reads stdin. Repeatable. Without it, the model starts a new text.",
            valueName: "text"
        )
    )
    var texts: [ArgumentText] = []

    @Option(help: "A file that holds a text to continue, which may be a pipe; - reads stdin.")
    var promptFile: FilePath?

    @Option(
        name: .customLong("prompts"),
        help: ArgumentHelp(
            """
            A file of prompts: one per line, or JSON Lines with a field prompt if the first line \
            is such an object; - reads stdin. Blank lines are skipped. The file is read as needed, \
            so it may be of any length.
            """,
            valueName: "file"
        )
    )
    var promptsFile: FilePath?

    /// Whether there are no prompts.
    var isEmpty: Bool { texts.isEmpty && promptFile == nil && promptsFile == nil }

    /// The prompts given one by one, in order.
    private var sources: [PromptSource] {
        texts.map { .text($0) } + (promptFile.map { [.file($0)] } ?? [])
    }

    func validate() throws {
        let count = sources.count(where: \.isStandardInput) + (promptsFile == "-" ? 1 : 0)
        if count > 1 { throw ValidationError("stdin can be read only once: give one '-'") }
    }

    /// The bytes of the prompts given one by one, in order.
    func givenPrompts() throws -> [[UInt8]] { try sources.map { try $0.bytes() } }

    /// The prompts after those, none of which has been read yet.
    func promptRows() throws -> TextRows? {
        try promptsFile.map { TextRows(try PromptSource.input($0), field: "prompt") }
    }
}

/// One text, which has not been read yet.
enum PromptSource {
    /// `--prompt`, where - means standard input.
    case text(ArgumentText)
    /// `--prompt-file`, likewise.
    case file(FilePath)

    /// Whether it is standard input, which can be read only once.
    var isStandardInput: Bool {
        switch self {
        case .text(let text): text == "-"
        case .file(let path): path == "-"
        }
    }

    /// The bytes of the text.
    /// - Throws: ``FileIOError``.
    func bytes() throws -> [UInt8] {
        switch self {
        case .text(let text) where text != "-": text.bytes
        case .text: Self.withoutLineEnd(try Terminal.readAll(.standardInput))
        case .file(let path): Self.withoutLineEnd(try Terminal.readAll(Self.input(path)))
        }
    }

    /// The file to read for a path; - is standard input.
    static func input(_ path: FilePath) throws -> InputFile {
        path == "-" ? .standardInput : try InputFile(path)
    }

    /// Editors and `echo` end a text with a line end that is not part of it.
    private static func withoutLineEnd(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.last == UInt8(ascii: "\n") else { return bytes }
        let text = bytes.dropLast()
        return Array(text.last == UInt8(ascii: "\r") ? text.dropLast() : text)
    }
}

/// Prompts, each repeated for the number of texts wanted.
struct PromptQueue {
    /// A prompt and its number among all.
    struct Prompt {
        let index: Int
        let tokens: [TokenID]
    }

    private var given: ArraySlice<[TokenID]>
    private var rows: TextRows?
    private let count: Int
    private let encode: ([UInt8]) throws -> [TokenID]
    private let check: ([TokenID]) throws -> Void

    private var current: Prompt?
    /// How often ``current`` is still to be returned.
    private var remaining = 0

    /// Encodes and checks the prompts that are given one by one.
    /// - Parameters:
    ///   - options: Where the prompts come from; if nowhere, there is one empty prompt.
    ///   - count: How many texts are wanted for each.
    ///   - encode: Turns a text into tokens.
    ///   - check: Throws for tokens that cannot be continued.
    /// - Throws: What `check` throws, and ``FileIOError``.
    init(
        _ options: PromptOptions,
        count: Int,
        encode: @escaping ([UInt8]) throws -> [TokenID],
        check: @escaping ([TokenID]) throws -> Void
    ) throws {
        let prompts = options.isEmpty ? [[]] : try options.givenPrompts().map(encode)
        for prompt in prompts { try check(prompt) }
        given = prompts[...]
        rows = try options.promptRows()
        self.count = count
        self.encode = encode
        self.check = check
    }

    /// The next prompts, at most `limit`; none at the end.
    /// - Throws: An error about a row of the file, ``FileIOError``.
    mutating func next(_ limit: Int) throws -> [Prompt] {
        var prompts: [Prompt] = []
        while prompts.count < limit {
            if remaining == 0 {
                guard let tokens = try nextTokens() else { break }
                current = Prompt(index: (current?.index ?? -1) + 1, tokens: tokens)
                remaining = count
            }
            if let current { prompts.append(current) }
            remaining -= 1
        }
        return prompts
    }

    private mutating func nextTokens() throws -> [TokenID]? {
        if let tokens = given.popFirst() { return tokens }
        guard let path = rows?.path else { return nil }
        guard let row = try rows?.next() else {
            if current == nil {
                throw CommandError(.wrongContent, "'\(path)' holds no prompts")
            }
            return nil
        }
        let tokens = try encode(row.text)
        do { try check(tokens) } catch let error as InferenceError {
            throw CommandError(ExitStatus(for: error), "\(path):\(row.line): \(error)")
        }
        return tokens
    }
}
