// The pattern of the chosen head: tokens that look down the side, tokens looked at along the
// bottom; and the prompt's text, shaded by where the chosen token looks.

/** The largest square a pattern is drawn in, and the least height of a label. */
const largestPattern = 860;
const labelHeight = 12;
/** Room above the first label. */
const patternTop = 7;

class PatternPlot {
    constructor(stage, patterns, inspection) {
        Object.assign(this, { stage, patterns, inspection, pointed: null });
        this.texts = inspection.data.texts;
        [this.canvas, this.overlay] = [make('canvas'), make('canvas', { class: 'over' })];
        this.box = make('div', {
            class: 'pattern', role: 'group',
            'aria-label': 'The chosen head: arrow keys read values, with Shift they choose a head',
        }, this.canvas, this.overlay);
        stage.append(this.box);
        this.tip = new Tip(stage);
        const { count } = patterns;
        new Walk(this.box, { rows: count, columns: count }, {
            at: () => this.pointed ?? [inspection.choice.token, inspection.choice.token],
            to: (token, at) => {
                inspection.choose({ token });
                this.#point([token, Math.min(at, token)]);
            },
            leap: (down, right) => { this.#point(null); inspection.step(down, right); },
            leave: () => this.#point(null),
        });
        this.box.addEventListener('pointermove', event => this.#point(this.#cell(event)));
        this.box.addEventListener('pointerleave', () => this.#point(null));
        this.box.addEventListener('click', event => {
            const cell = this.#cell(event);
            if (cell) inspection.choose({ token: cell[0] });
        });
        inspection.follow(changed => {
            if (changed.head || changed.shades) this.draw(); else this.#drawOver();
        });
        whenResized(stage, () => this.draw());
        whenColorsChange(() => this.draw());
        this.draw();
    }

    #cell(event) {
        const box = this.canvas.getBoundingClientRect();
        const { count } = this.patterns;
        const at = Math.floor((event.clientX - box.left - this.margin) / this.cell);
        const token = Math.floor((event.clientY - box.top - patternTop) / this.cell);
        return token >= 0 && token < count && at >= 0 && at <= token ? [token, at] : null;
    }

    draw() {
        const { count } = this.patterns;
        const width = Math.min(this.stage.clientWidth, largestPattern);
        if (width < 120) return;
        this.margin = width < 480 ? 62 : 88;
        this.side = width - this.margin;
        // Few tokens need no large cells.
        this.cell = Math.min(this.side / count, 44);
        this.side = this.cell * count;
        const size = this.side + this.margin;
        Object.assign(this.box.dataset, { cell: this.cell, margin: this.margin });
        const { context, ratio } = sizeCanvas(this.canvas, size, size + patternTop);
        sizeCanvas(this.overlay, size, size + patternTop);
        const side = Math.round(this.side * ratio);
        const image = context.createImageData(side, side);
        const { layer, head } = this.inspection.choice;
        paintPattern(this.patterns.painted(layer, head), count, {
            pixels: new Uint32Array(image.data.buffer), start: 0, stride: side, side,
            colors: shadesBetween(colorOf('--blank'), colorOf('--shade')),
        });
        const [left, top] = [this.margin, patternTop].map(place => Math.round(place * ratio));
        context.putImageData(image, left, top);
        for (const each of [context, this.overlay.getContext('2d')]) each.translate(0, patternTop);
        this.style = getComputedStyle(this.stage);
        this.#labels(context);
        this.#drawOver();
    }

    get #font() {
        return Math.min(Math.max(this.cell * 0.7, 10), 12.5) + 'px system-ui, sans-serif';
    }

    /** As much of a token's text as the margin holds. */
    #label(context, token) {
        const room = this.margin - 14;
        for (let length = 14; length > 2; length -= 1) {
            const text = label({ text: this.texts[token] }, length);
            if (context.measureText(text).width <= room) return text;
        }
        return label({ text: this.texts[token] }, 2);
    }

    #row(context, token) {
        context.textAlign = 'right';
        const y = (token + 0.5) * this.cell;
        context.fillText(this.#label(context, token), this.margin - 8, y + 0.5);
    }

    #column(context, token) {
        context.save();
        context.translate(this.margin + (token + 0.5) * this.cell, this.side + 8);
        context.rotate(-Math.PI / 2);
        context.textAlign = 'right';
        context.fillText(this.#label(context, token), 0, 0.5);
        context.restore();
    }

