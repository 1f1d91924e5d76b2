// Numbers as people read them. No locale: a page reads the same everywhere.
'use strict';

/** Digits in groups of three, with a true minus sign. */
function grouped(text) {
    const [whole, fraction] = text.replace('-', '').split('.');
    const minus = text.startsWith('-') && /[1-9]/.test(text) ? '\u2212' : '';
    const groups = whole.replace(/\B(?=(\d{3})+$)/g, ',');
    return minus + groups + (fraction ? '.' + fraction : '');
}

/** Without zeros at the end of the decimals. */
function trimmed(text) {
    // The zeros of an exponent count.
    return text.includes('.') && !text.includes('e') ? text.replace(/\.?0+$/, '') : text;
}

/** The power of ten of the first digit. */
function exponentOf(value) {
    return Number(value.toExponential().split('e')[1]);
}

/** As 6e-4 or 3.25e-5. */
function scientific(value, digits = 4) {
    if (value === 0 || !Number.isFinite(value)) return String(value);
    const [mantissa, exponent] = value.toExponential(digits - 1).split('e');
    return grouped(trimmed(mantissa)) + 'e' + Number(exponent);
}

/** About so many significant digits: 10.97, 0.0123, 6.00e-5. */
function significant(value, digits = 4) {
    if (value === 0 || !Number.isFinite(value)) return String(value);
    const exponent = exponentOf(value);
    if (exponent < -4 || exponent > 8) return scientific(value, digits);
    return grouped(value.toFixed(Math.max(0, digits - 1 - exponent)));
}

/** As 12.8k, 124M or 1.5B, with about so many significant digits; in full below the limit. */
function compact(value, limit = 10000, digits = 3) {
    if (Math.abs(value) < limit) {
        return trimmed(Math.abs(value) < 100 ? significant(value, 3) : grouped(value.toFixed(0)));
    }
    for (const [unit, size] of [['k', 1e3], ['M', 1e6], ['B', 1e9], ['T', 1e12]]) {
        // 999.6k would be written as 1000k, with three digits.
        if (Math.abs(value / size) < 1000 - 0.5 * Math.pow(10, 3 - digits)) {
            return trimmed(significant(value / size, digits)) + unit;
        }
    }
    return scientific(value, digits);
}

/** A fraction of 1 as 30% or 30.5%. */
function percent(value) {
    return Math.abs(value) < 1e6 ? trimmed((100 * value).toFixed(1)) + '%' : significant(value);
}

/** A time in its two largest units: 42s, 3m 07s, 5h 12m, 3d 04h. */
function duration(seconds) {
    if (seconds >= 1e15) return scientific(seconds, 3) + 's';
    if (seconds < 10) return trimmed(seconds.toFixed(seconds < 1 ? 2 : 1)) + 's';
    const whole = Math.round(seconds);
    const two = number => String(number).padStart(2, '0');
    if (whole < 60) return whole + 's';
    if (whole < 3600) return Math.floor(whole / 60) + 'm ' + two(whole % 60) + 's';
    const [hours, days] = [Math.floor(whole / 3600), Math.floor(whole / 86400)];
    if (days < 1) return hours + 'h ' + two(Math.floor(whole / 60) % 60) + 'm';
    return compact(days) + 'd ' + two(hours % 24) + 'h';
}

/** As 0.02 or 3e-4. */
function rate(value) {
    return Math.abs(value) < 0.01 ? scientific(value) : trimmed(significant(value));
}

/** How the page's data name a way to write values: on an axis (null for plain numbers), in full. */
const formats = {
    number: { axis: null, value: value => significant(value) },
    rate: { axis: rate, value: rate },
    count: { axis: null, value: value => significant(value, 3) },
    percent: { axis: percent, value: percent },
    whole: { axis: null, value: value => grouped(value.toFixed(0)) },
    duration: { axis: value => duration(value).replace(/ 0+[a-z]$/, ''), value: duration },
};
