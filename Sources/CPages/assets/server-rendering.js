// A model's text on the page: paragraphs, blocks of code, and `code` and **strong** words in lines.
// It is put there as text alone, never as markup, and no part of it can be clicked.

/** The blocks of a text: paragraphs, and code between lines of three backticks. */
function blocksOf(text) {
    const blocks = [];
    let [lines, fence] = [[], null];
    const end = isCode => {
        const body = lines.join('\n');
        lines = [];
        if (isCode) blocks.push({ kind: 'code', language: fence.language, text: body });
        else if (body) blocks.push({ kind: 'paragraph', text: body.trimEnd() });
    };
    for (const line of text.split('\n')) {
        const mark = line.match(/^\s*(`{3,})\s*([^`]*)$/);
        if (fence) {
            if (mark && mark[2].trim() === '' && mark[1].length >= fence.length) {
                end(true);
                fence = null;
            } else {
                lines.push(line);
            }
        } else if (mark) {
            end(false);
            fence = { length: mark[1].length, language: mark[2].trim().slice(0, 30) };
        } else if (line.trim() === '') {
            end(false);
        } else {
            lines.push(line);
        }
    }
    end(fence !== null);
    return blocks;
}

/** A text that may grow: only blocks that changed are drawn again. */
class Rendering {
    #blocks = [];

    constructor(place) {
        this.place = place;
    }

    show(text) {
        const blocks = blocksOf(text);
        blocks.forEach((block, index) => {
            const old = this.#blocks[index];
            const isSame = old && old.kind === block.kind && old.language === block.language;
            if (isSame && old.text === block.text) return;
            if (isSame && block.kind === 'code') {
                this.place.children[index].querySelector('code').textContent = block.text;
                return;
            }
            const element = block.kind === 'code' ? codeElement(block) : paragraphElement(block);
            if (old) this.place.children[index].replaceWith(element);
            else this.place.append(element);
        });
        while (this.place.children.length > blocks.length) this.place.lastChild.remove();
        this.#blocks = blocks;
    }
}

function paragraphElement({ text }) {
    const heading = text.match(/^#{1,6} +([^\n]+)$/);
    if (heading) return make('p', { class: 'heading', dir: 'auto' }, ...wordsOf(heading[1]));
    return make('p', { dir: 'auto' }, ...wordsOf(text));
}

function codeElement({ language, text }) {
    const code = make('code', { dir: 'ltr' }, text);
    const copy = buttonOf('Copy', () => copied(code.textContent, copy));
    return make('div', { class: 'code' },
        make('div', { class: 'row' }, make('span', { class: 'note' }, language || 'code'), copy),
        make('pre', { tabindex: 0, role: 'group', 'aria-label': 'Code' }, code));
}

/** The parts of a line: code between backticks, strong words between pairs of asterisks. */
function wordsOf(text) {
    // 2**3 is no strong word; and the way to the end of one is short, or long lines take long.
    const special = /(`[^`\n]+`|(?<![\w*])\*\*(?=[^\s*])[^\n]{0,300}?[^\s*]\*\*(?![\w*]))/;
    return text.split(special).filter(part => part).map(part => {
        if (part.length > 2 && part.startsWith('`') && part.endsWith('`')) {
            return make('code', {}, part.slice(1, -1));
        }
        const strong = part.length > 4 && part.match(/^\*\*(.+)\*\*$/);
        return strong ? make('strong', {}, strong[1]) : part;
    });
}
