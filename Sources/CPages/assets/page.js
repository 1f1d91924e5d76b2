// The page's view: the axis, what is hidden, the part that is shown; its toolbar and its legends.

class View {
    constructor(data) {
        this.data = unpack(data);
        Object.assign(this, {
            axis: 'step', isLogarithmic: false, logarithmic: {}, hidden: new Set(), part: null,
        });
        this.isComparison = data.series.length > 1;
        this.charts = data.charts.map(chart =>
            new Chart(document.getElementById('chart-' + chart.id), chart, this));
    }

    /** The series that are not hidden. */
    get shownSeries() {
        return this.data.series.filter((_, index) => this.shows(index));
    }

    shows(index) {
        return !this.hidden.has('series/' + index);
    }

    /** The part of the axis that is shown. */
    get span() {
        if (this.part) return this.part;
        const ends = this.shownSeries.map(series => onAxis(series, this.axis, series.end) ?? 0);
        return [this.isLogarithmic ? this.#lowest : 0, Math.max(0, ...ends) || 1];
    }

    /** The lowest place above zero, where a logarithmic axis begins. */
    get #lowest() {
        const firsts = this.charts.flatMap(chart => chart.shown)
            .map(({ places }) => places.find(place => place > 0) ?? Infinity);
        const lowest = Math.min(...firsts);
        return Number.isFinite(lowest) ? lowest : 1;
    }

    /** Shows a part of the axis, or all of it. */
    zoom(part) {
        this.part = null;
        if (part) {
            const [first, last] = this.span;
            const [low, high] = [Math.max(part[0], first), Math.min(part[1], last)];
            const isAll = low <= first && high >= last;
            if (high - low > (last - first) * 1e-6 && !isAll) this.part = [low, high];
        }
        this.update();
    }

    /** Puts other numbers on the axis, and shows all of it. */
    choose(axis) {
        this.axis = axis;
        this.part = null;
        this.update();
    }

    toggle(name) {
        if (!this.hidden.delete(name)) this.hidden.add(name);
        this.update();
    }

    update() {
        for (const chart of this.charts) chart.draw();
        for (const control of this.controls) control();
        remember(this);
    }

    // Controls

    build() {
        this.controls = [];
        const toolbar = document.getElementById('toolbar');
        if (toolbar) this.#buildToolbar(toolbar);
        for (const chart of this.charts) {
            this.#buildLegend(chart);
            new Pointing(chart);
        }
        this.update();
        const resized = new ResizeObserver(() => {
            for (const chart of this.charts) if (chart.isResized) chart.draw();
        });
        for (const chart of this.charts) resized.observe(chart.plot);
    }

