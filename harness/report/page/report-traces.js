"use strict";
/* report-traces.js - a section a trace, made of parts (sections.js); the first: ratios, memory over time, the table. */

/* Of think: auto. */
function thinkText(found) {
  const took = `the program took ${timeText(found.program_ns)} of CPU time, a plain replay under ${found.allocator} ${timeText(found.plain_ns)}`;
  if (!found.lines_per_ms) return `not thinking (${took})`;
  return `thinking with ${found.lines_per_ms / 1000} cache lines a recorded microsecond (${took}, one with them ${timeText(found.thinking_ns)})`;
}

function describeTrace(trace) {
  const parts = [];
  if (isFigure(trace.ops)) parts.push(`${countText(trace.ops)} operations`);
  if (isFigure(trace.objects)) parts.push(`${countText(trace.objects)} blocks`);
  if (isFigure(trace.threads)) parts.push(`${trace.threads} thread${trace.threads === 1 ? "" : "s"}`);
  if (trace.cross_thread_releases) parts.push(`${countText(trace.cross_thread_releases)} blocks freed by another thread`);
  if (isFigure(trace.recorded_peak_live_bytes)) parts.push(`up to ${bytesText(trace.recorded_peak_live_bytes)} live`);
  if (isFigure(trace.allocated_bytes)) parts.push(`${bytesText(trace.allocated_bytes)} requested in all`);
  if (isFigure(trace.duration_ns)) parts.push(`recorded over ${timeText(trace.duration_ns)}`);
  if (trace.think && trace.think.plain_ns) parts.push(thinkText(trace.think));
  return `${trace.synthetic ? "Synthetic, so not in the means: " : ""}${parts.join(", ")}.`;
}

/* What every table of a trace knows of a row's allocator. */
function rowOf(cell) {
  const allocator = allocators[cell.allocator];
  return { allocator, kind: allocator.floor ? "floor" : null, pinned: allocator.floor };
}

function endText(row) {
  return element("span", { class: "ended" }, row.end === "unfinished" || row.end === "measured" ? "not run" : row.end);
}

function traceColumns(trace) {
  const verdict = { title: "verdict", kind: "text", text: (row) => (row.word ? row.word : isFigure(row.ns_per_op) ? verdictCell(row.time_verdict) : endText(row)), value: (row) => (row.time ? verdictOrder[row.time_verdict] : null), tip: (row) => row.reason };
  const columns = [
    allocatorColumn,
    number("ns/op", "median over the rounds, floors included", "ns_per_op", figureText),
    number("net", "ns/op less that of null: what the replay itself costs", "net_ns_per_op", figureText),
    ...intervalColumns("time", "time_verdict", "time").slice(0, 2),
    verdict,
    number("peak memory", "highest resident private memory, less what the null allocator's worker holds", "peak_resident_bytes", bytesText),
    { title: "× memory", hint: "its ratio to the baseline's", text: (row) => ratioText(row.memory ? row.memory.estimate : null), value: (row) => (row.memory ? row.memory.estimate : null) },
    number("R/L", "peak resident over peak live", "peak_over_peak", figureText),
    number("mean R/L", "integral of R over integral of L", "mean_over_mean", figureText),
    { title: "after free", hint: "resident at once after everything was freed", text: (row) => bytesText(row.freed_bytes && row.freed_bytes[0]), value: (row) => row.freed_bytes && row.freed_bytes[0] },
    number("faults", "minor page faults in the timed part", "minor_faults", countText),
    number("system", "share of CPU time in the kernel", "system_share", percentText),
  ];
  if (trace.threads > 1) columns.push(number("stall", "waiting for other threads; never counted as the allocator's time", "stall_share", percentText));
  columns.push(number("n", "rounds measured", "rounds", wholeText));
  return columns;
}

function traceRows(trace) {
  const rows = trace.cells.map((cell) => {
    const allocator = allocators[cell.allocator];
    const cpu = cell.user_ns + cell.system_ns;
    const measured = isFigure(cell.ns_per_op);
    return {
      ...cell,
      ...rowOf(cell),
      system_share: cpu > 0 ? cell.system_ns / cpu : null,
      word: measured && allocator.floor ? "floor" : measured && allocator === baseline ? "baseline" : null,
    };
  });
  if (!trace.control) return rows;
  const control = { allocator: baseline, label: `${baseline.label} A/A`, ns_per_op: trace.control_ns_per_op, time: trace.control, time_verdict: trace.control_verdict, kind: "control", pinned: true };
  const firstFloor = rows.findIndex((row) => row.pinned);
  rows.splice(firstFloor < 0 ? rows.length : firstFloor, 0, control);
  return rows;
}

addTracePart({
  name: "top",
  build(place, trace, id) {
    const base = id.replace(/-top$/, "");
    const rows = trace.cells.filter((cell) => cell.time).map((cell) => ({ allocator: allocators[cell.allocator], label: allocators[cell.allocator].label, interval: cell.time, verdict: cell.time_verdict }));
    const sub = trace.control ? "The grey row is the baseline against itself; the band is its noise over all traces." : "";
    addCharts(
      place,
      isComparable && rows.length > 0 ? forestFigure(`${base}-time`, "Time, relative to the baseline", sub, [...rows, ...controlRow(trace.control, trace.control_verdict)], data.control.noise_floor) : null,
      trace.curves.lines && trace.curves.lines.length > 0 ? curvesFigure(`${base}-memory`, trace) : null,
    );
    place.append(buildTable(`${base}-table`, `${trace.name}: every allocator, fastest first`, traceColumns(trace), traceRows(trace)));
  },
});

data.traces.forEach((trace, t) =>
  addSection({
    id: `trace-${t + 1}`,
    title: trace.name,
    build(place) {
      place.append(lead(describeTrace(trace), trace.command ? element("code", {}, ` ${trace.command}`) : null));
      buildTraceParts(place, trace, `trace-${t + 1}`);
    },
  }),
);