    /** The tokens' texts, every second, third ... one where all have no room. */
    #labels(context) {
        const every = Math.max(1, Math.ceil(labelHeight / this.cell));
        context.font = this.#font;
        context.textBaseline = 'middle';
        context.fillStyle = this.style.getPropertyValue('--soft');
        for (let token = 0; token < this.patterns.count; token += every) {
            this.#row(context, token);
            this.#column(context, token);
        }
    }

    /** The chosen token's row, and the row and column that are pointed at. */
    #drawOver() {
        const context = this.overlay.getContext('2d');
        if (!this.cell) return;
        const { margin, side, cell } = this;
        context.clearRect(0, -patternTop, side + margin, side + margin + patternTop);
        context.font = '600 ' + this.#font;
        context.textBaseline = 'middle';
        const [token, at] = this.pointed ?? [this.inspection.choice.token, null];
        const height = Math.max(cell, labelHeight + 3);
        const ground = this.style.getPropertyValue('--card');
        const ink = this.style.getPropertyValue('--ink');
        const mark = this.style.getPropertyValue('--mark');
        context.fillStyle = ground;
        context.fillRect(0, (token + 0.5) * cell - height / 2, margin - 2, height);
        if (at !== null) {
            context.fillRect(margin + (at + 0.5) * cell - height / 2, side + 3, height, margin);
        }
        context.fillStyle = ink;
        this.#row(context, token);
        if (at !== null) this.#column(context, at);
        context.strokeStyle = mark;
        context.lineWidth = 1.5;
        context.globalAlpha = 0.55;
        // Beside the values where they are thinner than it.
        const aside = cell < 6 ? 1 : 0;
        context.strokeRect(margin, token * cell - aside, (token + 1) * cell, cell + 2 * aside);
        if (at === null) { context.globalAlpha = 1; return; }
        const top = at * cell;
        context.strokeRect(margin + top - aside, top, cell + 2 * aside, side - top);
        context.globalAlpha = 1;
        context.lineWidth = 2;
        const [least, extra] = [Math.max(cell, 5), (Math.max(cell, 5) - cell) / 2];
        context.strokeRect(margin + at * cell - extra, token * cell - extra, least, least);
    }

    #point(cell) {
        if (String(cell) === String(this.pointed)) return;
        this.pointed = cell;
        this.#drawOver();
        if (!cell) return this.tip.hide();
        const [token, at] = cell;
        const { layer, head } = this.inspection.choice;
        const box = this.canvas.getBoundingClientRect();
        const left = box.left + this.margin + at * this.cell;
        const top = box.top + patternTop + token * this.cell;
        this.tip.show({ left, top, right: left + this.cell, bottom: top + this.cell },
            make('b', {}, attentionText(this.patterns.value(layer, head, token, at))),
            valuesTable([
                ['from ' + token, tokenText({ text: this.texts[token] })],
                ['to ' + at, tokenText({ text: this.texts[at] })],
            ]));
    }
}

/** The prompt's text, shaded by where the chosen token looks, or by which tokens look at it. */
class AttentionText {
    constructor(stage, patterns, inspection) {
        Object.assign(this, { patterns, inspection, way: 'from', largest: 1 });
        this.heading = make('h3');
        const ways = [{ id: 'from', text: 'looks at' }, { id: 'to', text: 'is looked at by' }];
        const body = make('div', { class: 'stage' });
        stage.append(make('div', { class: 'line' }, this.heading,
            choices('Direction', ways, id => id === this.way, id => { this.way = id; this.draw(); })
        ), body);
        const { texts } = inspection.data;
        const word = () => this.way === 'from' ? 'attention to it' : 'attention from it';
        this.strip = new Strip(body, texts, 'Text of the prompt: arrow keys choose a token', {
            value: index => this.#shade(index),
            rows: index => [['token', index], ...this.#attention(index) === null ? []
                : [[word(), attentionText(this.#attention(index))]]],
            choose: token => inspection.choose({ token }),
            chosen: () => inspection.choice.token,
            leap: (down, right) => inspection.step(down, right),
        });
        inspection.follow(() => this.draw());
        this.draw();
    }

    /** Between the chosen token and another; null where there can be none. */
    #attention(other) {
        const { layer, head, token } = this.inspection.choice;
        const [from, to] = this.way === 'from' ? [token, other] : [other, token];
        return to > from ? null : this.patterns.value(layer, head, from, to);
    }

    #shade(other) {
        const value = this.#attention(other);
        return value === null ? null : Math.sqrt(value / this.largest);
    }

    draw() {
        const { token } = this.inspection.choice;
        const all = this.inspection.data.texts.map((_, index) => this.#attention(index) ?? 0);
        this.largest = this.patterns.isRelative ? Math.max(1e-5, ...all.slice(1)) : 1;
        const text = tokenText({ text: this.inspection.data.texts[token] });
        this.heading.replaceChildren(`Token ${token}, `, text);
        this.strip.draw();
    }
}
