"use strict";
(() => {
const byId = (id) => document.getElementById(id);
let review = JSON.parse(byId("review").textContent);
const server = JSON.parse(byId("server").textContent);
const CHUNK = 60, MOST_LINES = 16, MOST_PARAMETERS = 12, MOST_COMPARED = 6, PRESELECTED = 3, POLL_MS = 2000;

// Elements are made with text, never with markup: whatever a name holds is shown as it is.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}
function shape(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// --- columns: what a row shows, sorts and filters by
const fixed = (digits) => (value) => value.toLocaleString("en-US", {minimumFractionDigits: digits, maximumFractionDigits: digits});
const percent = (value) => fixed(2)(value * 100);
const plain = (value) => (typeof value === "string" ? value : JSON.stringify(value));
const text = (key, title, of) => ({key, title, of, text: true});
const figure = (key, title, show, scale = 1) => ({key, title, show, scale, of: (row) => row.figures[key] ?? null});
const day = (time) => (time || "").slice(0, 10);
function interval(row) {
  const {sharpe_low: low, sharpe_high: high} = row.figures;
  return typeof low === "number" && typeof high === "number" ? `${fixed(2)(low)} .. ${fixed(2)(high)}` : "-";
}
function columnsOf(content) {
  return [
    text("name", "name", (row) => row.name),
    text("strategy", "strategy", (row) => (row.kind === "run" ? row.strategy : [row.strategy, row.kind].filter(Boolean).join(", "))),
    figure("annual_growth_fraction", "CAGR %", percent, 100),
    figure("total_return_fraction", "return %", percent, 100),
    figure("constant_exposure_return_fraction", "exposure, constant %", percent, 100),
    figure("perpetual_held_return_fraction", "perpetual held %", percent, 100),
    figure("buy_and_hold_return_fraction", "buy and hold %", percent, 100),
    figure("sharpe", "Sharpe", fixed(2)),
    {...figure("sharpe_low", "95 % interval", fixed(2)), hint: "low > 0", cell: interval, exact: (row) => `${row.figures.sharpe_low ?? "-"} .. ${row.figures.sharpe_high ?? "-"}`},
    figure("max_bar_drawdown_fraction", "drawdown, bars %", percent, 100),
    figure("trades", "trades", fixed(0)),
    figure("fees_quote", "fees", fixed(2)),
    figure("funding_paid_quote", "funding paid", fixed(2)),
    figure("liquidations", "liquidated", fixed(0)),
    text("verdict", "verdict", (row) => row.verdict),
    text("data", "data", (row) => row.data),
    text("range", "range", (row) => (row.first_bar ? `${day(row.first_bar)} to ${day(row.last_bar)}` : null)),
    ...content.differing.slice(0, MOST_PARAMETERS).map((name) => parameter(content, name)),
    text("state", "state", (row) => (row.state === "ok" ? "ok" : `failed: ${row.reason}`)),
    text("note", "note", (row) => row.note || null),
  ];
}
function parameter(content, name) {
  const values = content.rows.filter((row) => Object.hasOwn(row.settings, name)).map((row) => row.settings[name]);
  const of = (row) => (Object.hasOwn(row.settings, name) ? row.settings[name] : null);
  const key = `p.${name}`;
  if (values.every((value) => typeof value === "number" || value === null)) return {key, title: name, show: String, scale: 1, of};
  return text(key, name, (row) => (Object.hasOwn(row.settings, name) ? plain(row.settings[name]) : null));
}
let columns = columnsOf(review);

// --- the view: all of it is in the address
const view = {sort: "-sharpe", filters: {}, find: "", state: "", kind: "", tag: "", selected: null, run: null, log: false};
function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  view.sort = given.get("sort") || "-sharpe";
  for (const name of ["find", "state", "kind", "tag"]) view[name] = given.get(name) || "";
  view.run = given.get("run");
  view.log = given.has("log");
  view.filters = {};
  for (const [name, value] of given) if (name.startsWith("f.") && value) view.filters[name.slice(2)] = value;
  view.selected = given.has("selected") ? new Set(given.getAll("selected").filter(Boolean)) : null;
}
let pending = 0;
function writeAddress() {
  clearTimeout(pending);
  pending = setTimeout(flushAddress, 120);
}
function flushAddress() {
  clearTimeout(pending);
  pending = 0;
  const out = new URLSearchParams();
  if (view.sort !== "-sharpe") out.set("sort", view.sort);
  for (const name of ["find", "state", "kind", "tag", "run"]) if (view[name]) out.set(name, view[name]);
  if (view.log) out.set("log", "1");
  for (const [name, value] of Object.entries(view.filters)) if (value) out.set(`f.${name}`, value);
  if (view.selected) {
    if (!view.selected.size) out.set("selected", "");
    for (const name of view.selected) out.append("selected", name);
  }
  history.replaceState(null, "", `#${out}`);
}
addEventListener("pagehide", () => pending && flushAddress());

// --- filters
const AT_LEAST = {">": (a, b) => a > b, ">=": (a, b) => a >= b, "<": (a, b) => a < b, "<=": (a, b) => a <= b, "=": (a, b) => a === b};
function numberTest(wanted) {
  const term = wanted.replace(/[%,\s]/g, "");
  const range = term.match(/^(-?[\d.]+(?:e-?\d+)?)\.\.(-?[\d.]+(?:e-?\d+)?)$/i);
  if (range && isFinite(range[1]) && isFinite(range[2])) return (value) => value >= Number(range[1]) && value <= Number(range[2]);
  const found = term.match(/^(>=|<=|>|<|=)?(-?[\d.]+(?:e-?\d+)?)$/i);
  if (!found || !isFinite(found[2])) return null;
  const compare = AT_LEAST[found[1] || "="], bound = Number(found[2]);
  return (value) => compare(value, bound);
}
function columnTest(column, wanted) {
  if (column.text) {
    const term = wanted.toLowerCase();
    return (row) => (column.of(row) ?? "").toLowerCase().includes(term);
  }
  const test = numberTest(wanted);
  // Shown percent are compared at 12 digits, so that "= 1.1" is not at the mercy of a binary product.
  return test && ((row) => {
    const value = column.of(row);
    return typeof value === "number" && test(Number((value * column.scale).toPrecision(12)));
  });
}
function shownRows() {
  const tests = [];
  for (const column of columns) {
    const test = view.filters[column.key] && columnTest(column, view.filters[column.key]);
    if (test) tests.push(test);
  }
  const term = view.find.toLowerCase();
  if (term) tests.push((row) => [row.name, row.strategy, row.data, row.verdict, row.note, row.reason, ...row.tags].some((part) => (part ?? "").toLowerCase().includes(term)));
  if (view.state) tests.push((row) => row.state === view.state);
  if (view.kind) tests.push((row) => row.kind === view.kind);
  if (view.tag) tests.push((row) => row.tags.includes(view.tag));
  return sorted(review.rows.filter((row) => tests.every((test) => test(row))));
}
function sorted(rows) {
  const column = columns.find((one) => one.key === view.sort.replace(/^-/, "")) || columns[0];
  const sign = view.sort.startsWith("-") ? -1 : 1;
  const keyed = rows.map((row) => [column.of(row), row]);
  const order = new Intl.Collator("en", {numeric: true}).compare;
  keyed.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null);  // what is unknown comes last either way
    return sign * (column.text ? order(a, b) : a - b);
  });
  return keyed.map(([, row]) => row);
}

