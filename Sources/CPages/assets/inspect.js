// A page of `inspect`: what is chosen on it, and each of its sections with its data.

class Inspection {
    constructor(data) {
        this.data = data;
        this.followers = [];
        const { attention, chosen = 0 } = data;
        this.choice = {
            layer: attention?.layers[0] ?? 0, head: attention?.heads[0] ?? 0,
            token: chosen,
        };
        this.scores = new Map((data.heads?.heads ?? []).map(
            entry => [entry.layer + '.' + entry.head, entry]));
    }

    /** Calls whenever something else is chosen: `{ head, token, shades }` say what that is. */
    follow(act) {
        this.followers.push(act);
    }

    #tell(changed) {
        for (const act of this.followers) act(changed);
    }

    choose(changes) {
        const before = this.choice;
        this.choice = { ...before, ...changes };
        const { layer, head, token } = this.choice;
        const changed = {
            head: layer !== before.layer || head !== before.head, token: token !== before.token,
        };
        if (changed.head || changed.token) this.#tell(changed);
    }

    /** Shades patterns by the largest value of each row, or as they are. */
    shadeByRow(isRelative) {
        this.patterns.isRelative = isRelative;
        this.#tell({ shades: true });
    }

    /** Chooses a layer below or a head beside the chosen one. */
    step(down, right) {
        const { layers, heads } = this.patterns;
        const next = (list, value, by) =>
            list[Math.min(Math.max(list.indexOf(value) + by, 0), list.length - 1)];
        const { layer, head } = this.choice;
        this.choose({ layer: next(layers, layer, down), head: next(heads, head, right) });
    }

    /** The scores of a head as names and values; none where they were not computed. */
    scoreRows(layer, head) {
        const entry = this.scores.get(layer + '.' + head);
        return entry ? scoreKinds.map(kind => [kind.name, kind.text(entry[kind.id])]) : [];
    }
}

/** The scores of a head, and how they are written. */
const scoreKinds = [
    { id: 'previous_token', name: 'previous token' }, { id: 'first_token', name: 'first token' },
    { id: 'duplicate_token', name: 'duplicate token' }, { id: 'induction', name: 'induction' },
    { id: 'distance', name: 'distance', isLong: true },
    { id: 'entropy', name: 'entropy', isLong: true },
].map(kind => ({
    ...kind,
    text: value => orDash(value, value => kind.isLong ? significant(value, 3) : value.toFixed(2)),
}));

