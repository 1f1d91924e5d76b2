// A GPT-2 in containers of named tensors, as Hugging Face's programs and nanoGPT store it. Both tie
// the head to the embedding but may store it anyway: it must then be equal.

import FileIO
import TensorFiles

extension ArchivedWeights<GPT2Configuration> {
    /// Opens Hugging Face's files.
    /// - Parameters:
    ///   - configurationFile: `config.json`.
    ///   - tensors: The file of the tensors, or their directory.
    /// - Throws: ``ModelError``, `TensorFileError` or `FileIOError`.
    init(gpt2 configurationFile: FilePath, tensors: FilePath) throws {
        let file = try GPT2Configuration.HuggingFaceFile(configurationFile)
        let archive = try TensorArchive(contentsOf: tensors)
        let prefix = archive["transformer.wte.weight"] == nil ? "" : "transformer."
        try self.init(
            file.configuration,
            in: archive,
            naming: file.configuration.huggingFaceNaming(prefix: prefix),
            format: .huggingFace(archive.container)
        )
        // If the configuration ties the head, any stored one is ignored.
        if !file.isTied { try archive.checkHead("lm_head.weight", is: prefix + "wte.weight") }
    }

    /// Opens nanoGPT's checkpoint.
    /// - Throws: ``ModelError``, `TensorFileError` or `FileIOError`.
    init(nanoGPT file: PyTorchFile) throws {
        guard file.isNanoGPT else {
            throw TensorFileError.unsupported(
                path: file.path,
                reason: "it lacks the 'model' and 'model_args' of nanoGPT's checkpoints",
                hint: "check that it is the right file"
            )
        }
        func size(_ key: String) throws -> Int {
            guard let value = file.integer(key, in: "model_args") else {
                throw TensorFileError.malformed(
                    path: file.path,
                    what: "'\(key)' of its model_args",
                    expected: "a number",
                    found: "missing"
                )
            }
            return value
        }
        let configuration = try ModelError.naming(file.path) {
            try GPT2Configuration(
                contextLength: size("block_size"),
                vocabularySize: size("vocab_size"),
                layerCount: size("n_layer"),
                headCount: size("n_head"),
                channels: size("n_embd"),
                activation: .exact
            )
        }
        let archive = try file.tensors(in: "model")
        // torch.compile leaves this prefix on every name.
        let prefix = archive["_orig_mod.transformer.wte.weight"] == nil ? "" : "_orig_mod."
        try self.init(
            configuration,
            in: archive,
            naming: configuration.nanoGPTNaming(
                prefix: prefix + "transformer.",
                hasBiases: file.boolean("bias", in: "model_args") ?? true
            ),
            format: .nanoGPT
        )
        let head = prefix + "lm_head.weight"
        guard archive[head] != nil else { return }
        try archive.checkHead(head, is: prefix + "transformer.wte.weight")
    }
}

extension PyTorchFile {
    /// Whether it is nanoGPT's checkpoint: a model together with the arguments it was made with.
    var isNanoGPT: Bool { hasDictionary("model") && hasDictionary("model_args") }
}

extension TensorArchive {
    /// Checks that a head equals the embedding.
    fileprivate func checkHead(_ name: String, is embeddingName: String) throws {
        guard let embedding = self[embeddingName] else {
            throw TensorFileError.missingTensor(path: path, name: embeddingName)
        }
        let head = try tensor(name, shape: embedding.shape)
        // The same place in the file under two names needs no reading.
        if head.file === embedding.file, head.byteRange == embedding.byteRange { return }
        let isSame = try head.withIntactBytes { head in
            try embedding.withIntactBytes { head.elementsEqual($0) }
        }
        guard isSame, head.storedType == embedding.storedType else {
            throw TensorFileError.unsupported(
                path: path,
                reason: "its head '\(name)' differs from the embedding "
                    + "'\(embeddingName)', although a GPT-2 uses one for both",
                hint: "use a model whose head is tied to its embedding"
            )
        }
    }
}
