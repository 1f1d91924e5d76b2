// From text to token shards: reads, splits into documents, encodes on several threads, and writes,
// all at the same time and in memory that does not grow with the text.

import Tokenization

/// Turns any amount of text into token shards that llm.c can read.
///
/// Every document becomes the tokenizer's ``Tokenizer/documentStart``, such as GPT-2's end of text
/// or Llama's `<s>`, followed by the tokens of its bytes, which may be anything; an empty document
/// becomes nothing. The name of such a token within a document is text.
///
/// ```swift
/// let inputs = try TextInput.find(["books"])
/// let preparation = TextPreparation(TextDocuments(inputs), tokenizer: tokenizer, threads: 2)
/// let result = try preparation.run(ShardSettings(directory: "data", name: "books"))
/// ```
package struct TextPreparation: Sendable {
    /// How far the preparation has come.
    package struct Progress: Sendable {
        /// Bytes of the inputs that are done.
        package let byteCount: Int
        /// The total bytes of all inputs, if all are files.
        package let totalByteCount: Int?
        /// Tokens written.
        package let tokenCount: Int
        /// The time since the start.
        package let duration: Duration

        /// The speed so far.
        package var bytesPerSecond: Double {
            Double(byteCount) / max(duration / .seconds(1), .leastNonzeroMagnitude)
        }
    }

    /// What was made.
    package struct Result: Sendable {
        /// The shards, the one for validation first.
        package let shards: [PreparedShard]
        /// Documents, not counting empty ones.
        package let documentCount: Int
        /// The inputs that had no text.
        package let emptyInputs: [TextInput]
        /// The progress at the end.
        package let progress: Progress
    }

    private let documents: TextDocuments
    private let encoder: DocumentEncoder
    private let threads: Int

    /// Blocks encoded or waiting to be: enough that a thread finds the next while the caller reads.
    private var blocksAhead: Int { 2 * threads + 2 }

    /// Prepares documents with a tokenizer, which `threads` threads use.
    package init(_ documents: TextDocuments, tokenizer: any Tokenizer, threads: Int = 1) {
        precondition(threads > 0, "encoding takes one thread or more, got \(threads)")
        self.documents = documents
        encoder = DocumentEncoder(tokenizer)
        self.threads = threads
    }

    /// Reads everything and writes the shards, which get their names once all are complete.
    ///
    /// - Parameters:
    ///   - settings: Where to write, and how.
    ///   - progress: Called after each block of about 256 kB, on this thread; an error that it
    ///     throws ends the preparation, and nothing is left of it.
    /// - Returns: What was made.
    /// - Throws: ``PreparationError``; `TextTokenizerError` when the tokenizer does not cover all
    ///   of the text; ``TokenDataError/shardFull(path:limit:)`` when the tokens are too many for
    ///   one shard; `FileIOError` when a file cannot be read or written, or exists.
    package func run(
        _ settings: ShardSettings,
        progress: (Progress) throws -> Void = { _ in }
    ) throws -> Result {
        guard encoder.documentStart != nil else { throw PreparationError.noEndOfText }
        let clock = ContinuousClock()
        let startTime = clock.now
        let totalByteCount = documents.byteCount
        let series = try ShardSeries(settings, vocabularySize: encoder.tokenizer.vocabularySize)
        let blocks = BlockEncoder(encoder, threads: threads)
        var builder = TextBlockBuilder(
            byteCount: documents.chunkByteCount,
            cutting: encoder.cutting
        )
        var documentCount = 0
        var last = Progress(
            byteCount: 0,
            totalByteCount: totalByteCount,
            tokenCount: 0,
            duration: .zero
        )
        func writeOldestBlock() throws {
            guard let (block, tokens) = try blocks.takeOldest() else { return }
            try series.append(tokens)
            documentCount += block.starts.count
            last = Progress(
                byteCount: block.bytesRead,
                totalByteCount: totalByteCount,
                tokenCount: series.tokenCount,
                duration: clock.now - startTime
            )
            try progress(last)
        }
        let emptyInputs = try documents.read { text, endsDocument, bytesRead in
            guard
                let block = builder.append(text, endsDocument: endsDocument, bytesRead: bytesRead)
            else { return }
            blocks.submit(block)
            if blocks.count >= blocksAhead { try writeOldestBlock() }
        }
        blocks.submit(builder.finish())
        while blocks.count > 0 { try writeOldestBlock() }
        guard series.tokenCount > 0 else {
            throw PreparationError.noText(inputs: documents.inputs.map(\.name))
        }
        let shards = try series.commit { shards in
            ShardManifest(
                documents,
                settings,
                encoder.tokenizer,
                documentCount: documentCount,
                byteCount: last.byteCount,
                shards: shards
            )
        }
        return Result(
            shards: shards,
            documentCount: documentCount,
            emptyInputs: emptyInputs,
            progress: last
        )
    }
}
