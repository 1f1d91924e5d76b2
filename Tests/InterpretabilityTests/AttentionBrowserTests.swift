import TestSupport
import Testing

@testable import Interpretability

/// Attention on a page, as somebody points at it and navigates it.
@Suite(.serialized, .enabled(if: Browser.isAvailable, Comment(rawValue: Browser.skipReason)))
struct AttentionBrowserTests {
    @Test func aValueIsShownWithTheTokensItIsBetween() throws {
        let seen = try openInBrowser(
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
        let seen = try openInBrowser(
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
        let seen = try openInBrowser(
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
        let seen = try openInBrowser(
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
        let seen = try openInBrowser(
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
        let seen = try openInBrowser(
            """
            button('by row').click();
            outcome.shades = shades('attention');
            outcome.pressed = button('by row').getAttribute('aria-pressed');
            """
        )
        #expect(seen["shades"] == "0.258,0.258,0.258,0.258,0.258,1.000")
        #expect(seen["pressed"] == "true")
    }
}
