// What is pointed at in a chart: the values there, by pointer, finger or keys; and dragging over a
// chart, which shows that part alone.

/** A dot this near the cursor, in pixels, is told of with it. */
const dotReach = 6;

class Pointing {
    constructor(chart) {
        this.chart = chart;
        this.view = chart.view;
        this.tip = chart.tip = make('div', { class: 'tip', role: 'status' });
        this.tip.hidden = true;
        const plot = chart.plot;
        plot.append(this.tip);
        plot.tabIndex = 0;
        plot.addEventListener('pointermove', event => this.#move(event));
        plot.addEventListener('pointerdown', event => this.#press(event));
        plot.addEventListener('pointerup', event => this.#release(event));
        plot.addEventListener('pointercancel', () => { this.start = undefined; this.leave(); });
        plot.addEventListener('pointerleave', event => {
            // A finger that is lifted leaves what it pointed at to be read.
            if (this.start === undefined && event.pointerType !== 'touch') this.leave();
        });
        document.addEventListener('pointerdown', event => {
            if (!plot.contains(event.target)) this.leave();
        });
        plot.addEventListener('dblclick', () => this.view.zoom(null));
        plot.addEventListener('keydown', event => this.#key(event));
        plot.addEventListener('blur', () => this.leave());
    }

    #place(event) {
        return event.clientX - this.chart.plot.getBoundingClientRect().left;
    }

    // Pointer

    #press(event) {
        if (event.button !== 0 || !this.chart.svg) return;
        this.start = this.#place(event);
        this.#show(this.start);
        this.chart.plot.setPointerCapture(event.pointerId);
    }

    #move(event) {
        if (!this.chart.svg) return;
        const place = this.#place(event);
        if (this.start === undefined) return this.#show(place);
        const { area, overlay } = this.chart;
        const [left, right] = this.#ends(place);
        if (right - left < 4) return;
        this.tip.hidden = true;
        overlay.replaceChildren(make('rect', {
            class: 'selected', x: left, y: area.top, width: right - left,
            height: area.bottom - area.top,
        }));
    }

    #ends(place) {
        const { left, right } = this.chart.area;
        return [this.start, place].map(end => Math.min(Math.max(end, left), right))
            .sort((a, b) => a - b);
    }

