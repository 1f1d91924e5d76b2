import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interpretability

/// Pages of `inspect` as somebody uses them, in a browser.
@Suite(.serialized, .enabled(if: Browser.isAvailable, Comment(rawValue: Browser.skipReason)))
struct InspectBrowserTests {
    /// What the scripts of these tests use beside the browser's.
    private static let helpers = """
        const find = (selector, within = document) => within.querySelector(selector);
        const send = (element, type, more = {}) => {
            const box = element.getBoundingClientRect();
            element.dispatchEvent(new PointerEvent(type, { bubbles: true, pointerId: 1,
                clientX: box.left + (more.x ?? 2), clientY: box.top + (more.y ?? 2) }));
        };
        const press = (selector, key, more = {}) => find(selector).dispatchEvent(
            new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
        const note = part => {
            const shown = [...document.querySelectorAll(`#${part} .tip`)].find(tip => !tip.hidden);
            return !shown ? '' : [find('b', shown).textContent,
                ...[...shown.querySelectorAll('tr, li')].map(row => [...row.children]
                    .map(cell => cell.textContent).filter(text => text).join(' | '))].join('\\n');
        };
        const words = part => [...document.querySelectorAll(`#${part} .word`)];
        const shades = part => words(part).map(word => word.style.getPropertyValue('--v'));
        /** The middle of a cell of the large pattern. */
        const middle = (token, at) => {
            const cell = Number(find('.pattern').dataset.cell);
            const margin = Number(find('.pattern').dataset.margin);
            return { x: margin + (at + .5) * cell, y: 7 + (token + .5) * cell };
        };
        const chosen = () => find('#attention .chosen-head').textContent;
        """

    private func open(
        of page: InspectPage = PageFindings.page(),
        width: Int = 1200,
        _ script: String
    ) throws -> [String: String] {
        try Browser.run(page.source, width: width, script: Self.helpers + script)
    }

    // MARK: Attention

    @Test func aValueIsShownWithTheTokensItIsBetween() throws {
        let seen = try open(
            """
            send(find('.pattern'), 'pointermove', middle(3, 3));
            outcome.itself = note('attention');
            send(find('.pattern'), 'pointermove', middle(5, 1));
            outcome.other = note('attention');
            send(find('.pattern'), 'pointermove', middle(1, 4));
            outcome.none = note('attention');
            """
        )
        // Head 0 of layer 0 looks at the token itself. 0.75 as the page holds it.
        #expect(seen["itself"] == "0.751\nfrom 3 | \u{B7}sat\nto 3 | \u{B7}sat")
        #expect(seen["other"] == "0.050\nfrom 5 | \u{B7}cat\nto 1 | \u{B7}cat")
        #expect(seen["none"] == "")
    }

    @Test func keysReadValuesAndWithShiftChooseHeads() throws {
        let seen = try open(
            """
            outcome.focus = find('.pattern').tabIndex;
            press('.pattern', 'ArrowLeft');
            outcome.left = note('attention');
            press('.pattern', 'ArrowUp');
            outcome.up = note('attention');
            press('.pattern', 'Home');
            outcome.first = note('attention').split('\\n').pop();
            press('.pattern', 'ArrowDown', { shiftKey: true });
            press('.pattern', 'ArrowRight', { shiftKey: true });
            press('.pattern', 'ArrowRight', { shiftKey: true });
            press('.pattern', 'ArrowRight', { shiftKey: true });
            outcome.head = chosen();
            press('.pattern', 'Escape');
            outcome.away = note('attention');
            """
        )
        #expect(seen["focus"] == "0")
        #expect(seen["left"] == "0.050\nfrom 5 | \u{B7}cat\nto 4 | \u{B7}the")
        #expect(seen["up"] == "0.751\nfrom 4 | \u{B7}the\nto 4 | \u{B7}the")
        #expect(seen["first"] == "to 0 | The")
        #expect(seen["head"] == "layer 1, head 2")
        #expect(seen["away"] == "")
    }

