/* Numbers as texts, and small drawings. Elements are made node by node: texts from flows never become markup. */

const SVG = "http://www.w3.org/2000/svg";
const PREFIXES = ["", "k", "M", "G", "T", "P", "E"];

/* make("p.class", {attribute: value}, child...) makes an element. Texts among the children become text nodes. */
export function make(kind, attributes = {}, ...children) {
    const [name, ...classes] = kind.split(".");
    const element = document.createElement(name);
    element.className = classes.join(" ");
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children.filter((child) => child !== null));
    return element;
}

export function shape(name, attributes, ...children) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
}

/* Three digits and a prefix, as ["12.3", "M"]. */
export function scaled(number) {
    let step = 0;
    while (number >= 999.5 && step < PREFIXES.length - 1) {
        number /= 1000;
        step++;
    }
    const digits = number >= 99.95 || (step === 0 && Number.isInteger(number)) ? 0 : number >= 9.995 ? 1 : 2;
    return [number.toFixed(digits), PREFIXES[step]];
}

/* A rate with its unit. Bytes are shown as bits, as lines are sold. */
export function rate(number, value) {
    const [text, prefix] = scaled(value === "bytes" ? number * 8 : number);
    const unit = value === "bytes" ? "bit/s" : value === "1" ? "records/s" : `${value}/s`;
    return make("span.number", {}, text + "\u00a0", make("span.unit", {}, prefix + unit));
}

export function count(number, unit = "") {
    const [text, prefix] = scaled(number);
    const tail = unit.length > 3 ? `${prefix}\u00a0${unit}` : prefix + unit; /* MB/s, but k records/s */
    return make("span.number", {}, text, tail.trim() ? make("span.unit", {}, "\u00a0" + tail.trim()) : null);
}

export function percent(share) {
    const hundredths = share * 100;
    return `${hundredths >= 9.95 ? hundredths.toFixed(0) : hundredths.toFixed(1)}\u00a0%`;
}

export function seconds(number) {
    if (number < 0.9995) return `${(number * 1000).toFixed(number < 0.00995 ? 1 : 0)}\u00a0ms`;
    if (number < 120) return `${number.toFixed(number < 9.95 ? 1 : 0)}\u00a0s`;
    return number < 7200 ? `${Math.round(number / 60)}\u00a0min` : `${Math.round(number / 3600)}\u00a0h`;
}

/* Rates over time, from 0 to the maximum. Where no rate is known the line has a gap. */
export function spark(top, rates) {
    const svg = shape("svg", { viewBox: "0 0 100 20", preserveAspectRatio: "none", "aria-hidden": "true" });
    const end = top.ends.at(-1);
    const begin = Math.min(top.ends[0] - top.seconds[0], end - 120);
    const most = Math.max(...rates, 1e-9);
    const x = (time) => (((time - begin) / (end - begin)) * 100).toFixed(2);
    const y = (value) => (19 - (value / most) * 18).toFixed(2);
    let run = [];
    const draw = () => {
        if (run.length) {
            const line = run.map(([from, to, value]) => `${x(from)} ${y(value)} ${x(to)} ${y(value)}`).join(" ");
            svg.append(shape("path", { class: "area", d: `M${x(run[0][0])} 20 L${line} L${x(run.at(-1)[1])} 20Z` }));
            svg.append(shape("path", { class: "line", d: `M${line}` }));
        }
        run = [];
    };
    rates.forEach((value, i) => {
        if (value === null) draw();
        else run.push([top.ends[i] - top.seconds[i], top.ends[i], value]);
    });
    draw();
    top.backlog.forEach((isBacklog, i) => {
        if (!isBacklog) return;
        const [from, to] = [x(top.ends[i] - top.seconds[i]), x(top.ends[i])];
        svg.append(shape("rect", { class: "backlog", x: from, y: 0, width: Math.max(to - from, 0), height: 20 }));
    });
    return svg;
}

export function bar(share, isFull = false) {
    return shape("svg", { viewBox: "0 0 100 1", preserveAspectRatio: "none", "aria-hidden": "true" },
        shape("rect", { class: "bar-ground", width: 100, height: 1 }),
        shape("rect", { class: isFull ? "bar full" : "bar", width: Math.min(share, 1) * 100, height: 1 }));
}

/* Draws lines between the nodes of neighbouring stages and, where there is room, the way back of a checkpoint. */
export function edges(board, stages, isFlowing) {
    const svg = shape("svg", { "aria-hidden": "true" });
    const origin = board.getBoundingClientRect();
    const box = (element) => {
        const r = element.getBoundingClientRect();
        return { left: r.left - origin.left, right: r.right - origin.left, top: r.top - origin.top,
            bottom: r.bottom - origin.top, x: (r.left + r.right) / 2 - origin.left, y: (r.top + r.bottom) / 2 - origin.top };
    };
    const isColumn = getComputedStyle(board).flexDirection === "column";
    for (let i = 0; i + 1 < stages.length; i++)
        for (const [j, from] of stages[i].map(box).entries())
            for (const to of stages[i + 1].map(box)) {
                if (isColumn && j < stages[i].length - 1) continue; /* the others are stacked behind the last one */
                const middle = isColumn ? (from.bottom + to.top) / 2 : (from.right + to.left) / 2;
                const d = isColumn ? `M${from.x} ${from.bottom} V${to.top}`
                    : `M${from.right} ${from.y} C${middle} ${from.y} ${middle} ${to.y} ${to.left} ${to.y}`;
                svg.append(shape("path", { class: "edge", d }));
                if (isFlowing) svg.append(shape("path", { class: "flow", d }));
                const tip = isColumn ? `M${to.x - 4} ${to.top - 7} h8 l-4 7z` : `M${to.left - 7} ${to.y - 4} v8 l7 -4z`;
                svg.append(shape("path", { class: "tip", d: tip }));
                if (isColumn) break;
            }
    if (!isColumn && stages.length > 1) {
        const last = box(stages.at(-1).at(-1)), first = box(stages[0].at(-1)), low = origin.height - 9;
        svg.append(shape("path", { class: "back",
            d: `M${last.x} ${last.bottom} V${low - 8} q0 8 -8 8 H${first.x + 8} q-8 0 -8 -8 V${first.bottom + 7}` }));
        svg.append(shape("path", { class: "tip", d: `M${first.x - 4} ${first.bottom + 8} h8 l-4 -7z` }));
    }
    return svg;
}