// --- the table, made row by row as it is scrolled to
let rows = [], made = 0;
function drawHead() {
  const titles = columns.map((column) => {
    const title = element("button", {type: "button", "data-sort": column.key, onclick: () => sortBy(column)}, column.title);
    const filter = element("input", {"data-filter": column.key, "aria-label": `Filter ${column.title}`, placeholder: column.hint || (column.text ? "has" : "> 0"), value: view.filters[column.key] || ""});
    filter.addEventListener("input", () => { view.filters[column.key] = filter.value.trim(); mark(filter, column); changed(); });
    mark(filter, column);
    return element("th", {scope: "col", class: `${column.text ? "text" : ""} ${column.key === "name" ? "name" : ""}`}, title, element("br"), filter);
  });
  byId("table").tHead.replaceChildren(element("tr", {}, ...titles));
}
function mark(filter, column) {
  const wrong = Boolean(filter.value.trim()) && !columnTest(column, filter.value.trim());
  filter.setAttribute("aria-invalid", String(wrong));
  filter.style.borderColor = wrong ? "var(--bad)" : "";
  filter.title = wrong ? "write >1, <=0.5 or 1..2" : "";
}
function sortBy(column) {
  const down = column.text ? view.sort === column.key : view.sort !== `-${column.key}`;
  view.sort = (down ? "-" : "") + column.key;
  changed();
}
function drawSort() {
  for (const head of byId("table").tHead.querySelectorAll("th")) {
    const button = head.querySelector("button"), column = columns.find((one) => one.key === button.dataset.sort);
    const at = view.sort.replace(/^-/, "") === column.key;
    const down = view.sort.startsWith("-");
    button.textContent = column.title + (at ? (down ? " \u25be" : " \u25b4") : "");
    if (at) head.setAttribute("aria-sort", down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
}
function drawRows() {
  const body = byId("table").tBodies[0];
  const next = rows.slice(made, made + CHUNK);
  body.append(...next.map(drawRow));
  made += next.length;
}
function drawRow(row) {
  const line = element("tr", {"data-name": row.name, class: row.name === view.run ? "open" : ""});
  for (const column of columns) line.append(column.key === "name" ? nameCell(row) : cell(row, column));
  return line;
}
function cell(row, column) {
  const value = column.of(row);
  const kinds = [];
  if (column.text) kinds.push("text");
  if (column.key === "state" && row.state === "failed") kinds.push("failed");
  if (column.key === "verdict" && ["not", "too", "validated"].includes((value || "").split(" ")[0])) kinds.push(value.split(" ")[0]);
  const shown = column.cell ? column.cell(row) : value === null ? "-" : column.text ? value : typeof value === "number" ? column.show(value) : "-";
  const made = element("td", {"data-key": column.key}, shown);
  made.className = kinds.join(" ");
  if (column.key === "range") made.classList.add("whole");
  if (!column.text && value !== null) made.title = column.exact ? column.exact(row) : String(value);
  return made;
}
function nameCell(row) {
  const box = element("input", {type: "checkbox", "aria-label": `Draw ${row.name}`, onchange: () => select(row.name, box.checked)});
  box.checked = chosen().has(row.name);
  box.disabled = !row.equity;
  const open = element("button", {type: "button", onclick: () => { view.run = row.name; changed(false); }}, row.name);
  const chips = row.tags.map((tag) => element("span", {class: "chip"}, tag));
  const label = element("span", {}, open, ...(chips.length ? [element("br"), ...chips] : []));
  return element("td", {class: "text name", "data-key": "name"}, element("div", {class: "pick"}, box, label));
}
function select(name, on) {
  view.selected = new Set(chosen());
  if (on) view.selected.add(name);
  else view.selected.delete(name);
  changed(false);
}
let best = new Set();
function preselect() {
  const able = review.rows.filter((row) => row.equity && typeof row.figures.sharpe === "number");
  able.sort((a, b) => b.figures.sharpe - a.figures.sharpe);
  best = new Set(able.slice(0, PRESELECTED).map((row) => row.name));
}
const chosen = () => view.selected ?? best;

// --- numbers out of text: 16 bits each, low byte first
function steps(packed) {
  const bytes = atob(packed), out = new Array(bytes.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = bytes.charCodeAt(2 * i) | (bytes.charCodeAt(2 * i + 1) << 8);
  return out;
}
const unpacked = (packed, low, high) => steps(packed).map((step) => low + ((high - low) * step) / 65535);
function points(curve) {
  const times = unpacked(curve.times, curve.from, curve.to), values = unpacked(curve.values.steps, curve.values.low, curve.values.high);
  return times.map((time, i) => [time, values[i]]);
}

// --- axes that all charts share
function ticks(low, high, count) {
  const rough = (high - low) / count || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((one) => one * power >= rough) * power, out = [];
  for (let i = Math.ceil(low / step); i * step <= high && out.length < 20; i++) out.push(Number((i * step).toPrecision(10)));
  return out;
}
const EDGE = {left: 54, right: 10, top: 8, bottom: 22};
function chart(holder, height, times, values, log) {
  const width = Math.max(holder.clientWidth, 280), y = log ? Math.log : (value) => value;
  const [first, last] = times, [low, high] = values.map(y), across = last - first || 1, up = high - low || 1;
  const frame = {width, height, first, last,
    x: (time) => EDGE.left + ((time - first) / across) * (width - EDGE.left - EDGE.right),
    y: (value) => height - EDGE.bottom - ((y(value) - low) / up) * (height - EDGE.top - EDGE.bottom),
    time: (x) => first + ((x - EDGE.left) / (width - EDGE.left - EDGE.right)) * across};
  frame.svg = shape("svg", {viewBox: `0 0 ${width} ${height}`, height, role: "img"});
  for (const value of ticks(values[0], values[1], 5)) {
    const at = frame.y(value);
    frame.svg.append(shape("path", {class: "grid", d: `M${EDGE.left} ${at}H${width - EDGE.right}`}), shape("text", {x: EDGE.left - 6, y: at + 4, "text-anchor": "end"}, value.toLocaleString("en-US", {maximumSignificantDigits: 6})));
  }
  const count = Math.max(2, Math.floor(width / 130));
  for (let i = 0; i <= count; i++) {
    const time = first + (across * i) / count;
    const label = new Date(time * 1000).toISOString().slice(0, across < 4 * 86400 ? 16 : 10).replace("T", " ");
    frame.svg.append(shape("text", {x: frame.x(time), y: height - 6, "text-anchor": i === 0 ? "start" : i === count ? "end" : "middle"}, label));
  }
  return frame;
}

// --- the overlay of equity
const HELD = ["6 4", "2 3", "12 4", "12 3 2 3"];
const colour = (i) => `var(--c${i % 8})`;
function drawOverlay() {
  const wanted = review.rows.filter((row) => chosen().has(row.name) && row.equity);
  const lines = wanted.slice(0, MOST_LINES).map((row, i) => ({label: row.name, points: points(row.equity), colour: colour(i), dash: i < 8 ? "" : "2 2"}));
  const markets = [...new Set(wanted.slice(0, MOST_LINES).map((row) => row.market))].slice(0, 4).filter((at) => review.markets[at]);
  for (const at of markets) {
    const named = wanted.find((row) => row.market === at);
    lines.push({label: `buy and hold ${named.data ?? ""}`, points: points(review.markets[at]), held: true, dash: HELD[markets.indexOf(at)]});
  }
  const holder = byId("curves"), legend = byId("legend");
  drawComparison(wanted.slice(0, MOST_COMPARED));
  byId("moment").textContent = wanted.length > MOST_LINES ? `the first ${MOST_LINES} of ${wanted.length} are drawn` : "";
  if (!lines.length) {
    holder.replaceChildren(element("p", {class: "faint"}, "Tick runs in the table to draw their equity."));
    legend.replaceChildren();
    return;
  }
  const all = lines.flatMap((line) => line.points), least = Math.min(...all.map((point) => point[1]));
  const log = view.log && least > 0;
  const frame = chart(holder, 300, [Math.min(...all.map((p) => p[0])), Math.max(...all.map((p) => p[0]))], [least, Math.max(...all.map((p) => p[1]))], log);
  for (const line of lines) {
    const drawn = shape("path", {class: line.held ? "line held" : "line", d: `M${line.points.map(([t, v]) => `${frame.x(t).toFixed(1)} ${frame.y(v).toFixed(1)}`).join("L")}`});
    if (!line.held) drawn.style.stroke = line.colour;
    if (line.dash) drawn.style.strokeDasharray = line.dash;
    frame.svg.append(drawn);
  }
  frame.svg.setAttribute("aria-label", `Equity of ${lines.map((line) => line.label).join(", ")}`);
  const values = lines.map(() => element("b"));
  legend.replaceChildren(...lines.map((line, i) => {
    const stroke = shape("path", {class: line.held ? "line held" : "line", d: "M0 5H26"});
    if (!line.held) stroke.style.stroke = line.colour;
    if (line.dash) stroke.style.strokeDasharray = line.dash;
    const key = shape("svg", {width: 26, height: 10, "aria-hidden": "true"}, stroke);
    return element("span", {}, key, `${line.label} `, values[i]);
  }));
  const cursor = shape("path", {class: "cursor", d: ""});
  frame.svg.append(cursor);
  const show = (time) => lines.forEach((line, i) => { values[i].textContent = at(line.points, time); });
  frame.svg.addEventListener("pointermove", (event) => {
    const time = Math.min(Math.max(frame.time(inside(frame, event)), frame.first), frame.last);
    cursor.setAttribute("d", `M${frame.x(time)} ${EDGE.top}V${frame.height - EDGE.bottom}`);
    byId("moment").textContent = new Date(time * 1000).toISOString().slice(0, 10);
    show(time);
  });
  show(frame.last);
  holder.replaceChildren(frame.svg);
}
function drawComparison(chosenRows) {
  const names = review.differing.filter((name) => new Set(chosenRows.map((row) => JSON.stringify(row.settings[name]))).size > 1);
  const head = element("tr", {}, element("th", {}, "parameters that differ"), ...chosenRows.map((row) => element("th", {}, row.name)));
  const lines = names.map((name) => element("tr", {}, element("td", {}, name), ...chosenRows.map((row) => element("td", {}, name in row.settings ? plain(row.settings[name]) : "-"))));
  byId("comparison").replaceChildren(...(names.length ? [element("table", {}, element("thead", {}, head), element("tbody", {}, ...lines))] : []));
}
function inside(frame, event) {
  const box = frame.svg.getBoundingClientRect();
  return ((event.clientX - box.left) / box.width) * frame.width;
}
function at(line, time) {
  let i = line.findIndex((point) => point[0] > time);
  if (i === 0) return "-";
  i = i < 0 ? line.length - 1 : i - 1;
  return `\u00d7${line[i][1].toPrecision(4)}`;
}

// --- the opened run
function drawOpened() {
  const row = review.rows.find((one) => one.name === view.run) || review.rows.find((one) => one.name === [...best][0]);
  const holder = byId("opened");
  if (!row) {
    holder.replaceChildren(element("p", {class: "faint"}, "Open a run by its name in the table."));
    return;
  }
  const links = Object.entries(row.pages).map(([name, address]) => element("a", {href: address}, name));
  const settings = Object.entries(row.settings).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, plain(value))]);
  const parts = [element("h2", {}, row.name), element("p", {class: "links"}, ...links)];
  if (row.reason) parts.push(element("p", {class: "failed"}, `failed: ${row.reason}`));
  if (row.sentence) parts.push(element("details", {}, element("summary", {}, `Verdict: ${row.verdict ?? "see its sentence"}`), element("p", {class: "faint"}, row.sentence)));
  const fills = element("div", {id: "fills"});
  if (row.parts.length) parts.push(partsTable(row)); else parts.push(fills);
  if (settings.length) parts.push(element("details", {}, element("summary", {}, "Parameters that differ among the runs"), element("dl", {}, ...settings)));
  parts.push(server ? noteForm(row) : noteText(row));
  holder.replaceChildren(...parts);
  if (row.equity && !row.parts.length) drawFills(fills, row, [row.equity.from, row.equity.to]);
}
// what each market of one account earned; the sums are the account's
function partsTable(row) {
  const titles = {profit_quote: "profit, quote", return_fraction: "of the start, %", trades: "trades", fees_quote: "fees, quote", funding_paid_quote: "funding, quote", liquidations: "own liquidations"};
  const cell = (part, name) => part[name] === null ? "-" : (name === "return_fraction" ? 100 * part[name] : part[name]).toLocaleString("en-US", {maximumFractionDigits: 2});
  const head = element("tr", {}, element("th", {}, "market"), ...Object.values(titles).map((title) => element("th", {}, title)));
  const body = row.parts.map((part) => element("tr", {}, element("th", {}, part.name), ...Object.keys(titles).map((name) => element("td", {title: plain(part[name])}, cell(part, name)))));
  return element("div", {class: "wide"}, element("table", {id: "parts"}, element("thead", {}, head), element("tbody", {}, ...body)));
}
function noteText(row) {
  const chips = row.tags.map((tag) => element("span", {class: "chip"}, tag));
  const how = "Notes and tags: python -m runs.review --note RUN=TEXT --tag RUN=TAG, or here with --serve.";
  return element("div", {id: "written"}, ...(row.note ? [element("p", {}, row.note)] : []), ...chips, element("p", {class: "faint"}, how));
}
function noteForm(row) {
  const note = element("textarea", {"aria-label": "Note", id: "note", placeholder: "Note"}), said = element("span", {role: "status", id: "saved"});
  note.value = row.note;
  const tags = element("input", {"aria-label": "Tags", id: "tags", placeholder: "tags, comma between", value: row.tags.join(", ")});
  const keep = element("button", {type: "submit", id: "keep"}, "Keep");
  return element("form", {id: "written", onsubmit: async (event) => {
    event.preventDefault();
    const list = tags.value.split(",").map((tag) => tag.trim()).filter(Boolean);
    try {
      const answer = await fetch("/notes", {method: "POST", headers: {"Content-Type": "application/json", "X-Review-Token": server.token}, body: JSON.stringify({run: row.name, note: note.value, tags: list})});
      const kept = await answer.json();
      if (!answer.ok) throw new Error(kept.error);
      Object.assign(row, kept);
      drawTools();
      changed(true, false);
      said.textContent = "kept";
    } catch (error) {
      said.textContent = `not kept: ${error.message}`;
    }
  }}, note, element("div", {class: "tools"}, tags, keep, said));
}

