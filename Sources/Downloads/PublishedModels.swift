// Models as their authors publish them: Hugging Face's directories, and llama2.c's story models.
// Sizes come from the server; a bound keeps another file of that name from filling the disk.

import FileIO

extension [PublishedFile] {
    /// The files of a model in a repository of Hugging Face's, the weights last.
    ///
    /// - Parameters:
    ///   - repository: The owner and the name.
    ///   - tokenizer: Files beside `tokenizer.json` that the repository has of its tokenizer.
    ///   - gibibytes: More than the weights take.
    /// - Returns: The files.
    public static func huggingFaceModel(
        _ repository: String,
        tokenizer: [String],
        atMost gibibytes: Int
    ) -> [PublishedFile] {
        let source = "https://huggingface.co/\(repository)/resolve/main"
        func text(_ name: String, isOptional: Bool = false) -> PublishedFile {
            let content: PublishedFile.Content = name.hasSuffix(".json") ? .json : .anything
            return PublishedFile(
                name,
                content: content,
                atMost: 64 << 20,
                source: source,
                isOptional: isOptional
            )
        }
        return [text("config.json"), text("generation_config.json", isOptional: true)]
            + (["tokenizer.json"] + tokenizer).map { text($0) }
            + [
                PublishedFile(
                    "model.safetensors",
                    content: .safetensors,
                    atMost: gibibytes << 30,
                    source: source
                )
            ]
    }

    /// A model of llama2.c's that tells stories, and its tokenizer.
    /// - Parameter name: `stories15M`, `stories42M` or `stories110M`.
    /// - Returns: The files.
    public static func storyModel(_ name: String) -> [PublishedFile] {
        [
            PublishedFile(
                "tokenizer.bin",
                content: .anything,
                atMost: 433_869,
                source: "https://raw.githubusercontent.com/karpathy/llama2.c/master",
                sha256: "50a52ef822ee9e83de5ce9d0be0a025a773d019437f58b5ff9dcafb063ece361"
            ),
            PublishedFile(
                "\(name).bin",
                content: .llama2c,
                atMost: 1 << 30,
                source: "https://huggingface.co/karpathy/tinyllamas/resolve/main"
            ),
        ]
    }
}
