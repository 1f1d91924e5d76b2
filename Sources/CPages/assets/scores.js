// Values of heads: a grid of layers and heads, shaded, beside a table that is sorted by any column.

/** A grid with a row for each layer and a column for each head, and one for the MLPs if any. */
class HeadGrid {
    /**
     * @param entries Each `{ layer, head }` and values; without a head it is the layer's MLP.
     * @param acts `value(entry)`: from -1 to 1; `text(entry)`; `rows(entry)`: of the note;
     *     `choose(entry)`; `chosen(entry)`.
     */
    constructor(stage, entries, name, acts) {
        Object.assign(this, { stage, acts, pointed: null });
        const sorted = values => [...new Set(values)].sort((a, b) => a - b);
        const layers = sorted(entries.map(entry => entry.layer));
        const heads = sorted(entries.map(entry => entry.head ?? Infinity));
        this.rows = layers.map(layer => heads.map(head => entries.find(
            entry => entry.layer === layer && (entry.head ?? Infinity) === head)));
        this.box = make('div', { class: 'grid-of-heads', role: 'group', 'aria-label': name });
        this.box.style.setProperty('--columns', heads.length);
        this.box.append(make('span'), ...heads.map(
            head => make('span', { class: 'head' }, Number.isFinite(head) ? head : 'MLP')));
        this.cells = this.rows.map((row, index) => {
            this.box.append(make('span', { class: 'layer' }, layers[index]));
            return row.map((entry, column) => {
                const cell = make('span', {
                    class: entry ? 'cell' : 'gap', 'data-row': index, 'data-column': column,
                }, make('span'));
                this.box.append(cell);
                return cell;
            });
        });
        stage.append(this.box);
        this.tip = new Tip(stage);
        this.#listen(layers.length, heads.length);
        this.draw();
    }

    #listen(rows, columns) {
        const { acts } = this;
        const choose = place => {
            const entry = place && this.rows[place[0]][place[1]];
            if (entry) acts.choose?.(entry);
        };
        new Walk(this.box, { rows, columns }, {
            at: () => this.pointed,
            to: (row, column) => this.#point([row, column]),
            enter: () => choose(this.pointed),
            leave: () => this.#point(null),
        });
        this.box.addEventListener('pointerover', event => this.#point(cellUnder(event)));
        this.box.addEventListener('pointerleave', () => this.#point(null));
        this.box.addEventListener('click', event => choose(cellUnder(event)));
    }

    draw() {
        this.rows.forEach((row, index) => row.forEach((entry, column) => {
            if (!entry) return;
            const cell = this.cells[index][column];
            const value = this.acts.value(entry);
            shade(cell, Math.abs(value));
            cell.classList.toggle('negative', value < 0);
            cell.classList.toggle('chosen', this.acts.chosen?.(entry) ?? false);
            cell.firstElementChild.textContent = this.acts.text(entry);
        }));
    }

    #point(place) {
        if (this.pointed) this.cells[this.pointed[0]][this.pointed[1]].classList.remove('pointed');
        this.pointed = place;
        const entry = place && this.rows[place[0]][place[1]];
        if (!entry) return this.tip.hide();
        const cell = this.cells[place[0]][place[1]];
        cell.classList.add('pointed');
        this.tip.show(cell.getBoundingClientRect(), make('b', {}, headName(entry)),
            valuesTable(this.acts.rows(entry)));
    }
}

/** What an entry is about. */
function headName({ layer, head }) {
    return head === undefined ? `layer ${layer}, MLP` : `layer ${layer}, head ${head}`;
}

/** A table of entries that a click on a heading sorts. */
class SortedTable {
    /** @param columns Each `{ name, value(entry), text(entry), rises }`; `rises` for those whose
     *     smallest value comes first. */
    constructor(stage, entries, columns, { by, choose }) {
        Object.assign(this, { entries: [...entries], columns, choose });
        this.head = make('tr');
        this.body = make('tbody');
        this.headings = columns.map((column, index) => {
            const button = make('button', { type: 'button' }, column.name);
            button.addEventListener('click', () => this.sort(index));
            return make('th', { scope: 'col' }, button);
        });
        this.head.append(...this.headings);
        stage.append(make('div', {
            class: choose ? 'ranked chooses' : 'ranked', tabindex: 0, role: 'group',
            'aria-label': 'Table of heads',
        }, make('table', {}, make('thead', {}, this.head), this.body)));
        this.sort(by);
    }

    /** By a column, the largest first; the other way round the second time. */
    sort(index) {
        const { value, rises = false } = this.columns[index];
        this.isAscending = this.by === index ? !this.isAscending : rises;
        this.by = index;
        const sign = this.isAscending ? 1 : -1;
        this.entries.sort((a, b) => sign * (value(a) - value(b)));
        this.headings.forEach((heading, place) => {
            if (place !== index) return heading.removeAttribute('aria-sort');
            heading.setAttribute('aria-sort', this.isAscending ? 'ascending' : 'descending');
        });
        this.body.replaceChildren(...this.entries.map(entry => {
            const row = make('tr', {}, ...this.columns.map(
                (column, place) => make('td', {}, column.text(entry, place))));
            if (this.choose) row.addEventListener('click', () => this.choose(entry));
            return row;
        }));
    }
}
