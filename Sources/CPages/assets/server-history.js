// The list of conversations: opening, renaming and deleting them, and taking them in and out as
// files.

/** Larger files are no conversations. */
const mostFileBytes = 4 << 20;

class ConversationList {
    /** @param page The page. @param place The panel. */
    constructor(page, place) {
        this.page = page;
        this.list = place.querySelector('#conversations');
        this.exporting = place.querySelector('#export');
        place.querySelector('#new').addEventListener('click', () => page.begin());
        this.exporting.addEventListener('click', () => this.#export());
        const file = place.querySelector('#file');
        place.querySelector('#import').addEventListener('click', () => file.click());
        file.addEventListener('change', async () => {
            if (file.files[0]) await this.#takeIn(file.files[0]);
            file.value = '';
        });
    }

    draw() {
        const { current, conversations } = this.page;
        // Who walks through the list with keys stays where they were.
        const focused = this.list.contains(document.activeElement)
            ? document.activeElement.dataset.key : null;
        this.list.replaceChildren(...conversations.all.map(each => this.#item(each)));
        if (focused) {
            [...this.list.querySelectorAll('[data-key]')]
                .find(({ dataset }) => dataset.key === focused)?.focus();
        }
        this.exporting.disabled = !conversations.all.includes(current);
    }

    #item(conversation) {
        const isCurrent = conversation === this.page.current;
        const key = name => ({ 'data-key': name + conversation.id });
        const open = buttonOf('', () => this.page.open(conversation), {
            class: 'conversation', ...key('open'), ...isCurrent && { 'aria-current': 'true' },
        });
        open.append(make('span', { class: 'title', dir: 'auto' }, conversation.title || 'Untitled'),
            make('small', {}, dayText(conversation.updated)));
        if (!isCurrent) return make('li', {}, open);
        const item = make('li', { class: 'current' }, open);
        item.append(make('div', { class: 'tools' },
            buttonOf('Rename', () => this.#rename(conversation, item),
                { class: 'quiet', ...key('rename') }),
            buttonOf('Delete', () => this.#delete(conversation),
                { class: 'quiet', ...key('delete') })));
        return item;
    }

    /** Puts a field in the place of the title; Enter takes what is in it, Escape does not. */
    #rename(conversation, item) {
        const input = make('input', { 'aria-label': 'Title', dir: 'auto', maxlength: 100 });
        input.value = conversation.title;
        let isOver = false;
        const end = isTaken => {
            if (isOver) return;
            isOver = true;
            const title = input.value.trim();
            if (isTaken && title) {
                Object.assign(conversation, { title, isNamed: true });
                this.page.keep(conversation);
            }
            this.draw();
            this.list.querySelector('[aria-current]')?.focus();
        };
        input.addEventListener('keydown', event => {
            if (event.isComposing || !['Enter', 'Escape'].includes(event.key)) return;
            event.preventDefault();
            event.stopPropagation();
            end(event.key === 'Enter');
        });
        input.addEventListener('blur', () => end(true));
        item.replaceChildren(input);
        input.select();
    }

    #delete(conversation) {
        const { page } = this;
        page.keepNow();
        page.conversations.delete(conversation);
        page.begin();
        page.notice.say(`Deleted \u201c${conversation.title}\u201d.`, [['Undo', () => {
            page.keep(conversation);
            page.open(conversation);
        }]]);
    }

    #export() {
        const { current, settings, facts } = this.page;
        const name = current.title.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '');
        download(exported(current, settings.system),
            (name.slice(0, 40) || 'swiftlet') + (facts.isChat ? '.json' : '.txt'));
    }

    async #takeIn(file) {
        const { page } = this;
        const content = file.size <= mostFileBytes
            ? imported(await file.text(), page.facts.isChat) : null;
        if (!content) {
            page.notice.say(`${file.name} is not a conversation. Choose a JSON file of at most`
                + ' 4 MB, with messages that each have a role and a content.', [],
            { isAlert: true });
            return;
        }
        const conversation = page.conversations.make(content);
        page.keep(conversation);
        page.open(conversation);
    }
}
