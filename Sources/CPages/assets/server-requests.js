// What is asked of the server, and its key. Addresses are relative to the page's own.

class Requests {
    constructor() {
        this.key = keptKey();
    }

    /** Sets the key, for as long as the tab is open; an empty one is none. */
    setKey(key) {
        this.key = key;
        try {
            if (key) sessionStorage.setItem('swiftlet/key', key);
            else sessionStorage.removeItem('swiftlet/key');
        } catch { /* where nothing may be kept */ }
    }

    /** The answer to a request; throws a `Trouble` when it is not one of success. */
    async #post(path, body, signal) {
        const headers = { 'Content-Type': 'application/json' };
        if (this.key) headers.Authorization = 'Bearer ' + this.key;
        let response;
        try {
            response = await fetch(path, {
                method: 'POST', headers, body: JSON.stringify(body), signal, cache: 'no-store',
            });
        } catch (error) {
            throw signal?.aborted ? error : new Trouble('gone');
        }
        if (!response.ok) throw await Trouble.of(response);
        return response;
    }

    /**
     * A text as it comes: `text`, which may be empty, and at the end `reason` and `usage`.
     *
     * The path is that of conversations or of texts.
     */
    async *pieces(path, body, signal) {
        const response = await this.#post(path, {
            ...body, stream: true, stream_options: { include_usage: true },
        }, signal);
        try {
            for await (const data of eventsOf(response)) {
                if (data === '[DONE]') return;
                const { error, choices, usage } = JSON.parse(data);
                if (error) throw Trouble.amid(error);
                const choice = choices?.[0];
                const text = choice?.delta?.content ?? choice?.text ?? '';
                yield { text, reason: choice?.finish_reason ?? null, usage: usage ?? null };
            }
        } catch (error) {
            throw signal?.aborted || error instanceof Trouble ? error : new Trouble('broken');
        }
        throw new Trouble('broken');
    }

    /** How many tokens a text has; null where that cannot be known. */
    async tokenCount(text, signal) {
        try {
            const response = await this.#post('tokenize', { content: text, add_special: false },
                signal);
            return (await response.json()).tokens.length;
        } catch {
            return null;
        }
    }
}

function keptKey() {
    try {
        return sessionStorage.getItem('swiftlet/key') ?? '';
    } catch {
        return '';
    }
}

/** Whether a header field can carry a key. */
function canBeKey(text) {
    return /^[\x21-\x7e]+$/.test(text);
}
