/*
 * Asks the program every few seconds for its counts and its state, and draws them. docs/api.md describes the answers.
 */

import { bar, count, edges, make, percent, rate, scaled, seconds, spark } from "./draw.js";

const EVERY_MS = 5000;
const TITLE = document.title;
const TITLES = { source: "Top sources", destination: "Top destinations", router: "By router", series: "Top series" };
const WHO = { source: "AS", destination: "AS", router: "Router", series: "Labels" };
const WAYS = { in: ["Received", "in", "←"], out: ["Sent", "out", "→"], none: ["Counted", "", ""] };

const MARKS = { old: "not of now", backlog: "catching up" };

const at = (id) => document.getElementById(id);
const seen = { top: null, status: null, before: null, answered: null, failed: false };
let isPaused = false;
let timer = 0;

const wayOf = (view) => view.direction ?? "none";
/* Rates older than this are not shown as present. */
const STALE_SECONDS = 90;

/* Gives why the page's rates are not those of the present traffic, or null if they are. */
function staleness() {
    if (seen.failed) return "old";
    if (!seen.top?.ends.length) return null;
    if (seen.top.time - seen.top.ends.at(-1) > STALE_SECONDS) return "old";
    return seen.top.backlog_seconds > 0 ? "backlog" : null;
}

const metric = (part, name) => part?.metrics?.[name] ?? 0;

/* Growth per second between the last two answers. null: there has been only one answer. */
function speed(part, name) {
    if (seen.failed) return null;
    const before = seen.before?.parts.find((other) => other.name === part.name);
    const passed = before ? seen.status.monotonic_seconds - seen.before.monotonic_seconds : 0;
    return passed > 0 ? Math.max(0, metric(part, name) - metric(before, name)) / passed : null;
}

/* ---- traffic ---- */

function drawTotal(view) {
    const [title, , arrow] = WAYS[wayOf(view)];
    const stale = staleness();
    return make(`article.card.total.${wayOf(view)}`, { "data-metric": view.metric },
        make("h3", {}, make("b", {}, `${arrow} ${title}`.trim()), ` ${view.metric}`,
            stale ? make("span.mark", {}, MARKS[stale]) : null),
        rate(view.rate, view.value), spark(seen.top, view.rates));
}

/* Shows control characters as their pictures. They would be invisible, and two labels could look the same. */
const visible = (text) => text.replace(/[\0-\x1f]/g, (control) => String.fromCharCode(0x2400 + control.charCodeAt(0)));

function who(view, item) {
    const isNumber = view.by === "source" || view.by === "destination";
    const label = isNumber && /^\d+$/.test(item.label) ? `AS${item.label}` : visible(item.label) || "(none)";
    return make("th.who", { scope: "row", title: `${label} ${item.name}`.trim() },
        make("b", {}, label), item.name ? make("span", {}, ` ${item.name}`) : null);
}

function drawRow(view, item) {
    const cell = make("td.share.right.number", {}, percent(item.share));
    cell.append(bar(item.share));
    return make("tr", {}, who(view, item), make("td", {}, spark(seen.top, item.rates)),
        make("td.right", {}, rate(item.rate, view.value)), cell);
}

function drawTable(view, title) {
    const head = make("tr", {}, make("th", { scope: "col" }, WHO[view.by]),
        make("th.c-spark", { scope: "col" }, "Recent"), make("th.c-rate.right", { scope: "col" }, "Rate"),
        make("th.c-share.right", { scope: "col" }, "Share"));
    const body = make("tbody", {}, ...view.items.map((item) => drawRow(view, item)));
    if (view.rest > view.rate / 1000)
        body.append(make("tr.rest", {}, make("th", { scope: "row" }, "All others"), make("td"),
            make("td.right", {}, rate(view.rest, view.value)),
            make("td.right.number", {}, percent(view.rest / view.rate))));
    return make("table", { "aria-label": title }, make("thead", {}, head), body);
}

function drawView(view) {
    const [, way, arrow] = WAYS[wayOf(view)];
    const title = `${TITLES[view.by]}${way ? `, ${way}` : ""}`;
    const quiet = seen.top.ends.length ? "Nothing was counted in this time." : "No rates yet.";
    const counted = make("span.count");
    if (view.distinct) counted.append(count(view.distinct), " with traffic");
    return make(`article.card.view.${wayOf(view)}`, { "data-metric": view.metric, "data-by": view.by },
        make("h3", {}, make("span.arrow", { "aria-hidden": "true" }, arrow), title,
            way ? null : make("span.count", {}, view.metric), counted),
        view.items.length ? drawTable(view, title) : make("p.empty", {}, quiet));
}

