// The page as a whole: its panels, the conversation that is open, and the reply that comes.

class Page {
    constructor({ isChat, ...facts }) {
        this.facts = { ...facts, isChat: isChat && location.hash !== '#text' };
        const find = id => document.getElementById(id);
        Object.assign(this, {
            stage: find('stage'), controls: find('controls'), scroll: find('scroll'),
            context: find('context'), spoken: find('spoken'), main: document.querySelector('main'),
            reply: null,
        });
        this.keeper = new Keeper();
        this.requests = new Requests();
        this.notice = new Notice(find('notice'), this.requests);
        this.settings = new Settings(this.keeper, this.facts);
        this.conversations = new Conversations(this.keeper, this.facts.isChat);
        find('model').textContent = facts.model;
        this.#nameLists(isChat);
        this.view = this.facts.isChat ? new Chat(this) : new Paper(this);
        this.list = new ConversationList(this, find('history'));
        this.settings.build(find('fields'));
        this.panels = ['history', 'settings'].map(name => new Panel(this, find(name),
            find('open-' + name)));
        document.addEventListener('keydown', event => this.#key(event));
        this.scroll.addEventListener('scroll', () => { this.isEndSeen = this.#isAtEnd; });
        // What is said below takes from the room above.
        new ResizeObserver(() => { if (this.isEndSeen) this.scrollToEnd(); }).observe(this.scroll);
        addEventListener('storage', event => this.#changedElsewhere(event));
        addEventListener('pagehide', () => this.keepNow());
        this.begin(this.conversations.all[0]);
        if (facts.needsKey && !this.requests.key) {
            this.notice.askForKey(troubleTexts.key.text, () => this.focus());
        }
    }

    /** Calls them texts, and lets a model that chats do both; each has a list of its own. */
    #nameLists(canChat) {
        const { isChat } = this.facts;
        document.getElementById('new').textContent = isChat ? 'New conversation' : 'New text';
        const title = document.querySelector('#history h2');
        title.textContent = isChat ? 'Conversations' : 'Texts';
        if (!canChat) return;
        title.classList.add('unseen');
        const modes = [['Conversations', '', isChat], ['Texts', '#text', !isChat]];
        title.after(make('span', { class: 'switch', role: 'group', 'aria-label': 'What to write' },
            ...modes.map(([name, hash, isOn]) => buttonOf(name, () => {
                history.replaceState(null, '', location.pathname + hash);
                if (!isOn) location.reload();
            }, { 'aria-pressed': String(isOn) }))));
    }

    // What is open

    /** Opens a new conversation, or one that there is. */
    begin(conversation = this.conversations.make()) {
        this.stop();
        this.keepNow();
        this.notice.clear();
        this.current = conversation;
        this.view.open();
        this.list.draw();
        this.scrollToEnd();
        for (const panel of this.panels) panel.closeOver();
        this.focus();
    }

    /** Puts the focus where one writes; not on phones, which would show their keys. */
    focus() {
        if (!matchMedia('(pointer: coarse)').matches) this.view.focus();
    }

    /** Changes what is shown; what had the focus and is gone leaves it where one writes. */
    keepFocus(change) {
        const focused = document.activeElement;
        change();
        const isGone = focused !== document.body && focused.getClientRects().length === 0;
        if (isGone) this.focus();
    }

    open(conversation) {
        this.begin(conversation);
    }

    /** Keeps a conversation, and says so where that cannot be done. */
    keep(conversation) {
        const isKept = this.conversations.keep(conversation);
        this.list.draw();
        if (isKept || this.isToldOfRoom) return;
        this.isToldOfRoom = true;
        this.notice.say('The browser has no room to save more of this. Export what'
            + ' you want to keep, or delete other conversations.', [], { isAlert: true });
    }

    /** Keeps what a reply has ended in, unless it was deleted in the meantime. */
    keepOn(conversation) {
        if (this.conversations.has(conversation)) this.keep(conversation);
    }

    /** Keeps what is open within a second, for texts that change often. */
    keepSoon() {
        this.keeping ??= setTimeout(() => this.keepNow(), 1000);
    }

    /** Keeps what is to be kept soon. */
    keepNow() {
        if (!this.keeping) return;
        clearTimeout(this.keeping);
        this.keeping = null;
        if (!this.view.isEmpty || this.conversations.has(this.current)) this.keep(this.current);
    }

    /** Takes in what another tab did; what is open here stays. */
    #changedElsewhere({ key }) {
        if (key !== null && !/^swiftlet\/(chat|text)\//.test(key)) return;
        this.conversations.read();
        const { all } = this.conversations;
        const index = all.findIndex(({ id }) => id === this.current.id);
        if (index >= 0) all[index] = this.current;
        this.list.draw();
    }

    // Replies

    /** Asks for a text and hands back its figures; null after a trouble, which is shown. */
    async ask(path, body, acts) {
        this.notice.clear();
        this.spoken.textContent = 'The model is writing.';
        const { model } = this.facts;
        const reply = new Reply(this.requests, path, { model, ...body, ...this.settings.request }, {
            piece: text => {
                this.#endWaiting();
                acts.piece(text);
            },
            wait: seconds => {
                this.isWaiting = true;
                this.notice.say(`The server is busy; it is asked again in ${duration(seconds)}.`);
            },
        });
        this.reply = reply;
        this.#showRunning(true);
        const conversation = this.current;
        try {
            const figures = await reply.figures();
            this.#endWaiting();
            return figures;
        } catch (error) {
            this.spoken.textContent = '';
            if (this.current === conversation) {
                this.notice.trouble(error, { retry: acts.retry, begin: () => this.begin() });
            }
            return null;
        } finally {
            this.reply = null;
            this.isWaiting = false;
            this.#showRunning(false);
        }
    }

    /** Takes away what says that the server is busy. */
    #endWaiting() {
        if (this.isWaiting) this.notice.clear();
        this.isWaiting = false;
    }

    stop() {
        this.reply?.stop();
    }

    #showRunning(isRunning) {
        this.stage.setAttribute('aria-busy', String(isRunning));
        this.main.classList.toggle('running', isRunning);
        this.keepFocus(() => this.view.update());
    }

    /** Has a reply read out, when it is whole: not every word as it comes. */
    speak(text) {
        this.spoken.textContent = text.length > 1000 ? text.slice(0, 1000) + ' \u2026' : text;
    }

    /** Says how much of the context is used; null where that is not known. */
    showContext(used) {
        const { contextLength } = this.facts;
        const all = counted(contextLength, 'token');
        this.context.textContent = used === null ? `context of ${all}`
            : `${grouped(String(used))} of ${all} used`;
        this.context.classList.toggle('full', used !== null && used >= contextLength * 0.9);
    }

    // Scrolling

    get #isAtEnd() {
        const { scroll } = this;
        return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 48;
    }

    /** Changes what is shown, and keeps its end in view where that was in view. */
    follow(change) {
        const isAtEnd = this.#isAtEnd;
        change();
        if (isAtEnd) this.scrollToEnd();
    }

    scrollToEnd() {
        this.scroll.scrollTop = this.scroll.scrollHeight;
    }

    #key(event) {
        if (event.key !== 'Escape' || event.isComposing || event.defaultPrevented) return;
        if (this.reply) this.stop();
        else if (!this.view.escape()) this.panels.find(panel => panel.isOver)?.toggle(false);
    }
}

const page = new Page(JSON.parse(document.getElementById('facts').textContent));
