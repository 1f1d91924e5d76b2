// What the browser keeps for the page. Where it may keep nothing, or has no more room, the page
// remembers until it is closed.

class Keeper {
    #memory = new Map();

    constructor() {
        try {
            this.area = localStorage;
            this.area.setItem('swiftlet/try', '');
            this.area.removeItem('swiftlet/try');
        } catch (error) {
            // A full one can still be read and emptied.
            if (error.name !== 'QuotaExceededError') this.area = null;
        }
    }

    /** Whether anything outlasts the page. */
    get isLasting() {
        return Boolean(this.area);
    }

    /** The names that begin with a prefix. */
    names(prefix) {
        const kept = this.area
            ? Array.from({ length: this.area.length }, (_, index) => this.area.key(index)) : [];
        return [...new Set([...kept, ...this.#memory.keys()])]
            .filter(name => name?.startsWith(prefix));
    }

    /** A value; null when there is none, or what is kept is no JSON. */
    get(name) {
        if (this.#memory.has(name)) return structuredClone(this.#memory.get(name));
        try {
            return JSON.parse(this.area?.getItem(name) ?? 'null');
        } catch {
            return null;
        }
    }

    /** Keeps a value; false when there is no room for it. */
    set(name, value) {
        if (this.area) {
            try {
                this.area.setItem(name, JSON.stringify(value));
                this.#memory.delete(name);
                return true;
            } catch { /* no room */ }
        }
        this.#memory.set(name, structuredClone(value));
        return !this.area;
    }

    delete(name) {
        this.#memory.delete(name);
        this.area?.removeItem(name);
    }
}
