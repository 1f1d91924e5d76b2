// Attention patterns as the page carries them, and painted as pixels.
//
// For each layer and head a lower triangle of bytes, row after row. A byte is the square root of
// the attention, in 255 parts, so that small values keep digits and are seen.

class Patterns {
    constructor({ layers, heads, patterns }, count) {
        Object.assign(this, { layers, heads, count });
        const text = atob(patterns);
        this.bytes = new Uint8Array(text.length);
        for (let index = 0; index < text.length; index += 1) {
            this.bytes[index] = text.charCodeAt(index);
        }
        this.size = count * (count + 1) / 2;
        this.isRelative = false;
    }

    has(layer, head) {
        return this.layers.includes(layer) && this.heads.includes(head);
    }

    /** The triangle of a head. */
    of(layer, head) {
        const place = this.layers.indexOf(layer) * this.heads.length + this.heads.indexOf(head);
        return this.bytes.subarray(place * this.size, (place + 1) * this.size);
    }

    /**
     * What of a triangle is painted: it as it is, or each row by its largest value. The first
     * token, where heads look that have nothing to look for, is no measure of the others.
     */
    painted(layer, head) {
        const triangle = this.of(layer, head);
        if (!this.isRelative) return triangle;
        const relative = new Uint8Array(triangle.length);
        for (let token = 0; token < this.count; token += 1) {
            const [start, end] = [Patterns.row(token), Patterns.row(token + 1)];
            let largest = 1;
            for (let place = start + 1; place < end; place += 1) {
                if (triangle[place] > largest) largest = triangle[place];
            }
            for (let place = start; place < end; place += 1) {
                relative[place] = Math.min(255, triangle[place] * 255 / largest);
            }
        }
        return relative;
    }

    /** Where a token's row begins in a triangle. */
    static row(token) {
        return token * (token + 1) / 2;
    }

    /** How much a token looks at another, from 0 to 1; 0 for those that follow it. */
    value(layer, head, token, at) {
        if (at > token) return 0;
        return Math.pow(this.of(layer, head)[Patterns.row(token) + at] / 255, 2);
    }
}

/** As 0.412; the third decimal is as exact as the page's values are. */
function attentionText(value) {
    return value > 0 && value < 0.0005 ? '< 0.001' : value.toFixed(3);
}

/**
 * Paints a triangle into a square of an image's pixels. Where a pixel stands for several values it
 * shows the largest, or thin lines would be lost.
 */
function paintPattern(triangle, count, { pixels, start, stride, side, colors }) {
    if (count > side) return paintLargest(triangle, count, { pixels, start, stride, side, colors });
    const tokens = Array.from({ length: side }, (_, place) => Math.floor(place * count / side));
    for (let y = 0; y < side; y += 1) {
        const row = Patterns.row(tokens[y]);
        const line = start + y * stride;
        for (let x = 0; x < side && tokens[x] <= tokens[y]; x += 1) {
            pixels[line + x] = colors[triangle[row + tokens[x]]];
        }
    }
}

function paintLargest(triangle, count, { pixels, start, stride, side, colors }) {
    const largest = new Uint8Array(side * side);
    const places = Array.from({ length: count }, (_, token) => Math.floor(token * side / count));
    let index = 0;
    for (let token = 0; token < count; token += 1) {
        const line = places[token] * side;
        for (let at = 0; at <= token; at += 1, index += 1) {
            const place = line + places[at];
            if (triangle[index] > largest[place]) largest[place] = triangle[index];
        }
    }
    for (let y = 0; y < side; y += 1) {
        for (let x = 0; x <= y; x += 1) {
            pixels[start + y * stride + x] = colors[largest[y * side + x]];
        }
    }
}
