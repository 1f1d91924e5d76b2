// Conversations that a run learns from: read, put through the template, packed into batches.

import Swiftlet

/// Reads files of conversations.
struct TrainingConversations {
    /// The chat template.
    let template: KnownChatTemplate
    /// The model's.
    let tokenizer: any Tokenizer

    /// The batches from a file.
    /// - Parameters:
    ///   - path: The file, one conversation a line.
    ///   - shape: The shape of the batches.
    ///   - seed: The seed of the order; nil keeps that of the file.
    ///   - isTraining: Whether the processes share them; held-out ones are read by each.
    /// - Returns: Its conversations, packed.
    /// - Throws: An error about the file.
    func loader(
        _ path: FilePath,
        _ shape: TrainingSource.Shape,
        seed: UInt64?,
        isTraining: Bool
    ) throws -> ConversationLoader {
        let loader = try ConversationLoader(
            conversations(path, sequenceLength: shape.sequenceLength),
            path: path,
            batchSize: shape.batchSize,
            sequenceLength: shape.sequenceLength,
            seed: seed,
            processCount: isTraining ? shape.processCount : 1,
            rank: isTraining ? shape.rank : 0,
            vocabularySize: shape.vocabularySize
        )
        remark(on: loader, path, sequenceLength: shape.sequenceLength)
        return loader
    }

    private func conversations(
        _ path: FilePath,
        sequenceLength: Int
    ) throws -> [ConversationTokens] {
        let line = ProgressLine()
        defer { line.finish() }
        let totalByteCount = FileSystem.byteCount(of: path)
        return try ConversationFile.conversationTokens(
            in: path,
            template: template,
            tokenizer: tokenizer,
            sequenceLength: sequenceLength
        ) { byteCount, count in
            if Signals.isInterrupted { throw ExitStatus.interrupted }
            line.show(
                "reading conversations: \(byteProgress(byteCount, of: totalByteCount)), "
                    + counted(count, "conversation")
            )
        }
    }

    /// Reports which conversations are not learned from.
    private func remark(on loader: ConversationLoader, _ path: FilePath, sequenceLength: Int) {
        func remark(_ count: Int, _ words: String) {
            guard count > 0 else { return }
            Terminal.diagnose("'\(path)': \(counted(count, "conversation")) \(words)")
        }
        remark(
            loader.cutCount,
            "cut after \(counted(sequenceLength + 1, "token")), the most that a sequence holds; a "
                + "longer --sequence-length keeps more"
        )
        remark(
            loader.leftOutCount,
            "left out, because no reply begins in the first \(counted(sequenceLength, "token")); a "
                + "longer --sequence-length reaches further"
        )
    }
}
