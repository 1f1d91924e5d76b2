// The patterns of all heads as small multiples on one canvas, a row for each layer; one is chosen.

/** Pixels between small multiples, and those of the labels of layers and heads. */
const headGap = 4;
const headMargin = { left: 24, top: 20 };

class HeadMap {
    constructor(stage, patterns, inspection) {
        Object.assign(this, { stage, patterns, inspection, pointed: null });
        this.canvas = make('canvas');
        this.marks = ['chosen', 'pointed'].map(name => make('div', { class: 'mark-box ' + name }));
        const sheet = make('div', { class: 'sheet' }, this.canvas, ...this.marks);
        this.box = make('div', {
            class: 'multiples', role: 'group',
            'aria-label': 'All heads: arrow keys choose a layer and a head',
        }, sheet);
        stage.append(this.box);
        this.tip = new Tip(stage);
        const { layers, heads } = patterns;
        new Walk(this.box, { rows: layers.length, columns: heads.length }, {
            at: () => this.#chosen,
            to: (row, column) => {
                inspection.choose({ layer: layers[row], head: heads[column] });
                this.#reveal(row);
                this.#point([row, column]);
            },
            leave: () => this.#point(null),
        });
        this.canvas.addEventListener('pointermove', event => this.#point(this.#cell(event)));
        this.canvas.addEventListener('pointerleave', () => this.#point(null));
        this.canvas.addEventListener('click', event => {
            const cell = this.#cell(event);
            if (cell) inspection.choose({ layer: layers[cell[0]], head: heads[cell[1]] });
        });
        inspection.follow(changed => { if (changed.shades) this.draw(); else this.#mark(); });
        whenResized(stage, () => this.draw());
        whenColorsChange(() => this.draw());
        this.draw();
    }

    get #chosen() {
        const { layer, head } = this.inspection.choice;
        const { layers, heads } = this.patterns;
        return [Math.max(0, layers.indexOf(layer)), Math.max(0, heads.indexOf(head))];
    }

    #cell(event) {
        const box = this.canvas.getBoundingClientRect();
        const { layers, heads } = this.patterns;
        const column = Math.floor((event.clientX - box.left - headMargin.left) / this.step);
        const row = Math.floor((event.clientY - box.top - headMargin.top) / this.step);
        const isInside = column >= 0 && column < heads.length && row >= 0 && row < layers.length;
        return isInside ? [row, column] : null;
    }

    draw() {
        const { layers, heads, count } = this.patterns;
        const room = this.box.clientWidth - headMargin.left;
        if (room < 40) return;
        // As wide as there is room for, but never wider than a pattern needs.
        this.step = Math.min(Math.max(Math.floor(room / heads.length), 16), 112);
        const width = headMargin.left + heads.length * this.step;
        const height = headMargin.top + layers.length * this.step;
        const { context, ratio } = sizeCanvas(this.canvas, width, height);
        const side = Math.round((this.step - headGap) * ratio);
        const image = context.createImageData(this.canvas.width, this.canvas.height);
        const pixels = new Uint32Array(image.data.buffer);
        const colors = shadesBetween(colorOf('--blank'), colorOf('--shade'));
        layers.forEach((layer, row) => heads.forEach((head, column) => {
            const x = Math.round((headMargin.left + column * this.step) * ratio);
            const y = Math.round((headMargin.top + row * this.step) * ratio);
            const start = y * image.width + x;
            paintPattern(this.patterns.painted(layer, head), count,
                { pixels, start, stride: image.width, side, colors });
        }));
        context.putImageData(image, 0, 0);
        this.#label(context);
        this.#mark();
    }

    #label(context) {
        const { layers, heads } = this.patterns;
        const middle = index => index * this.step + (this.step - headGap) / 2;
        context.font = '11px system-ui, sans-serif';
        context.fillStyle = getComputedStyle(this.stage).color;
        context.globalAlpha = 0.65;
        context.textBaseline = 'middle';
        context.textAlign = 'right';
        layers.forEach((layer, row) => {
            context.fillText(layer, headMargin.left - 7, headMargin.top + middle(row));
        });
        context.textAlign = 'center';
        heads.forEach((head, column) => {
            context.fillText(head, headMargin.left + middle(column), headMargin.top - 9);
        });
        context.globalAlpha = 1;
    }

    /** The place of a cell on the canvas. */
    #place([row, column]) {
        return {
            left: headMargin.left + column * this.step, top: headMargin.top + row * this.step,
            side: this.step - headGap,
        };
    }

    #mark() {
        if (!this.step) return;
        [this.#chosen, this.pointed].forEach((cell, index) => {
            const mark = this.marks[index];
            mark.hidden = cell === null;
            if (!cell) return;
            const { left, top, side } = this.#place(cell);
            Object.assign(mark.style, {
                left: left - 2 + 'px', top: top - 2 + 'px', width: side + 4 + 'px',
                height: side + 4 + 'px',
            });
        });
    }

    /** Scrolls to a row that is walked to. */
    #reveal(row) {
        const { top, side } = this.#place([row, 0]);
        const { scrollTop, clientHeight } = this.box;
        if (top - headMargin.top < scrollTop) this.box.scrollTop = top - headMargin.top;
        if (top + side + headGap > scrollTop + clientHeight) {
            this.box.scrollTop = top + side + headGap - clientHeight;
        }
    }

    #point(cell) {
        this.pointed = cell;
        this.#mark();
        if (!cell) return this.tip.hide();
        const layer = this.patterns.layers[cell[0]];
        const head = this.patterns.heads[cell[1]];
        this.tip.show(this.marks[1].getBoundingClientRect(),
            make('b', {}, `layer ${layer}, head ${head}`),
            valuesTable(this.inspection.scoreRows(layer, head)));
    }
}