    #release(event) {
        if (this.start === undefined) return;
        const { area, x } = this.chart;
        const ends = this.#ends(this.#place(event));
        this.start = undefined;
        if (ends[1] - ends[0] < 8) return this.#show(this.#place(event));
        this.view.zoom(ends.map(end => x.value((end - area.left) / (area.right - area.left))));
    }

    leave() {
        if (this.tip.hidden && this.chart.cursor === null) return;
        this.tip.hidden = true;
        this.chart.cursor = null;
        for (const chart of this.view.charts) chart.overlay?.replaceChildren();
    }

    // Keys

    #key(event) {
        if (event.ctrlKey || event.metaKey || event.altKey || !this.chart.svg) return;
        const { x, cursor } = this.chart;
        const stops = this.#stops();
        if (stops.length === 0) return;
        const at = cursor === null ? null : Math.min(lowerBound(stops, cursor), stops.length - 1);
        const by = event.shiftKey ? 10 : 1;
        const to = index => this.#point(stops[Math.min(Math.max(index, 0), stops.length - 1)]);
        const middle = cursor ?? x.value(0.5);
        const keys = {
            ArrowRight: () => to(at === null ? 0 : at + by),
            ArrowLeft: () => to(at === null ? stops.length - 1 : at - by),
            Home: () => to(0),
            End: () => to(stops.length - 1),
            '+': () => this.#scale(middle, 0.5),
            '=': () => this.#scale(middle, 0.5),
            '-': () => this.#scale(middle, 2),
            '0': () => this.view.zoom(null),
            Escape: () => { this.leave(); this.view.zoom(null); },
        };
        if (!keys[event.key]) return;
        event.preventDefault();
        keys[event.key]();
    }

    /** Zooms by a factor, with a value staying where it is. */
    #scale(middle, factor) {
        const { x } = this.chart;
        const place = x.place(middle);
        const ends = [place - place * factor, place + (1 - place) * factor];
        const { cursor } = this.chart;
        this.view.zoom(ends.map(end => x.value(end)));
        if (cursor !== null) this.#point(cursor);
    }

    /** Where something was measured, in the order of the axis. */
    #stops() {
        const all = this.chart.drawn.flatMap(({ places, values }) => places.filter(
            (place, index) => values[index] !== null && this.chart.isInside(place)));
        return [...new Set(all)].sort((a, b) => a - b);
    }

    // Cursor

    /** Points at the measurement nearest to a place on the screen. */
    #show(place) {
        const { chart } = this;
        let [nearest, distance] = [null, Infinity];
        for (const { places, values } of chart.drawn) {
            const index = this.#nearest(places, values, this.#value(place));
            if (index === null) continue;
            const away = Math.abs(chart.toX(places[index]) - place);
            if (away < distance) [nearest, distance] = [places[index], away];
        }
        if (nearest === null) return this.leave();
        this.#point(nearest);
    }

    #value(place) {
        const { area, x } = this.chart;
        return x.value(Math.min(Math.max((place - area.left) / (area.right - area.left), 0), 1));
    }

    /** The point of a line nearest to a value of the axis, among those that are in view. */
    #nearest(places, values, value) {
        const isThere = index => values[index] !== null && this.chart.isInside(places[index]);
        const right = lowerBound(places, value);
        let [before, after] = [right - 1, right];
        // Over values that are missing, as far as the chart goes.
        while (before >= 0 && values[before] === null) before -= 1;
        while (after < places.length && values[after] === null) after += 1;
        const candidates = [after, before].filter(index => index >= 0 && index < places.length
            && isThere(index));
        if (candidates.length === 0) return null;
        return candidates.reduce((a, b) =>
            Math.abs(places[b] - value) < Math.abs(places[a] - value) ? b : a);
    }

    /** Shows the values at a place of the axis, each with the step it is of. */
    #point(value) {
        const { chart, view } = this;
        chart.cursor = value;
        const rows = [];
        const dots = [];
        for (const { part, line, places, values, color } of chart.drawn) {
            const index = this.#nearest(places, values, value);
            if (index === null) continue;
            const x = chart.toX(places[index]);
            if (part.style === 'faint' && view.isComparison) continue;
            if (part.style === 'dots' && Math.abs(x - chart.toX(value)) > dotReach) continue;
            const series = view.data.series[line.series].name;
            const isBeside = part.style === 'dots' && chart.parts.length > 1;
            const name = !view.isComparison ? part.name
                : isBeside ? series + ', ' + part.name : series;
            rows.push({
                name, color, value: values[index], step: line.steps[index], x: places[index],
            });
            dots.push(make('circle', {
                class: `at c${color}`, cx: pixel(x), cy: pixel(chart.toEdge(values[index])), r: 4,
            }));
        }
        for (const other of view.charts) {
            if (!other.svg || !other.overlay) continue;
            const x = pixel(other.toX(value));
            const line = make('path', {
                class: 'cursor', d: `M${x} ${other.area.top}V${other.area.bottom}`,
            });
            other.overlay.replaceChildren(line, ...(other === chart ? dots : []));
        }
        this.#tell(value, rows);
    }

    #tell(value, rows) {
        const { chart, view } = this;
        const axis = view.data.axes.find(axis => axis.id === view.axis);
        const isStep = axis.id === 'step';
        const stepText = step => view.data.axes[0].name + ' ' + formats.whole.value(step);
        // The row that was pointed at says where that is; the others are where they are measured.
        const here = rows.filter(row => row.x === value).map(row => row.step);
        const alone = !isStep && !view.isComparison && here.length > 0 ? stepText(here[0]) : '';
        const place = isStep ? stepText(value)
            : axis.name + ' ' + formats[axis.format].value(value) + (alone && ', ' + alone);
        const format = formats[chart.format].value;
        const table = make('table', {}, ...rows.map(row => {
            const isElsewhere = isStep || alone ? row.step !== (isStep ? value : here[0]) : true;
            return make('tr', {},
                make('th', { scope: 'row' },
                    make('span', { class: `swatch c${row.color}` }), row.name),
                make('td', {}, format(row.value)),
                make('td', { class: 'elsewhere' }, isElsewhere ? stepText(row.step) : ''));
        }));
        this.tip.replaceChildren(make('b', {}, place), table);
        this.tip.hidden = false;
        const x = chart.toX(value);
        const isLeft = x < (chart.area.left + chart.area.right) / 2;
        const width = chart.plot.clientWidth;
        // On a narrow page it may be wider than what is beside the cursor.
        const room = Math.max(0, width - this.tip.offsetWidth);
        const start = isLeft ? x + 14 : x - 14 - this.tip.offsetWidth;
        this.tip.style.left = Math.min(Math.max(start, 0), room) + 'px';
    }
}
