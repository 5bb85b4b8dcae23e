// The density as pixels: every pixel takes the largest code of the bars and bins that it covers.
function colourTable(hex, low, high, gamma) {
  const table = new Uint32Array(256);
  for (let code = 1; code < 256; code++) {
    const share = Math.min(Math.max((code - low) / Math.max(high - low, 1), 0), 1);
    if (code < low) continue;
    const at = Math.round(255 * share ** gamma) * 6, part = i => parseInt(hex.slice(at + i, at + i + 2), 16);
    table[code] = ((255 << 24) | (part(4) << 16) | (part(2) << 8) | part(0)) >>> 0;
  }
  return table;
}

function binRows(firstBin, lastBin, height, yOfBin) {
  const top = new Int32Array(lastBin - firstBin), stop = new Int32Array(lastBin - firstBin);
  let below = Math.round(yOfBin(firstBin));
  for (let bin = firstBin; bin < lastBin; bin++) {
    const above = Math.round(yOfBin(bin + 1));
    top[bin - firstBin] = Math.max(above, 0);
    stop[bin - firstBin] = Math.min(Math.max(below, above + 1), height);
    below = above;
  }
  return { top, stop };
}

function gatherColumn(levels, level, first, stop, firstBin, lastBin, rows, column) {
  const side = levels[level], end = Math.min(stop, side.lowest.length);
  for (let t = Math.max(first, 0); t < end; t++) {
    const lowest = side.lowest[t], start = side.start[t];
    const from = Math.max(lowest, firstBin), to = Math.min(lowest + side.start[t + 1] - start, lastBin);
    for (let bin = from; bin < to; bin++) {
      const code = side.codes[start + bin - lowest];
      if (!code) continue;
      for (let row = rows.top[bin - firstBin]; row < rows.stop[bin - firstBin]; row++)
        if (code > column[row]) column[row] = code;
    }
  }
}

// view: {first, columns, perColumn (bars a picture column), height, firstBin, lastBin, yOfBin}; sides: lists of levels.
function paint(canvas, view, sides, table) {
  const { first, columns, perColumn, height, firstBin, lastBin } = view;
  canvas.width = columns;
  canvas.height = height;
  const context = canvas.getContext("2d"), image = context.createImageData(columns, height);
  const pixels = new Uint32Array(image.data.buffer), column = new Uint8Array(height);
  const rows = binRows(firstBin, lastBin, height, view.yOfBin);
  for (let x = 0; x < columns; x++) {
    column.fill(0);
    const from = first + x * perColumn, to = from + perColumn;
    for (const levels of sides) {
      const level = levelFor(levels, perColumn), group = FACTOR ** level;
      gatherColumn(levels, level, Math.floor(from / group), Math.ceil(to / group - 1e-9), firstBin, lastBin, rows, column);
    }
    for (let row = 0, at = x; row < height; row++, at += columns) if (column[row]) pixels[at] = table[column[row]];
  }
  context.putImageData(image, 0, 0);
}
