// The prompts of one `sample`, in the order they are given in: a few that are in memory, then those
// of a file of any length, which is read no further than they are asked for.

import Swiftlet

/// Prompts, each as often as texts are wanted of it.
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
    /// How often ``current`` is still to come.
    private var remaining = 0

    /// Encodes and checks the prompts that are given one by one.
    /// - Parameters:
    ///   - options: Where the prompts come from; from nowhere, there is one of no tokens.
    ///   - count: How many texts are wanted of each.
    ///   - encode: Makes tokens of a text.
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

    /// The next prompts, at most so many; none at the end.
    /// - Throws: What is wrong with a row of the file, ``FileIOError``.
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