const sections = {
    attention(card, data, inspection) {
        const patterns = new Patterns(data, inspection.data.tokens.length);
        inspection.patterns = patterns;
        const [all, one] = ['all', 'one'].map(name => make('div', { class: 'stage ' + name }));
        const text = make('div', { class: 'text' });
        const name = make('h3', { class: 'chosen-head', 'aria-live': 'polite' });
        const say = () => {
            const { layer, head } = inspection.choice;
            name.textContent = headName({ layer, head });
        };
        inspection.follow(say);
        say();
        const left = make('div', {}, make('h3', {}, 'All heads'), all);
        card.stage.append(make('div', { class: 'attention' }, left,
            make('div', {}, name, one), text));
        card.controls.append(choices('Shades', [
            { id: false, text: 'as they are', title: 'The strongest shade is an attention of 1' },
            { id: true, text: 'by row', title: 'The strongest shade is the largest value of each '
                + 'row, but for the first token' },
        ], id => id === patterns.isRelative, id => inspection.shadeByRow(id)));
        new HeadMap(all, patterns, inspection);
        new PatternPlot(one, patterns, inspection);
        new AttentionText(text, patterns, inspection);
    },

    lens(card, data, inspection) {
        new Lens(card.stage, card.controls, data, inspection);
    },

    next(card, data, inspection) {
        new Losses(card.stage, data, inspection);
    },

    heads(card, { heads }, inspection) {
        let kind = scoreKinds.find(kind => kind.id === 'induction');
        const largest = id => Math.max(1e-9, ...heads.map(entry => entry[id] ?? 0));
        const [left, right] = [make('div', { class: 'stage' }), make('div')];
        const isShown = ({ layer, head }) => inspection.patterns?.has(layer, head) ?? false;
        const choose = ({ layer, head }) => {
            if (isShown({ layer, head })) inspection.choose({ layer, head });
        };
        const grid = new HeadGrid(left, heads, 'Scores of heads: arrow keys read a head', {
            value: entry => (entry[kind.id] ?? 0) / (kind.isLong ? largest(kind.id) : 1),
            text: entry => kind.text(entry[kind.id]),
            rows: ({ layer, head }) => inspection.scoreRows(layer, head),
            choose,
            chosen: entry => isShown(entry) && entry.layer === inspection.choice.layer
                && entry.head === inspection.choice.head,
        });
        inspection.follow(() => grid.draw());
        const table = new SortedTable(right, heads, [
            ...headColumns,
            ...scoreKinds.map(({ id, name, text }) => ({
                name, value: entry => entry[id] ?? -Infinity, text: entry => text(entry[id]),
            })),
        ], { by: headColumns.length + scoreKinds.indexOf(kind), choose });
        const kinds = scoreKinds.map(({ id, name }) => ({ id, text: name }));
        card.controls.append(choices('Score', kinds, id => id === kind.id, id => {
            kind = scoreKinds.find(kind => kind.id === id);
            grid.draw();
            const column = headColumns.length + scoreKinds.indexOf(kind);
            if (table.by !== column) table.sort(column);
        }));
        card.stage.append(make('div', { class: 'beside' }, left, right));
    },

    ablate(card, { loss, heads, mlps = [] }) {
        const entries = [...heads, ...mlps];
        const [left, right] = [make('div', { class: 'stage' }), make('div')];
        // An MLP often weighs more than all heads together, and would leave them blank.
        const largest = list => Math.max(1e-9, ...list.map(entry => Math.abs(entry.change ?? 0)));
        const scale = { heads: largest(heads), mlps: largest(mlps) };
        const signed = (change, format) => orDash(change,
            change => (change > 0 ? '+' : '') + format(change));
        const three = change => signed(change, change => significant(change, 3));
        const five = loss => orDash(loss, loss => significant(loss, 5));
        // As many decimals as the heads' changes need.
        const places = Math.min(Math.max(2, 1 - exponentOf(scale.heads)), 6);
        const grid = new HeadGrid(left, entries, 'Change in loss: arrow keys read a head', {
            value: entry => (entry.change ?? 0)
                / (entry.head === undefined ? scale.mlps : scale.heads),
            text: entry => signed(entry.change, change => grouped(
                change.toFixed(entry.head === undefined ? 2 : places))),
            rows: entry => [['loss without it', five(entry.loss)], ['change', three(entry.change)]],
        });
        grid.box.classList.add('long');
        new SortedTable(right, entries, [
            headColumns[0],
            { ...headColumns[1], text: entry => entry.head ?? 'MLP' },
            { name: 'loss', value: entry => entry.loss ?? -Infinity,
                text: entry => five(entry.loss) },
            { name: 'change', value: entry => entry.change ?? -Infinity,
                text: entry => three(entry.change) },
        ], { by: 3 });
        card.stage.append(make('p', { class: 'summary' }, 'loss of the whole model ',
            make('b', {}, five(loss)), ' nats'),
        make('div', { class: 'beside' }, left, right));
    },

    weights(card, data) {
        const figures = [
            ['shape', data.shape.join(' \u00d7 ')], ['mean', data.mean], ['std', data.std],
            ['minimum', data.minimum], ['maximum', data.maximum],
            ...data.non_finite > 0 ? [['not finite', grouped(String(data.non_finite))]] : [],
        ].map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {},
            typeof value === 'string' ? value : orDash(value, value => significant(value)))));
        card.stage.append(make('dl', { class: 'figures' }, ...figures));
        if (data.picture.rows * data.picture.columns > 0) {
            const map = make('div', { class: 'stage' });
            card.stage.append(map);
            new HeatMap(map, card.controls, data);
        }
    },

    neurons(card, { layer, neurons }) {
        card.stage.append(...neurons.map(({ neuron, top }) => {
            const largest = Math.max(1e-9, ...top.map(({ activation }) => activation ?? 0));
            const texts = top.map(example => excitement(example, largest));
            return make('section', { class: 'neuron' }, make('h3', {}, 'neuron ' + neuron),
                make('ol', { class: 'texts' }, ...texts));
        }));
    },

    neighbours(card, { neighbours }) {
        card.stage.append(bars(neighbours.map(({ token, text, cosine }) => ({
            token, text, value: cosine, more: 'id ' + token,
        })), value => grouped(value.toFixed(3))));
    },
};

/** What names a head in a table. */
const headColumns = [
    { name: 'layer', value: entry => entry.layer, text: entry => entry.layer, rises: true },
    { name: 'head', value: entry => entry.head ?? Infinity, text: entry => entry.head,
        rises: true },
];

/** A text that excites a neuron, with the token at which it does marked. */
function excitement({ activation, text, before, after }, largest) {
    const seen = part => part.replace(unseen, unseenName);
    return make('li', {}, make('b', {}, orDash(activation, value => significant(value, 3))),
        barOf(activation / largest),
        make('bdi', { class: 'context' }, seen(before), make('mark', {}, seen(text) || visible('')),
            seen(after)));
}

const inspectData = document.getElementById('inspect-data');
const inspection = inspectData && new Inspection(JSON.parse(inspectData.textContent));
for (const element of inspection ? document.querySelectorAll('section[data-part]') : []) {
    const name = element.dataset.part;
    const card = {
        stage: element.querySelector('.stage'), controls: element.querySelector('.controls'),
    };
    sections[name](card, inspection.data[name], inspection);
}
