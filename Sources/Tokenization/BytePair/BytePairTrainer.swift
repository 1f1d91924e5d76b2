// Trains a tokenizer on a text: collects the words, lets MergeLearner find the merges, and builds
// the vocabulary. The caller reads the text from files.

import Synchronization

/// Trains a byte-level BPE tokenizer with GPT-2's pre-tokenizer.
///
/// The smallest vocabulary, of 257 tokens, is the 256 bytes and the end of text. Each further token
/// merges the adjacent pair that is most frequent at that point; of equally frequent pairs, the one
/// whose left token has the lower id, then whose right token does. So the same texts give the same
/// tokenizer, in any order, split into any chunks, and with any number of threads.
///
/// Ids are as in GPT-2: the bytes in GPT-2's order, the merges, the end of text. Tokens have at
/// most 255 bytes, and no two are alike, so the result can be written in every format.
///
/// ```swift
/// var trainer = try BytePairTrainer(vocabularySize: 8192)
/// trainer.add(text)
/// try trainer.train().writeLLMCFile(to: "tokenizer.bin")
/// ```
package struct BytePairTrainer: Sendable {
    /// The smallest vocabulary: every byte, and the end of text.
    package static let smallestVocabularySize = 257

    /// How far training has come.
    package struct Progress: Sendable {
        /// Tokens so far.
        package let tokenCount: Int
        /// Tokens in the end.
        package let vocabularySize: Int
    }

    /// The number of tokens to make, including the end of text.
    package let vocabularySize: Int
    private let threads: Int
    private let marker: MarkerSearch?
    private var text: HeldBackText
    private var words = WordCounter()

    /// Starts without text.
    ///
    /// - Parameters:
    ///   - vocabularySize: 257 or more, including the end of text.
    ///   - specialTokens: whether `<|endoftext|>` in the texts is text to learn or ends a text.
    ///   - threads: How many threads count the words of a large chunk.
    /// - Throws: ``TextTokenizerError/vocabularyTooSmall(requested:)``.
    package init(
        vocabularySize: Int,
        specialTokens: SpecialTokens = .text,
        threads: Int = 1
    ) throws {
        precondition(threads > 0, "training takes one thread or more, got \(threads)")
        guard vocabularySize >= Self.smallestVocabularySize else {
            throw TextTokenizerError.vocabularyTooSmall(requested: vocabularySize)
        }
        self.vocabularySize = vocabularySize
        self.threads = threads
        marker = specialTokens == .token ? .endOfText : nil
        text = HeldBackText(.gpt2(marker: marker))
    }

    // MARK: Text

    /// Adds a whole text.
    package mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
        endText()
    }

    /// Adds the next bytes of a text, which may end anywhere; ``endText()`` ends it.
    package mutating func append(_ chunk: UnsafeRawBufferPointer) {
        countWords(in: text.append(chunk))
    }

    /// Ends the text whose chunks were appended.
    package mutating func endText() {
        countWords(in: text.finish())
    }

    private mutating func countWords(in part: [UInt8]) {
        part.withUnsafeBytes { bytes in
            if threads == 1 || bytes.count < 2 * TextParts.usualByteCount {
                words.add(textsOf: bytes, marker: marker)
                return
            }
            let parts = TextParts(
                of: bytes,
                byteCount: TextParts.usualByteCount,
                .gpt2(marker: marker)
            )
            let words = Mutex(self.words)
            parts.run(threads: threads) { [marker] in
                var found = WordCounter()
                while let part = parts.next() { found.add(textsOf: part.bytes, marker: marker) }
                words.withLock { $0.add(found) }
            }
            self.words = words.withLock { $0 }
        }
    }

    // MARK: Training

    /// Learns the merges and returns the tokenizer.
    ///
    /// `progress` is called after each merge; an error that it throws ends the training.
    ///
    /// - Throws: ``TextTokenizerError/textTooSmall(requested:largest:)`` when the texts have too
    ///   few pairs for so many tokens, ``TextTokenizerError/textTooLarge(byteCount:limit:)`` when
    ///   their distinct words have too many bytes; what `progress` throws.
    package func train(
        progress: (Progress) throws -> Void = { _ in }
    ) throws -> BytePairTokenizer {
        var counted = self
        // Text that was appended but not ended counts too.
        counted.endText()
        return try counted.learn(symbolLimit: MergeLearner.symbolLimit, progress)
    }

    /// Learns from the words counted so far, if they have fewer than `symbolLimit` bytes.
    func learn(
        symbolLimit: Int,
        _ progress: (Progress) throws -> Void
    ) throws -> BytePairTokenizer {
        guard words.bytes.count < symbolLimit else {
            throw TextTokenizerError.textTooLarge(byteCount: words.bytes.count, limit: symbolLimit)
        }
        var byteTokens = [TokenID](repeating: 0, count: 256)
        for (id, byte) in ByteAlphabet.order.enumerated() { byteTokens[Int(byte)] = TokenID(id) }
        var tokens = ByteAlphabet.order.map { [$0] }
        var table = MergeTable(byteTokens: byteTokens)
        var learner = MergeLearner(words, byteTokens: byteTokens, longestToken: Int(UInt8.max))
        while tokens.count + 1 < vocabularySize {
            guard let merge = learner.mergeNext() else {
                throw TextTokenizerError.textTooSmall(
                    requested: vocabularySize,
                    largest: tokens.count + 1
                )
            }
            tokens.append(tokens[Int(merge.left)] + tokens[Int(merge.right)])
            // Always new: a pair that was merged everywhere does not come back.
            _ = table.append(merge)
            try progress(
                Progress(tokenCount: tokens.count + 1, vocabularySize: vocabularySize)
            )
        }
        tokens.append(Array(VocabularyJSON.endOfTextName.utf8))
        let vocabulary = Vocabulary(tokens: tokens, endOfText: TokenID(tokens.count - 1))
        return BytePairTokenizer(vocabulary: vocabulary, merges: table)
    }
}
