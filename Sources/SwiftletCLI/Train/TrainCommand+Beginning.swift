// What `train` knows of a run before it reads any data: its tokens, the sizes of its model, and
// that it fits into memory. Nothing is changed by then.

import Swiftlet

extension TrainCommand {
    /// What is known of a run before its data are read.
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
                    // The checkpoints of an adapter are of the model that it was begun on.
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

    /// The tokenizer that is named, the copy that the run took when it began, the model's own, or
    /// the one that the data were made with; and what says the latter.
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
            // A run that goes on has its own, or began without one.
            let own = isResumed ? nil : try initialization.tokenizer(isNeeded: user != nil)
            if let own, let manifest, manifest.manifest.tokenizer.digest != own.value.digest {
                throw CommandError(
                    .wrongUsage,
                    "the data were made with another tokenizer, as '\(manifest.path)' says, than "
                        + "the model's own, '\(own.path)'; prepare them again with that one, or "
                        + "name theirs with --tokenizer"
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
                tokenizerSource: own == nil ? "with which the data were made" : "the model's own",
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
                "'\(path)' is not the tokenizer that the data were made with, as "
                    + "'\(manifest.path)' says; name that one, or prepare the data again"
            )
        }
        return KnownTokens(tokenizer: (tokenizer, path), manifest: manifest)
    }

    private func openTokenizer(_ path: FilePath) throws -> any Tokenizer {
        try TokenizerSource(path).tokenizer()
    }
}
