// The panels at the sides: beside the page where there is room, over it where there is not.

class Panel {
    static narrow = matchMedia('(max-width: 900px)');

    constructor(page, element, opener) {
        Object.assign(this, { page, element, opener });
        opener.addEventListener('click', () => this.toggle(!this.isOpen));
        element.querySelector('.close').addEventListener('click', () => this.toggle(false));
        Panel.narrow.addEventListener('change', () => {
            this.isOpen = !Panel.narrow.matches && this.#isKeptOpen;
            this.#arrange();
        });
        this.name = 'swiftlet/panel/' + element.id;
        this.isOpen = !Panel.narrow.matches && this.#isKeptOpen;
        this.#arrange();
    }

    /** The list is there at first, the settings when they are asked for. */
    get #isKeptOpen() {
        return this.page.keeper.get(this.name) ?? this.element.id === 'history';
    }

    /** Whether it hides the page. */
    get isOver() {
        return this.isOpen && Panel.narrow.matches;
    }

    toggle(isOpen) {
        this.isOpen = isOpen;
        if (!Panel.narrow.matches) this.page.keeper.set(this.name, isOpen);
        this.#arrange();
        (isOpen ? this.element.querySelector('.close') : this.opener).focus();
    }

    closeOver() {
        if (!this.isOver) return;
        this.isOpen = false;
        this.#arrange();
    }

    #arrange() {
        this.element.hidden = !this.isOpen;
        this.opener.setAttribute('aria-expanded', String(this.isOpen));
        this.page.main.inert = Boolean(this.page.panels?.some(panel => panel.isOver));
    }
}
