"use strict";
/* trace-latency.js - service times as a percentile spectrum, the null allocator's curve beside them. */

function latencyRows(trace) {
  return trace.cells
    .filter((cell) => cell.latency && allocators[cell.allocator].name !== "bump")
    .map((cell) => ({ ...cell.latency, ...rowOf(cell) }));
}

/* Below two steps of the clock nothing is known but that. */
function latencyText(ns, quantum) {
  if (!isFigure(ns)) return none;
  return ns <= 2 * quantum ? `≤ ${timeText(2 * quantum)}` : timeText(ns);
}

const latencyQuantiles = [["p50", "50 %"], ["p90", "90 %"], ["p99", "99 %"], ["p999", "99.9 %"], ["p9999", "99.99 %"], ["max", "max"]];

function quantileColumns(quantum) {
  return latencyQuantiles.map(([key, title]) => ({ title, hint: key === "max" ? "the slowest call that was timed" : `${title} of the calls took at most so long`, text: (row) => latencyText(row[key], quantum(row)), value: (row) => row[key] }));
}

addTracePart({
  name: "latency",
  title: "Latency of single calls",
  lead: "From a pass of its own that times 1 call in 64. What the clock costs is included: the null allocator's curve shows it, and no quantile is subtracted from another.",
  has: (trace) => latencyRows(trace).length > 0,
  build(place, trace, id) {
    addCharts(place, spectrumFigure(`${id}-spectrum`, trace));
    const columns = [allocatorColumn, number("calls timed", "in all rounds together", "samples", countText), ...quantileColumns((row) => row.quantum_ns)];
    place.append(buildTable(`${id}-table`, "Service times over all kinds of calls", columns, latencyRows(trace)));
    const byKind = latencyRows(trace).flatMap((row) => row.kinds.map((one) => ({ ...one, call: one.kind, quantum_ns: row.quantum_ns, allocator: row.allocator, kind: row.kind })));
    const kindColumns = [allocatorColumn, { title: "call", kind: "text", text: (row) => row.call, value: (row) => row.call }, ...columns.slice(1)];
    place.append(element("details", { class: "part" }, element("summary", {}, "By kind of call"), buildTable(`${id}-kinds`, "Service times by kind of call", kindColumns, byKind)));
  },
});

/* The axis counts nines: 1 is 90 %, 2 is 99 %, 3 is 99.9 %. */
function ninesText(nines) {
  return `${Number((100 * (1 - Math.pow(10, -nines))).toPrecision(Math.max(2, nines)))} %`;
}

function spectrumFigure(id, trace) {
  const rows = latencyRows(trace);
  return chartFigure({
    id,
    title: "Percentile spectrum",
    sub: "Each tick to the right is ten times as rare. Both axes are logarithmic; lower is better.",
    height: 360,
    describe: rows.map((row) => `${row.allocator.label}: half of the calls within ${latencyText(row.p50, row.quantum_ns)}, 99.9 % within ${latencyText(row.p999, row.quantum_ns)}`).join("; "),
    config: () => ({
      type: "line",
      data: {
        datasets: rows.map((row) => ({
          label: row.allocator.label,
          allocator: row.allocator,
          data: row.spectrum.map(([x, y]) => ({ x, y: Math.max(y, 1) })),
          pointRadius: 0,
          pointHitRadius: 6,
          borderWidth: row.allocator === baseline ? 2.25 : 1.75,
          borderDash: row.allocator.floor ? [2, 3] : row.allocator.dash,
          ...pointStyle(row.allocator),
        })),
      },
      options: {
        parsing: false,
        interaction: { mode: "index", intersect: false },
        scales: {
          x: plainScale("share of the calls", ninesText, { scale: { min: 0 }, ticks: { stepSize: 1 } }),
          y: { ...plainScale("time of a call", (value) => (/^[125]/.test(String(value)) ? timeText(value) : ""), {}), type: "logarithmic" },
        },
        plugins: {
          tooltip: {
            ...tooltipStyle,
            itemSort: (a, b) => b.raw.y - a.raw.y,
            callbacks: { title: (items) => (items.length ? ninesText(items[0].raw.x) : ""), label: ({ dataset, raw }) => ` ${dataset.label}: ${timeText(raw.y)}` },
          },
        },
      },
    }),
  });
}
