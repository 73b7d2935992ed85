"use strict";
/* compare-traces.js - allocators x traces, and every figure. */

function changeMatrix(key, caption) {
  const labels = [...new Set(data.rows.map((row) => row.allocator))];
  const find = (row, trace) => data.rows.find((one) => one.trace === trace && one.allocator === row.allocator.label);
  return matrixTable({
    id: `table-matrix-${key}`,
    caption,
    rows: labels.map((label) => ({ allocator: allocators.find((one) => one.label === label) })),
    columns: traceNames.map((trace) => ({ title: trace, hint: caption, of: trace })),
    at: (row, trace) => {
      const found = find(row, trace);
      if (!found) return { interval: null, word: none };
      return { interval: found[key], verdict: found[`${key}_verdict`], word: found.lost ? "lost" : none, tip: found.reason };
    },
  });
}

addSection({
  id: "traces",
  title: "On each trace",
  has: () => traceNames.length > 1,
  build: (place) => addCharts(place, changeMatrix("time", `Time, ${afterName} / ${beforeName}`), changeMatrix("memory", `Peak memory, ${afterName} / ${beforeName}`)),
});

function regressionText(row) {
  if (row.lost) return element("span", { class: "ended" }, row.reason || "not measured any more");
  const words = [row.time_regressed && "slower", row.memory_regressed && "more memory"].filter(Boolean);
  return words.length > 0 ? element("span", { class: "ended" }, words.join(", ")) : "";
}

addSection({
  id: "figures",
  title: "Every comparison",
  build(place) {
    const rows = data.rows.map((row) => ({ ...row, allocator: allocators.find((one) => one.label === row.allocator), label: row.allocator, where: row.trace === null ? "all" : row.trace }));
    const columns = [
      allocatorColumn,
      { title: "trace", kind: "text", text: (row) => row.where, value: (row) => row.where },
      number("ns before", "median over the rounds", "before_ns_per_op", figureText),
      number("ns after", "median over the rounds", "after_ns_per_op", figureText),
      ...intervalColumns("time", "time_verdict", "time"),
      number("memory before", "peak resident, net", "before_peak_bytes", bytesText),
      number("memory after", "peak resident, net", "after_peak_bytes", bytesText),
      ...intervalColumns("memory", "memory_verdict", "memory"),
    ];
    if (data.gate !== undefined) columns.push({ title: "gate", kind: "text", text: regressionText, value: (row) => Number(row.lost || row.time_regressed || row.memory_regressed) });
    place.append(lead(timeHint, ". Memory: bytes. Below 1 is faster, less."), buildTable("table-rows", "Every allocator on every trace", columns, rows));
  },
});
