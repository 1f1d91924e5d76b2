// What is asked of the model besides the text: shown, checked, kept, and put into requests.

/** Each with its name in requests; `only` says where it is for. */
const settingFields = [
    { name: 'system', label: 'System prompt', kind: 'text', usual: '', only: 'chat',
        hint: 'tells the model how to behave in every conversation' },
    { name: 'temperature', label: 'Temperature', kind: 'slider', usual: 0.7, low: 0, high: 2,
        step: 0.05, hint: '0 always takes the likeliest token; higher is more varied' },
    { name: 'top_p', label: 'Top-p', kind: 'slider', usual: 0.95, low: 0, high: 1, step: 0.01,
        hint: 'only the likeliest tokens that add up to this probability' },
    { name: 'min_p', label: 'Min-p', kind: 'slider', usual: 0, low: 0, high: 1, step: 0.01,
        hint: 'only tokens this likely, compared with the likeliest' },
    { name: 'max_tokens', label: 'Max tokens', kind: 'number', usual: 512, low: 1, high: 1e6,
        step: 1, hint: 'in a reply; empty for as many as fit in the context' },
    { name: 'seed', label: 'Seed', kind: 'number', usual: '', low: 0,
        high: Number.MAX_SAFE_INTEGER, step: 1, hint: 'the same seed gives the same text; empty '
        + 'for a different one every time' },
    { name: 'stop', label: 'Stop strings', kind: 'text', usual: '',
        hint: 'one per line, at most 16; \\n is a new line' },
    { name: 'presence_penalty', label: 'Presence penalty', kind: 'slider', usual: 0, low: -2,
        high: 2, step: 0.1, hint: 'against tokens that were already generated' },
    { name: 'frequency_penalty', label: 'Frequency penalty', kind: 'slider', usual: 0, low: -2,
        high: 2, step: 0.1, hint: 'against tokens, the more often they were generated' },
];

class Settings {
    constructor(keeper, { isChat, contextLength }) {
        this.keeper = keeper;
        // Of texts the server makes few tokens where nobody says how many.
        this.most = isChat ? {} : { max_tokens: contextLength };
        this.name = isChat ? 'swiftlet/settings/chat' : 'swiftlet/settings/text';
        this.fields = settingFields.filter(({ only }) => !only || isChat);
        this.values = {};
        const kept = keeper.get(this.name) ?? {};
        for (const field of this.fields) {
            this.values[field.name] = checked(field, kept[field.name]) ?? field.usual;
        }
    }

    /** What a request has of them. */
    get request() {
        const { seed, stop, max_tokens: most, system, ...numbers } = this.values;
        const stops = stop.split('\n').filter(line => line).slice(0, 16).map(unescaped);
        return {
            ...numbers, ...most !== '' ? { max_tokens: most } : this.most,
            ...seed !== '' && { seed }, ...stops.length > 0 && { stop: stops },
        };
    }

    get system() {
        return this.values.system ?? '';
    }

    /** Draws them. */
    build(place) {
        this.controls = this.fields.map(field => this.#control(field));
        const reset = buttonOf('Reset to defaults', () => {
            for (const { name, usual } of this.fields) this.values[name] = usual;
            this.#keep();
            for (const control of this.controls) control.show();
        });
        place.append(...this.controls.map(({ element }) => element), reset);
    }

    #keep() {
        this.keeper.set(this.name, this.values);
    }

    #control(field) {
        const { name, label, kind, low, high, step, hint } = field;
        const id = 'setting-' + name;
        const described = { 'aria-describedby': id + '-hint' };
        const input = kind === 'text'
            ? make('textarea', { id, rows: name === 'system' ? 4 : 2, dir: 'auto', ...described })
            : make('input', { id, type: 'number', min: low, max: high, step: step === 1 ? 1 : 'any',
                inputmode: 'decimal', ...described });
        const slider = kind === 'slider' && make('input', {
            type: 'range', min: low, max: high, step, 'aria-label': label, tabindex: -1,
        });
        const show = () => {
            input.value = this.values[name];
            if (slider) slider.value = this.values[name];
            input.removeAttribute('aria-invalid');
        };
        const take = (text, isFinal) => {
            const value = checked(field, text);
            if (value === null) {
                // What is being typed may be no number yet.
                if (isFinal) show();
                else input.setAttribute('aria-invalid', 'true');
                return;
            }
            this.values[name] = value;
            this.#keep();
            input.removeAttribute('aria-invalid');
            if (slider) slider.value = value;
        };
        input.addEventListener('input', () => take(input.value, false));
        input.addEventListener('change', () => { take(input.value, true); show(); });
        if (slider) slider.addEventListener('input', () => { take(slider.value, true); show(); });
        show();
        const element = make('div', { class: 'field ' + kind },
            make('label', { for: id }, label), input, ...slider ? [slider] : [],
            make('p', { class: 'note', id: id + '-hint' }, hint));
        return { element, show };
    }
}

/** A value of a setting, from what was typed or kept; null when it is none. */
function checked({ kind, low, high, step }, value) {
    if (kind === 'text') return typeof value === 'string' ? value : null;
    if (value === '' || value === null || value === undefined) {
        return value === '' && kind === 'number' ? '' : null;
    }
    const number = Number(value);
    const isWhole = step !== 1 || Number.isInteger(number);
    return number >= low && number <= high && isWhole ? number : null;
}

/** With \n, \t and \\ as the characters they stand for. */
function unescaped(line) {
    const characters = { n: '\n', t: '\t', '\\': '\\' };
    return line.replace(/\\([nt\\])/g, (_, letter) => characters[letter]);
}
