import Foundation
import TestSupport
import Testing

@testable import Reports

/// The report as a user sees it, in a browser.
@Suite(.serialized, .enabled(if: Browser.isAvailable, Comment(rawValue: Browser.skipReason)))
struct ReportBrowserTests {
    private func open(
        _ runs: [RunHistory],
        width: Int = 1200,
        refreshSeconds: Int? = nil,
        _ script: String
    ) throws -> [String: String] {
        try Browser.run(
            ReportPage(runs, refreshSeconds: refreshSeconds).source,
            width: width,
            script: script
        )
    }

    // MARK: Values

    @Test func aTooltipShowsTheValuesOfItsOwnStep() throws {
        let seen = try open(
            [plainRun("run", steps: 50)],
            """
            point('loss', 'pointermove', chart('loss').toX(20) + 1);
            outcome.between = tip('loss');
            point('loss', 'pointermove', chart('loss').toX(21));
            outcome.measured = tip('loss');
            outcome.elsewhere = tip('norm');
            point('loss', 'pointerleave', 0);
            outcome.left = tip('loss');
            """
        )
        #expect(
            seen["between"]
                == "step 20\ntraining, every step | 8.000\ntraining, smoothed | 8.000"
        )
        #expect(seen["measured"]?.hasSuffix("\nvalidation | 8.900") == true)
        #expect(seen["elsewhere"] == "")
        #expect(seen["left"] == "")
    }

    @Test func aValueOfAnotherStepSaysOfWhich() throws {
        let seen = try open(
            [plainRun("first", steps: 48), plainRun("second", steps: 48, every: 4)],
            """
            point('loss', 'pointermove', chart('loss').toX(17));
            outcome.tip = tip('loss');
            button('Tokens').click();
            point('loss', 'pointermove', chart('loss').toX(16 * 1024));
            outcome.tokens = tip('loss');
            """
        )
        #expect(seen["tip"] == "step 17\nfirst | 8.300\nsecond | 8.400 | step 16")
        #expect(
            seen["tokens"]
                == "tokens 16,384\nfirst | 8.400 | step 16\nsecond | 8.400 | step 16"
        )
    }

    @Test func keysReadValuesAndZoom() throws {
        let seen = try open(
            [plainRun("run", steps: 50)],
            """
            outcome.focus = plot('loss').tabIndex;
            key('loss', 'End');
            outcome.last = tip('loss').split('\\n')[0];
            key('loss', 'ArrowLeft');
            outcome.before = tip('loss').split('\\n')[0];
            key('loss', 'ArrowLeft', { shiftKey: true });
            outcome.ten = tip('loss').split('\\n')[0];
            key('loss', '+');
            outcome.zoomed = view.span;
            outcome.still = tip('loss').split('\\n')[0];
            key('loss', 'Escape');
            outcome.all = view.span;
            outcome.away = tip('loss');
            """
        )
        #expect(seen["focus"] == "0")
        #expect(seen["last"] == "step 50")
        #expect(seen["before"] == "step 49")
        #expect(seen["ten"] == "step 39")
        #expect(seen["zoomed"] == "19.5,44.5")
        #expect(seen["still"] == "step 39")
        #expect(seen["all"] == "0,50")
        #expect(seen["away"] == "")
    }

    // MARK: What is shown

    @Test func theAxisCountsStepsTokensOrTime() throws {
        let seen = try open(
            [plainRun("first", steps: 40), plainRun("second", steps: 40, tokens: 512)],
            """
            const ends = () => [0, 1].map(color => {
                const path = figure('loss').querySelector('path.strong.c' + color);
                const place = Number(path.getAttribute('d').split('L').pop().split(' ')[0]);
                const { left, right } = chart('loss').area;
                return Math.round(100 * (place - left) / (right - left));
            });
            for (const name of ['Steps', 'Tokens', 'Time']) {
                button(name).click();
                outcome[name] = [...ends(), ...texts('loss', 'x').slice(-1)];
                outcome[name + ' pressed'] = button(name).getAttribute('aria-pressed');
            }
            outcome.ticks = texts('loss', 'x');
            """
        )
        // Half as many tokens in the same steps, and in the same time.
        #expect(seen["Steps"] == "100,100,step")
        #expect(seen["Tokens"] == "100,50,tokens")
        #expect(seen["Time"] == "100,100,training time")
        #expect(seen["Time pressed"] == "true")
        #expect(seen["ticks"]?.contains("10s") == true)
    }

    @Test func runsAndPartsAreHiddenAndShownAgain() throws {
        let seen = try open(
            [plainRun("first", steps: 40), plainRun("second", steps: 80)],
            """
            const drawn = () => [0, 1].map(color => document
                .querySelectorAll('.plot path.strong.c' + color).length);
            outcome.both = drawn();
            const dim = () => document.querySelectorAll('.plot path.strong.dim.c0').length;
            button('second').dispatchEvent(new PointerEvent('pointerenter'));
            outcome.dimmed = dim();
            button('second').dispatchEvent(new PointerEvent('pointerleave'));
            outcome.bright = dim();
            button('second').click();
            outcome.one = drawn();
            outcome.span = view.span;
            outcome.pressed = button('second').getAttribute('aria-pressed');
            button('first').click();
            outcome.none = drawn();
            outcome.blank = figure('loss').classList.contains('blank');
            button('first').click();
            button('second').click();
            outcome.again = drawn();
            button('training, smoothed').click();
            outcome.without = figure('loss').querySelectorAll('path.strong').length;
            """
        )
        // Loss, learning rate, gradient norm and speed.
        #expect(seen["both"] == "4,4")
        #expect(seen["dimmed"] == "4")
        #expect(seen["bright"] == "0")
        #expect(seen["one"] == "4,0")
        #expect(seen["span"] == "0,40")
        #expect(seen["pressed"] == "false")
        #expect(seen["none"] == "0,0")
        #expect(seen["blank"] == "true")
        #expect(seen["again"] == "4,4")
        #expect(seen["without"] == "0")
    }

    @Test func draggingZoomsInAndADoubleClickZoomsOut() throws {
        let seen = try open(
            [plainRun("run", steps: 100)],
            """
            const shows = (low, high) => chart('loss').y.low < low && chart('loss').y.high > high;
            outcome.before = shows(1, 9);
            outcome.hidden = button('Show all').hidden;
            point('norm', 'pointerdown', chart('norm').toX(40));
            point('norm', 'pointermove', chart('norm').toX(60));
            outcome.selected = figure('norm').querySelectorAll('.selected').length;
            point('norm', 'pointerup', chart('norm').toX(60));
            outcome.part = view.span.map(end => Math.round(end));
            outcome.after = shows(4, 6) && !shows(3, 6) && !shows(4, 7);
            outcome.shown = !button('Show all').hidden;
            outcome.widths = view.charts.map(chart => chart.x.high - chart.x.low < 21);
            plot('loss').dispatchEvent(new MouseEvent('dblclick', { bubbles: true }));
            outcome.all = view.span;
            point('loss', 'pointerdown', 300);
            point('loss', 'pointerup', 302);
            outcome.click = view.span;
            """
        )
        #expect(seen["hidden"] == "true")
        #expect(seen["selected"] == "1")
        #expect(seen["part"] == "40,60")
        #expect(seen["shown"] == "true")
        // Every chart, and the axis of values goes with what is seen.
        #expect(seen["widths"] == "true,true,true,true")
        #expect(seen["before"] == "true" && seen["after"] == "true")
        #expect(seen["all"] == "0,100")
        #expect(seen["click"] == "0,100")
    }

    @Test func axesAreLinearOrLogarithmic() throws {
        let seen = try open(
            [plainRun("run", steps: 64)],
            """
            const middle = () => chart('norm').x.value(0.5);
            const y = button('log y', figure('norm'));
            outcome.linear = [chart('norm').y.isLogarithmic, middle()];
            y.click();
            button('log x').click();
            outcome.logarithmic = [chart('norm').y.isLogarithmic, Math.round(middle())];
            outcome.others = chart('speed').y.isLogarithmic;
            outcome.axis = texts('norm', 'x').pop();
            y.click();
            outcome.back = chart('norm').y.isLogarithmic;
            """
        )
        #expect(seen["linear"] == "false,32")
        #expect(seen["logarithmic"] == "true,8")
        #expect(seen["others"] == "false")
        #expect(seen["axis"] == "step, logarithmic")
        #expect(seen["back"] == "false")
    }

    // MARK: Marks

    @Test func epochsAreMarkedAtTheirBorders() throws {
        var run = plainRun("run", steps: 50)
        run.facts = try plainFacts()
        let seen = try open(
            [run],
            """
            outcome.labels = texts('loss', 'mark-label');
            const { x, area } = chart('loss');
            outcome.places = [...figure('loss').querySelectorAll('path.mark')].map(mark => {
                const place = mark.getAttribute('d').slice(1).split(' ')[0] - area.left;
                return Math.round(x.value(place / (area.right - area.left)));
            });
            """
        )
        // 15 batches of 1,024 tokens, one a step.
        #expect(seen["labels"] == "epoch 2,epoch 3,epoch 4")
        #expect(seen["places"] == "15,30,45")
    }

    @Test func measurementsAreJoinedOnlyWhereTheyAreClose() throws {
        var run = plainRun("run", steps: 100)
        run.validation = [0, 50, 52, 54].map { .init(step: $0, value: 8) }
        let seen = try open(
            [run],
            """
            const path = figure('loss').querySelector('path.dots').getAttribute('d');
            outcome.pieces = path.split('M').slice(1).map(piece => piece.split('L').length);
            outcome.dots = figure('loss').querySelectorAll('circle.dot.c1').length;
            """
        )
        #expect(seen["pieces"] == "1,3")
        #expect(seen["dots"] == "4")
    }

    @Test func modelsOfSeveralSizesAreMarkedInTheSpeedPlot() throws {
        var runs = [plainRun("first", steps: 20), plainRun("second", steps: 20, tokens: 512)]
        runs[0].facts = try plainFacts(parameters: 2_310_144)
        runs[1].facts = try plainFacts(parameters: 691_712)
        let script = "outcome.notes = texts('speed', 'end-note').sort();"
        #expect(try open(runs, script)["notes"] == "2.31M,692k")
        runs[1].facts = runs[0].facts
        #expect(try open(runs, script)["notes"] == "")
    }

    // MARK: Any page

    @Test(arguments: [500, 1200, 2400])
    func nothingIsCutOff(width: Int) throws {
        let name = "a/name that/" + String(repeating: "is long ", count: 20)
        let runs = [plainRun("first", steps: 1200, every: 3), plainRun(name, steps: 900)]
        let seen = try open(
            runs,
            width: width,
            """
            // Browser windows cannot be as narrow as a phone's, but a page can.
            if (innerWidth < 760) document.body.style.width = '360px';
            view.update();
            const { body } = document;
            outcome.page = body.scrollWidth <= body.clientWidth;
            outcome.outside = [...document.querySelectorAll('.plot text')].filter(text => {
                const card = text.closest('figure').getBoundingClientRect();
                const box = text.getBoundingClientRect();
                return box.left < card.left || box.right > card.right || box.bottom > card.bottom;
            }).map(text => text.textContent);
            const bottoms = view.charts.filter(chart => !chart.isWide).map(chart =>
                Math.round(chart.svg.getBoundingClientRect().top + chart.area.bottom));
            outcome.lines = new Set(bottoms).size;
            const table = document.querySelector('table.figures').getBoundingClientRect();
            outcome.table = table.right <= body.clientWidth || innerWidth > 760;
            """
        )
        #expect(seen["page"] == "true")
        #expect(seen["outside"] == "")
        #expect(seen["table"] == "true")
        // Those of a row stand on one line: a row of three, three rows, or two and one.
        #expect(seen["lines"] == [500: "3", 1200: "1", 2400: "2"][width])
    }

    @Test func aPageThatIsLoadedAgainKeepsWhatWasChosen() throws {
        let script = """
            button('Time').click();
            button('log y', figure('loss')).click();
            const later = new View({ axes: view.data.axes, series: view.data.series, charts: [] });
            recall(later);
            outcome.kept = [later.axis, later.logarithmic.loss ?? 'unasked'];
            """
        let runs = [plainRun("run", steps: 9)]
        #expect(try open(runs, refreshSeconds: 60, script)["kept"] == "time,true")
        #expect(try open(runs, script)["kept"] == "step,unasked")
    }

    @Test func onlyWhatSomebodyOpenedOrClosedIsKept() throws {
        var run = plainRun("run", steps: 9)
        run.samples = [1, 2].map { RunHistory.Sample(step: $0, text: "text \($0)") }
        let seen = try open(
            [run],
            refreshSeconds: 60,
            """
            const [newest, older] = document.querySelectorAll('details[id]');
            const marks = () => {
                remember(view);
                return Object.keys(JSON.parse(sessionStorage.getItem(location.pathname)).marks);
            };
            outcome.open = [newest.open, older.open];
            outcome.untouched = marks();
            older.open = true;
            outcome.opened = marks();
            newest.open = false;
            outcome.closed = marks();
            """
        )
        #expect(seen["open"] == "true,false")
        #expect(seen["untouched"] == "")
        #expect(seen["opened"] == "sample-0-1")
        #expect(seen["closed"] == "sample-0-2,sample-0-1")
    }
}
