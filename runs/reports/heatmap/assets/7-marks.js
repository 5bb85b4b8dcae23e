// On the price: supports and resistances with the date of the wipe that made them, trades, own liquidations.
function label(context, text, x, y, colour, align = "left") {
  context.font = "11px system-ui,sans-serif";
  context.textAlign = align;
  context.lineWidth = 3;
  context.setLineDash([]);
  context.strokeStyle = theme.halo;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

attach(priceSeries, "normal", (context, width, height, series) => {
  if (!options.levels) return;
  const { left, width: bar } = across(), { first, stop } = visible();
  for (const level of facts.levels) {
    if (level.to < first || level.from >= stop) continue;
    const x = left + level.from * bar, end = left + (level.to + 1) * bar, y = series.priceToCoordinate(level.price);
    if (bar < 1 && end - x < 2) continue;
    const colour = level.kind === "support" ? theme.long : theme.short;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(Math.max(end, x + 1), y);
    stroke(context, theme.halo, 3);
    stroke(context, colour, 1.5, level.reported ? [] : [6, 3]);
    if (end - Math.max(x, 0) > 150 && y > 14 && y < height - 14)
      label(context, `${level.kind} of ${stamp(level.made).slice(0, 10)}${level.reported ? "" : ", model"}`, Math.max(x, 0) + 4, y + (level.kind === "support" ? 13 : -5), colour);
  }
});

function tradeLines(context, trade, x, series) {
  const y = price => series.priceToCoordinate(price), from = x(trade.from), to = Math.max(x(trade.to), from + 2);
  for (const [price, colour] of [[trade.stop, theme.bad], ...trade.targets.map(target => [target, theme.good])]) {
    if (price === null) continue;
    context.beginPath();
    context.moveTo(from, y(price));
    context.lineTo(to, y(price));
    stroke(context, theme.halo, 3);
    stroke(context, colour, 1.5, [3, 3]);
  }
  if (trade.exit === null) return;
  context.beginPath();
  context.moveTo(from, y(trade.entry));
  context.lineTo(to, y(trade.exit));
  stroke(context, theme.halo, 3.5);
  stroke(context, trade.net >= 0 ? theme.good : theme.bad, 1.8);
}

function shape(context, points, colour) {
  context.beginPath();
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
  stroke(context, theme.halo, 3);
  context.fillStyle = colour;
  context.fill();
}

attach(priceSeries, "normal", (context, width, height, series) => {
  if (!options.trades) return;
  const { left, width: bar } = across(), { first, stop } = visible(), x = i => left + (i + 0.5) * bar;
  const shown = facts.trades.filter(trade => trade.to >= first && trade.from < stop), size = shown.length > width / 40 ? 3 : 6;
  if (shown.length > width / 3) label(context, `${shown.length} trades: zoom in to see them`, 8, 16, theme.ink);
  else shown.forEach(trade => tradeLines(context, trade, x, series));
  for (const trade of shown.length > width / 3 ? [] : shown) {
    const at = x(trade.from), y = series.priceToCoordinate(trade.entry), way = trade.side === "long" ? 1 : -1;
    shape(context, [[at, y], [at - size, y + way * 1.6 * size], [at + size, y + way * 1.6 * size]], trade.side === "long" ? theme.long : theme.short);
    if (trade.exit === null) continue;
    const end = x(trade.to), to = series.priceToCoordinate(trade.exit), half = size * 0.6;
    shape(context, [[end - half, to - half], [end + half, to - half], [end + half, to + half], [end - half, to + half]], trade.net >= 0 ? theme.good : theme.bad);
  }
  for (const forced of facts.liquidations) {
    if (forced.at < first || forced.at >= stop) continue;
    const at = x(forced.at), y = series.priceToCoordinate(forced.price);
    shape(context, [[at, y - 10], [at + 10, y], [at, y + 10], [at - 10, y]], theme.bad);
    label(context, "liquidated", at + 13, y + 4, theme.bad);
  }
});
