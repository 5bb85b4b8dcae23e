// The price pane: density, phases, candles, clusters.
const EDGE = 0.04; // least log distance kept around the candles, so that the nearest clusters stay in view

function priceRange(first, stop) {
  const high = extreme(pools.high, 1, first, stop), low = extreme(pools.low, -1, first, stop);
  const reach = whole.window * whole.width, room = options.whole ? reach : Math.min(reach, Math.max(EDGE, 0.35 * Math.log(high / low)));
  return [low * Math.exp(-room), high * Math.exp(room)];
}
const priceSeries = addPane(0, priceRange, { type: "price", precision: facts.shown_decimals, minMove: 10 ** -facts.shown_decimals }, true);

// Until a handle is moved: from the median to the 99.8th percentile of what stands in the columns in view.
function usualIntensity(first, stop) {
  const tally = new Float64Array(256), step = Math.max(1, Math.floor((stop - first) / 150));
  for (const side of [...(options.longs ? [map.longs] : []), ...(options.shorts ? [map.shorts] : [])])
    for (let t = first; t < stop; t += step)
      for (let at = t * map.window; at < (t + 1) * map.window; at++) if (side.codes[at]) tally[side.codes[at]]++;
  const total = tally.reduce((a, b) => a + b, 0), at = share => {
    let sum = 0, code = 0;
    while (code < 255 && (sum += tally[code]) < share * total) code++;
    return code;
  };
  return total ? [Math.max(at(0.5), 1), Math.max(at(0.998), at(0.5) + 1)] : [1, 255];
}

const picture = document.createElement("canvas");
let painted = "", table = null;
function drawDensity(context, width, height, series) {
  const { left, width: bar } = across(), { first, stop } = visible();
  const highest = series.coordinateToPrice(0), lowest = series.coordinateToPrice(height);
  if (highest === null || lowest === null || !(highest > 0)) return;
  const firstBin = binOf(Math.max(lowest, 1e-12)), lastBin = Math.min(binOf(highest) + 1, firstBin + 60000);
  if (options.auto) [options.low, options.high] = usualIntensity(first, stop);
  const wide = bar >= 1, start = wide ? first : Math.max(-left / bar, 0), columns = wide ? stop - first : Math.ceil(Math.min(width, left + count * bar) - Math.max(left, 0));
  const key = [start, columns, bar, height, lowest, highest, options.longs, options.shorts, options.low, options.high, options.gamma, darkness.matches, layers.indexOf(map)].join();
  if (key !== painted && columns > 0) {
    table = colourTable(theme.colours, options.low, options.high, options.gamma);
    const shown = [...(options.longs ? [map.levels.long] : []), ...(options.shorts ? [map.levels.short] : [])];
    paint(picture, { first: start, columns, perColumn: wide ? 1 : 1 / bar, height: Math.round(height), firstBin, lastBin,
      yOfBin: bin => series.priceToCoordinate(priceOf(bin)) }, shown, table);
    painted = key;
  }
  context.imageSmoothingEnabled = false;
  context.drawImage(picture, wide ? left + first * bar : Math.max(left, 0), 0, wide ? columns * bar : columns, height);
}
// Bands lie under the density, so that they change no colour of it; the strip lies over it.
const PHASE_ALPHA = ["00", "55", "cc", "99", "44"];
function eachPhase(draw) {
  if (!options.phases) return;
  const { left, width: bar } = across(), { first, stop } = visible();
  for (const [from, to, phase, direction] of facts.phases)
    if (to >= first && from < stop) draw(left + from * bar, Math.max((to - from + 1) * bar, 1), phase, direction < 0 ? theme.long : theme.short, bar);
}
attach(priceSeries, "bottom", (context, width, height) =>
  eachPhase((x, wide, phase, colour, bar) => {
    if (bar < 0.5 || (phase !== 1 && phase !== 2)) return;
    context.fillStyle = colour + (phase === 2 ? "38" : "1c");
    context.fillRect(x, 0, wide, height);
  }));
attach(priceSeries, "bottom", drawDensity);
attach(priceSeries, "bottom", (context, width, height) =>
  eachPhase((x, wide, phase, colour) => {
    context.fillStyle = colour + PHASE_ALPHA[phase];
    context.fillRect(x, height - 7, wide, 7);
  }));

function drawCandles(context, width, height, series) {
  const y = price => series.priceToCoordinate(price), { width: bar } = across();
  if (bar < 3) {
    context.beginPath();
    columnsAcross(width, (x, from, to, wide) => {
      const top = y(extreme(pools.high, 1, from, to)), bottom = y(extreme(pools.low, -1, from, to)), middle = x + wide / 2;
      context.moveTo(middle, top);
      context.lineTo(middle, Math.max(bottom, top + 1));
    });
    stroke(context, theme.halo, 2.6);
    stroke(context, theme.ink, 1.2);
    return;
  }
  const body = Math.max(1, Math.floor(bar * 0.7));
  for (const rising of [true, false]) {
    context.beginPath();
    columnsAcross(width, (x, i, _, wide) => {
      if (data.close[i] >= data.open[i] !== rising) return;
      const middle = Math.round(x + wide / 2) - (body % 2 ? 0.5 : 0), top = y(Math.max(data.open[i], data.close[i])), bottom = y(Math.min(data.open[i], data.close[i]));
      context.rect(middle - 0.5, y(data.high[i]), 1, Math.max(y(data.low[i]) - y(data.high[i]), 1));
      context.rect(middle - body / 2, top, body, Math.max(bottom - top, 1));
    });
    stroke(context, theme.halo, 2);
    context.fillStyle = rising ? theme.rise : theme.fall;
    context.fill();
  }
}

function stroke(context, colour, width, dash = []) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(dash);
  context.stroke();
}

// Outlines step from bar to bar where bars are wide enough to see; else only the chosen bar's clusters are drawn.
function drawClusters(context, width, height, series) {
  if (!options.clusters) return;
  const y = bin => Math.round(series.priceToCoordinate(priceOf(bin, whole.width))) + 0.5, { left, width: bar } = across();
  const outline = (t, x, wide, side) => {
    for (const cluster of clustersAt(t)) {
      if (cluster.side !== side || !options[side + "s"]) continue;
      for (const edge of [y(cluster.lowBin), y(cluster.highBin)]) {
        context.moveTo(x, edge);
        context.lineTo(x + wide, edge);
      }
    }
  };
  for (const side of bar >= 2 ? ["long", "short"] : []) {
    context.beginPath();
    columnsAcross(width, (x, i, _, wide) => outline(i, x, wide, side));
    stroke(context, (side === "long" ? theme.long : theme.short) + "b0", 1);
  }
}
attach(priceSeries, "normal", drawClusters);
attach(priceSeries, "normal", drawCandles);
