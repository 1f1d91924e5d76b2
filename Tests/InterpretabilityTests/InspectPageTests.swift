import FileIO
import Foundation
import TestSupport
import Testing

@testable import Interpretability

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct InspectPageTests {
    /// The data in a page.
    private func data(_ page: InspectPage) throws -> [String: Any] {
        let start = try #require(page.source.range(of: "inspect-data\">"))
        let rest = page.source[start.upperBound...]
        let end = try #require(rest.range(of: "</script>"))
        let json = Data(rest[..<end.lowerBound].utf8)
        return try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
    }

    @Test func aPageSaysWhatItIsAbout() {
        let source = PageFindings.page().source
        #expect(source.contains("<h1>some-model</h1>"))
        #expect(source.contains("<title>some-model \u{2013} inside the model</title>"))
        for fact in ["float32", "6 tokens", "27 November 2026, 02:51 UTC"] {
            #expect(source.contains("<li>\(fact)</li>"), "\(fact)")
        }
        #expect(source.contains("The cat\n sat the cat</blockquote>"))
        #expect(PageFindings.page().source == source)
    }

    @Test func partsStandInTheirOrder() throws {
        let source = PageFindings.page([
            .predictions(PageFindings.predictions()), .attention(PageFindings.patterns()),
        ]).source
        let next = try #require(source.range(of: "<section class=\"card\" id=\"next\""))
        let attention = try #require(source.range(of: "id=\"attention\""))
        #expect(next.lowerBound < attention.lowerBound)
        #expect(!source.contains("id=\"lens\""))
    }

    @Test func aPageOfOnePartHasNoListOfParts() {
        let source = InspectPage(
            PageFindings.subject,
            parts: [.ablation(PageFindings.ablation)],
            text: { _ in nil }
        ).source
        #expect(!source.contains("<nav"))
        #expect(!source.contains("blockquote>"))
        #expect(source.contains("<title>some-model \u{2013} Ablation</title>"))
    }

    @Test func theDataHasTheKeysOfTheCommand() throws {
        let data = try data(PageFindings.page())
        #expect(
            Set(data.keys)
                == [
                    "tokens", "texts", "chosen", "attention", "lens", "next", "heads", "ablate",
                    "neurons",
                ]
        )
        #expect(data["texts"] as? [String] == PageFindings.texts)
        let heads = try #require((data["heads"] as? [String: Any])?["heads"] as? [[String: Any]])
        #expect(
            Set(heads[0].keys) == [
                "layer", "head", "previous_token", "first_token", "duplicate_token", "induction",
                "distance", "entropy",
            ]
        )
        let lens = try #require((data["lens"] as? [String: Any])?["layers"] as? [[String: Any]])
        let positions = try #require(lens[2]["positions"] as? [[String: Any]])
        let top = try #require(positions[0]["top"] as? [[String: Any]])
        #expect(top[0]["text"] as? String == " cat")
        #expect(top[0]["probability"] as? Double == 0.75)
        // A token without a text.
        #expect(top[1]["text"] == nil)
        let next = try #require(data["next"] as? [String: Any])
        #expect((next["losses"] as? [Any])?.first is NSNull)
    }

    // MARK: Patterns

    @Test func patternsArePackedToWithinFourThousandths() {
        let patterns = PageFindings.patterns()
        let bytes = PackedPatterns.bytes(patterns, heads: [2, 0])
        #expect(bytes.count == 2 * 2 * PackedPatterns.size(tokens: 6))
        var index = 0
        for layer in 0..<2 {
            for head in [2, 0] {
                let square = Array(patterns[layer: layer, head: head])
                for t in 0..<6 {
                    for s in 0...t {
                        let value = pow(Double(bytes[index]) / 255, 2)
                        #expect(abs(value - Double(square[t * 6 + s])) <= 0.004)
                        index += 1
                    }
                }
            }
        }
    }

    @Test func everyValueOfAttentionHasAByte() {
        for step in 0...10_000 {
            let value = Float(step) / 10_000
            let packed = pow(Double(PackedPatterns.byte(value)) / 255, 2)
            #expect(abs(packed - Double(value)) <= 0.004)
        }
        #expect(PackedPatterns.byte(.nan) == 0)
        #expect(PackedPatterns.byte(-1) == 0)
        #expect(PackedPatterns.byte(.infinity) == 255)
        #expect(PackedPatterns.byte(1.0001) == 255)
    }

    @Test func aLongPromptKeepsThePageBelowTwelveMegabytes() {
        let tokens = (0..<256).map { Int32($0 % 90) }
        let texts = tokens.map { " word\($0)" }
        let page = InspectPage(
            PageFindings.subject,
            prompt: .init(tokens: tokens, texts: texts),
            parts: [
                .attention(
                    PageFindings.patterns(tokens, layers: Array(0..<12), heads: 12)
                ),
                .lens(PageFindings.lens(tokens, layers: 12), blocks: 12),
                .predictions(PageFindings.predictions(tokens)),
                .headScores(PageFindings.scores(layers: 12, heads: 12), measuredOn: "the prompt"),
            ],
            text: PageFindings.text
        )
        #expect(page.source.utf8.count < 12_000_000)
        #expect(page.source.utf8.count > 6_000_000)
    }

    @Test func patternsOfTooManyHeadsDoNotFit() {
        #expect(InspectPage.holdsAttention(tokens: 256, heads: 144))
        #expect(InspectPage.holdsAttention(tokens: 1, heads: 1_000_000))
        #expect(!InspectPage.holdsAttention(tokens: 1024, heads: 144))
        #expect(!InspectPage.holdsAttention(tokens: .max, heads: 1))
    }

    // MARK: What models and tokenizers may hold

    @Test func aPageIsWellFormedWhateverItsTextsAre() throws {
        let hostile =
            "</script><script>alert(1)</script><!--]]>&\u{0}\u{85}\u{202E}\u{2028}\u{FFFF}'\""
        let tokens: [Int32] = [1, 2]
        let page = InspectPage(
            .init(model: hostile, facts: [hostile], seconds: .nan),
            prompt: .init(tokens: tokens, texts: [hostile, "\u{1B}[31m"]),
            parts: [
                .attention(PageFindings.patterns(tokens)),
                .lens(PageFindings.lens(tokens), blocks: 2),
                .predictions(PageFindings.predictions(tokens)),
                .headScores([], measuredOn: hostile),
                .neurons(
                    layer: 0,
                    [
                        NeuronExamples(
                            neuron: 0,
                            top: [
                                .init(
                                    activation: 1,
                                    token: 1,
                                    text: hostile,
                                    before: hostile,
                                    after: hostile
                                )
                            ]
                        )
                    ],
                    of: 8
                ),
            ],
            text: { _ in hostile }
        )
        #expect(XMLParser(data: Data(page.source.utf8)).parse())
        #expect(!page.source.contains("<script>alert"))
        #expect(page.source.contains("The 1 of 8 neurons with the strongest activations."))
        #expect(try data(page)["texts"] as? [String] == [hostile, "\u{1B}[31m"])
    }

    @Test func infinityAndNaNAreLeftOut() throws {
        let tokens: [Int32] = [1, 2]
        let page = InspectPage(
            PageFindings.subject,
            prompt: .init(tokens: tokens, texts: ["a", "b"]),
            parts: [
                .attention(PageFindings.undefinedPatterns),
                .predictions(
                    TokenPredictions(
                        tokens: tokens,
                        losses: [nil, .nan],
                        next: [TokenProbability(token: 1, probability: .nan)]
                    )
                ),
                .ablation(
                    Ablation(
                        loss: .nan,
                        tokenCount: 1,
                        heads: [.init(layer: 0, head: 0, loss: .infinity, change: .nan)],
                        mlps: []
                    )
                ),
            ],
            text: { _ in nil }
        )
        let ablate = try #require(try data(page)["ablate"] as? [String: Any])
        #expect(ablate["loss"] == nil)
        #expect((ablate["heads"] as? [[String: Any]])?.first?.keys.sorted() == ["head", "layer"])
    }

    // MARK: Files

    @Test func aPageReplacesAnotherOnlyWhenAsked() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("page.html")
            let page = PageFindings.page()
            try page.write(to: path, overwrite: false)
            #expect(throws: FileIOError.self) { try page.write(to: path, overwrite: false) }
            try page.write(to: path, overwrite: true)
            #expect(try String(contentsOfFile: path.string, encoding: .utf8) == page.source)
        }
    }
}
