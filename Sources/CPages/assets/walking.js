// Walking over cells with the arrow keys, the cell that is pointed at, and the note beside either;
// choices of one in several.

/** Lets keys walk over the rows and columns of an element. */
class Walk {
    /**
     * @param element What has the focus.
     * @param size `{ rows, columns }`.
     * @param acts `at()`: the row and column, or null; `to(row, column)`; `leap(down, right)` for
     *     arrows with Shift; `enter()`; `leave()`. The last three may be missing.
     */
    constructor(element, size, acts) {
        Object.assign(this, { size, acts });
        element.tabIndex = 0;
        element.addEventListener('keydown', event => this.#key(event));
        element.addEventListener('focus', () => {
            if (element.matches(':focus-visible')) this.#move(0, 0);
        });
        if (acts.leave) element.addEventListener('blur', () => acts.leave());
    }

    #move(down, right) {
        const { rows, columns } = this.size;
        const [row, column] = this.acts.at() ?? [0, 0];
        const within = (value, count) => Math.min(Math.max(value, 0), count - 1);
        this.acts.to(within(row + down, rows), within(column + right, columns));
    }

    #key(event) {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const { leap, enter, leave } = this.acts;
        const move = event.shiftKey && leap ? leap : (...by) => this.#move(...by);
        const isRow = this.size.rows === 1;
        const keys = {
            ArrowRight: () => move(0, 1),
            ArrowLeft: () => move(0, -1),
            Home: () => this.#move(0, -Infinity),
            End: () => this.#move(0, Infinity),
            // Where there is one row, these scroll the page as they do elsewhere.
            ...!isRow && { PageUp: () => this.#move(-10, 0), PageDown: () => this.#move(10, 0) },
            ...(!isRow || event.shiftKey && leap) && {
                ArrowUp: () => move(-1, 0), ArrowDown: () => move(1, 0),
            },
            ...enter && { Enter: enter, ' ': enter },
            ...leave && { Escape: leave },
        };
        if (!keys[event.key]) return;
        event.preventDefault();
        keys[event.key]();
    }
}

/** The row and column of the cell that an event is about; null beside the cells. */
function cellUnder(event) {
    const { row, column } = event.target.closest('.cell')?.dataset ?? {};
    return row === undefined ? null : [Number(row), Number(column)];
}

/** A note beside a part of a stage, which it is placed in and must not leave. One is shown. */
class Tip {
    static shown = null;

    constructor(stage) {
        this.stage = stage;
        this.element = make('div', { class: 'tip', role: 'status' });
        this.element.hidden = true;
        stage.append(this.element);
    }

    /** Shows content beside a box of the window: below it, or above where there is more room. */
    show(box, ...content) {
        const { element, stage } = this;
        if (Tip.shown !== this) Tip.shown?.hide();
        Tip.shown = this;
        element.replaceChildren(...content);
        element.hidden = false;
        const ground = stage.getBoundingClientRect();
        const [width, height] = [element.offsetWidth, element.offsetHeight];
        const room = Math.max(0, ground.width - width);
        const start = (box.left + box.right) / 2 - width / 2 - ground.left;
        element.style.left = Math.min(Math.max(start, 0), room) + 'px';
        const isBelow = box.bottom + 10 + height < innerHeight || box.top - 10 - height < 0;
        const top = isBelow ? box.bottom + 10 : box.top - 10 - height;
        element.style.top = top - ground.top + 'px';
    }

    hide() {
        this.element.hidden = true;
    }
}

/** A table of names and values, for a note. */
function valuesTable(rows) {
    return make('table', {}, ...rows.map(([name, value]) => make('tr', {},
        make('th', { scope: 'row' }, name), make('td', {}, value))));
}

/** Buttons of which one is pressed. */
function choices(name, options, isOn, act) {
    const buttons = options.map(({ id, text, title = '' }) => {
        const button = make('button', { type: 'button', title }, text);
        button.addEventListener('click', () => { act(id); update(); });
        return [id, button];
    });
    const update = () => {
        for (const [id, button] of buttons) button.setAttribute('aria-pressed', String(isOn(id)));
    };
    update();
    return make('span', { class: 'switch', role: 'group', 'aria-label': name },
        ...buttons.map(([, button]) => button));
}
