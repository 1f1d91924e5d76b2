// Models as their authors publish them: Hugging Face's directories, llama2.c's story models, and
// llm.c's starter pack. Sizes come from the server or follow from the formats; a bound keeps
// another file of that name from filling the disk.

extension [PublishedFile] {
    /// The files of a model in a Hugging Face repository, the weights last.
    ///
    /// - Parameters:
    ///   - repository: The owner and the name.
    ///   - tokenizer: Files of the repository's tokenizer besides `tokenizer.json`.
    ///   - gibibytes: More than the weights take.
    /// - Returns: The files.
    package static func huggingFaceModel(
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

    /// One of llama2.c's story models, and its tokenizer.
    /// - Parameter name: `stories15M`, `stories42M` or `stories110M`.
    /// - Returns: The files.
    package static func storyModel(_ name: String) -> [PublishedFile] {
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

extension PublishedFile {
    /// GPT-2 124M in float32.
    package static let gpt2 = PublishedFile(
        "gpt2_124M.bin",
        header: [20_240_326, 3, 1024, 50257, 12, 12, 768, 50304],
        size: .bytes(497_904_640)
    )

    /// GPT-2 124M in bfloat16.
    package static let gpt2BFloat16 = PublishedFile(
        "gpt2_124M_bf16.bin",
        header: [20_240_326, 5, 1024, 50257, 12, 12, 768, 50304],
        size: .bytes(248_952_832)
    )

    /// A batch, and the logits, loss and gradients that GPT-2 124M must give for it.
    package static let gpt2DebugState = PublishedFile(
        "gpt2_124M_debug_state.bin",
        header: [20_240_327, 2],
        size: .debugState(parameterCount: 124_475_904, vocabularySize: 50257)
    )

    /// GPT-2's vocabulary.
    package static let gpt2Tokenizer = PublishedFile(
        "gpt2_tokenizer.bin",
        header: [20_240_328, 2, 50257, 50256],
        size: .bytes(372_108),
        sha256: "6f3abc21e444e4e8300e225f4e03da48ea121cf17e30f67009b8dad7a66c2f13"
    )

    /// Shakespeare as GPT-2 tokens, to train on.
    package static let tinyShakespeareTrain = PublishedFile(
        "tiny_shakespeare_train.bin",
        header: [20_240_520, 1, 305_260],
        size: .bytes(611_544),
        sha256: "8a70606be574040c26d225694f5f9759973b419852d22f7fe5c118e1b359dcc8"
    )

    /// Shakespeare as GPT-2 tokens, to validate with.
    package static let tinyShakespeareVal = PublishedFile(
        "tiny_shakespeare_val.bin",
        header: [20_240_520, 1, 32768],
        size: .bytes(66_560),
        sha256: "fe99db720dc7c83e694806d4e047a952909411da1daccde4ccc2e55f40882a62"
    )

    /// HellaSwag's validation questions as GPT-2 tokens.
    package static let hellaSwagVal = PublishedFile(
        "hellaswag_val.bin",
        header: [20_240_522, 1, 10042],
        size: .examples
    )
}

/// Where the pack is published.
package enum StarterPack {
    /// The address to which a slash and a file's name are added.
    package static let baseURL =
        "https://huggingface.co/datasets/karpathy/llmc-starter-pack/resolve/main"
}
