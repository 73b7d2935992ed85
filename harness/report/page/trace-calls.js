"use strict";
/* trace-calls.js - what else a replay costs: waiting for other threads, page faults, system calls, and what the processor counted. */

const systemCalls = ["brk", "mmap", "munmap", "mremap", "madvise", "mprotect"];

const counters = [
  ["instructions", "instructions"],
  ["cycles", "cycles"],
  ["cache_misses", "cache misses"],
  ["dtlb_misses", "dTLB misses"],
];

function callRows(trace) {
  return trace.cells.filter((cell) => isFigure(cell.minor_faults) || cell.system_calls).map((cell) => ({ ...cell, ...rowOf(cell) }));
}

/* A row that has none, like one whose allocator was not measured, shows nothing. */
function counterColumn(trace, key, title) {
  const perOp = (row) => (row.counters && isFigure(row.counters[key]) && trace.ops > 0 ? row.counters[key] / trace.ops : null);
  return { title: `${title}/op`, hint: `${title} per operation in user mode, floors included`, text: (row) => figureText(perOp(row)), value: perOp };
}

function callColumns(trace) {
  const perOp = (key) => (row) => (isFigure(row[key]) && trace.ops > 0 ? (1e6 * row[key]) / trace.ops : null);
  const columns = [
    allocatorColumn,
    number("minor faults", "pages that the kernel gave in the timed part", "minor_faults", countText),
    { title: "a million ops", hint: "minor faults per million operations", text: (row) => figureText(perOp("minor_faults")(row)), value: perOp("minor_faults") },
    number("major faults", "pages that came from a disk", "major_faults", countText),
    number("gave way", "voluntary context switches: it waited", "voluntary_switches", countText),
    number("was put off", "involuntary context switches: another had the CPU", "involuntary_switches", countText),
  ];
  if (trace.threads > 1) columns.push(number("stall", "waiting for other threads, over that and the allocator's time", "stall_share", percentText));
  if (trace.cells.some((cell) => cell.system_calls))
    for (const name of systemCalls)
      columns.push({ title: name, hint: `calls of ${name} in the timed part, from a pass of its own`, text: (row) => countText(row.system_calls && row.system_calls[name]), value: (row) => row.system_calls && row.system_calls[name] });
  if (trace.cells.some((cell) => cell.counters))
    for (const [key, title] of counters) columns.push(counterColumn(trace, key, title));
  return columns;
}

addTracePart({
  name: "calls",
  title: "Stall, faults, system calls and counters",
  folded: true,
  has: (trace) => callRows(trace).length > 0,
  build(place, trace, id) {
    place.append(buildTable(`${id}-table`, "What a replay costs beside its own time", callColumns(trace), callRows(trace)));
  },
});
