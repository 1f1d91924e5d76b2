// What can go wrong between the page and the server, in plain words, with what to do.

/** Something that went wrong. */
class Trouble extends Error {
    /**
     * @param kind A key of `troubleTexts`.
     * @param said What the server said of it, if it did.
     * @param wait The seconds it asks for before the next try.
     */
    constructor(kind, said = '', wait = 1) {
        super(troubleTexts[kind].text);
        Object.assign(this, { kind, said, wait }, troubleTexts[kind]);
    }

    /** What an answer other than 200 means. */
    static async of(response) {
        const { said, code } = saidIn(await response.text().catch(() => ''));
        const wait = Number(response.headers.get('Retry-After')) || 1;
        const kinds = {
            401: 'key', 403: 'name', 404: code === 'model_not_found' ? 'model' : 'refused',
            413: 'large', 429: 'busy', 503: 'ending',
        };
        const kind = code === 'context_length_exceeded' ? 'long'
            : kinds[response.status] ?? (response.status < 500 ? 'refused' : 'failed');
        return new Trouble(kind, said, Math.min(Math.max(wait, 0.1), 60));
    }

    /** What an error that came amid a text means. */
    static amid(error) {
        const said = typeof error?.message === 'string' ? error.message : '';
        return new Trouble(error?.code === 'context_length_exceeded' ? 'long' : 'failed', said);
    }
}

/** What is said of each, and what helps: `retry`, `key`, `reload` or `new`. */
const troubleTexts = {
    gone: { help: 'retry', text: 'The server cannot be reached. Check whether swiftlet serve is'
        + ' still running, then try again.' },
    key: { help: 'key', text: 'The server requires a key. It is kept until this tab is closed.' },
    name: { help: null, text: 'The server does not answer at this address. Open the page at the'
        + ' address that swiftlet serve printed.' },
    model: { help: 'reload', text: 'The server now has a different model. Reload the page to use'
        + ' it.' },
    long: { help: 'new', text: 'This is longer than the model\u2019s context. Shorten it, or'
        + ' start over.' },
    large: { help: 'new', text: 'This is more than the server accepts. Shorten it, or start'
        + ' over.' },
    busy: { help: 'retry', text: 'The server is busy with other requests. Try again in a'
        + ' moment.' },
    ending: { help: 'retry', text: 'The server is stopping and takes no more requests. Try again'
        + ' when it is running again.' },
    refused: { help: null, text: 'The server refused this request. Check the settings.' },
    failed: { help: 'retry', text: 'The server failed. Try again; if it fails again, see what'
        + ' it printed.' },
    broken: { help: 'retry', text: 'The connection was lost before the end. Try again.' },
};

/** The message and the code of an error as OpenAI's API has it; of anything else, nothing. */
function saidIn(text) {
    try {
        const { message, code } = JSON.parse(text).error;
        return { said: typeof message === 'string' ? message.slice(0, 600) : '', code };
    } catch {
        return { said: '', code: null };
    }
}
