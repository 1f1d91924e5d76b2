// The page's data: series, which are drawn in one color each, and their lines in each chart. Here
// they are taken apart, put on the chosen axis, and thinned to what a screen can show.

/** The place of the first element that is not below a value, in an ascending list. */
function lowerBound(values, value) {
    let [low, high] = [0, values.length];
    while (low < high) {
        const middle = (low + high) >> 1;
        if (values[middle] < value) low = middle + 1; else high = middle;
    }
    return low;
}

/** A value between the given points of an ascending line, and along its ends beyond them. */
function interpolate(from, to, value) {
    const last = from.length - 1;
    if (last < 1) return to[0];
    const right = Math.min(Math.max(lowerBound(from, value), 1), last);
    const share = (value - from[right - 1]) / (from[right] - from[right - 1] || 1);
    return to[right - 1] + share * (to[right] - to[right - 1]);
}

/** What a series has on an axis at a step; undefined when it is not on that axis. */
function onAxis(series, axis, step) {
    if (axis === 'step') return step;
    const [steps, values] = series.axes[axis] ?? [];
    return steps && interpolate(steps, values, step);
}

/** Steps are written as what each is more than the one before. */
function unpack(data) {
    for (const line of data.charts.flatMap(chart => chart.lines)) {
        let step = 0;
        line.steps = line.steps.map(more => (step += more));
    }
    return data;
}

/** A line's places on an axis, computed once. */
function placesOf(line, series, axis) {
    if (axis === 'step') return line.steps;
    line.places ??= {};
    return line.places[axis] ??= line.steps.map(step => onAxis(series, axis, step));
}

/** From which point to which a line is in a window, with a neighbor on either side. */
function indicesWithin(places, [low, high]) {
    const first = lowerBound(places, low);
    let end = lowerBound(places, high);
    while (end < places.length && places[end] === high) end += 1;
    return [Math.max(0, first - 1), Math.min(places.length, end + 1)];
}

/** Points on the screen of which no more are kept in a column of a pixel than its extremes. */
function thinned(points, width) {
    if (points.length <= 2 * width) return points;
    const kept = [];
    let start = 0;
    while (start < points.length) {
        const column = Math.floor(points[start][0]);
        let [low, high, end] = [start, start, start + 1];
        for (; end < points.length && Math.floor(points[end][0]) === column; end += 1) {
            if (points[end][1] < points[low][1]) low = end;
            if (points[end][1] > points[high][1]) high = end;
        }
        kept.push(points[Math.min(low, high)]);
        if (low !== high) kept.push(points[Math.max(low, high)]);
        start = end;
    }
    return kept;
}
