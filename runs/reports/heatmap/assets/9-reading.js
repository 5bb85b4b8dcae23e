// What stands under the pointer: the read-out, and the profile of the chosen bar with its cumulative curves.
let chosen = { t: last, price: clustersAt(last).reduce((most, c) => (c.size > most.size ? c : most), { size: 0, price: data.close[last] }).price };
const PHASES = facts.phase_names, cells = {};
for (const cell of document.querySelectorAll("[data-cell]")) cells[cell.dataset.cell] = cell;
const write = (name, text, kind = "") => {
  cells[name].textContent = text;
  cells[name].className = kind;
};

function describeStanding(t, price) {
  const parts = [t - 1, t, t + 1].map(i => standing(i, price)), here = parts[1];
  write("at", `${priced(price)}  (${percent(price / data.close[t] - 1)})`);
  write("density", here.size ? `${short(here.size)} (${short(here.size * price)} in quote), ${here.side}s` : "nothing", here.size ? here.side : "");
  write("neighbours", parts.map(part => (part ? short(part.size) : "-")).join("  |  "));
}

function describeCluster(t, price) {
  const found = clustersAt(t), inside = found.find(c => price >= c.low && price < c.high);
  const near = inside || found.slice().sort((a, b) => Math.abs(Math.log(a.price / price)) - Math.abs(Math.log(b.price / price)))[0];
  if (!near) return write("cluster", "none");
  const text = `${inside ? "" : "nearest: "}${near.side}s at ${priced(near.price)} (${percent(near.price / data.close[t] - 1)}), ${priced(near.low)} to ${priced(near.high)}: ${short(near.size)}, ${short(near.size * near.price)} in quote`;
  write("cluster", text, near.side);
}

function describeMarks(t) {
  const phase = facts.phases.find(([from, to]) => from <= t && t <= to);
  write("phase", phase ? PHASES[phase[2]] + (phase[3] < 0 ? ", downward" : phase[3] > 0 ? ", upward" : "") : PHASES[0]);
  const held = facts.levels.filter(level => level.from <= t && t <= level.to);
  write("levels", held.map(l => `${l.kind} ${priced(l.price)} of ${stamp(l.made)}${l.reported ? "" : " (model)"}`).join("; ") || "none");
  const open = facts.trades.filter(trade => trade.from <= t && t <= trade.to).slice(-2), optional = v => (v === null ? "none" : priced(v));
  write("trade", open.map(trade => `${trade.side} ${short(trade.size)} from ${priced(trade.entry)} to ${optional(trade.exit)} (${trade.reason}), stop ${optional(trade.stop)}, target ${trade.targets.map(priced).join(" and ") || "none"}, net ${short(trade.net)}`).join("; ") || "none");
}

function describe() {
  const { t, price } = chosen;
  write("time", `${stamp(data.time[t])} UTC`);
  write("prices", ["open", "high", "low", "close"].map(name => `${name[0].toUpperCase()} ${priced(data[name][t])}`).join("  "));
  describeStanding(t, price);
  describeCluster(t, price);
  describeMarks(t);
  write("interest", short(data.open_interest[t]));
  write("funding", data.funding_rate[t] === data.funding_rate[t] ? percent(data.funding_rate[t], 4) : "unknown");
  write("reported", `${short(data.reported_long[t])} longs, ${short(data.reported_short[t])} shorts`);
  write("modelled", `${short(data.model_liquidated_long[t])} longs, ${short(data.model_liquidated_short[t])} shorts`);
}

const profile = document.getElementById("profile");
function drawProfile() {
  const width = profile.clientWidth, height = chart.panes()[0].getHeight(), ratio = devicePixelRatio || 1;
  profile.style.height = height + "px";
  profile.width = width * ratio;
  profile.height = height * ratio;
  const context = profile.getContext("2d"), { t } = chosen, y = bin => priceSeries.priceToCoordinate(priceOf(bin));
  const now = priceSeries.priceToCoordinate(data.close[t]);
  context.scale(ratio, ratio);
  let most = 0;
  const totals = {};
  for (const [name, side] of [["long", map.longs], ["short", map.shorts]]) {
    totals[name] = 0;
    for (let at = t * map.window; at < (t + 1) * map.window; at++) {
      const size = densityOf(side.codes[at]);
      most = Math.max(most, size);
      totals[name] += size;
    }
  }
  const largest = Math.max(totals.long, totals.short) || 1, place = { long: height - 6, short: 26 };
  for (const [name, step] of [["long", -1], ["short", 1]]) {
    if (!options[name + "s"]) continue;
    context.fillStyle = theme[name] + "99";
    const curve = [];
    let sum = 0;
    for (let k = 0, bin = map.bins[t]; k < map.window; k++, bin += step) {
      const size = densityOf(codeAt(t, bin, name)), top = k || step > 0 ? y(bin + 1) : now, bottom = k || step < 0 ? y(bin) : now;
      sum += size;
      curve.push([(sum / largest) * (width - 4), (top + bottom) / 2]);
      context.fillRect(0, top, (size / (most || 1)) * (width - 4), Math.max(bottom - top, 0.7));
    }
    context.beginPath();
    curve.forEach(([x, at], i) => (i ? context.lineTo(x, at) : context.moveTo(x, at)));
    stroke(context, theme.halo, 3);
    stroke(context, theme[name], 1.6);
    label(context, (width > 100 ? `${name}s ` : "") + short(totals[name]), width - 4, place[name], theme[name], "right");
  }
  context.beginPath();
  context.moveTo(0, now);
  context.lineTo(width, now);
  stroke(context, theme.ink, 1, [2, 3]);
  label(context, width > 100 ? `standing at ${stamp(data.time[t]).slice(5)}` : stamp(data.time[t]).slice(5, 10), width - 4, 12, theme.faint, "right");
}

let waiting = false;
function follow() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    describe();
    drawProfile();
    drawIntensity();
  });
}

function choose(event) {
  if (event.logical === undefined || event.logical === null || !event.point) return;
  const t = Math.min(Math.max(Math.round(event.logical), 0), last), inPrice = !event.paneIndex;
  const price = inPrice ? priceSeries.coordinateToPrice(event.point.y) : chosen.price;
  chosen = { t, price: price > 0 ? price : data.close[t] };
  follow();
}
chart.subscribeCrosshairMove(choose);
chart.subscribeClick(choose);
timeScale.subscribeVisibleLogicalRangeChange(follow);
new ResizeObserver(follow).observe(stage);

// The chosen bar's clusters, as boxes over whatever the zoom shows.
attach(priceSeries, "top", (context, width, height, series) => {
  if (!options.clusters) return;
  const { left, width: bar } = across(), x = left + chosen.t * bar, wide = Math.max(bar, 10);
  for (const cluster of clustersAt(chosen.t)) {
    if (!options[cluster.side + "s"]) continue;
    const top = series.priceToCoordinate(cluster.high), bottom = series.priceToCoordinate(cluster.low);
    context.beginPath();
    context.rect(x, top, wide, bottom - top);
    stroke(context, theme.halo, 4);
    stroke(context, theme[cluster.side], 1.8);
  }
});
