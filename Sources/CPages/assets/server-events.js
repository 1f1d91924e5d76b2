// Server-sent events out of the bytes of an answer, however these were cut into pieces.

/** Reads events as text comes in. */
class EventReader {
    #line = '';
    #data = [];
    #isAfterReturn = false;

    /** The data of the events that end in the next piece of text. */
    read(text) {
        // A line feed belongs to the carriage return that the piece before ended with.
        const rest = this.#isAfterReturn && text.startsWith('\n') ? text.slice(1) : text;
        if (text) this.#isAfterReturn = text.endsWith('\r');
        const lines = (this.#line + rest).split(/\r\n|\r|\n/);
        this.#line = lines.pop();
        return lines.flatMap(line => this.#take(line));
    }

    /** Takes a line; an empty one ends an event, and one that begins with a colon is a comment. */
    #take(line) {
        if (line === '') {
            const data = this.#data;
            this.#data = [];
            return data.length > 0 ? [data.join('\n')] : [];
        }
        const [, name, value = ''] = line.match(/^([^:]*)(?:: ?(.*))?$/s);
        if (name === 'data') this.#data.push(value);
        return [];
    }
}

/** The data of an answer's events; whoever stops listening closes the connection. */
async function* eventsOf(response) {
    const reader = response.body.getReader();
    // Characters may be torn too.
    const decoder = new TextDecoder();
    const events = new EventReader();
    try {
        for (;;) {
            const { done, value } = await reader.read();
            if (done) return;
            yield* events.read(decoder.decode(value, { stream: true }));
        }
    } finally {
        reader.cancel().catch(() => { /* it is closed already */ });
    }
}
