// The heat map of a matrix: magnitudes or means of its blocks, one color above zero and another
// below.

class HeatMap {
    constructor(stage, controls, { shape, picture }) {
        const { rows, columns } = picture;
        const length = shape.at(-1) ?? 1;
        const sizes = [shape.reduce((a, b) => a * b, 1) / (length || 1), length];
        Object.assign(this, { picture, sizes, rows, columns, pointed: null });
        // Where a cell is one number, that number is shown as it is.
        this.kind = rows === sizes[0] && columns === length ? 'means' : 'magnitudes';
        const kinds = [{ id: 'magnitudes', text: 'magnitude' }, { id: 'means', text: 'mean' }];
        controls.append(choices('Cells', kinds, id => id === this.kind, id => {
            this.kind = id;
            this.draw();
        }));
        this.canvas = make('canvas');
        this.mark = make('div', { class: 'mark-box pointed' });
        this.box = make('div', {
            class: 'heat-map', role: 'group', 'aria-label': 'Heat map: arrow keys read values',
        }, this.canvas, this.mark);
        this.mark.hidden = true;
        stage.append(this.box);
        this.tip = new Tip(stage);
        new Walk(this.box, { rows, columns }, {
            at: () => this.pointed,
            to: (row, column) => this.#point([row, column]),
            leave: () => this.#point(null),
        });
        this.canvas.addEventListener('pointermove', event => this.#point(this.#cell(event)));
        this.canvas.addEventListener('pointerleave', () => this.#point(null));
        whenColorsChange(() => this.draw());
        whenResized(stage, () => this.#point(null));
        this.draw();
    }

    get values() {
        return this.picture[this.kind];
    }

    /** A pixel for each value; the style sheet makes it as large as the page has room for. */
    draw() {
        const { canvas, rows, columns, values } = this;
        const largest = Math.max(1e-30, ...values.map(Math.abs));
        [canvas.width, canvas.height] = [columns, rows];
        const context = canvas.getContext('2d');
        const image = context.createImageData(columns, rows);
        const pixels = new Uint32Array(image.data.buffer);
        const [above, below] = ['--shade', '--shade-below'].map(
            accent => shadesBetween(colorOf('--blank'), colorOf(accent)));
        values.forEach((value, index) => {
            const part = Math.sqrt(Math.abs(value) / largest);
            pixels[index] = (value < 0 ? below : above)[Math.round(255 * part)];
        });
        context.putImageData(image, 0, 0);
    }

    #cell(event) {
        const box = this.canvas.getBoundingClientRect();
        const row = Math.floor((event.clientY - box.top) / box.height * this.rows);
        const column = Math.floor((event.clientX - box.left) / box.width * this.columns);
        const isInside = row >= 0 && row < this.rows && column >= 0 && column < this.columns;
        return isInside ? [row, column] : null;
    }

    /** The rows or columns of the matrix that one of the map stands for. */
    #range(index, parts, size) {
        const [first, end] = [index, index + 1].map(part => Math.floor(part * size / parts));
        return end - first > 1 ? `${first}\u2013${end - 1}` : String(first);
    }

    #point(place) {
        this.pointed = place;
        this.mark.hidden = !place;
        if (!place) return this.tip.hide();
        const [row, column] = place;
        const [width, height] = [this.canvas.clientWidth / this.columns,
            this.canvas.clientHeight / this.rows];
        const side = [Math.max(width, 7), Math.max(height, 7)];
        Object.assign(this.mark.style, {
            left: (column + 0.5) * width - side[0] / 2 + 'px', width: side[0] + 'px',
            top: (row + 0.5) * height - side[1] / 2 + 'px', height: side[1] + 'px',
        });
        this.tip.show(this.mark.getBoundingClientRect(),
            make('b', {}, significant(this.values[row * this.columns + column], 3)),
            valuesTable([
                ['row', this.#range(row, this.rows, this.sizes[0])],
                ['column', this.#range(column, this.columns, this.sizes[1])],
            ]));
    }
}