// --- fills on candles
function drawFills(holder, row, span) {
  const market = review.markets[row.market], fills = row.fills, candles = market && market.candles;
  if (!market || !fills.total) {
    holder.replaceChildren(element("p", {class: "faint"}, fills.total ? "No prices to draw its trades on." : "No trades."));
    return;
  }
  const trades = tradesOf(row, fills).filter((trade) => trade.to >= span[0] && trade.from <= span[1]);
  const bars = candles ? candlesOf(market, candles).filter((bar) => bar.time >= span[0] && bar.time <= span[1]) : [];
  const prices = [...bars.flatMap((bar) => [bar.low, bar.high]), ...trades.flatMap((trade) => [trade.bought, trade.sold])];
  if (!prices.length) prices.push(fills.low, fills.high);
  const frame = chart(holder, 320, span, [Math.min(...prices), Math.max(...prices)], false);
  frame.svg.setAttribute("aria-label", `Trades of ${row.name}`);
  const body = Math.max(1, Math.min(9, ((frame.width - EDGE.left - EDGE.right) / Math.max(bars.length, 1)) * 0.7));
  for (const rise of [true, false]) {
    const some = bars.filter((bar) => bar.close >= bar.open === rise), kind = rise ? "rise" : "fall";
    frame.svg.append(shape("path", {class: kind, "stroke-width": 1, d: some.map((bar) => `M${frame.x(bar.time).toFixed(1)} ${frame.y(bar.low).toFixed(1)}V${frame.y(bar.high).toFixed(1)}`).join("") || "M0 0"}));
    if (body > 2) frame.svg.append(shape("path", {class: kind, "stroke-width": body.toFixed(1), d: some.map((bar) => `M${frame.x(bar.time).toFixed(1)} ${frame.y(bar.open).toFixed(1)}V${(frame.y(bar.close) + 0.5).toFixed(1)}`).join("") || "M0 0"}));
  }
  for (const trade of trades) drawTrade(frame, trade);
  zoomable(frame, holder, row, span);
  const shown = fills.shown < fills.total ? `The ${fills.shown} of ${fills.total} trades that won or lost most` : `All ${fills.total} trades`;
  const drawn = candles ? (candles.bars > 1 ? `on candles of ${candles.bars} closes each (the results keep closes: a wick is their range)` : "on the closes (the results keep no highs and lows)") : "without candles (too many markets on this page)";
  holder.replaceChildren(frame.svg, element("p", {class: "faint"}, `${shown} ${drawn}. Triangles: entries, long up and short down; dots: exits, green won, red lost; crosses: own liquidations. Drag to zoom, double-click for all. Places are rounded to the pixel.`));
}
function tradesOf(row, fills) {
  const {from, to} = row.equity, entries = unpacked(fills.entries, from, to), exits = unpacked(fills.exits, from, to);
  const bought = unpacked(fills.bought, fills.low, fills.high), sold = unpacked(fills.sold, fills.low, fills.high);
  return fills.kinds.map((kind, i) => ({from: entries[i], to: exits[i], bought: bought[i], sold: sold[i], short: kind & 1, won: kind & 2, wrecked: kind & 4, open: kind & 8}));
}
function candlesOf(market, candles) {
  const [lows, highs, closes] = ["lows", "highs", "closes"].map((name) => unpacked(candles[name], candles.low, candles.high));
  return closes.map((close, i) => {
    const open = i ? closes[i - 1] : close;
    // The middle of its group of bars: bars are taken as evenly spaced over the range.
    return {time: market.from + ((i + 0.5) / closes.length) * (market.to - market.from), open, close, low: Math.min(lows[i], open), high: Math.max(highs[i], open)};
  });
}
function drawTrade(frame, trade) {
  const [x, y, u, v] = [frame.x(trade.from), frame.y(trade.bought), frame.x(trade.to), frame.y(trade.sold)];
  const side = trade.short ? "short" : "long", result = trade.won ? "won" : "lost";
  const words = `${side}, ${trade.open ? "still open" : result}: in near ${trade.bought.toPrecision(4)} on ${when(trade.from)}, out near ${trade.sold.toPrecision(4)} on ${when(trade.to)}`;
  const group = shape("g", {class: "trade"}, shape("title", {}, words), shape("path", {class: `path ${result}`, d: `M${x} ${y}L${u} ${v}`}));
  const tip = trade.short ? 5 : -5;
  group.append(shape("path", {class: `mark ${side}`, d: `M${x} ${y + tip}l4.5 ${-1.8 * tip}h-9z`}));
  if (trade.wrecked) group.append(shape("path", {class: "wrecked", d: `M${u - 4} ${v - 4}l8 8m0 -8l-8 8`}));
  else if (!trade.open) group.append(shape("circle", {class: `mark ${result}`, cx: u, cy: v, r: 3}));
  frame.svg.append(group);
}
const when = (time) => new Date(time * 1000).toISOString().slice(0, 16).replace("T", " ");
function zoomable(frame, holder, row, span) {
  let start = null;
  const brush = shape("rect", {class: "brush", y: EDGE.top, height: frame.height - EDGE.top - EDGE.bottom, width: 0, x: 0});
  frame.svg.append(brush);
  frame.svg.addEventListener("pointerdown", (event) => { start = inside(frame, event); });
  frame.svg.addEventListener("pointermove", (event) => {
    if (start === null) return;
    const now = inside(frame, event);
    brush.setAttribute("x", Math.min(start, now));
    brush.setAttribute("width", Math.abs(now - start));
  });
  frame.svg.addEventListener("pointerup", (event) => {
    if (start === null) return;
    const [a, b] = [start, inside(frame, event)].sort((one, other) => one - other);
    start = null;
    if (b - a > 8) drawFills(holder, row, [Math.max(frame.time(a), span[0]), Math.min(frame.time(b), span[1])]);
  });
  frame.svg.addEventListener("dblclick", () => drawFills(holder, row, [row.equity.from, row.equity.to]));
}