    @Test func aHeadIsChosenAmongTheSmallMultiples() throws {
        let seen = try open(
            """
            outcome.before = chosen();
            press('.multiples', 'ArrowDown');
            press('.multiples', 'ArrowRight');
            outcome.keys = chosen();
            outcome.note = note('attention');
            const canvas = find('.multiples canvas');
            const step = (canvas.clientWidth - 24) / 3;
            send(canvas, 'click', { x: 24 + 2.5 * step, y: 20 + .5 * step });
            outcome.click = chosen();
            send(find('.pattern'), 'pointermove', middle(5, 3));
            outcome.value = note('attention').split('\\n')[0];
            """
        )
        #expect(seen["before"] == "layer 0, head 0")
        #expect(seen["keys"] == "layer 1, head 1")
        #expect(seen["note"]?.hasPrefix("layer 1, head 1\nprevious token | 0.10") == true)
        #expect(seen["click"] == "layer 0, head 2")
        // Two tokens back.
        #expect(seen["value"] == "0.751")
    }

    @Test func strongAttentionHasStrongShades() throws {
        let seen = try open(
            """
            const canvas = find('.pattern canvas');
            const ratio = canvas.width / canvas.clientWidth;
            const shade = (token, at) => {
                const { x, y } = middle(token, at);
                return [...canvas.getContext('2d').getImageData(x * ratio, y * ratio, 1, 1).data];
            };
            outcome.strong = shade(4, 4);
            outcome.weak = shade(4, 1);
            outcome.nothing = shade(1, 4);
            const pattern = find('.multiples canvas');
            outcome.filled = pattern.getContext('2d')
                .getImageData(26 * ratio, 60 * ratio, 1, 1).data[3];
            """
        )
        let strong = (seen["strong"] ?? "").split(separator: ",").compactMap { Int($0) }
        let weak = (seen["weak"] ?? "").split(separator: ",").compactMap { Int($0) }
        try #require(strong.count == 4 && weak.count == 4)
        #expect(strong[0] + 60 < weak[0])
        #expect(seen["nothing"] == "0,0,0,0")
        #expect(seen["filled"] == "255")
    }

    @Test func theTextIsShadedByWhereTheChosenTokenLooks() throws {
        let seen = try open(
            """
            outcome.last = shades('attention');
            send(words('attention')[2], 'pointerdown');
            outcome.chosen = shades('attention');
            outcome.note = note('attention');
            outcome.row = find('#attention h3 .token').textContent;
            button('is looked at by').click();
            outcome.from = shades('attention');
            press('#attention .strip', 'ArrowLeft');
            outcome.key = find('#attention .text h3').textContent;
            press('#attention .strip', 'ArrowRight', { shiftKey: true });
            outcome.head = chosen();
            """
        )
        #expect(seen["last"] == "0.224,0.224,0.224,0.224,0.224,0.867")
        #expect(seen["chosen"] == "0.353,0.353,0.867,0.000,0.000,0.000")
        #expect(seen["note"] == "\u{21B5}\ntoken | 2\nattention to it | 0.751")
        #expect(seen["from"] == "0.000,0.000,0.867,0.290,0.251,0.224")
        #expect(seen["key"] == "Token 1, \u{B7}cat")
        #expect(seen["head"] == "layer 0, head 1")
    }

    @Test func rowsAreShadedByTheirLargestValueWhenAsked() throws {
        let seen = try open(
            """
            button('by row').click();
            outcome.shades = shades('attention');
            outcome.pressed = button('by row').getAttribute('aria-pressed');
            """
        )
        #expect(seen["shades"] == "0.258,0.258,0.258,0.258,0.258,1.000")
        #expect(seen["pressed"] == "true")
    }

    // MARK: Lens and losses

