// One chart, drawn as SVG in the size it has on the page: axes, marks, lines. What is pointed at is
// in pointing.js; what is shown at all is decided by the page's view in page.js.

/** Places on the screen to a tenth of a pixel. */
const pixel = value => Math.round(value * 10) / 10;

/** More series than this hide each other's unsmoothed values. */
const mostFaintSeries = 3;
/** Measurements further apart than this part of the chart are not joined. */
const longestJoint = 1 / 18;
/** More points than this run into each other, and are a line. */
const mostDots = 80;

class Chart {
    constructor(figure, description, view) {
        Object.assign(this, description);
        [this.figure, this.view] = [figure, view];
        this.plot = figure.querySelector('.plot');
        this.isWide = figure.classList.contains('wide');
    }

    /** The lines and parts of lines that are shown, those in the background first. */
    get shown() {
        const { view } = this;
        const isCrowded = view.shownSeries.length > mostFaintSeries;
        const { series } = view.data;
        const all = this.lines.filter(line => view.shows(line.series))
            .map(line => ({ line, places: placesOf(line, series[line.series], view.axis) }))
            .filter(({ places }) => places.length > 0 && places[0] !== undefined);
        return this.parts
            .filter(part => !view.hidden.has(this.id + '/' + part.id))
            .filter(part => part.style !== 'faint' || !isCrowded)
            .flatMap(part => all.filter(({ line }) => line.values[part.id])
                .map(({ line, places }) => ({
                    part, line, places, values: line.values[part.id],
                    color: part.color ?? series[line.series].color,
                })));
    }

    /** The lowest and the highest value in a window, without what lies far outside; or nothing. */
    range(shown, span) {
        const measure = isWhole => {
            let [low, high] = [Infinity, -Infinity];
            for (const { line, places, values } of shown) {
                const [start, end] = indicesWithin(places, span);
                for (let index = start; index < end; index += 1) {
                    const [place, value] = [places[index], values[index]];
                    if (value === null || place < span[0] || place > span[1]) continue;
                    if (!isWhole && (value < line.low || value > line.high)) continue;
                    [low, high] = [Math.min(low, value), Math.max(high, value)];
                }
            }
            if (low > high) return null;
            const { value = low } = this.reference ?? {};
            return [Math.min(low, value), Math.max(high, value)];
        };
        return measure(false) ?? measure(true);
    }

    /** Whether the axis of values is logarithmic: as asked for, or where the values ask for it. */
    get isLogarithmic() {
        const asked = this.view.logarithmic[this.id];
        if (asked !== undefined) return asked;
        if (!this.logarithmicFrom) return false;
        const range = this.range(this.shown, [-Infinity, Infinity]);
        return range !== null && range[0] > 0 && range[1] / range[0] >= this.logarithmicFrom;
    }

    get isResized() {
        return this.plot.clientWidth !== this.size[0] || this.plot.clientHeight !== this.size[1];
    }