function drawTraffic() {
    const { views } = seen.top;
    const metrics = views.filter((view, i) => views.findIndex((other) => other.metric === view.metric) === i);
    if (seen.top.ends.length) at("totals").replaceChildren(...metrics.map(drawTotal));
    const order = ["source", "destination", "router", "series"];
    const sorted = [...views].sort((a, b) => order.indexOf(a.by) - order.indexOf(b.by));
    at("views").replaceChildren(...sorted.map(drawView));
}

/* ---- pipeline ---- */

function facts(rows) {
    const list = make("dl");
    for (const [name, value, isBad] of rows)
        list.append(make("dt", {}, name), make(isBad ? "dd.bad.number" : "dd.number", {}, value));
    return list;
}

const perSecond = (number) => (number === null ? (seen.failed ? "–" : "…") : count(number, "records/s"));

function node(name, what, big, rows, why = null) {
    const list = facts(rows);
    const state = seen.failed ? "unknown" : why === null ? "good" : "bad";
    return make("li.card.node", { "data-node": name, "data-state": state },
        make("h3", { title: what, "data-state": state }, make("span.dot"), name),
        make("p.big", {}, big), why ? make("p.why", {}, why) : null, list);
}

const whyOf = (part) => seen.status.waiting.find((wait) => wait.part === part.name)?.reason ?? null;

function drawInput(part) {
    const bytes = speed(part, "payload_bytes_total");
    const rows = [["read", bytes === null ? perSecond(null) : count(bytes, "B/s")]];
    if ("kafka_lag_messages" in part.metrics) {
        const lag = metric(part, "kafka_lag_messages");
        rows.push(["lag", count(lag, "messages")], ["partitions", `${metric(part, "kafka_assigned_partitions")}`]);
    }
    const lost = metric(part, "records_lost_total");
    if (lost) rows.push(["lost at the source", count(lost), true]);
    return node(part.name, part.plugin, perSecond(speed(part, "records_total")), rows, whyOf(part));
}

function drawDecode(inputs) {
    const sum = (name) => inputs.reduce((total, part) => total + metric(part, name), 0);
    const speeds = inputs.map((part) => speed(part, "records_total"));
    const reasons = new Map();
    for (const part of inputs)
        for (const [reason, number] of Object.entries(part.metrics.records_malformed_total_by_reason ?? {}))
            reasons.set(reason, (reasons.get(reason) ?? 0) + number);
    const malformed = sum("records_malformed_total");
    const rows = [["records so far", count(sum("records_total"))], ["malformed", count(malformed), malformed > 0]];
    for (const [reason, number] of reasons) rows.push([`\u00a0\u00a0${reason}`, count(number)]);
    return node("decode", "part of the program", perSecond(speeds.some((one) => one === null) ? null
        : speeds.reduce((a, b) => a + b, 0)), rows);
}

function drawStage(part) {
    const busy = speed(part, "stage_seconds_total");
    const dropped = metric(part, "stage_dropped_total");
    const rows = [["busy", busy === null ? perSecond(null) : percent(busy / Math.max(part.workers, 1))]];
    if (dropped) rows.push(["dropped", count(dropped), true]);
    if (part.kind === "output" && "series" in part.metrics) {
        if (metric(part, "series_held")) rows.push(["held for names", count(metric(part, "series_held"))]);
        if (metric(part, "records_unmatched_total")) rows.push(["matched no metric", count(metric(part, "records_unmatched_total"))]);
        if (metric(part, "records_other_total")) rows.push(["in ‘other’", count(metric(part, "records_other_total")), true]);
    }
    const drawn = node(part.name, part.plugin, perSecond(speed(part, "stage_records_total")), rows, whyOf(part));
    if (part.is_this) addSeries(drawn.querySelector("dl"));
    return drawn;
}

/* The number of series of each metric, and its limit. */
function addSeries(list) {
    for (const { metric: name, series, limit } of seen.status.series) {
        const short = name.replace(/^flow_/, "").replace(/_total$/, "");
        list.append(make("dt", { title: name }, short),
            make("dd.number", {}, ...[scaled(series), scaled(limit)].map(([text, prefix], i) => (i ? " / " : "") + text.replace(/\.?0+$/, (zeros) => (text.includes(".") ? "" : zeros)) + prefix),
                make("span.unit", {}, " series")), bar(series / limit, series >= limit));
    }
}

function drawPipeline() {
    const kind = (name) => seen.status.parts.filter((part) => part.kind === name);
    const inputs = kind("input");
    const stages = [inputs.map(drawInput), [drawDecode(inputs)], ...kind("resolver").map((part) => [drawStage(part)]),
        kind("output").map(drawStage)].filter((stage) => stage.length);
    const board = at("pipeline");
    const names = ["Inputs", "Decoder", ...kind("resolver").map(() => "Resolver"), "Outputs"];
    board.replaceChildren(...stages.map((nodes, i) => make("ul.stage.in", { "aria-label": names[i] }, ...nodes)));
    const flowing = inputs.some((part) => speed(part, "records_total") > 0);
    board.prepend(edges(board, stages, flowing && !isPaused));
    drawCheckpoint();
}

