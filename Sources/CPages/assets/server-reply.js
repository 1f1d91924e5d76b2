// One text that the server is asked for: from the request, over pieces, to how long it took.

/** How often a busy server is asked again. */
const mostTries = 6;

class Reply {
    #stopping = new AbortController();

    /**
     * @param requests What asks.
     * @param path `v1/chat/completions` or `v1/completions`.
     * @param body The request.
     * @param acts `piece(text)`; `wait(seconds)` while the server is busy.
     */
    constructor(requests, path, body, acts) {
        Object.assign(this, { requests, path, body, acts, text: '' });
    }

    /** Closes the connection, which frees the server for others. */
    stop() {
        this.#stopping.abort();
    }

    get isStopped() {
        return this.#stopping.signal.aborted;
    }

    /** The reply's figures, when it is at its end or stopped; throws a `Trouble`. */
    async figures() {
        for (let tries = 1; ; tries += 1) {
            try {
                return await this.#read();
            } catch (error) {
                if (this.isStopped) return this.#countedFigures();
                if (error.kind !== 'busy' || tries === mostTries) throw error;
                this.acts.wait(error.wait);
                await this.#pause(error.wait);
                if (this.isStopped) return { reason: 'stopped' };
            }
        }
    }

    async #read() {
        const { signal } = this.#stopping;
        this.began = performance.now();
        let [reason, usage] = [null, null];
        for await (const piece of this.requests.pieces(this.path, this.body, signal)) {
            if (piece.text) this.#take(piece.text);
            reason = piece.reason ?? reason;
            usage = piece.usage ?? usage;
        }
        return {
            reason, ...this.#times(usage?.completion_tokens ?? null),
            used: usage?.total_tokens ?? null,
        };
    }

    #take(text) {
        this.latest = performance.now();
        this.first ??= this.latest;
        this.text += text;
        this.acts.piece(text);
    }

    /** Of a reply that was stopped, whose tokens the server did not count to the end. */
    async #countedFigures() {
        const tokens = this.text
            ? await this.requests.tokenCount(this.text, AbortSignal.timeout(2000)) : null;
        return { reason: 'stopped', ...this.#times(tokens) };
    }

    /** Seconds to the first token, and tokens a second from there on. */
    #times(tokens) {
        if (this.first === undefined) return { tokens };
        const seconds = (this.latest - this.first) / 1000;
        return {
            tokens, first: (this.first - this.began) / 1000,
            rate: tokens > 1 && seconds > 0 ? (tokens - 1) / seconds : null,
        };
    }

    /** Waits, unless it is stopped. */
    #pause(seconds) {
        return new Promise(resolve => {
            const timer = setTimeout(resolve, seconds * 1000);
            this.#stopping.signal.addEventListener('abort', () => {
                clearTimeout(timer);
                resolve();
            }, { once: true });
        });
    }
}

/** Figures in words: `58 tokens · 42.1 tokens/s · first after 0.31s`. */
function figuresText({ reason, tokens, rate, first, used }, { contextLength }) {
    const ends = {
        stopped: 'stopped',
        length: used >= contextLength ? 'the context is full' : 'cut off at max tokens',
    };
    return [
        Number.isFinite(tokens) && counted(tokens, 'token'),
        Number.isFinite(rate) && significant(rate, 3) + ' tokens/s',
        Number.isFinite(first) && 'first after ' + duration(first),
        ends[reason],
    ].filter(part => part).join(' \u00b7 ');
}

/** As `1 token` or `2,048 tokens`. */
function counted(count, name) {
    return grouped(String(count)) + ' ' + name + (count === 1 ? '' : 's');
}
