// The logit lens: for each layer and position the token that would be predicted there, shaded by
// its probability, its entropy or its distance from the model's own prediction.

/** As 1.23 nats. */
const nats = value => orDash(value, value => significant(value, 3) + ' nats');

class Lens {
    constructor(stage, controls, { layers, output }, inspection) {
        Object.assign(
            this, { stage, layers, output, inspection, pointed: null, mode: 'probability' });
        const { texts } = inspection.data;
        const all = key => Math.max(1e-9, ...layers.flatMap(
            layer => layer.positions.map(position => position[key] ?? 0)));
        this.largest = { entropy: all('entropy'), kl: all('kl') };
        this.box = make('div', {
            class: 'lens', role: 'group',
            'aria-label': 'Logit lens: arrow keys read a layer and a position',
        });
        this.box.append(this.#names(), ...texts.map((text, index) => this.#column(text, index)));
        stage.append(make('div', { class: 'scroll' }, this.box));
        this.tip = new Tip(stage);
        const modes = [
            { id: 'probability', text: 'probability' }, { id: 'entropy', text: 'entropy' },
            { id: 'kl', text: 'KL' },
        ];
        controls.append(choices('Shaded by', modes, id => id === this.mode, id => {
            this.mode = id;
            this.draw();
        }));
        new Walk(this.box, { rows: layers.length, columns: texts.length }, {
            at: () => this.pointed ?? [layers.length - 1, inspection.choice.token],
            to: (row, column) => {
                this.#reveal(column);
                this.#point([row, column]);
            },
            enter: () => this.pointed && inspection.choose({ token: this.pointed[1] }),
            leave: () => this.#point(null),
        });
        this.box.addEventListener('pointerover', event => this.#point(cellUnder(event)));
        this.box.addEventListener('pointerleave', () => this.#point(null));
        this.box.addEventListener('click', event => {
            const cell = cellUnder(event);
            if (cell) inspection.choose({ token: cell[1] });
        });
        inspection.follow(() => this.#mark());
        this.draw();
        this.#mark();
    }

    #names() {
        return make('div', { class: 'names' }, make('span', {}, 'layer'), ...this.layers.map(
            ({ layer }) => make('span', {}, layer === this.output ? 'output' : String(layer))));
    }

    #column(text, column) {
        const next = this.inspection.data.tokens[column + 1];
        return make('div', { class: 'column' },
            make('bdi', { class: 'head', title: 'position ' + column }, label({ text }, 12)),
            ...this.layers.map(({ positions }, row) => {
                const [first] = positions[column].top;
                const isRight = first && first.token === next;
                return make('bdi', {
                    class: isRight ? 'cell right' : 'cell', 'data-row': row, 'data-column': column,
                }, first ? label(first, 12) : '');
            }));
    }

    #cellAt([row, column]) {
        return this.box.children[column + 1].children[row + 1];
    }

    draw() {
        this.layers.forEach(({ positions }, row) => positions.forEach((position, column) => {
            const value = this.mode === 'probability' ? position.top[0]?.probability ?? 0
                : (position[this.mode] ?? 0) / this.largest[this.mode];
            shade(this.#cellAt([row, column]), value);
        }));
    }

    #mark() {
        this.box.querySelector('.column.chosen')?.classList.remove('chosen');
        this.box.children[this.inspection.choice.token + 1]?.classList.add('chosen');
    }

    /** Scrolls to a column that is walked to, past the names of the layers. */
    #reveal(column) {
        const scroll = this.box.parentElement;
        const names = this.box.firstElementChild.offsetWidth;
        const { offsetLeft, offsetWidth } = this.box.children[column + 1];
        if (offsetLeft - names < scroll.scrollLeft) scroll.scrollLeft = offsetLeft - names;
        const end = offsetLeft + offsetWidth - scroll.clientWidth;
        if (end > scroll.scrollLeft) scroll.scrollLeft = end;
    }

    #point(place) {
        if (this.pointed) this.#cellAt(this.pointed).classList.remove('pointed');
        this.pointed = place;
        if (!place) return this.tip.hide();
        const cell = this.#cellAt(place);
        cell.classList.add('pointed');
        const [row, column] = place;
        const { layer, positions } = this.layers[row];
        const { top, entropy, kl } = positions[column];
        const where = layer === 0 ? 'before the first block' : `after ${layer} `
            + (layer === 1 ? 'block' : 'blocks');
        this.tip.show(cell.getBoundingClientRect(),
            make('b', {}, where + ', at ', tokenText({ text: this.inspection.data.texts[column] })),
            likelyBars(top),
            valuesTable([['entropy', nats(entropy)], ['KL from the output', nats(kl)]]));
    }
}
