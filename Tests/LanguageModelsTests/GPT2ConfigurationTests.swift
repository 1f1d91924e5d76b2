import LanguageModels
import Testing

@Suite struct GPT2ConfigurationTests {
    @Test func gpt2HasThePublishedNumberOfParameters() throws {
        let gpt2 = try GPT2Configuration(descriptor: "gpt2")
        #expect(gpt2.paddedVocabularySize == 50304)
        #expect(gpt2.contextLength == 1024)
        #expect(gpt2.headSize == 64)
        #expect(gpt2.parameterCount == 124_439_808)
        #expect(gpt2.parameterLayout.elementCount == 124_475_904)
    }

    @Test(
        arguments: [
            ("d6", 6, 6, 384, 30), ("d12", 12, 12, 768, 124), ("gpt2", 12, 12, 768, 124),
            ("d24", 24, 16, 1024, 355), ("gpt2-medium", 24, 16, 1024, 355),
            ("d36", 36, 20, 1280, 774), ("gpt2-large", 36, 20, 1280, 774),
            ("d48", 48, 25, 1600, 1558), ("gpt2-xl", 48, 25, 1600, 1558),
        ]
    )
    func namedSizesMatchTheTable(
        name: String,
        layers: Int,
        heads: Int,
        channels: Int,
        millions: Int
    ) throws {
        let found = try GPT2Configuration(descriptor: name)
        let expected = try GPT2Configuration(
            layerCount: layers,
            headCount: heads,
            channels: channels
        )
        #expect(found == expected)
        #expect((found.parameterCount + 500_000) / 1_000_000 == millions)
        #expect(GPT2Configuration.isDescriptor(name))
    }

    @Test func listsOfSizesMayComeInAnyOrderAndWithoutContext() throws {
        let expected = try GPT2Configuration(
            contextLength: 256,
            vocabularySize: 512,
            layerCount: 4,
            headCount: 8,
            channels: 128
        )
        for text in [
            "layers=4,heads=8,channels=128,context=256",
            "context=256,channels=128,heads=8,layers=4",
        ] {
            #expect(try GPT2Configuration(descriptor: text, vocabularySize: 512) == expected)
            #expect(GPT2Configuration.isDescriptor(text))
        }
        let sized = "layers=4,vocabulary=512,heads=8,context=256,channels=128"
        #expect(try GPT2Configuration(descriptor: sized) == expected)
        #expect(try GPT2Configuration.vocabularySize(inDescriptor: sized) == 512)
        #expect(try GPT2Configuration.vocabularySize(inDescriptor: "d6,context=8") == nil)
        #expect(try GPT2Configuration(descriptor: "d6,vocabulary=9").vocabularySize == 9)
        let short = try GPT2Configuration(descriptor: "layers=4,heads=8,channels=128")
        #expect(short.contextLength == 1024)
        #expect(short.vocabularySize == 50257)
    }

    @Test(
        arguments: [
            "", "gpt3", "d13", "layers=4", "layers=4,heads=4", "layers=4,heads=4,channels",
            "layers=4,heads=4,channels=", "layers=4,heads=4,channels=x",
            "layers=4,heads=4,channels=128,", "layers=4,heads=4,channels=128,width=3",
            "layers=4,layers=4,heads=4,channels=128", "layers=4,heads=4,channels=1e2",
            "layers=99999999999999999999,heads=4,channels=128",
        ]
    )
    func otherDescriptorsAreErrorsThatQuoteThem(text: String) {
        let error = #expect(throws: ModelError.self) { try GPT2Configuration(descriptor: text) }
        let description = error?.description ?? ""
        #expect(description.hasPrefix("'\(text)' is not a model size: "))
        #expect(description.contains("d6, d12") && !description.contains("llama"))
    }

    @Test(arguments: [
        ("layers=2,channels=64", "it does not say how many heads;"),
        ("context=9", "it does not say how many layers and heads and channels;"),
        ("layers=4,heads=4,channels=128,width=3", "it has no 'width';"),
        ("layers=4,layers=4,heads=4,channels=128", "'layers' is given twice;"),
        ("layers=4,heads=x,channels=128", "'heads=x' is not a size"),
        ("d6,layers=2", "it has no 'layers';"),
    ])
    func descriptorSaysWhatIsWrongWithIt(text: String, problem: String) {
        let error = #expect(throws: ModelError.self) { try GPT2Configuration(descriptor: text) }
        #expect(error?.description.contains(problem) == true)
    }

    @Test func pathsAreNotDescriptors() {
        for path in ["model.bin", "runs/a=b/model.bin", "./layers=4,heads=4,channels=128"] {
            #expect(!GPT2Configuration.isDescriptor(path))
        }
    }

    @Test(
        arguments: [
            ("layers=0,heads=4,channels=128", "the number of layers is 0"),
            ("layers=4,heads=0,channels=128", "the number of heads is 0"),
            ("layers=4,heads=4,channels=-128", "the number of channels is -128"),
            ("layers=4,heads=4,channels=128,context=0", "the context is 0"),
            ("layers=5000,heads=4,channels=128", "the number of layers is 5000"),
            ("layers=4,heads=4,channels=9000000000", "the number of channels is 9000000000"),
            ("layers=4,heads=5,channels=128", "128 channels cannot be divided among 5 heads"),
        ]
    )
    func impossibleSizesSayWhatIsWrong(text: String, reason: String) {
        let error = #expect(throws: ModelError.self) { try GPT2Configuration(descriptor: text) }
        #expect(error?.description.contains(reason) == true)
    }

    @Test(arguments: [(1, 128), (127, 128), (128, 128), (129, 256), (50257, 50304)])
    func vocabularyIsPaddedToAMultipleOf128(vocabularySize: Int, padded: Int) throws {
        let configuration = try GPT2Configuration(
            vocabularySize: vocabularySize,
            layerCount: 1,
            headCount: 1,
            channels: 2
        )
        #expect(configuration.paddedVocabularySize == padded)
    }

    @Test func layoutMatchesLlmC() throws {
        let layout = try smallConfiguration().parameterLayout
        let table: [(String, [Int], Bool)] = [
            ("wte", [128, 12], true), ("wpe", [16, 12], true),
            ("ln1w", [2, 12], false), ("ln1b", [2, 12], false),
            ("qkvw", [2, 36, 12], true), ("qkvb", [2, 36], false),
            ("attprojw", [2, 12, 12], true), ("attprojb", [2, 12], false),
            ("ln2w", [2, 12], false), ("ln2b", [2, 12], false),
            ("fcw", [2, 48, 12], true), ("fcb", [2, 48], false),
            ("fcprojw", [2, 12, 48], true), ("fcprojb", [2, 12], false),
            ("lnfw", [12], false), ("lnfb", [12], false),
        ]
        #expect(layout.specifications.map(\.name) == table.map(\.0))
        #expect(layout.specifications.map(\.shape) == table.map(\.1))
        #expect(layout.specifications.map(\.decays) == table.map(\.2))
        #expect(layout.byteCount == 4 * layout.elementCount)
    }
}
