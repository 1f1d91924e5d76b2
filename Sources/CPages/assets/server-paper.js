// A text that the model continues: one text area, with what the model wrote set off from what the
// person did.

class Paper {
    path = 'v1/completions';
    name = 'text';

    constructor(page) {
        this.page = page;
        this.area = make('textarea', {
            id: 'text', dir: 'auto', spellcheck: 'false', 'aria-label': 'Text',
            placeholder: 'Begin a text, and the model continues it.',
        });
        // A text area has no styles of its own: the same text lies under it, with its marks.
        this.under = make('div', { class: 'under', dir: 'auto', 'aria-hidden': 'true' });
        this.figures = make('p', { class: 'note' });
        this.sheet = make('div', {}, make('div', { class: 'paper card' }, this.under, this.area),
            make('div', { class: 'row under-paper' }, make('p', { class: 'note' },
                make('mark', {}, 'marked'), ' is what the model wrote'), this.figures));
        this.go = buttonOf('Continue', () => this.answer(), { class: 'main', id: 'continue' });
        this.stop = buttonOf('Stop', () => page.stop(), { class: 'main' });
        this.again = buttonOf('Again', () => { this.#takeBack(); this.answer(); });
        this.back = buttonOf('Take back', () => { this.#takeBack(); page.keep(page.current); });
        this.copy = buttonOf('Copy', () => copied(this.area.value, this.copy));
        page.controls.append(make('div', { class: 'row' }, this.go, this.stop, this.again,
            this.back, this.copy), make('p', { class: 'note keys' },
            'Ctrl+Enter continues the text, Esc stops.'));
        this.area.addEventListener('input', () => this.#typed());
        this.area.addEventListener('keydown', event => {
            if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
            event.preventDefault();
            this.answer();
        });
    }

    get isEmpty() {
        return this.page.current.text === '';
    }

    focus() {
        this.area.focus();
    }

    /** Shows the text that is open. */
    open() {
        this.area.value = this.page.current.text;
        this.page.stage.replaceChildren(this.sheet);
        this.draw();
        this.#count();
    }

    draw() {
        const { text, ranges, figures } = this.page.current;
        const parts = [];
        let place = 0;
        for (const [start, end] of ranges) {
            parts.push(text.slice(place, start), make('mark', {}, text.slice(start, end)));
            place = end;
        }
        // A last line without anything in it has its height all the same.
        this.under.replaceChildren(...parts, text.slice(place) + '\u200b');
        this.figures.textContent = figures ? figuresText(figures, this.page.facts) : '';
        this.update();
    }

    update() {
        const isRunning = Boolean(this.page.reply);
        const { mark, text } = this.page.current;
        this.area.readOnly = isRunning;
        this.go.hidden = isRunning;
        this.stop.hidden = !isRunning;
        this.again.hidden = this.back.hidden = isRunning || mark === null;
        this.copy.hidden = isRunning || !text;
    }

    // Writing

    #typed() {
        const { current } = this.page;
        const { value } = this.area;
        current.ranges = rangesAfter(current.ranges, current.text, value);
        Object.assign(current, { text: value, mark: null, figures: null });
        this.draw();
        this.page.keepSoon();
        clearTimeout(this.counting);
        this.counting = setTimeout(() => this.#count(), 500);
    }

    /** Asks how much of the context the text takes. */
    async #count() {
        const { current, requests, facts } = this.page;
        // A server that asks for a key is asked nothing before it is given.
        if (!current.text || facts.needsKey && !requests.key) return this.page.showContext(null);
        const { text } = current;
        const count = await requests.tokenCount(text);
        if (this.page.current === current && current.text === text) this.page.showContext(count);
    }

    /** Takes away what the model wrote last. */
    #takeBack() {
        const { current } = this.page;
        if (this.page.reply || current.mark === null) return;
        const { mark } = current;
        current.text = current.text.slice(0, mark);
        current.ranges = current.ranges.filter(([start]) => start < mark)
            .map(([start, end]) => [start, Math.min(end, mark)]);
        Object.assign(current, { mark: null, figures: null });
        this.area.value = current.text;
        this.draw();
        this.#count();
    }

    /** Lets the model go on from the end of the text. */
    async answer() {
        const { page } = this;
        const { current } = page;
        if (page.reply) return;
        clearTimeout(this.counting);
        const start = current.text.length;
        Object.assign(current, { mark: start, figures: null });
        let isAfterReturn = false;
        const asked = page.ask(this.path, { prompt: current.text }, {
            piece: piece => {
                // Both characters of a line's end may come apart.
                const rest = isAfterReturn && piece.startsWith('\n') ? piece.slice(1) : piece;
                isAfterReturn = piece.endsWith('\r');
                const text = withLineFeeds(rest);
                if (!text) return;
                const last = current.ranges.at(-1);
                if (last && last[1] === current.text.length) last[1] += text.length;
                else current.ranges.push([current.text.length, current.text.length + text.length]);
                current.text += text;
                this.#grow(current);
            },
            retry: () => this.answer(),
        });
        page.keep(current);
        this.draw();
        page.scrollToEnd();
        current.figures = await asked;
        const written = current.text.slice(start);
        if (!written) current.mark = null;
        page.keepOn(current);
        if (page.current !== current) return;
        this.#show(current);
        this.area.setSelectionRange(current.text.length, current.text.length);
        if (!current.figures?.used) this.#count();
        else page.showContext(current.figures.used);
        page.speak(written);
    }

    #grow(current) {
        this.frame ??= requestAnimationFrame(() => {
            this.frame = null;
            if (this.page.current !== current) return;
            this.#show(current);
            this.page.keepSoon();
        });
    }

    #show(current) {
        this.page.follow(() => {
            const { value } = this.area;
            const added = current.text.slice(value.length);
            this.area.setRangeText(added, value.length, value.length, 'preserve');
            this.draw();
        });
    }

    /** Escape does nothing here where nothing is to be stopped. */
    escape() {
        return false;
    }
}

/** Where the ranges of a text are after a part of it was typed over: what was typed is in none. */
function rangesAfter(ranges, before, after) {
    const shortest = Math.min(before.length, after.length);
    let start = 0;
    while (start < shortest && before[start] === after[start]) start += 1;
    let same = 0;
    while (same < shortest - start && before.at(-1 - same) === after.at(-1 - same)) same += 1;
    const end = before.length - same;
    const shift = after.length - before.length;
    return ranges.flatMap(([low, high]) => [
        [low, Math.min(high, start)], [Math.max(low, end) + shift, high + shift],
    ]).filter(([low, high]) => low < high);
}
