// What `train` knows about a run before it reads any data: its tokens, the sizes of its model, and
// that it fits in memory. Nothing has been changed by then.

import Swiftlet

extension TrainCommand {
    /// What is known about a run before its data is read.
    struct Beginning {
        let tokens: KnownTokens
        let template: KnownChatTemplate?
        let ops: Ops
        let start: StartingModel
        let sequenceLength: Int

        init(
            _ command: TrainCommand,
            _ directory: RunDirectory,
            _ resumedStep: Int?,
            _ group: ProcessGroup
        ) throws {
            let (batch, adapter) = (command.batch, command.adapter)
            let first =
                try resumedStep.flatMap { step in
                    // An adapter's checkpoints belong to the model that it was started on.
                    adapter.areGiven || LowRankAdapter.isOne(directory.modelPath(step: step))
                        ? nil : .model(try ModelSource(directory.path, checkpoint: .step(step)))
                } ?? Initialization(command.initialization, checkpoint: command.checkpoint)
            try first.requireOutside(directory, ofAdapter: adapter.areGiven)
            tokens = try command.knownTokens(
                in: directory,
                isResumed: resumedStep != nil,
                initialization: first
            )
            template = try command.chatTemplate(first, tokens.tokenizer?.value)
            ops = try command.compute.makeOps()
            start = try StartingModel(first, tokens, trainsAdapter: adapter.areGiven)
            sequenceLength =
                batch.sequenceLength
                ?? min(GPT2Configuration.gpt2ContextLength, start.configuration.contextLength)
            try start.requireMemory(
                batch,
                adapter,
                command.optimizer.optimizer,
                command.processes.parallel,
                sequenceLength: sequenceLength,
                threadCount: ops.threadCount,
                processCount: group.processCount
            )
        }
    }

    /// The tokenizer that is named, the run's own copy, the model's, or the one that the data was
    /// made with; and where the last two come from.
    private func knownTokens(
        in directory: RunDirectory,
        isResumed: Bool,
        initialization: Initialization
    ) throws -> KnownTokens {
        let manifest = try data.manifest()
        let copy = isResumed ? directory.savedTokenizer : nil
        guard let path = data.tokenizer ?? copy else {
            let user = [
                ("text", data.text != nil), ("chat", data.chat != nil),
                ("sample-every", intervals.sampleEvery > 0),
            ].first { $0.1 }?.0
            // A resumed run has its own, or began without one.
            let own = isResumed ? nil : try initialization.tokenizer(isNeeded: user != nil)
            if let own, let manifest, manifest.manifest.tokenizer.digest != own.value.digest {
                throw CommandError(
                    .wrongUsage,
                    "as '\(manifest.path)' says, the data was made with another tokenizer than the "
                        + "model's own, '\(own.path)'; prepare it again with that one, or name "
                        + "the data's with --tokenizer"
                )
            }
            let tokenizer = own ?? manifest?.tokenizer(open: openTokenizer)
            if let user, tokenizer == nil {
                throw CommandError(
                    .wrongUsage,
                    "--\(user) needs --tokenizer, which turns text into tokens and back"
                )
            }
            return KnownTokens(
                tokenizer: tokenizer,
                tokenizerSource: own == nil ? "which the data was made with" : "the model's own",
                manifest: manifest
            )
        }
        let tokenizer = try openTokenizer(path)
        if isResumed && !resumption.allowChanges {
            try directory.requireSameTokenizer(tokenizer)
        }
        if let manifest, manifest.manifest.tokenizer.digest != tokenizer.digest {
            throw CommandError(
                .wrongUsage,
                "'\(path)' is not the tokenizer that the data was made with, as "
                    + "'\(manifest.path)' says; name that one, or prepare the data again"
            )
        }
        return KnownTokens(tokenizer: (tokenizer, path), manifest: manifest)
    }

    private func openTokenizer(_ path: FilePath) throws -> any Tokenizer {
        try TokenizerSource(path).tokenizer()
    }
}
