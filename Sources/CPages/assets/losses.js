// The loss of each token as shades of the prompt's text, and the likeliest next tokens.

class Losses {
    constructor(stage, { losses, next }, inspection) {
        const { texts } = inspection.data;
        const known = losses.filter(loss => loss !== null);
        const largest = Math.max(1e-9, ...known);
        const mean = known.reduce((sum, loss) => sum + loss, 0) / known.length;
        const body = make('div', { class: 'stage' });
        stage.append(body);
        if (known.length > 0) {
            body.before(make('p', { class: 'summary' }, 'mean ', make('b', {}, significant(mean)),
                ' nats, perplexity ', make('b', {}, significant(Math.exp(mean))),
                ', highest ', make('b', {}, significant(largest)), ' nats'));
        }
        const strip = new Strip(body, texts, 'Loss of each token: arrow keys read a token', {
            value: index => losses[index] === null ? null : losses[index] / largest,
            rows: index => losses[index] === null
                ? [['token', index], ['loss', index === 0 ? 'nothing before' : '\u2013']]
                : [['token', index], ['loss', significant(losses[index]) + ' nats'],
                    ['probability', percent(Math.exp(-losses[index]))]],
        });
        strip.element.classList.add('loss');
        stage.append(make('h3', {}, 'Likeliest next'), likelyBars(next));
    }
}
