import TestSupport
import Testing

@testable import Reports

/// The arithmetic of the page's script, in a browser: axes, and numbers as they are written.
@Suite(.serialized, .enabled(if: Browser.isAvailable, Comment(rawValue: Browser.skipReason)))
struct ChartScriptTests {
    private func run(_ script: String) throws -> [String: String] {
        try Browser.run(ReportPage([plainRun("run", steps: 9)]).source, script: script)
    }

    @Test func numbersAreWrittenForPeople() throws {
        let seen = try run(
            """
            outcome.significant = [10.966, 0.0123456, -1234.5, 1e30, 0].map(x => significant(x));
            outcome.rate = [6e-4, 9.99999e-5, 0.02, 0].map(rate);
            outcome.compact = [999999, 124475904, 8200, 0.003, 1.5e-10].map(x => compact(x));
            outcome.thousands = compact(5000, 1000);
            outcome.percent = [0.305, 0.25].map(percent);
            outcome.duration = [0.25, 4.25, 42, 187, 45600, 90000].map(duration).join(';');
            """
        )
        #expect(seen["significant"] == "10.97,0.01235,\u{2212}1,235,1e30,0")
        #expect(seen["rate"] == "6e-4,1e-4,0.02,0")
        #expect(seen["compact"] == "1M,124M,8,200,0.003,1.5e-10")
        #expect(seen["thousands"] == "5k")
        #expect(seen["percent"] == "30.5%,25%")
        #expect(seen["duration"] == "0.25s;4.3s;42s;3m 07s;12h 40m;1d 01h")
    }

    @Test func axesAreMarkedAtRoundNumbers() throws {
        let seen = try run(
            """
            const labels = (low, high, log) => {
                const scale = new Scale(low, high, log);
                return tickLabels(scale, scale.ticks(5)).join(' ');
            };
            outcome.ten = labels(0, 10);
            outcome.narrow = labels(3.001, 3.004);
            outcome.uneven = labels(0.13, 0.88);
            outcome.thousands = labels(0, 60000);
            outcome.near = labels(453000, 453900);
            outcome.signs = labels(-1, 1);
            outcome.log = labels(3, 11, true);
            outcome.wide = labels(0.001, 20, true);
            outcome.time = new Scale(0, 2000).durationTicks(5).map(formats.duration.axis);
            """
        )
        #expect(seen["ten"] == "0 2 4 6 8 10")
        #expect(seen["narrow"] == "3.001 3.002 3.003 3.004")
        #expect(seen["uneven"] == "0.2 0.4 0.6 0.8")
        #expect(seen["thousands"] == "0 20k 40k 60k")
        #expect(seen["near"] == "453k 453.2k 453.4k 453.6k 453.8k")
        #expect(seen["signs"] == "\u{2212}1.0 \u{2212}0.5 0.0 0.5 1.0")
        #expect(seen["log"] == "3 4 5 7 10")
        #expect(seen["wide"] == "0.001 0.01 0.1 1 10")
        #expect(seen["time"] == "0s,10m,20m,30m")
    }

    @Test func axesOfTheSmallestAndLargestNumbersHaveAWidth() throws {
        let seen = try run(
            """
            const [least, most] = [5e-324, Number.MAX_VALUE];
            const wrong = [];
            for (const [low, high] of [[least, least], [0, least], [-least, least], [0, 0], [3, 3],
                [least, 3 * least], [-most, most], [most, most], [-most, -most], [least, most],
                [1e-308, 1e308], [1e-290, 1e-289], [-3, -3]]) {
                for (const isLogarithmic of [false, true]) {
                    const scale = Scale.showing(low, high, { isLogarithmic });
                    const isRight = scale.low < scale.high && Number.isFinite(scale.high)
                        && Number.isFinite(scale.low)
                        && [low, high].every(x => scale.place(x) >= 0 && scale.place(x) <= 1)
                        && scale.ticks(5).every(Number.isFinite);
                    if (!isRight) wrong.push([low, high, isLogarithmic].join(' '));
                }
            }
            outcome.wrong = wrong.join(';');
            """
        )
        #expect(seen["wrong"] == "")
    }

    @Test func thinningKeepsTheExtremesOfEveryPixel() throws {
        let seen = try run(
            """
            const points = Array.from({ length: 100000 }, (_, index) => [index / 1000, index % 97]);
            points[12345][1] = 1000;
            points[54321][1] = -1000;
            const kept = thinned(points, 100);
            outcome.few = kept.length <= 200;
            outcome.extremes = [1000, -1000].every(y => kept.some(point => point[1] === y));
            outcome.order = kept.slice(1).every((point, index) => point[0] >= kept[index][0]);
            outcome.short = thinned(points.slice(0, 150), 100).length;
            """
        )
        #expect(seen["few"] == "true")
        #expect(seen["extremes"] == "true")
        #expect(seen["order"] == "true")
        #expect(seen["short"] == "150")
    }

    @Test func oddNumbersAreDrawnAsFarAsTheyCanBe() throws {
        let values: [Float] = [
            .nan, .infinity, 0, -1, 1e38, .leastNonzeroMagnitude, -.infinity, 3, 3, -1e38,
        ]
        var run = oddRun(values, stepsApartBy: .max / 16)
        run.accuracy.append(.init(step: 3, value: 0.3))
        let script = """
            const wrong = new Set();
            const look = () => {
                for (const element of document.querySelectorAll('.plot svg *')) {
                    for (const { name, value } of element.attributes) {
                        if (/NaN|Infinity|undefined/.test(value)) wrong.add(name + '=' + value);
                    }
                    if (/NaN|Infinity|undefined/.test(element.textContent)) {
                        wrong.add(element.textContent);
                    }
                }
            };
            for (const each of [...document.querySelectorAll('button'), null]) {
                look();
                for (const { id } of view.charts) {
                    if (!chart(id).svg) continue;
                    for (const place of [50, 150, 250]) {
                        point(id, 'pointermove', place);
                        if (/NaN|Infinity|undefined/.test(tip(id))) wrong.add(tip(id));
                    }
                    key(id, '+');
                    look();
                    key(id, 'Escape');
                }
                each?.click();
            }
            outcome.charts = view.charts.length;
            outcome.wrong = [...wrong].slice(0, 5).join('\\n');
            """
        for runs in [[run], [run, plainRun("plain", steps: 3)]] {
            let seen = try Browser.run(ReportPage(runs).source, script: script)
            #expect(seen["charts"] == "5")
            #expect(seen["wrong"] == "")
        }
    }
}
