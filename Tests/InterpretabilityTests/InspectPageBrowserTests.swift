import TestSupport
import Testing

@testable import Interpretability

/// What is true of every page of `inspect` in a browser.
@Suite(.serialized, .enabled(if: Browser.isAvailable, Comment(rawValue: Browser.skipReason)))
struct InspectPageBrowserTests {
    @Test(arguments: [390, 1200, 2400])
    func nothingIsCutOff(width: Int) throws {
        let seen = try openInBrowser(
            width: width,
            """
            // Browsers have no window as narrow as a phone's, but a page may be.
            if (\(width) < 500) {
                document.body.style.width = '\(width)px';
                document.body.getBoundingClientRect();
            }
            outcome.page = document.body.scrollWidth <= document.body.clientWidth;
            outcome.cards = [...document.querySelectorAll('.card')].filter(card =>
                card.getBoundingClientRect().right > document.body.clientWidth).length;
            """
        )
        #expect(seen["page"] == "true")
        #expect(seen["cards"] == "0")
    }

    @Test func textsOfTokensAreNeverMarkup() throws {
        let texts = ["</script><img src=x onerror=\"document.title='hit'\">", "\u{202E}\u{0}", ""]
        let tokens: [Int32] = [1, 2, 3]
        let seen = try openInBrowser(
            of: InspectPage(
                PageFindings.subject,
                prompt: .init(tokens: tokens, texts: texts),
                parts: [
                    .attention(PageFindings.patterns(tokens)),
                    .lens(PageFindings.lens(tokens), blocks: 2),
                    .predictions(PageFindings.predictions(tokens)),
                ],
                text: { _ in texts[0] }
            ),
            """
            outcome.images = document.images.length;
            outcome.title = document.title;
            outcome.texts = words('next').map(word => word.textContent);
            """
        )
        #expect(seen["images"] == "0")
        #expect(seen["title"] == "some-model \u{2013} inside the model")
        #expect(seen["texts"] == "\(texts[0]),\\u{202E}\\u{0},\u{2205}")
    }

    @Test func numbersThatAModelCouldNotComputeAreDashes() throws {
        let tokens: [Int32] = [1, 2]
        let scores = HeadScores(
            layer: 0,
            head: 0,
            previousToken: .nan,
            firstToken: .nan,
            duplicateToken: .nan,
            induction: .nan,
            distance: .nan,
            entropy: .nan
        )
        let likely = [TokenProbability(token: 1, probability: .nan)]
        let position = LogitLens.Position(top: likely, entropy: .nan, kl: .nan)
        let seen = try openInBrowser(
            of: InspectPage(
                PageFindings.subject,
                prompt: .init(tokens: tokens, texts: ["a", "b"]),
                parts: [
                    .attention(PageFindings.undefinedPatterns),
                    .lens(
                        LogitLens(
                            tokens: tokens,
                            layers: [.init(layer: 0, positions: [position, position])]
                        ),
                        blocks: 1
                    ),
                    .predictions(
                        TokenPredictions(tokens: tokens, losses: [nil, .nan], next: likely)
                    ),
                    .headScores([scores], measuredOn: "the prompt"),
                    .ablation(
                        Ablation(
                            loss: .nan,
                            tokenCount: 1,
                            heads: [.init(layer: 0, head: 0, loss: .nan, change: .nan)],
                            mlps: []
                        )
                    ),
                ],
                text: { _ in nil }
            ),
            """
            send(find('.lens .cell'), 'pointerover');
            outcome.lens = note('lens');
            outcome.next = find('#next .bars').textContent;
            outcome.head = find('#heads .cell').textContent;
            outcome.ablated = find('#ablate .cell').textContent;
            """
        )
        #expect(
            seen["lens"] == "before the first block, at a\n#1 | \u{2013}\nentropy | \u{2013}\n"
                + "KL from the output | \u{2013}"
        )
        #expect(seen["next"] == "#1\u{2013}")
        #expect(seen["head"] == "\u{2013}")
        #expect(seen["ablated"] == "\u{2013}")
    }
}
