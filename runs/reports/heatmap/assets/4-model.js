// What the page knows: facts as JSON, arrays unpacked, and the questions that drawings and read-outs ask of them.
const facts = JSON.parse(document.getElementById("facts").textContent);
const NAMES = ["time", "open", "high", "low", "close", "open_interest", "funding_rate", "reported_long", "reported_short",
  "model_liquidated_long", "model_liquidated_short", "bins", "density", "cluster_count", "cluster_first", "cluster_last",
  "cluster_centre", "cluster_size"];
const data = Object.fromEntries(await Promise.all(NAMES.map(async name => [name, await unpack(name)])));
Object.assign(facts, JSON.parse(new TextDecoder().decode(await unpack("marks"))));
const count = data.bins.length;
if (facts.decimals !== null)
  for (const name of ["open", "high", "low", "close"]) data[name] = Float64Array.from(data[name], v => v / 10 ** facts.decimals);

// A map that the page can show: all positions, or those of a group of leverages in wider bins.
function mapOf(placed, bins, width, top) {
  const sides = sidesOf(placed, bins);
  return { ...sides, bins, width, top, levels: { long: densityLevels(sides.longs), short: densityLevels(sides.shorts) } };
}
const whole = mapOf(data.density, data.bins, facts.bin_width, facts.top);
let map = whole;
const clusterStart = new Int32Array(count + 1);
for (let t = 0; t < count; t++) clusterStart[t + 1] = clusterStart[t] + data.cluster_count[2 * t] + data.cluster_count[2 * t + 1];

const densityOf = code => (code ? map.top * 10 ** (((code - 255) * facts.decades) / facts.codes) : 0);
const codeOf = density => 255 + (Math.log10(density / map.top) * facts.codes) / facts.decades;
const binOf = price => Math.floor(Math.log(price) / map.width);
const priceOf = (bin, width = map.width) => Math.exp(bin * width);

function codeAt(t, bin, side) {
  const level = side === "long" ? map.longs : map.shorts, at = bin - level.lowest[t];
  return at >= 0 && at < map.window ? level.codes[t * map.window + at] : 0;
}

// Layers are unpacked when they are first looked at.
const layers = (facts.layers || []).map(() => null);
let asked = null;
async function showMap(number) {
  asked = number;
  if (number !== null && !layers[number]) {
    const placed = await unpack("layer_" + number), bins = data.bins.map(bin => Math.floor(bin / facts.layer_bins));
    layers[number] = mapOf(placed, bins, whole.width * facts.layer_bins, facts.layers[number].top);
  }
  if (asked !== number) return; // another was asked for meanwhile
  const bounds = [options.low, options.high].map(densityOf);
  map = number === null ? whole : layers[number];
  if (options.auto) redraw();
  else setIntensity(...bounds.map(codeOf));
}

// Density at a bar and price: base coin per bin, and the side that stands there.
function standing(t, price) {
  if (t < 0 || t >= count) return null;
  const side = price < data.close[t] ? "long" : "short";
  return { side, size: densityOf(codeAt(t, binOf(price), side)) };
}

function clustersAt(t) {
  const found = [];
  for (let at = clusterStart[t]; at < clusterStart[t + 1]; at++) {
    const long = at - clusterStart[t] < data.cluster_count[2 * t], bin = data.bins[t];
    const near = data.cluster_first[at] / facts.extent_steps, far = data.cluster_last[at] / facts.extent_steps;
    const lowBin = long ? bin + 1 - far : bin + near, highBin = long ? bin + 1 - near : bin + far;
    const low = priceOf(lowBin, whole.width), high = priceOf(highBin, whole.width);
    const price = low + ((high - low) * data.cluster_centre[at]) / facts.centre_steps;
    const size = facts.size_from * Math.exp(data.cluster_size[at] * facts.size_step);
    found.push({ side: long ? "long" : "short", price, low, high, lowBin, highBin, size });
  }
  return found;
}

const pools = {
  high: extremes(data.high, 1), low: extremes(data.low, -1),
  open_interest: [extremes(data.open_interest, 1), extremes(data.open_interest, -1)],
  funding_rate: [extremes(data.funding_rate, 1), extremes(data.funding_rate, -1)],
  reported_long: extremes(data.reported_long, 1), reported_short: extremes(data.reported_short, 1),
  model_liquidated_long: extremes(data.model_liquidated_long, 1), model_liquidated_short: extremes(data.model_liquidated_short, 1),
};

const short = value => {
  if (value === null || value !== value) return "unknown";
  const size = Math.abs(value);
  for (const [scale, name] of [[1e12, " T"], [1e9, " B"], [1e6, " M"], [1e4, " k"]])
    if (size >= scale) return (value / (scale === 1e4 ? 1e3 : scale)).toPrecision(4) + name;
  return size === 0 ? "0" : String(Number(value.toPrecision(4)));
};
const priced = value => value.toLocaleString("en-US", { minimumFractionDigits: facts.shown_decimals, maximumFractionDigits: facts.shown_decimals });
const percent = (value, digits = 2) => `${value < 0 ? "-" : "+"}${Math.abs(100 * value).toFixed(digits)} %`;
const stamp = seconds => new Date(1000 * seconds).toISOString().slice(0, 16).replace("T", " ");
