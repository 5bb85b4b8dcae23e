// The chart: the library keeps axes, panes and gestures; everything in them is drawn by primitives from our own arrays.
const options = { longs: true, shorts: true, clusters: true, trades: true, levels: true, phases: true, whole: false, auto: true, low: 1, high: 255, gamma: 1 };
const stage = document.getElementById("chart"), darkness = matchMedia("(prefers-color-scheme:dark)");
const theme = {};

function readTheme() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["ground", "ink", "faint", "line", "long", "short", "accent", "bad", "good", "none", "rise", "fall", "halo"])
    theme[name] = style.getPropertyValue("--" + name).trim();
  theme.colours = darkness.matches ? facts.dark : facts.light;
}
readTheme();

const narrow = stage.clientWidth < 500;
const look = () => ({
  layout: { background: { type: "solid", color: theme.ground }, textColor: theme.ink, fontSize: narrow ? 10 : 12, attributionLogo: true,
    panes: { separatorColor: theme.line, separatorHoverColor: theme.line } },
  grid: { vertLines: { visible: false }, horzLines: { visible: false } },
  rightPriceScale: { borderColor: theme.line, minimumWidth: narrow ? 0 : 64 },
  timeScale: { borderColor: theme.line },
});
const chart = LightweightCharts.createChart(stage, {
  ...look(), autoSize: true,
  timeScale: { borderColor: theme.line, minBarSpacing: 0.002, maxBarSpacing: 80, timeVisible: true, secondsVisible: false,
    fixLeftEdge: true, fixRightEdge: true, rightOffset: 0 },
  crosshair: { mode: 0 },
  handleScroll: { vertTouchDrag: false },
  localization: { locale: "en-US", timeFormatter: t => stamp(t) + " UTC" },
});

const last = count - 1, timeScale = chart.timeScale();
const bare = { lineVisible: false, lastValueVisible: false, priceLineVisible: false, crosshairMarkerVisible: false, pointMarkersVisible: false };

// A pane's series holds no points but the last, which the library needs for its scale; ranges come from the pools.
function addPane(index, range, format, everyTime) {
  const series = chart.addSeries(LightweightCharts.LineSeries, { ...bare, priceFormat: format,
    autoscaleInfoProvider: () => {
      const { first, stop } = visible(), [minValue, maxValue] = range(first, stop);
      return minValue <= maxValue ? { priceRange: { minValue, maxValue } } : null;
    } }, index);
  const points = everyTime ? Array.from(data.time, time => ({ time })) : [{ time: data.time[last] }];
  points[points.length - 1].value = everyTime ? data.close[last] : 0;
  series.setData(points);
  return series;
}

function visible() {
  const range = timeScale.getVisibleLogicalRange() || { from: 0, to: last };
  return { first: Math.min(Math.max(Math.floor(range.from), 0), last), stop: Math.min(Math.max(Math.ceil(range.to) + 1, 1), count) };
}

// Bar i covers x from left + i * width to left + (i + 1) * width.
function across() {
  const origin = timeScale.logicalToCoordinate(0), width = (timeScale.logicalToCoordinate(last) - origin) / Math.max(last, 1);
  return { left: origin - width / 2, width };
}

const primitives = [];
function attach(series, zOrder, draw) {
  const renderer = { draw: target => target.useMediaCoordinateSpace(({ context, mediaSize }) => {
    context.save();
    draw(context, mediaSize.width, mediaSize.height, series);
    context.restore();
  }) };
  const view = { zOrder: () => zOrder, renderer: () => renderer };
  const primitive = { attached(given) { this.refresh = given.requestUpdate; }, paneViews: () => [view], refresh() {} };
  series.attachPrimitive(primitive);
  primitives.push(primitive);
}
const refresh = () => primitives.forEach(primitive => primitive.refresh());

// Pixels to columns of bars: calls each(x, first, stop) for every pixel column, or for every bar where bars are wider.
function columnsAcross(width, each) {
  const { left, width: bar } = across(), { first, stop } = visible();
  if (bar >= 1) for (let i = first; i < stop; i++) each(left + i * bar, i, i + 1, bar);
  else for (let x = 0; x < width; x++) {
    const from = Math.max(Math.floor((x - left) / bar), 0), to = Math.min(Math.max(Math.ceil((x + 1 - left) / bar), from + 1), count);
    if (from < count && to > 0) each(x, from, to, 1);
  }
}
