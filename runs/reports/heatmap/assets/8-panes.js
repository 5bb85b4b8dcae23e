// Below the price: open interest, funding, liquidations as reported and as the map had them.
const SMALL = { type: "custom", formatter: short, minMove: 1e-9 };
const RATE = { type: "custom", formatter: value => percent(value, 3), minMove: 1e-7 };
const known = levels => levels.some(values => values.some(value => value === value));

function title(context, text) {
  label(context, text, 6, 14, theme.faint);
}

function padded(low, high, share) {
  return low === high ? [low - Math.abs(low || 1) * 0.01, high + Math.abs(high || 1) * 0.01] : [low - share * (high - low), high + share * (high - low)];
}

function areaPane(index, name, text, format, fromZero) {
  const [highs, lows] = pools[name];
  const range = (first, stop) => {
    const high = extreme(highs, 1, first, stop), low = extreme(lows, -1, first, stop);
    return fromZero ? padded(Math.min(low, 0), Math.max(high, 0), 0.1) : padded(low, high, 0.15);
  };
  const series = addPane(index, range, format);
  attach(series, "normal", (context, width, height) => {
    const y = value => series.priceToCoordinate(value);
    context.beginPath();
    let open = false, before = 0;
    columnsAcross(width, (x, from, to, wide) => {
      const high = extreme(highs, 1, from, to), low = extreme(lows, -1, from, to);
      if (high !== high) return void (open = false);
      if (fromZero) context.rect(x, y(Math.max(high, 0)), Math.max(wide * 0.9, 1), Math.max(y(Math.min(low, 0)) - y(Math.max(high, 0)), 0.5));
      else {
        if (open) context.lineTo(x + wide / 2, Math.min(Math.max(before, y(high)), y(low)));
        else context.moveTo(x + wide / 2, y(high));
        context.lineTo(x + wide / 2, y(high));
        context.lineTo(x + wide / 2, (before = y(low)));
        open = true;
      }
    });
    context.fillStyle = theme.accent;
    if (fromZero) context.fill();
    else stroke(context, theme.accent, 1.3);
    title(context, text);
  });
  return series;
}

function liquidationPane(index) {
  const names = ["reported_long", "reported_short", "model_liquidated_long", "model_liquidated_short"], hasReports = facts.reported;
  const range = (first, stop) => {
    const most = names.map(name => extreme(pools[name], 1, first, stop) || 0);
    const down = Math.max(most[0], hasReports ? 0 : most[2]), up = Math.max(most[1], hasReports ? 0 : most[3]);
    return padded(-down, up, 0.08);
  };
  const series = addPane(index, range, { ...SMALL, formatter: value => short(Math.abs(value)) });
  attach(series, "normal", (context, width, height) => {
    const y = value => series.priceToCoordinate(value), zero = y(0);
    for (const [side, sign] of [["long", -1], ["short", 1]]) {
      context.beginPath();
      columnsAcross(width, (x, from, to, wide) => {
        const most = extreme(pools["reported_" + side], 1, from, to), end = y(sign * most);
        if (most > 0) context.rect(x + wide * 0.1, Math.min(zero, end), Math.max(wide * 0.8, 1), Math.max(Math.abs(end - zero), 0.5));
      });
      context.fillStyle = theme[side];
      context.fill();
      context.beginPath();
      let open = false;
      columnsAcross(width, (x, from, to, wide) => {
        const most = extreme(pools["model_liquidated_" + side], 1, from, to);
        if (most !== most) return void (open = false);
        const level = y(sign * most);
        if (open) context.lineTo(x, level);
        else context.moveTo(x, level);
        context.lineTo(x + wide, level);
        open = true;
      });
      stroke(context, hasReports ? theme.ink : theme[side], hasReports ? 0.9 : 1.2);
    }
    title(context, hasReports ? "Liquidations reported (bars) and by the model (line): shorts up, longs down, base coin a column" : "Liquidations by the model (none reported): shorts up, longs down, base coin a column");
  });
}

let pane = 1;
if (known(pools.open_interest[0])) areaPane(pane++, "open_interest", "Open interest, base coin", SMALL, false);
if (known(pools.funding_rate[0])) areaPane(pane++, "funding_rate", "Funding rate, last settled", RATE, true);
liquidationPane(pane++);
chart.panes().forEach((each, index) => {
  each.setStretchFactor(index ? 1 : 6);
  each.getSeries()[0].priceScale().applyOptions({ mode: index ? 0 : 1, scaleMargins: { top: index ? 0.12 : 0.02, bottom: index ? 0.08 : 0.02 } });
});
