"use strict";
/* trace-curves.js - R(t) of each allocator over L(t) of the trace. */

function curvesFigure(id, trace) {
  const { curves } = trace;
  const names = curves.lines.map((line) => allocators[line.allocator].label).join(", ");
  const about = curves.unit === "ms" ? "recorded time" : "operations done";
  return chartFigure({
    id,
    title: "Resident and live memory",
    sub: `R(t) of each allocator over L(t), the live bytes of the trace, along ${about}.`,
    height: 320,
    describe: `Lines of ${names}; the peaks are in the table below`,
    config: () => curvesConfig(curves),
    table: () => curvesTable(curves),
  });
}

/* Every fourth point is enough to read. */
function curvesTable(curves) {
  const unit = timeUnit(curves);
  const bytes = (kib) => (isFigure(kib) ? kib * 1024 : null);
  const column = (title, values) => ({ title, text: (row) => bytesText(bytes(values[row.i])), value: (row) => values[row.i] });
  const columns = [
    { title: unit.name, text: (row) => unit.text(curves.t[row.i]), value: (row) => curves.t[row.i] },
    column("live, L(t)", curves.live_kib),
    ...curves.lines.map((line) => column(allocators[line.allocator].label, line.resident_kib)),
  ];
  return { columns, rows: curves.t.map((_t, i) => ({ i })).filter(({ i }) => i % 4 === 0 || i === curves.t.length - 1) };
}

/* The step of the time axis in the unit that leaves readable numbers. */
function timeUnit(curves) {
  const last = curves.t[curves.t.length - 1];
  if (curves.unit !== "ms") return { name: "operations", text: (value) => countText(value) };
  return last >= 2000
    ? { name: "recorded time, s", text: (value) => String(Number((value / 1000).toFixed(3))) }
    : { name: "recorded time, ms", text: (value) => String(Number(value.toFixed(2))) };
}

function curveDataset(line, curves) {
  const allocator = allocators[line.allocator];
  return {
    label: allocator.label,
    allocator,
    data: curves.t.map((t, i) => ({ x: t, y: line.resident_kib[i] * 1024 })),
    borderWidth: allocator === baseline ? 2.25 : 1.75,
    borderDash: allocator.dash,
    pointRadius: 0,
    pointHitRadius: 6,
    ...pointStyle(allocator),
  };
}

function curvesConfig(curves) {
  const unit = timeUnit(curves);
  const live = {
    label: "live, L(t)",
    data: curves.t.map((t, i) => ({ x: t, y: curves.live_kib[i] * 1024 })),
    fill: "origin",
    pointRadius: 0,
    borderWidth: 1,
    borderColor: () => cssColour("--faint"),
    backgroundColor: () => cssColour("--line"),
    pointStyle: "rect",
    order: 9,
  };
  const lines = curves.lines.map((line) => curveDataset(line, curves));
  return {
    type: "line",
    data: { datasets: [...lines, live] },
    options: {
      parsing: false,
      interaction: { mode: "index", intersect: false },
      scales: {
        x: plainScale(unit.name, unit.text, { scale: { min: 0, max: curves.t[curves.t.length - 1] } }),
        y: plainScale("", bytesTick, { scale: { min: 0, afterBuildTicks: binaryTicks } }),
      },
      plugins: {
        tooltip: {
          ...tooltipStyle,
          itemSort: (a, b) => b.raw.y - a.raw.y,
          callbacks: {
            title: (items) => (items.length ? `${unit.text(items[0].raw.x)} ${unit.name.split(", ")[1] || unit.name}` : ""),
            label: ({ dataset, raw }) => ` ${dataset.label}: ${bytesText(raw.y)}`,
          },
        },
      },
    },
  };
}