// --- all together
function options(holder, all, values, current) {
  const known = [...new Set([...values, ...(current ? [current] : [])])].sort();
  holder.replaceChildren(element("option", {value: ""}, all), ...known.map((value) => element("option", {value}, value)));
  holder.value = current;
}
function drawTools() {
  options(byId("kind"), "all kinds", review.rows.map((row) => row.kind), view.kind);
  options(byId("tag"), "all tags", review.rows.flatMap((row) => row.tags), view.tag);
  byId("find").value = view.find;
  byId("state").value = view.state;
  byId("log").checked = view.log;
}
function changed(filtered = true, opened = true) {
  if (filtered) {
    rows = shownRows();
    byId("scroll").scrollTop = 0;
  }
  const again = filtered ? CHUNK : Math.max(made, CHUNK);
  made = 0;
  byId("table").tBodies[0].replaceChildren();
  do drawRows(); while (made < again && made < rows.length);
  drawSort();
  const count = review.rows.length, hidden = review.differing.length - MOST_PARAMETERS;
  byId("count").textContent = `${rows.length.toLocaleString("en-US")} of ${count.toLocaleString("en-US")} shown, ${review.failed.toLocaleString("en-US")} failed` + (hidden > 0 ? `; ${hidden} further parameters differ (open a run)` : "");
  drawOverlay();
  if (opened) drawOpened();
  writeAddress();
}
function start() {
  columns = columnsOf(review);
  preselect();
  drawTools();
  drawHead();
  changed();
}
byId("find").addEventListener("input", (event) => { view.find = event.target.value; changed(true, false); });
for (const name of ["state", "kind", "tag"]) byId(name).addEventListener("change", (event) => { view[name] = event.target.value; changed(true, false); });
byId("log").addEventListener("change", (event) => { view.log = event.target.checked; changed(false, false); });
byId("unselect").addEventListener("click", () => { view.selected = new Set(); changed(false, false); });
byId("clear").addEventListener("click", () => { Object.assign(view, {filters: {}, find: "", state: "", kind: "", tag: ""}); start(); });
byId("scroll").addEventListener("scroll", (event) => {
  const box = event.target;
  if (made < rows.length && box.scrollTop + box.clientHeight > box.scrollHeight - 600) drawRows();
});
addEventListener("hashchange", () => { readAddress(); start(); });
let width = innerWidth;
addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; drawOverlay(); drawOpened(); } });
readAddress();
start();

// --- a server tells when something has changed
if (server) {
  let digest = server.digest;
  setInterval(async () => {
    const writing = document.activeElement && document.activeElement.matches("textarea, input:not([type=checkbox])");
    if (document.hidden || writing) return;
    try {
      const state = await (await fetch("/state.json")).json();
      if (state.digest === digest) return;
      const answer = await fetch("/review.json"), found = await answer.json();
      if (!answer.ok) throw new Error(found.error);
      review = found;
      digest = state.digest;
      start();
    } catch (error) {
      byId("count").textContent = `this is the last state that the server told (${error.message})`;
    }
  }, POLL_MS);
}
})();