    #button(text, isOn, act, attributes = {}) {
        const button = make('button', { type: 'button', ...attributes }, ...[text].flat());
        button.addEventListener('click', act);
        this.controls.push(() => button.setAttribute('aria-pressed', String(isOn())));
        return button;
    }

    #buildToolbar(toolbar) {
        if (this.isComparison) {
            toolbar.append(make('div', { class: 'runs', role: 'group', 'aria-label': 'Shown' },
                ...this.data.series.map((series, index) => this.#seriesButton(series, index))));
        }
        const axes = this.data.axes.filter(axis => axis.id === 'step'
            || this.data.series.some(series => series.axes[axis.id]));
        const reset = make('button', { type: 'button', class: 'reset' }, 'Show all');
        reset.addEventListener('click', () => this.zoom(null));
        this.controls.push(() => { reset.hidden = !this.part; });
        toolbar.append(make('div', { class: 'axes' }, reset,
            make('span', { class: 'switch', role: 'group', 'aria-label': 'Horizontal axis' },
                ...axes.map(axis => this.#button(axis.button, () => this.axis === axis.id,
                    () => this.choose(axis.id)))),
            this.#button('log x', () => this.isLogarithmic, () => {
                [this.isLogarithmic, this.part] = [!this.isLogarithmic, null];
                this.update();
            }, { title: 'Logarithmic horizontal axis' })));
    }

    /** Hides a series or shows it, and sets it off from the others while it is pointed at. */
    #seriesButton(series, index) {
        const button = this.#button(
            [make('span', { class: `swatch c${series.color}` }), series.name],
            () => this.shows(index), () => this.toggle('series/' + index),
            { title: 'Hide or show' });
        for (const name of ['pointerenter', 'focus']) {
            button.addEventListener(name, () => this.setOff(series.color));
        }
        for (const name of ['pointerleave', 'blur']) {
            button.addEventListener(name, () => this.setOff(null));
        }
        return button;
    }

    /** Dims the lines of every other color; none for null. */
    setOff(color) {
        const isHidden = color !== null && !this.shownSeries.some(each => each.color === color);
        const drawn = '.plot svg :is(.faint, .strong, .dots, .dot, .end-note)';
        for (const line of document.querySelectorAll(drawn)) {
            const isOther = color !== null && !line.classList.contains('c' + color);
            line.classList.toggle('dim', isOther && !isHidden);
        }
    }

    #buildLegend(chart) {
        const legend = chart.figure.querySelector('.legend');
        if (chart.parts.length > 1) {
            const color = part => this.isComparison ? 'plain'
                : 'c' + (part.color ?? this.data.series[0].color);
            legend.append(...chart.parts.map(part => this.#button(
                [make('span', { class: `key ${part.style} ${color(part)}` }), part.name],
                () => !this.hidden.has(chart.id + '/' + part.id),
                () => this.toggle(chart.id + '/' + part.id), { title: 'Hide or show' })));
        }
        const scale = this.#button('log y', () => chart.isLogarithmic, () => {
            this.logarithmic[chart.id] = !chart.isLogarithmic;
            this.update();
        }, { class: 'scale', title: 'Logarithmic axis of values' });
        chart.figure.querySelector('figcaption').append(scale);
    }
}

// A page that is rewritten while it is open keeps what was chosen; any other page begins anew.

const renewal = Number(document.documentElement.dataset.refresh ?? 0);

/** What on the page a person opens or ticks, by name. */
const kept = () => [...document.querySelectorAll('details[id]')].map(each => [each, 'open'])
    .concat([...document.querySelectorAll('input[id]')].map(each => [each, 'checked']));

/** How the page has them: only changes are kept, or every newest sample would stay open. */
const written = new Map(kept().map(([each, name]) => [each.id, each[name]]));

function remember(view) {
    if (!renewal) return;
    const { axis, isLogarithmic, logarithmic, hidden, part } = view ?? {};
    const marks = Object.fromEntries(kept().map(([each, name]) => [each.id, each[name]])
        .filter(([id, mark]) => mark !== written.get(id)));
    const state = { view: { axis, isLogarithmic, logarithmic, hidden: [...hidden ?? []], part },
        marks, scroll: window.scrollY };
    try {
        sessionStorage.setItem(location.pathname, JSON.stringify(state));
    } catch { /* where nothing may be kept */ }
}

function recall(view) {
    if (!renewal) return;
    let state = null;
    try {
        state = JSON.parse(sessionStorage.getItem(location.pathname));
    } catch { /* where nothing may be kept */ }
    if (!state) return;
    if (view && state.view.axis) {
        Object.assign(view, state.view, { hidden: new Set(state.view.hidden) });
    }
    for (const [each, name] of kept()) each[name] = state.marks[each.id] ?? each[name];
    window.scrollTo(0, state.scroll);
}

function renew(view) {
    // Not under somebody's hands.
    if (document.hidden || document.querySelector('.plot:hover, .plot:focus-visible')) {
        setTimeout(renew, 1000, view);
        return;
    }
    remember(view);
    location.reload();
}

const source = document.getElementById('chart-data');
const view = source && new View(JSON.parse(source.textContent));
document.documentElement.classList.add('drawn');
recall(view);
view?.build();
if (renewal) setTimeout(renew, renewal * 1000, view);