    draw() {
        const [width, height] = [this.plot.clientWidth, this.plot.clientHeight];
        const shown = this.shown;
        const span = this.view.span;
        const range = this.range(shown, span);
        this.svg?.remove();
        Object.assign(this, { svg: null, drawn: [], cursor: null, size: [width, height] });
        if (this.tip) this.tip.hidden = true;
        this.figure.classList.toggle('blank', !range);
        // Before it has a size, and where everything is hidden.
        if (width < 60 || height < 60 || !range) return;
        const y = Scale.showing(range[0], range[1],
            { startsAtZero: this.startsAtZero, isLogarithmic: this.isLogarithmic });
        const x = new Scale(span[0], span[1], this.view.isLogarithmic);
        const yTicks = y.ticks(Math.max(3, Math.min(9, Math.floor(height / 46))));
        const format = formats[this.format];
        const yLabels = format.axis ? yTicks.map(format.axis) : tickLabels(y, yTicks);
        const left = Math.max(40, 14 + 6.6 * Math.max(0, ...yLabels.map(label => label.length)));
        const area = { left, top: 8, right: width - 14, bottom: height - 42 };
        Object.assign(this, { x, y, area, drawn: shown });
        // A logarithmic axis has no zero: what is there stands at its beginning.
        const isAtZero = place => x.isLogarithmic && place <= 0;
        this.toX = place => area.left + (area.right - area.left)
            * x.place(isAtZero(place) ? x.low : place);
        // Far outside of the chart is far enough.
        this.toY = value => area.bottom - (area.bottom - area.top)
            * Math.min(Math.max(y.place(value), -20), 21);
        this.toEdge = value => Math.min(Math.max(this.toY(value), area.top), area.bottom);
        this.isInside = place => place >= span[0] && place <= span[1]
            || isAtZero(place) && !this.view.part;

        const svg = make('svg', {
            viewBox: `0 0 ${width} ${height}`, width, height, role: 'img',
            'aria-label': this.plot.dataset.summary,
        });
        this.svg = svg;
        svg.append(...this.#grid(yTicks, yLabels), ...this.#marks(), ...this.#xAxis());
        const clip = 'clip-' + this.id;
        svg.append(make('defs', {}, make('clipPath', { id: clip }, make('rect', {
            x: area.left - 1, y: area.top - 4, width: area.right - area.left + 2,
            height: area.bottom - area.top + 8,
        }))));
        const lines = make('g', { 'clip-path': `url(#${clip})` });
        const dots = make('g');
        for (const one of shown) this.#line(one, lines, dots);
        this.overlay = make('g', { class: 'overlay' });
        svg.append(lines, dots, ...this.#endNotes(shown), this.overlay);
        this.plot.prepend(svg);
    }

    #grid(ticks, labels) {
        const { left, right } = this.area;
        const lines = ticks.flatMap((tick, index) => [
            make('path', { class: 'grid', d: `M${left} ${pixel(this.toY(tick))}H${right}` }),
            make('text', { x: left - 8, y: pixel(this.toY(tick)), class: 'y' }, labels[index]),
        ]);
        if (this.reference) {
            const d = `M${left} ${pixel(this.toY(this.reference.value))}H${right}`;
            lines.push(make('path', { class: 'reference', d }));
        }
        return lines;
    }

    #xAxis() {
        const { left, right, bottom } = this.area;
        const axis = this.view.data.axes.find(axis => axis.id === this.view.axis);
        const room = Math.max(2, Math.floor((right - left) / (this.isWide ? 100 : 60)));
        let ticks = axis.format === 'duration' ? this.x.durationTicks(room) : this.x.ticks(room);
        if (axis.format === 'whole') ticks = ticks.filter(tick => tick === Math.round(tick));
        const format = formats[axis.format];
        const labels = format.axis ? ticks.map(format.axis) : tickLabels(this.x, ticks);
        const elements = [make('path', { class: 'base', d: `M${left} ${bottom}H${right}` })];
        ticks.forEach((tick, index) => {
            const place = pixel(this.toX(tick));
            elements.push(make('path', { class: 'base', d: `M${place} ${bottom}v4` }));
            // Half a label would stand over the edge of the card.
            const reach = 3.4 * labels[index].length;
            const anchor = place + reach > right + 14 ? 'end' : 'middle';
            elements.push(make('text', {
                x: anchor === 'end' ? right + 10 : place, y: bottom + 17,
                class: 'x', 'text-anchor': anchor,
            }, labels[index]));
        });
        elements.push(make('text', {
            x: (left + right) / 2, y: bottom + 36, class: 'x', 'text-anchor': 'middle',
        }, axis.name + (this.x.isLogarithmic ? ', logarithmic' : '')));
        return elements;
    }

