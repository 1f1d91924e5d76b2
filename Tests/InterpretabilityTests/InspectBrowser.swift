// Opens pages of `inspect` in a browser, for tests that use them as a reader does.

import TestSupport

@testable import Interpretability

/// Helpers for the scripts of these tests.
private let helpers = """
    const find = (selector, within = document) => within.querySelector(selector);
    const send = (element, type, more = {}) => {
        const box = element.getBoundingClientRect();
        element.dispatchEvent(new PointerEvent(type, { bubbles: true, pointerId: 1,
            clientX: box.left + (more.x ?? 2), clientY: box.top + (more.y ?? 2) }));
    };
    const press = (selector, key, more = {}) => find(selector).dispatchEvent(
        new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
    const note = part => {
        const shown = [...document.querySelectorAll(`#${part} .tip`)].find(tip => !tip.hidden);
        return !shown ? '' : [find('b', shown).textContent,
            ...[...shown.querySelectorAll('tr, li')].map(row => [...row.children]
                .map(cell => cell.textContent).filter(text => text).join(' | '))].join('\\n');
    };
    const words = part => [...document.querySelectorAll(`#${part} .word`)];
    const shades = part => words(part).map(word => word.style.getPropertyValue('--v'));
    /** The middle of a cell of the large pattern. */
    const middle = (token, at) => {
        const cell = Number(find('.pattern').dataset.cell);
        const margin = Number(find('.pattern').dataset.margin);
        return { x: margin + (at + .5) * cell, y: 7 + (token + .5) * cell };
    };
    const chosen = () => find('#attention .chosen-head').textContent;
    """

/// What a script notes about a page in a browser.
func openInBrowser(
    of page: InspectPage = PageFindings.page(),
    width: Int = 1200,
    _ script: String
) throws -> [String: String] {
    try Browser.run(page.source, width: width, script: helpers + script)
}
