// The place above the controls where the page says what went wrong or was done, with buttons that
// help.

class Notice {
    /** @param place An element. @param requests What takes the key. */
    constructor(place, requests) {
        Object.assign(this, { place, requests });
    }

    clear() {
        this.place.replaceChildren();
    }

    /** Says something; `helps` are names and what they do. An alert is read out at once. */
    say(text, helps = [], { said = '', isAlert = false } = {}) {
        const buttons = helps.map(([name, act]) => buttonOf(name, () => {
            this.clear();
            act();
        }));
        buttons.push(buttonOf('Dismiss', () => this.clear(), { class: 'quiet' }));
        this.#show(isAlert, make('p', {}, text), ...said ? [make('p', { class: 'note' },
            'The server says: ', make('q', { dir: 'auto' }, said))] : [],
        make('div', { class: 'row' }, ...buttons));
    }

    /** Says what went wrong; `acts` has `retry`, and `begin` for a new conversation. */
    trouble(error, { retry, begin }) {
        if (!(error instanceof Trouble)) throw error;
        const { kind, text, said, help } = error;
        if (kind === 'key') return this.askForKey(text, retry);
        const helps = {
            retry: [['Try again', retry]], reload: [['Reload', () => location.reload()]],
            new: [['Start over', begin]],
        };
        // Where the words say all, what the server said of it is left out.
        const isTold = ['busy', 'ending', 'gone', 'key'].includes(kind);
        this.say(text, helps[help] ?? [], { said: isTold ? '' : said, isAlert: true });
    }

    /** Asks for the server's key, and goes on once there is one. */
    askForKey(text, goOn) {
        const input = make('input', {
            type: 'password', id: 'key', autocomplete: 'off', spellcheck: 'false',
        });
        const wrong = make('p', { class: 'note', role: 'alert' });
        const form = make('form', { class: 'row' }, make('label', { for: 'key' }, 'Key'), input,
            make('button', { class: 'main' }, 'Use'));
        form.addEventListener('submit', event => {
            event.preventDefault();
            const key = input.value.trim();
            if (!canBeKey(key)) {
                wrong.textContent = 'A key has letters, digits and symbols, without spaces.';
                return;
            }
            this.requests.setKey(key);
            this.clear();
            goOn();
        });
        const isWrong = Boolean(this.requests.key);
        this.#show(true, make('p', {}, isWrong ? 'This is not the server\u2019s key.' : text), form,
            wrong);
        input.focus();
    }

    #show(isAlert, ...content) {
        this.place.replaceChildren(
            make('div', { class: 'card', role: isAlert ? 'alert' : 'status' }, ...content));
    }
}
