// The conversations of the page, or its texts: what they are, and which there are.
//
// A conversation has `messages` as OpenAI's API has them, each reply with its figures. A text has
// `text`, and `ranges` of it that the model wrote, each from one place to before another.

const roles = ['system', 'user', 'assistant'];

/** A text with the line ends that text areas have, so that places in both are the same. */
function withLineFeeds(text) {
    return text.replace(/\r\n?/g, '\n');
}

/** A conversation in the form of the page, or null when it is none. */
function conversationOf(value) {
    if (typeof value !== 'object' || value === null || typeof value.id !== 'string') return null;
    const common = {
        id: value.id, title: String(value.title ?? ''), isNamed: value.isNamed === true,
        updated: Number(value.updated) || 0,
    };
    if (typeof value.text === 'string') {
        const ranges = (Array.isArray(value.ranges) ? value.ranges : []).filter(range =>
            Array.isArray(range) && range.length === 2 && range.every(Number.isInteger));
        return { ...common, text: value.text, ranges, mark: value.mark ?? null,
            figures: value.figures ?? null };
    }
    const messages = messagesOf(value.messages);
    const last = messages?.at(-1);
    // The page was closed before the first token of a reply.
    if (last?.role === 'assistant' && !last.content && !last.figures) messages.pop();
    return messages && { ...common, messages };
}

/** Messages as the page has them, or null when they are none. */
function messagesOf(list) {
    if (!Array.isArray(list)) return null;
    const messages = list.map(message => {
        const { role, content, figures } = message ?? {};
        const text = typeof content === 'string' ? content
            : Array.isArray(content) && content.every(part => typeof part?.text === 'string')
                ? content.map(part => part.text).join('') : null;
        const known = role === 'developer' ? 'system' : role;
        return roles.includes(known) && text !== null
            && { role: known, content: text, ...figures && { figures } };
    });
    return messages.every(message => message) ? messages : null;
}

class Conversations {
    #prefix;

    /** @param keeper What keeps them. @param isChat Whether they are conversations, or texts. */
    constructor(keeper, isChat) {
        this.keeper = keeper;
        this.isChat = isChat;
        this.#prefix = isChat ? 'swiftlet/chat/' : 'swiftlet/text/';
        this.read();
    }

    /** Reads again what is kept, which another tab may have changed. */
    read() {
        this.all = this.keeper.names(this.#prefix)
            .map(name => conversationOf(this.keeper.get(name)))
            .filter(each => each && ('messages' in each) === this.isChat);
        this.#sort();
    }

    #sort() {
        this.all.sort((a, b) => b.updated - a.updated);
    }

    /** A new one, which is kept once there is something in it. */
    make(content = {}) {
        const random = crypto.getRandomValues(new Uint32Array(2));
        const empty = this.isChat ? { messages: [] }
            : { text: '', ranges: [], mark: null, figures: null };
        return {
            id: Array.from(random, word => word.toString(36)).join(''), title: '', isNamed: false,
            updated: Date.now(), ...empty, ...content,
        };
    }

    /** Keeps one as it is now; false when there is no room for it. */
    keep(conversation) {
        conversation.updated = Date.now();
        if (!conversation.isNamed) conversation.title = titleOf(conversation);
        if (!this.all.includes(conversation)) {
            this.all = this.all.filter(({ id }) => id !== conversation.id);
            this.all.push(conversation);
        }
        this.#sort();
        return this.keeper.set(this.#prefix + conversation.id, conversation);
    }

    has({ id }) {
        return this.all.some(each => each.id === id);
    }

    delete(conversation) {
        this.all = this.all.filter(({ id }) => id !== conversation.id);
        this.keeper.delete(this.#prefix + conversation.id);
    }
}

/** How it is called while nobody gave it a name: by the beginning of its first words. */
function titleOf({ messages, text }) {
    const words = messages ? messages.find(({ role }) => role === 'user')?.content ?? '' : text;
    const line = words.trim().split('\n')[0].replace(/\s+/g, ' ');
    const letters = Array.from(line);
    return letters.length > 60 ? letters.slice(0, 57).join('') + '\u2026' : line;
}

/** A file's text as what a conversation is made of; null when it is no conversation. */
function imported(file, isChat) {
    if (!isChat) return { text: withLineFeeds(file) };
    try {
        const value = JSON.parse(file);
        const messages = messagesOf(Array.isArray(value) ? value : value?.messages);
        if (!messages?.length) return null;
        return { messages };
    } catch {
        return null;
    }
}

/** What is written into a file: messages as OpenAI's API has them, or the text alone. */
function exported({ messages, text }, system) {
    if (!messages) return text;
    const own = messages.map(({ role, content }) => ({ role, content }));
    return JSON.stringify({ messages: withSystem(own, system) }, null, 2) + '\n';
}

/** Messages as models know them: user and assistant in turn, whatever went unanswered. */
function turnsOf(messages) {
    const turns = [];
    for (const { role, content } of messages) {
        const last = turns.at(-1);
        if (last?.role === role) last.content += '\n\n' + content;
        else turns.push({ role, content });
    }
    return turns;
}

/** Messages behind the system prompt of the settings, unless they have one of their own. */
function withSystem(messages, system) {
    if (!system.trim() || messages[0]?.role === 'system') return messages;
    return [{ role: 'system', content: system }, ...messages];
}