    @Test func theLensTellsWhatALayerWouldPredict() throws {
        let seen = try open(
            """
            const cells = [...document.querySelectorAll('.lens .cell')];
            outcome.texts = cells.slice(0, 3).map(cell => cell.textContent);
            outcome.right = document.querySelectorAll('.lens .right').length;
            send(cells[1], 'pointerover');
            outcome.note = note('lens');
            send(find('.lens'), 'pointerleave');
            outcome.left = note('lens');
            press('.lens', 'ArrowUp');
            outcome.key = note('lens').split('\\n')[0];
            outcome.shades = cells.slice(0, 3).map(cell => cell.style.getPropertyValue('--v'));
            button('KL').click();
            outcome.kl = cells.slice(0, 3).map(cell => cell.style.getPropertyValue('--v'));
            send(cells[0], 'click');
            outcome.token = find('#attention .text h3').textContent;
            """
        )
        #expect(seen["texts"] == "\u{B7}word20,\u{B7}word20,\u{B7}cat")
        // Every token but the first, at the output.
        #expect(seen["right"] == "5")
        #expect(
            seen["note"]
                == "after 1 block, at The\n\u{B7}word20 | 50%\n#200 | 12.5%\nentropy | 0 nats\n"
                + "KL from the output | 1.00 nats"
        )
        #expect(seen["left"] == "")
        #expect(seen["key"] == "after 1 block, at \u{B7}cat")
        #expect(seen["shades"] == "0.250,0.500,0.750")
        #expect(seen["kl"] == "1.000,0.500,0.000")
        #expect(seen["token"] == "Token 0, The")
    }

    @Test func lossesShadeTheText() throws {
        let seen = try open(
            """
            outcome.shades = shades('next');
            outcome.summary = find('#next .summary').textContent;
            send(words('next')[4], 'pointerover');
            outcome.note = note('next');
            send(words('next')[0], 'pointerover');
            outcome.first = note('next');
            outcome.next = [...document.querySelectorAll('#next .bars li')]
                .map(item => item.textContent);
            outcome.lines = document.querySelectorAll('#next .strip br').length;
            """
        )
        #expect(seen["shades"] == "0.000,0.200,0.400,0.600,0.800,1.000")
        #expect(seen["summary"] == "mean 1.500 nats, perplexity 4.482, highest 2.500 nats")
        #expect(seen["note"] == "\u{B7}the\ntoken | 4\nloss | 2.000 nats\nprobability | 13.5%")
        #expect(seen["first"] == "The\ntoken | 0\nloss | nothing before")
        #expect(seen["next"] == "\u{B7}sat50%,\u{21B5}25%")
        #expect(seen["lines"] == "1")
    }

    // MARK: Heads

    @Test func scoresAreSwitchedSortedAndChosen() throws {
        let seen = try open(
            """
            const cells = () => [...document.querySelectorAll('#heads .cell')]
                .map(cell => cell.textContent);
            const rows = () => [...document.querySelectorAll('#heads tbody tr')]
                .map(row => [...row.cells].slice(0, 2).map(cell => cell.textContent).join('.'));
            const sorted = () => find('#heads [aria-sort]').textContent
                + ' ' + find('#heads [aria-sort]').getAttribute('aria-sort');
            outcome.induction = cells();
            outcome.first = rows()[0];
            button('previous token', find('#heads .controls')).click();
            outcome.previous = cells();
            outcome.second = rows()[0];
            outcome.sorted = sorted();
            button('layer', find('#heads thead')).click();
            outcome.layers = [rows()[0], sorted()];
            button('layer', find('#heads thead')).click();
            outcome.again = sorted();
            send(document.querySelectorAll('#heads .cell')[4], 'click');
            outcome.chosen = chosen();
            press('.grid-of-heads', 'ArrowRight');
            outcome.key = note('heads').split('\\n')[0];
            press('.grid-of-heads', 'Enter');
            outcome.entered = chosen();
            """
        )
        #expect(seen["induction"] == "0.05,0.05,0.05,0.05,0.05,0.75")
        #expect(seen["first"] == "1.2")
        #expect(seen["previous"] == "0.10,0.88,0.10,0.10,0.10,0.10")
        #expect(seen["second"] == "0.1")
        #expect(seen["sorted"] == "previous token descending")
        #expect(seen["layers"]?.hasPrefix("0.") == true)
        #expect(seen["layers"]?.hasSuffix(",layer ascending") == true)
        #expect(seen["again"] == "layer descending")
        #expect(seen["chosen"] == "layer 1, head 1")
        #expect(seen["key"] == "layer 0, head 1")
        #expect(seen["entered"] == "layer 0, head 1")
    }

    @Test func ablationShowsWhichWayTheLossGoes() throws {
        let seen = try open(
            """
            const cells = [...document.querySelectorAll('#ablate .cell')];
            outcome.texts = cells.map(cell => cell.textContent);
            outcome.lower = cells.findIndex(cell => cell.classList.contains('negative'));
            send(cells[3], 'pointerover');
            outcome.note = note('ablate');
            outcome.ranks = [...document.querySelectorAll('#ablate tbody tr')].slice(0, 3)
                .map(row => [...row.cells].map(cell => cell.textContent).join(' '));
            """
        )
        #expect(seen["texts"] == "0.00,0.00,\u{2212}0.25,+1.00,0.00,+0.50,0.00,+2.00")
        #expect(seen["lower"] == "2")
        #expect(seen["note"] == "layer 0, MLP\nloss without it | 4.0000\nchange | +1.00")
        #expect(
            seen["ranks"]
                == "1 MLP 5.0000 +2.00,0 MLP 4.0000 +1.00,1 1 3.5000 +0.500"
        )
    }

    @Test func theTokenThatExcitesANeuronIsMarked() throws {
        let seen = try open(
            """
            outcome.texts = [...document.querySelectorAll('#neurons li')]
                .map(item => item.textContent);
            outcome.marks = [...document.querySelectorAll('#neurons mark')]
                .map(mark => mark.textContent);
            """
        )
        #expect(seen["texts"] == "4.00the cat sat,1.00a\u{21B5}")
        #expect(seen["marks"] == " cat,\u{21B5}")
    }

    // MARK: Weights

    @Test func cellsOfATensorAreReadAndItsSingularValuesDrawn() throws {
        let elements: [Float] = [3, 0, 0, -4, 0, 0]
        let statistics = try WeightStatistics(
            of: Tensor(elements, shape: [2, 3]),
            ops: Ops(threadCount: 1)
        )
        let seen = try open(
            of: InspectPage(
                PageFindings.subject,
                parts: [.weights(name: "qkvw", layer: 1, statistics)],
                text: { _ in nil }
            ),
            """
            outcome.unit = find('#weights .unit').textContent;
            outcome.figures = [...document.querySelectorAll('#weights .figures > div')]
                .map(figure => [...figure.children].map(part => part.textContent).join(' '));
            press('.heat-map', 'ArrowDown');
            outcome.key = note('weights');
            button('magnitude').click();
            press('.heat-map', 'Escape');
            outcome.away = note('weights');
            press('.heat-map', 'ArrowDown');
            press('.heat-map', 'ArrowDown');
            outcome.magnitude = note('weights').split('\\n')[0];
            key('singular-values', 'Home');
            outcome.singular = tip('singular-values');
            """
        )
        #expect(seen["unit"] == "qkvw, layer 1")
        #expect(
            seen["figures"]
                == "shape 2 \u{D7} 3,mean \u{2212}0.1667,std 2.034,minimum \u{2212}4.000,"
                + "maximum 3.000"
        )
        #expect(seen["key"] == "\u{2212}4.00\nrow | 1\ncolumn | 0")
        #expect(seen["away"] == "")
        #expect(seen["magnitude"] == "4.00")
        #expect(seen["singular"] == "rank 1\nsingular value | 5.000")
    }

    @Test func neighboursHaveBarsAsLongAsTheirCosines() throws {
        let found = [(12, 0.75), (300, -0.5)].map { TokenNeighbour(token: $0, cosine: $1) }
        let seen = try open(
            of: InspectPage(
                PageFindings.subject,
                parts: [.neighbours(of: 11, found)],
                text: PageFindings.text
            ),
            """
            outcome.unit = find('#neighbours .unit').textContent;
            outcome.rows = [...document.querySelectorAll('.bars li')].map(row => row.textContent);
            outcome.bars = [...document.querySelectorAll('.bar')]
                .map(bar => bar.style.getPropertyValue('--v'));
            """
        )
        #expect(seen["unit"] == "of ' cat', token 11")
        #expect(seen["rows"] == "\u{21B5}0.750id 12,#300\u{2212}0.500id 300")
        #expect(seen["bars"] == "0.750,0.000")
    }

    // MARK: Any page

    @Test(arguments: [390, 1200, 2400])
    func nothingIsCutOff(width: Int) throws {
        let seen = try open(
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

    @Test func textsOfTokensAreNothingButTexts() throws {
        let texts = ["</script><img src=x onerror=\"document.title='hit'\">", "\u{202E}\u{0}", ""]
        let tokens: [Int32] = [1, 2, 3]
        let seen = try open(
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
        let seen = try open(
            of: InspectPage(
                PageFindings.subject,
                prompt: .init(tokens: tokens, texts: ["a", "b"]),
                parts: [
                    .attention(
                        AttentionPatterns(
                            tokens: tokens,
                            layers: [0],
                            headCount: 1,
                            values: [.nan, 0, .nan, .nan]
                        )
                    ),
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
