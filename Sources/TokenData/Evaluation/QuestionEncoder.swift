// The texts of a question as a model reads them: a context is a prompt, and an ending goes on where
// it stops. What stands before a prompt, and how text goes on, differs from tokenizer to tokenizer.

import Tokenization

/// Encodes contexts, and endings that follow them.
struct QuestionEncoder {
    private let tokenizer: any Tokenizer
    /// What stands before every prompt: `<s>` with Llama's tokenizer, nothing with GPT-2's.
    private let start: [TokenID]
    /// Whether texts get a space before them, so that one that goes on after a space is to be
    /// encoded without it.
    private let putsSpaceBefore: Bool

    init(_ tokenizer: any Tokenizer) throws {
        self.tokenizer = tokenizer
        let probe = try tokenizer.encode("a")
        start = try tokenizer.promptTokens(of: "a").dropLast(probe.count)
        // After another token, the space is part of what the first one stands for.
        let space = try probe.first.map { try tokenizer.bytes(of: $0, after: $0).first }
        putsSpaceBefore = space == UInt8(ascii: " ")
    }

    func context(_ text: String) throws -> [TokenID] { try start + tokenizer.encode(text) }

    /// The tokens of a text that follows another one, after a space.
    func ending(_ text: String) throws -> [TokenID] {
        try tokenizer.encode(putsSpaceBefore ? text : " " + text)
    }
}
