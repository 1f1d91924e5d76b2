// A conversation: its messages, the field for the next one, and the replies as they come.

class Chat {
    path = 'v1/chat/completions';
    name = 'conversation';
    #edited = null;

    constructor(page) {
        this.page = page;
        this.field = make('textarea', {
            id: 'message', rows: 1, dir: 'auto', 'aria-label': 'Message', placeholder: 'Message',
        });
        this.send = make('button', { class: 'main' }, 'Send');
        this.stop = buttonOf('Stop', () => page.stop(), { class: 'main' });
        this.cancel = buttonOf('Cancel edit', () => this.#endEditing(), { class: 'quiet' });
        const form = this.form = make('form', { class: 'composer card' },
            this.field, this.cancel, this.stop, this.send);
        form.addEventListener('submit', event => {
            event.preventDefault();
            this.#say();
        });
        this.field.addEventListener('input', () => this.update());
        this.field.addEventListener('keydown', event => this.#key(event));
        page.controls.append(form, make('p', { class: 'note keys' },
            'Enter sends, Shift+Enter starts a new line, Esc stops. Models make mistakes.'));
    }

    get messages() {
        return this.page.current.messages;
    }

    get isEmpty() {
        return this.messages.length === 0;
    }

    focus() {
        this.field.focus();
    }

    /** Shows the conversation that is open. */
    open() {
        this.#endEditing();
        this.draw();
    }

    draw() {
        const { stage, facts, keeper } = this.page;
        this.page.keepFocus(() => stage.replaceChildren(...this.messages.map(
            (message, index) => this.#element(message, index))));
        if (this.isEmpty) {
            stage.append(make('div', { class: 'hello' },
                make('p', {}, 'Say something to ', make('b', {}, facts.model), '.'),
                make('p', { class: 'note' }, 'It runs only on this server; conversations are kept '
                    + (keeper.isLasting ? 'in this browser.' : 'until the page is closed.'))));
        }
        this.update();
    }

    /** Sets the controls by what can be done now. */
    update() {
        const isRunning = Boolean(this.page.reply);
        this.send.hidden = isRunning;
        this.stop.hidden = !isRunning;
        this.cancel.hidden = this.#edited === null;
        this.form.classList.toggle('editing', this.#edited !== null);
        this.send.disabled = !this.field.value.trim();
        fit(this.field);
        const used = this.messages.findLast(({ figures }) => figures?.used)?.figures.used;
        this.page.showContext(used ?? null);
    }

    #key(event) {
        if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        this.#say();
    }

    // Messages

    #element(message, index) {
        const { role, content, figures } = message;
        const names = { user: 'You', assistant: this.page.facts.model, system: 'System prompt' };
        const body = make('div', { class: 'body' });
        const foot = make('div', { class: 'foot' });
        const element = make('article', { class: 'message ' + role },
            make('h2', { class: role === 'assistant' ? 'kicker' : 'kicker unseen' }, names[role]),
            body, foot);
        const rendering = role === 'assistant' ? new Rendering(body) : null;
        if (rendering) rendering.show(content);
        else body.append(make('p', { dir: 'auto' }, content));
        if (role === 'assistant' && !content && figures) {
            body.append(make('p', { class: 'empty' }, 'The model said nothing.'));
        }
        this.#fillFoot(foot, message, index);
        return Object.assign(element, { rendering });
    }

    #fillFoot(foot, message, index) {
        const isLast = index === this.messages.length - 1;
        const isReply = message.role === 'assistant';
        const lastAsked = this.messages.findLastIndex(({ role }) => role === 'user');
        const copy = buttonOf('Copy', () => copied(message.content, copy), { class: 'quiet' });
        const tools = [copy];
        if (index === lastAsked) {
            tools.push(buttonOf('Edit', () => this.#edit(index), { class: 'quiet edit' }));
        }
        if (isLast && (isReply || index === lastAsked)) {
            tools.push(buttonOf(isReply ? 'Again' : 'Answer', () => this.answer(),
                { class: 'quiet again' }));
        }
        const figures = message.figures ? figuresText(message.figures, this.page.facts) : '';
        foot.replaceChildren(make('span', { class: 'tools' }, ...tools),
            make('span', { class: 'note' }, figures));
    }

    // Saying and answering

    #say() {
        const text = this.field.value.trim();
        if (!text || this.page.reply) return;
        if (this.#edited !== null) this.messages.length = this.#edited;
        this.messages.push({ role: 'user', content: text });
        this.field.value = '';
        this.#endEditing();
        this.answer();
    }

    /** Asks for a reply to the last message; one that is there already is replaced. */
    async answer() {
        const { page, messages } = this;
        if (page.reply) return;
        const replaced = messages.at(-1)?.role === 'assistant' ? messages.pop() : null;
        const conversation = page.current;
        const message = { role: 'assistant', content: '' };
        const body = {
            messages: withSystem(turnsOf(messages), page.settings.system),
        };
        messages.push(message);
        const asked = page.ask(this.path, body, {
            piece: text => {
                message.content += text;
                this.#grow(message);
            },
            retry: () => this.answer(),
        });
        page.keep(conversation);
        this.draw();
        page.scrollToEnd();
        const figures = await asked;
        // Nothing came: what there was before stands.
        if (figures) message.figures = figures;
        const isNothing = !message.content && (!figures || figures.reason === 'stopped');
        if (isNothing) messages.splice(messages.indexOf(message), 1, ...replaced ? [replaced] : []);
        page.keepOn(conversation);
        if (page.current !== conversation) return;
        page.follow(() => this.draw());
        page.speak(isNothing ? '' : message.content);
    }

    /** Draws the reply that comes, once a frame. */
    #grow(message) {
        if (this.frame) return;
        this.frame = requestAnimationFrame(() => {
            this.frame = null;
            const element = this.page.stage.lastElementChild;
            if (this.messages.at(-1) !== message || !element?.rendering) return;
            this.page.follow(() => element.rendering.show(message.content));
            this.page.keepSoon();
        });
    }

    // Editing

    #edit(index) {
        if (this.page.reply) return;
        if (this.#edited === null) this.draft = this.field.value;
        this.#edited = index;
        this.field.value = this.messages[index].content;
        this.page.stage.children[index].classList.add('edited');
        this.update();
        this.field.focus();
    }

    /** Puts back what was being written before. */
    #endEditing() {
        if (this.#edited === null) return;
        this.#edited = null;
        this.field.value = this.draft;
        for (const each of this.page.stage.querySelectorAll('.edited')) {
            each.classList.remove('edited');
        }
        this.update();
    }

    /** What Escape does where nothing is to be stopped; false for nothing. */
    escape() {
        if (this.#edited === null) return false;
        this.#endEditing();
        return true;
    }
}
