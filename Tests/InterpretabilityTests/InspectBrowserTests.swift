import Tensors
import TestSupport
import Testing

@testable import Interpretability

/// The other parts of pages of `inspect`, as a reader uses them.
@Suite(.serialized, .enabled(if: Browser.isAvailable, Comment(rawValue: Browser.skipReason)))
struct InspectBrowserTests {
    // MARK: Lens and losses

    @Test func theLensTellsWhatALayerWouldPredict() throws {
        let seen = try openInBrowser(
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
        let seen = try openInBrowser(
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
        let seen = try openInBrowser(
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
        let seen = try openInBrowser(
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

    @Test func theTokenThatActivatesANeuronIsMarked() throws {
        let seen = try openInBrowser(
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
        let seen = try openInBrowser(
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

    @Test func neighborsHaveBarsAsLongAsTheirCosines() throws {
        let found = [(12, 0.75), (300, -0.5)].map { TokenNeighbour(token: $0, cosine: $1) }
        let seen = try openInBrowser(
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
}
