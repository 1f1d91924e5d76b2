// Values from 0 to 1 as shades between the ground and an accent: for cells of the page in its style
// sheet (--v), for canvases as tables of pixels made here, light or dark as the page is.

/** A color of the page's style as red, green and blue. */
function colorOf(name) {
    const context = document.createElement('canvas').getContext('2d');
    context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const number = parseInt(context.fillStyle.slice(1), 16);
    return [number >> 16, number >> 8 & 255, number & 255];
}

/** Pixels from one color to another, as the image of a canvas holds them. */
function shadesBetween(low, high, count = 256) {
    const bytes = new Uint8ClampedArray(4 * count);
    for (let index = 0; index < count; index += 1) {
        const part = index / (count - 1);
        for (let channel = 0; channel < 3; channel += 1) {
            bytes[4 * index + channel] = low[channel] + (high[channel] - low[channel]) * part;
        }
        bytes[4 * index + 3] = 255;
    }
    return new Uint32Array(bytes.buffer);
}

/** Calls when the page turns dark or light, or is printed, and so has other colors. */
function whenColorsChange(act) {
    for (const query of ['(prefers-color-scheme: dark)', 'print']) {
        matchMedia(query).addEventListener('change', act);
    }
}

/** Calls when an element has another width. */
function whenResized(element, act) {
    let width = element.clientWidth;
    new ResizeObserver(() => {
        if (element.clientWidth === width) return;
        width = element.clientWidth;
        act();
    }).observe(element);
}

/** A canvas of a size on the page, with as many pixels as the screen has there. */
function sizeCanvas(canvas, width, height) {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    [canvas.style.width, canvas.style.height] = [width + 'px', height + 'px'];
    const context = canvas.getContext('2d');
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return { context, ratio };
}

/** A value in words; a dash for what is no number, as broken models have. */
function orDash(value, format) {
    return value === null || value === undefined ? '\u2013' : format(value);
}

/** Shades a cell of the page; strong shades take other ink, which is sooner on a dark page. */
function shade(cell, value) {
    const part = Math.min(Math.max(value, 0), 1);
    cell.style.setProperty('--v', part.toFixed(3));
    cell.classList.toggle('half', part > 0.5);
    cell.classList.toggle('deep', part > 0.7);
}
