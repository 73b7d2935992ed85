"use strict";
/* trace-strip.js - the ratios in the order of the rounds: drift shows. */

addTracePart({
  name: "drift",
  title: "Drift: the ratios in the order of the rounds",
  folded: true,
  has: () => isComparable && data.rounds > 1,
  build: (place, trace, id) => addCharts(place, stripFigure(`${id}-strip`, trace)),
});

function stripFigure(id, trace) {
  return chartFigure({
    id,
    title: "Ratios in the order of the rounds",
    sub: "A trend or a step here means that the machine changed during the run. Outliers are drawn, never dropped.",
    height: 260,
    describe: "One point for each allocator and round",
    config: () => stripConfig(trace),
    table: () => stripTable(trace),
  });
}

function stripTable(trace) {
  const { rows, control } = stripRows(trace);
  const columns = [
    { title: "round", text: (row) => String(row.round), value: (row) => row.round },
    ...[...rows, { allocator: { label: "A/A" }, points: control }].map(({ allocator, points }) => {
      const at = (row) => (points.find((point) => point.x === row.round) || {}).ratio;
      return { title: allocator.label, text: (row) => ratioText(at(row)), value: at };
    }),
  ];
  return { columns, rows: Array.from({ length: data.rounds }, (_none, i) => ({ round: i + 1 })) };
}

function contrasts(values, base) {
  return values.map((value, i) => ({ x: i + 1, ratio: isFigure(value) && isFigure(base[i]) ? value / base[i] : null })).filter((point) => isFigure(point.ratio) && point.ratio > 0);
}

function stripRows(trace) {
  const base = trace.cells.find((cell) => cell.allocator === data.baseline).ns_per_op_by_round;
  const rows = trace.cells
    .filter((cell) => allocators[cell.allocator].ranked && cell.allocator !== data.baseline)
    .map((cell) => ({ allocator: allocators[cell.allocator], points: contrasts(cell.ns_per_op_by_round, base) }));
  return { rows, control: contrasts(trace.control_ns_per_op_by_round, base) };
}

function stripConfig(trace) {
  const { rows, control } = stripRows(trace);
  const bounds = ratioBounds([...rows, { points: control }].flatMap((row) => row.points.map((point) => point.ratio)), 0.06);
  const dataset = (label, points, style, allocator) => ({
    label,
    allocator,
    data: points.map((point) => ({ x: point.x, y: Math.log(point.ratio) })),
    showLine: true,
    borderWidth: 1,
    pointRadius: 3,
    ...style,
  });
  const datasets = rows.map((row) => dataset(row.allocator.label, row.points, pointStyle(row.allocator), row.allocator));
  datasets.push(dataset("A/A", control, { ...controlStyle(), borderDash: [3, 3] }, null));
  return {
    type: "scatter",
    data: { datasets },
    options: {
      scales: {
        x: plainScale("round", (value) => (Number.isInteger(value) ? value : ""), { scale: { min: 0.5, max: data.rounds + 0.5 }, ticks: { stepSize: 1 } }),
        y: ratioScale(bounds, `time / ${baseline.label}`, false),
      },
      plugins: {
        band: { axes: ["y"] },
        tooltip: {
          ...tooltipStyle,
          callbacks: { label: ({ dataset: one, raw }) => ` ${one.label}: ${ratioText(Math.exp(raw.y))} in round ${raw.x}` },
        },
      },
    },
  };
}
