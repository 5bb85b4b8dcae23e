// Arrays out of the page: base64, gzip, byte planes, differences (runs/reports/heatmap/packing.py is the other half).
const KINDS = { i4: Int32Array, u4: Uint32Array, u2: Uint16Array, u1: Uint8Array, f4: Float32Array, f8: Float64Array };

function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

function joinPlanes(planes, Kind) {
  const size = Kind.BYTES_PER_ELEMENT, count = planes.length / size;
  if (size === 1) return planes;
  const bytes = new Uint8Array(planes.length);
  for (let plane = 0; plane < size; plane++) {
    const first = plane * count;
    for (let i = 0; i < count; i++) bytes[i * size + plane] = planes[first + i];
  }
  return new Kind(bytes.buffer);
}

function sumGrid(values, rows, columns) {
  const steps = new Uint8Array(columns);
  for (let row = 0; row < rows; row++) {
    let value = 0;
    for (let column = 0, at = row * columns; column < columns; column++, at++) {
      steps[column] += values[at];
      value += steps[column];
      values[at] = value;
    }
  }
}

async function unpack(name) {
  const element = document.getElementById("array-" + name), kind = KINDS[element.dataset.kind];
  const stream = new Blob([bytesOf(element.textContent)]).stream().pipeThrough(new DecompressionStream("gzip"));
  const values = joinPlanes(new Uint8Array(await new Response(stream).arrayBuffer()), kind);
  const shape = element.dataset.shape.split(",").map(Number);
  if (element.dataset.filter === "delta") for (let i = 1; i < values.length; i++) values[i] += values[i - 1];
  if (element.dataset.filter === "grid") sumGrid(values, shape[0], shape[1]);
  return values;
}
