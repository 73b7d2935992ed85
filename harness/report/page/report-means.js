"use strict";
/* report-means.js - over all traces: the means, and allocators x traces. */

addSection({
  id: "means",
  title: "Over all traces",
  has: () => isComparable && data.traces.length > 1,
  build(place) {
    place.append(lead(`Geometric means of the ratios to ${baseline.label}, each paired within its round. An allocator that was not measured on every trace is not ranked.`), buildMeans(), buildMatrix());
  },
});

function buildMeans() {
  const rows = data.means.map((mean) => ({ ...mean, allocator: allocators[mean.allocator] }));
  const control = data.control.mean ? [{ allocator: baseline, label: `${baseline.label} A/A`, time: data.control.mean, time_verdict: data.control.mean_verdict, kind: "control", pinned: true }] : [];
  const columns = [
    allocatorColumn,
    ...intervalColumns("time", "time_verdict", "time"),
    { title: "traces", text: (row) => (row.pinned ? "" : `${row.traces}/${data.traces_in_means}`), value: (row) => row.traces },
    { title: "per trace", kind: "text", hint: "smallest and largest of the ratios per trace", text: (row) => (isFigure(row.smallest) ? `${ratioText(row.smallest)} … ${ratioText(row.largest)}` : none) },
    { title: "× best", hint: "ratio to the allocator with the smallest mean", text: (row) => ratioText(row.behind_best ? row.behind_best.estimate : data.best === row.allocator.index && !row.pinned ? 1 : null), value: (row) => (row.behind_best ? row.behind_best.estimate : null) },
    ...intervalColumns("memory", "memory_verdict", "peak memory"),
  ];
  return buildTable("table-means", "Means over the traces, best first", columns, [...rows, ...control]);
}

/* Time of every allocator on every trace. */
function buildMatrix() {
  const cellFor = (row, trace) => trace.cells.find((cell) => cell.allocator === row.allocator.index);
  const rows = data.means.filter((mean) => allocators[mean.allocator] !== baseline).map((mean) => ({ allocator: allocators[mean.allocator] }));
  return matrixTable({
    id: "table-matrix",
    caption: "Time relative to the baseline on each trace",
    rows,
    columns: data.traces.map((trace) => ({ title: trace.name, hint: `${trace.name}: time / time of ${baseline.label}`, of: trace })),
    at: (row, trace) => {
      const cell = cellFor(row, trace);
      return { interval: cell.time, verdict: cell.time_verdict, word: isFigure(cell.ns_per_op) ? none : cell.end, tip: cell.reason };
    },
  });
}