function drawCheckpoint() {
    const program = seen.status.program;
    const age = metric(program, "checkpoint_age_seconds");
    const results = program.metrics.checkpoints_total_by_result ?? {};
    const line = make("span", {}, "checkpoint ", make(age > 90 ? "b.bad" : "b", {}, seconds(age), " ago"),
        ` · ${results.committed ?? 0} committed · workers paused for `, seconds(metric(program, "checkpoint_cut_seconds")),
        metric(program, "state_kept") ? " · counters are kept" : " · counters are not kept");
    at("checkpoint").replaceChildren(line);
}

/* ---- notices ---- */

const notice = (text, isBad = false) => make(isBad ? "p.notice.bad" : "p.notice", {}, text);

function notices() {
    const list = [];
    if (seen.failed)
        list.push(notice(seen.answered
            ? `The program does not answer. The page shows its state at ${seen.answered.toLocaleTimeString()}.`
            : "The program does not answer.", true));
    if (!seen.status || seen.failed) return list;
    const stale = staleness();
    if (stale === "old")
        list.push(notice(`Nothing was committed for ${seconds(seen.top.time - seen.top.ends.at(-1))}. The rates are from before that.`, true));
    if (stale === "backlog")
        list.push(notice("Some records counted in the shown time had been waiting in Kafka, so the rates are higher than the traffic was. "
            + "This time is shaded in the lines."));
    for (const wait of seen.status.waiting) list.push(notice(`Not ready: ${wait.part}: ${wait.reason}.`, true));
    const inputs = seen.status.parts.filter((part) => part.kind === "input");
    const records = inputs.reduce((total, part) => total + metric(part, "records_total"), 0);
    const own = seen.status.parts.find((part) => part.is_this);
    if (!records) list.push(notice("No records have arrived yet."));
    else if (own && metric(own, "records_unmatched_total") >= records)
        list.push(notice("Records arrive, but none matches a metric. Is ‘asn’ your own AS?"));
    else if (seen.top && !seen.top.ends.length)
        list.push(notice("Rates appear after two checkpoints, a few seconds apart."));
    for (const { metric: name, series, limit } of seen.status.series)
        if (series >= limit) list.push(notice(`${name} has reached its limit of ${limit} series. New ones are counted in ‘other’.`, true));
    return list;
}

function drawState() {
    const status = seen.status;
    const state = seen.failed ? "bad" : !status ? "wait" : status.ready ? "good" : "bad";
    at("state").dataset.state = state;
    const text = seen.failed ? "No answer" : !status ? "Waiting for the program" : status.ready ? "Ready" : "Not ready";
    if (at("state-text").textContent !== text) at("state-text").textContent = text;
    document.title = state === "good" || state === "wait" ? TITLE : `${text}: ${TITLE}`;
    document.body.dataset.stale = staleness() ?? "no";
    at("version").textContent = status?.program.version ?? "";
    const fresh = notices();
    const same = at("notices").textContent === fresh.map((element) => element.textContent).join("");
    if (!same) at("notices").replaceChildren(...fresh); /* notices are read aloud, so only new ones are put in */
    const until = seen.top?.ends.at(-1);
    at("age").textContent = until
        ? `Committed until ${new Date(until * 1000).toLocaleTimeString()}, mean of the last ${seconds(seen.top.covered_seconds)}` : "";
}

function draw() {
    if (seen.top) drawTraffic();
    if (seen.status) drawPipeline();
    drawState();
}

/* ---- asking ---- */

async function get(path) {
    const answer = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(EVERY_MS * 2) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
}

async function ask() {
    clearTimeout(timer);
    const over = document.querySelector("#over input:checked").value;
    try {
        const [top, status] = await Promise.all([get(`/api/v1/top?limit=10&over=${over}`), get("/api/v1/status")]);
        seen.before = seen.status;
        Object.assign(seen, { top, status, answered: new Date(), failed: false });
    } catch {
        seen.failed = true;
    }
    draw();
    const wait = seen.before || seen.failed ? EVERY_MS : 1500; /* the first rates of the stages need two answers */
    clearTimeout(timer);
    if (!isPaused && !document.hidden) timer = setTimeout(ask, wait);
}

at("over").addEventListener("change", ask);
at("pause").addEventListener("click", () => {
    isPaused = !isPaused;
    at("pause").setAttribute("aria-pressed", `${isPaused}`);
    at("pause").textContent = isPaused ? "Resume" : "Pause";
    if (isPaused) clearTimeout(timer);
    else ask();
});
document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !isPaused) ask();
});
addEventListener("resize", () => seen.status && drawPipeline());
ask();
