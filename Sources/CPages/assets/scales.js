// From values to places along an axis, and the round numbers marked on it.

/** Below this, halves and tenths of a number lose digits and end at 0. */
const smallestScaled = 1e-290;
const withinNumbers = value => Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE);

/** An axis from its lowest to its highest value, linear or logarithmic. */
class Scale {
    constructor(low, high, isLogarithmic = false) {
        // A range without width becomes one with some.
        if (!(high - low > Math.max(Math.abs(high) * 1e-9, smallestScaled))) {
            const margin = low === 0 ? 1 : Math.max(Math.abs(low) * 0.05, smallestScaled);
            [low, high] = [withinNumbers(low - margin), withinNumbers(high + margin)];
        }
        [this.low, this.high] = [low, high];
        this.isLogarithmic = isLogarithmic && low >= smallestScaled;
    }

    /** An axis that shows values with a little air around them. */
    static showing(low, high, { startsAtZero = false, isLogarithmic = false } = {}) {
        if (isLogarithmic && low >= smallestScaled && Number.isFinite(high / low)) {
            const air = Math.pow(high / low, 0.04);
            return new Scale(withinNumbers(low / air), withinNumbers(high * air), true);
        }
        // Halves, because the width of a range of extremes is not finite.
        const air = (high / 2 - low / 2) * 0.1;
        const bottom = withinNumbers(startsAtZero ? Math.min(0, low) : low - air);
        return new Scale(bottom, withinNumbers(Math.max(high + air, bottom)));
    }

    /** Where a value is: 0 at the low end, 1 at the high one. */
    place(value) {
        if (!this.isLogarithmic) {
            return (value / 2 - this.low / 2) / (this.high / 2 - this.low / 2);
        }
        if (value <= 0) return -Infinity;
        return Math.log(value / this.low) / Math.log(this.high / this.low);
    }

    /** The value at a place. */
    value(place) {
        return this.isLogarithmic
            ? this.low * Math.pow(this.high / this.low, place)
            : this.low + (this.high - this.low) * place;
    }

    /** Round numbers on the axis, about as many as there is room for. */
    ticks(count) {
        return this.isLogarithmic ? this.#logarithmicTicks(count) : this.#linearTicks(count);
    }

    #linearTicks(count) {
        const rough = (this.high - this.low) / count;
        if (!Number.isFinite(rough) || rough <= 1e-300) return [];
        const power = Math.pow(10, exponentOf(rough));
        return this.multiples([1, 2, 2.5, 5, 10].map(step => step * power)
            .find(step => step >= rough * 0.999));
    }

    /** The multiples of a step that lie on the axis. */
    multiples(step) {
        const first = Math.ceil(this.low / step);
        const last = Math.floor(this.high / step);
        if (!(Math.abs(first) < 1e15) || !(last - first < 1000)) return [];
        return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
    }

    #logarithmicTicks(count) {
        const [lowest, highest] = [exponentOf(this.low), exponentOf(this.high)];
        if (Math.max(Math.abs(lowest), Math.abs(highest)) > 300) return [];
        const stride = Math.max(1, Math.ceil((highest - lowest) / Math.max(count, 1)));
        for (const digits of [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 7]]) {
            const ticks = [];
            for (let exponent = lowest; exponent <= highest; exponent += stride) {
                for (const digit of digits) {
                    const value = Number(digit + 'e' + exponent);
                    if (value >= this.low && value <= this.high) ticks.push(value);
                }
            }
            if (ticks.length >= 4) return ticks;
        }
        return this.#linearTicks(count);
    }

    /** Round times on the axis. */
    durationTicks(count) {
        const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600,
            43200, 86400];
        const rough = (this.high - this.low) / count;
        const step = steps.find(step => step >= rough);
        return step === undefined || rough < 0.5 || this.isLogarithmic
            ? this.ticks(count) : this.multiples(step);
    }
}

/** Writes marked values with as many decimals as tell them apart. */
function tickLabels(scale, ticks) {
    const last = Math.abs(ticks[ticks.length - 1]);
    const step = Math.min(...ticks.slice(1).map((tick, index) => tick - ticks[index]));
    if (last >= 10000 && ticks.length > 1) {
        // The steps have two digits at most, such as 25.
        const digits = Math.min(12, Math.max(3, exponentOf(last) - exponentOf(step) + 2));
        return ticks.map(value => compact(value, 1000, digits));
    }
    if (scale.isLogarithmic || ticks.length < 2) return ticks.map(value => compact(value));
    for (let places = 0; places < 10; places += 1) {
        const units = step * Math.pow(10, places);
        if (units > 0.5 && Math.abs(units - Math.round(units)) < 0.01) {
            return ticks.map(value => grouped(value.toFixed(places)));
        }
    }
    return ticks.map(value => significant(value));
}
