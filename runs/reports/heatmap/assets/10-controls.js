// Ranges, toggles, and the legend that is the intensity slider.
const get = id => document.getElementById(id), DAY = 86400;

function show(from, to) {
  const began = performance.now();
  timeScale.setVisibleLogicalRange({ from, to });
  return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began))));
}

function showDays(days) {
  let first = 0;
  if (days) while (first < last && data.time[first] < data.time[last] - days * DAY) first++;
  for (const button of document.querySelectorAll("[data-days]")) button.setAttribute("aria-pressed", Number(button.dataset.days) === days);
  return show(first, last);
}
for (const button of document.querySelectorAll("[data-days]")) button.onclick = () => showDays(Number(button.dataset.days));

for (const box of document.querySelectorAll("[data-option]")) {
  box.checked = options[box.dataset.option];
  box.onchange = () => {
    options[box.dataset.option] = box.checked;
    if (box.dataset.option === "whole") show(...Object.values(timeScale.getVisibleLogicalRange()));
    redraw();
  };
}

const chooser = get("layer");
if (chooser) chooser.onchange = () => showMap(chooser.value === "" ? null : Number(chooser.value));

function redraw() {
  refresh();
  follow();
}

function drawLegend() {
  const canvas = get("scale"), context = canvas.getContext("2d"), colours = colourTable(theme.colours, options.low, options.high, options.gamma);
  canvas.width = 256;
  canvas.height = 1;
  const image = context.createImageData(256, 1);
  new Uint32Array(image.data.buffer).set(colours);
  context.putImageData(image, 0, 0);
}

// Handles move in codes, typed numbers are densities; either sets the other.
function setIntensity(low, high) {
  options.auto = get("auto").checked = false;
  options.low = Math.min(Math.max(Math.round(low), 1), 254);
  options.high = Math.min(Math.max(Math.round(high), options.low + 1), 255);
  redraw();
}

let legend = "";
function drawIntensity() {
  const now = [options.low, options.high, options.gamma, darkness.matches, map.top].join();
  if (now === legend) return;
  legend = now;
  get("low").value = options.low;
  get("high").value = options.high;
  get("low-typed").value = Number(densityOf(options.low).toPrecision(3));
  get("high-typed").value = Number(densityOf(options.high).toPrecision(3));
  drawLegend();
}
get("low").oninput = () => setIntensity(Math.min(Number(get("low").value), options.high - 1), options.high);
get("high").oninput = () => setIntensity(options.low, Math.max(Number(get("high").value), options.low + 1));
const typed = id => Math.max(Number(get(id).value), 1e-12) || 1e-12;
get("low-typed").onchange = () => setIntensity(codeOf(typed("low-typed")), options.high);
get("high-typed").onchange = () => setIntensity(options.low, codeOf(typed("high-typed")));
get("gamma").oninput = () => {
  options.gamma = 2 ** Number(get("gamma").value);
  get("gamma-shown").textContent = options.gamma.toFixed(2);
  redraw();
};

// The chosen bar's column as numbers: what the profile draws.
function columnCsv(t) {
  const lines = ["side,price_low,price_high,size_base"];
  for (const [name, side] of [["short", map.shorts], ["long", map.longs]])
    for (let k = map.window - 1; k >= 0; k--) {
      const bin = side.lowest[t] + k, close = data.close[t];
      const low = name === "short" ? Math.max(priceOf(bin), close) : priceOf(bin), high = name === "long" ? Math.min(priceOf(bin + 1), close) : priceOf(bin + 1);
      lines.push([name, low, high, densityOf(codeAt(t, bin, name))].join());
    }
  return lines.join("\n") + "\n";
}
get("export").onclick = () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([columnCsv(chosen.t)], { type: "text/csv" }));
  link.download = `density-${stamp(data.time[chosen.t]).replace(/[ :]/g, "-")}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
};

darkness.addEventListener("change", () => {
  readTheme();
  chart.applyOptions(look());
  redraw();
});
await showDays(count > 800 ? 30 : 0);
follow();
await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
window.heatmap = {
  ready: performance.now(), count, options, show, layer: () => layers.indexOf(map), asked: () => (asked === null ? -1 : asked), showDays, standing, clustersAt, columnCsv, data, chosen: () => chosen,
  range: () => timeScale.getVisibleLogicalRange(),
  pixel: (t, price) => {
    const box = stage.getBoundingClientRect(), { left, width } = across();
    return [box.left + left + (t + 0.5) * width, box.top + priceSeries.priceToCoordinate(price)];
  },
  shown: () => picture.getContext("2d").getImageData(0, 0, picture.width, picture.height),
};
document.documentElement.dataset.ready = "yes";
