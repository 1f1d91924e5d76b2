// Elements made by scripts: whatever text is put into them stays text.

/** An element of SVG, or of HTML where it has no such attributes. */
function make(name, attributes = {}, ...children) {
    const isDrawn = /^(svg|g|path|circle|rect|text|clipPath|defs)$/.test(name);
    const element = isDrawn
        ? document.createElementNS('http://www.w3.org/2000/svg', name)
        : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
}
