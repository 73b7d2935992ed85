"use strict";
/* trace-operations.js - what the program asked for: calls by kind, blocks by size. */

/* The order of `calls` in the manifest (docs/result-format.md). */
const callKinds = ["malloc", "calloc", "realloc", "aligned", "new", "new, aligned", "free", "sized free", "free of NULL", "failed", "usable size"];

function sizeName(log2) {
  if (log2 === 0) return "0–1 B";
  return log2 < 10 ? `${2 ** log2}–${2 ** (log2 + 1) - 1} B` : `${bytesTick(2 ** log2)} …`;
}

const callCounts = (trace) => trace.calls.map((value, i) => ({ label: callKinds[i], value })).filter((row) => row.value > 0);
const sizeCounts = (trace) => trace.sizes.map((value, i) => ({ label: sizeName(i), value, log2: i }));

addTracePart({
  name: "operations",
  title: "Operations and size classes",
  folded: true,
  has: (trace) => trace.calls.length > 0,
  build(place, trace, id) {
    const sizes = sizeCounts(trace);
    addCharts(
      place,
      countFigure(`${id}-calls`, "Calls by kind", "As recorded; a replay leaves out frees of NULL and calls that failed.", callCounts(trace), true),
      sizes.length > 0 ? countFigure(`${id}-sizes`, "Blocks by size", "Requested bytes, in classes that end below the next power of two; a reallocation counts with its new size.", sizes, false) : null,
    );
  },
});

function countFigure(id, title, sub, rows, horizontal) {
  const all = rows.reduce((sum, row) => sum + row.value, 0);
  const share = (value) => percentText(value / all);
  const most = rows.reduce((best, row) => (row.value > best.value ? row : best), rows[0]);
  const values = plainScale("", countText, { scale: { min: 0 } });
  const names = { type: "category", grid: { display: false }, ticks: { color: () => cssColour("--soft"), autoSkip: !horizontal, maxRotation: 60 } };
  return chartFigure({
    id,
    title,
    sub,
    height: 300,
    describe: `Most: ${most.label}, ${share(most.value)} of ${countText(all)}`,
    config: () => ({
      type: "bar",
      data: { labels: rows.map((row) => row.label), datasets: [{ label: title, data: rows.map((row) => row.value), backgroundColor: () => cssColour("--faint"), minBarLength: 2, maxBarThickness: 26 }] },
      options: {
        indexAxis: horizontal ? "y" : "x",
        interaction: { mode: "index", axis: horizontal ? "y" : "x", intersect: false },
        scales: horizontal ? { x: values, y: names } : { x: names, y: values },
        plugins: { tooltip: { ...tooltipStyle, callbacks: { label: ({ raw }) => ` ${countText(raw)}, ${share(raw)}` } } },
      },
    }),
    table: () => ({
      columns: [{ title: horizontal ? "call" : "requested", kind: "text", text: (row) => row.label, value: (row) => (horizontal ? row.label : row.log2) }, number("count", "", "value", wholeText), { title: "share", text: (row) => share(row.value), value: (row) => row.value }],
      rows,
    }),
  });
}