    /** Thin lines where a series begins a new period, such as an epoch. */
    #marks() {
        const { area, view, x } = this;
        const elements = [];
        const periods = new Map();
        for (const series of view.shownSeries) {
            if (!series.period) continue;
            const length = onAxis(series, view.axis, series.period);
            if (length === undefined) continue;
            const key = length.toPrecision(6);
            periods.set(key, [...(periods.get(key) ?? []), series]);
        }
        // Borders of many lengths would be a fence.
        if (periods.size > 2) return elements;
        [...periods.values()].forEach((all, row) => {
            const [series] = all;
            const color = periods.size > 1 ? ' c' + series.color : '';
            const border = number => this.toX(onAxis(series, view.axis, number * series.period));
            const width = Math.abs(border(2) - border(1)) || 1;
            const lastBorder = Math.floor(series.end / series.period);
            // Where there are many, only every second, fifth, tenth ... is drawn.
            const room = (area.right - area.left) / (this.isWide ? 10 : 4);
            const every = [1, 2, 5].flatMap(digit => [1, 10, 100, 1000, 1e4].map(p => digit * p))
                .sort((a, b) => a - b).find(every => every * width >= room);
            if (!every || view.isLogarithmic && every > 1) return;
            for (let number = every; number <= lastBorder; number += every) {
                const value = onAxis(series, view.axis, number * series.period);
                if (value < x.low || value > x.high) continue;
                const place = pixel(border(number));
                elements.push(make('path', {
                    class: 'mark' + color, d: `M${place} ${area.top}V${area.bottom}`,
                }));
                if (this.isWide && place + 60 < area.right) {
                    elements.push(make('text', {
                        class: 'mark-label' + color, x: place + 5, y: area.top + 10 + 14 * row,
                    }, `${series.periodName} ${grouped(String(number + 1))}`));
                }
            }
        });
        return elements;
    }

    #line({ part, places, values, color }, lines, dots) {
        const [start, end] = indicesWithin(places, this.view.span);
        const [points, inside] = [[], []];
        for (let index = start; index < end; index += 1) {
            const [place, value] = [places[index], values[index]];
            if (value === null) continue;
            points.push([this.toX(place), this.toY(value)]);
            if (this.isInside(place)) inside.push([this.toX(place), this.toEdge(value)]);
        }
        const path = [];
        const width = this.area.right - this.area.left;
        const isJoined = index => part.style !== 'dots'
            || points[index][0] - points[index - 1][0] <= longestJoint * width;
        const kept = part.style === 'dots' ? points : thinned(points, width);
        kept.forEach(([x, y], index) => {
            path.push((index > 0 && isJoined(index) ? 'L' : 'M') + pixel(x) + ' ' + pixel(y));
        });
        lines.append(make('path', { class: `${part.style} c${color}`, d: path.join('') }));
        // A line of one point has no length, and so would not be seen.
        if (points.length === 1 || part.style === 'dots' && inside.length <= mostDots) {
            for (const [x, y] of inside) {
                dots.append(make('circle', {
                    class: `dot c${color}`, cx: pixel(x), cy: pixel(y), r: this.isWide ? 3.2 : 2.6,
                }));
            }
        }
    }

    /** What tells series apart besides their names, at the ends of their lines. */
    #endNotes(shown) {
        if (!this.showsNotes) return [];
        const ends = shown.filter(({ part }) => part.style === 'strong').flatMap(one => {
            const { note } = this.view.data.series[one.line.series];
            const [start, end] = indicesWithin(one.places, this.view.span);
            for (let index = end - 1; note && index >= start; index -= 1) {
                const [place, value] = [one.places[index], one.values[index]];
                if (value !== null && this.isInside(place)) {
                    const y = this.toEdge(value) - 9;
                    return [{ note, x: this.toX(place), y, color: one.color }];
                }
            }
            return [];
        }).sort((a, b) => b.y - a.y);
        const placed = [];
        return ends.map(({ note, x, y, color }) => {
            // Above those that are in its place already.
            for (const other of placed) {
                if (Math.abs(other.x - x) < 52 && y > other.y - 13) y = other.y - 13;
            }
            y = Math.max(y, this.area.top + 6);
            placed.push({ x, y });
            const isLeft = x < this.area.left + 52;
            return make('text', {
                class: `end-note c${color}`, x: pixel(x) + (isLeft ? 2 : -2), y: pixel(y),
                'text-anchor': isLeft ? 'start' : 'end',
            }, note);
        });
    }
}
