// Levels of detail: extremes over ever larger groups of columns, so that a picture costs what its pixels cost.
const FACTOR = 4;

function extremes(values, sign) {
  const levels = [values];
  for (let below = values; below.length > 64; below = levels[levels.length - 1]) {
    const next = new Float64Array(Math.ceil(below.length / FACTOR));
    for (let group = 0; group < next.length; group++) {
      let best = NaN;
      for (let i = group * FACTOR; i < Math.min((group + 1) * FACTOR, below.length); i++)
        if (best !== best || sign * below[i] > sign * best) best = below[i] === below[i] ? below[i] : best;
      next[group] = best;
    }
    levels.push(next);
  }
  return levels;
}

function levelFor(levels, columns) {
  let level = 0;
  while (level + 1 < levels.length && FACTOR ** (level + 1) <= columns) level++;
  return level;
}

// The extreme of columns first .. last - 1, to the groups that hold them.
function extreme(levels, sign, first, last) {
  const level = levelFor(levels, last - first), group = FACTOR ** level, values = levels[level];
  let best = NaN;
  const stop = Math.min(Math.ceil(last / group), values.length);
  for (let i = Math.max(Math.floor(first / group), 0); i < stop; i++)
    if (values[i] === values[i] && (best !== best || sign * values[i] > sign * best)) best = values[i];
  return best;
}

// One side of the density: column t holds bins lowest[t] .. and its codes lie at start[t] .. start[t + 1] - 1, upwards.
function sidesOf(placed, bins) {
  const columns = bins.length, rows = placed.length / columns, window = rows / 2;
  const make = offset => ({
    lowest: Int32Array.from(bins, bin => bin + offset),
    start: Int32Array.from({ length: columns + 1 }, (_, t) => t * window),
    codes: new Uint8Array(columns * window),
  });
  const longs = make(1 - window), shorts = make(0);
  const phase = Int32Array.from(bins, bin => ((bin % rows) + rows) % rows);
  for (let row = 0; row < rows; row++)
    for (let t = 0, at = row * columns; t < columns; t++, at++) {
      let up = row - phase[t];
      if (up < 0) up += rows;
      if (up === 0) up = rows;
      if (up > window) longs.codes[t * window + up - window - 1] = placed[at];
      else shorts.codes[t * window + up - 1] = placed[at];
    }
  return { longs, shorts, window };
}

function poolSide(side) {
  const below = side.lowest.length, columns = Math.ceil(below / FACTOR);
  const lowest = new Int32Array(columns), start = new Int32Array(columns + 1);
  for (let group = 0; group < columns; group++) {
    let low = 2 ** 30, high = -(2 ** 30);
    for (let t = group * FACTOR; t < Math.min((group + 1) * FACTOR, below); t++) {
      low = Math.min(low, side.lowest[t]);
      high = Math.max(high, side.lowest[t] + side.start[t + 1] - side.start[t]);
    }
    lowest[group] = low;
    start[group + 1] = start[group] + high - low;
  }
  const codes = new Uint8Array(start[columns]);
  for (let t = 0; t < below; t++) {
    const group = Math.floor(t / FACTOR);
    let to = start[group] + side.lowest[t] - lowest[group];
    for (let at = side.start[t]; at < side.start[t + 1]; at++, to++) if (side.codes[at] > codes[to]) codes[to] = side.codes[at];
  }
  return { lowest, start, codes };
}

function densityLevels(side) {
  const levels = [side];
  while (levels[levels.length - 1].lowest.length > 64) levels.push(poolSide(levels[levels.length - 1]));
  return levels;
}
