// Tokens as texts: one in a label or a note, all of them as a text whose tokens are shaded, and
// lists of tokens with bars.

/** Characters that draw nothing, or turn the text around them. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu;

const unseenName = character => {
    const known = { '\n': '\u21b5', '\t': '\u21e5', '\r': '\u240d' };
    const code = character.codePointAt(0).toString(16).toUpperCase();
    return known[character] ?? '\\u{' + code + '}';
};

/** A token's text on one line, with marks for what would not be seen. */
function visible(text) {
    if (text === '') return '\u2205';
    const seen = text.replace(unseen, unseenName);
    return seen.replace(/^ +| +$/g, spaces => '\u00b7'.repeat(spaces.length));
}

/** A token as notes and labels show it, cut where it is long; its number where it has no text. */
function label({ text, token }, length = 24) {
    const characters = [...text === null || text === undefined ? '#' + token : visible(text)];
    return characters.length > length
        ? characters.slice(0, length - 1).join('') + '\u2026' : characters.join('');
}

/** A token in an element that keeps the direction of its text to itself. */
function tokenText(token, length) {
    return make('bdi', { class: 'token' }, label(token, length));
}

/** The whole text, each token shaded; one of them is chosen. */
class Strip {
    /**
     * @param stage What it is drawn in.
     * @param texts Of the tokens.
     * @param acts `value(index)`: from 0 to 1, or null; `rows(index)`: names and values of a note;
     *     `choose(index)`; `chosen()`; `leap(down, right)`. The last three may be missing.
     */
    constructor(stage, texts, name, acts) {
        Object.assign(this, { stage, texts, acts, index: null });
        this.element = make('div', { class: 'strip', role: 'group', 'aria-label': name });
        this.spans = texts.map((text, index) => this.#span(text, index));
        this.element.append(...this.spans.flat());
        this.tip = new Tip(stage);
        stage.prepend(this.element);
        new Walk(this.element, { rows: 1, columns: texts.length }, {
            at: () => [0, this.index ?? acts.chosen?.() ?? 0],
            to: (_, index) => { acts.choose?.(index); this.point(index); },
            leap: acts.leap,
            leave: () => this.leave(),
        });
        for (const name of ['pointerover', 'pointerdown']) {
            this.element.addEventListener(name, event => {
                const index = this.spans.findIndex(([span]) => span === event.target);
                if (index < 0) return this.leave();
                if (name === 'pointerdown') acts.choose?.(index);
                this.point(index);
            });
        }
        this.element.addEventListener('pointerleave', () => this.leave());
        this.draw();
    }

    /** A token, and after a line's end the end itself. */
    #span(text, index) {
        const ends = (text.match(/\n/g) ?? []).length;
        // In a text a space is a space, at the beginning of a token too.
        const seen = text === '' ? visible(text) : text.replace(unseen, unseenName);
        const span = make('span', { class: 'word', 'data-index': index }, seen);
        return [span, ...Array.from({ length: ends }, () => make('br'))];
    }

    draw() {
        const chosen = this.acts.chosen?.();
        this.spans.forEach(([span], index) => {
            const value = this.acts.value(index);
            shade(span, value ?? 0);
            span.classList.toggle('none', value === null);
            span.classList.toggle('chosen', index === chosen);
        });
    }

    point(index) {
        this.leave();
        this.index = index;
        const [span] = this.spans[index];
        span.classList.add('pointed');
        const name = make('b', {}, tokenText({ text: this.texts[index] }));
        this.tip.show(span.getBoundingClientRect(), name, valuesTable(this.acts.rows(index)));
    }

    leave() {
        if (this.index === null) return;
        this.spans[this.index][0].classList.remove('pointed');
        this.index = null;
        this.tip.hide();
    }
}

/** A bar of a length from 0 to 1. */
function barOf(value) {
    const bar = make('span', { class: 'bar' });
    bar.style.setProperty('--v', Math.min(Math.max(value, 0), 1).toFixed(3));
    return bar;
}

/** Tokens with a bar each: `{ text, token, value }`, and `more` to stand behind it. */
function bars(items, format = percent) {
    return make('ol', { class: 'bars' }, ...items.map(item => make('li', {}, tokenText(item),
        barOf(item.value), make('b', {}, orDash(item.value, format)),
        ...item.more ? [make('small', {}, item.more)] : [])));
}

/** The bars of likely tokens. */
function likelyBars(tokens) {
    return bars(tokens.map(({ probability, ...token }) => ({ ...token, value: probability })));
}
