"use strict";
/* trace-freed.js - what stays resident after everything was freed. */

addTracePart({
  name: "freed",
  title: "What stays resident after everything was freed",
  folded: true,
  has: (trace) => freedRows(trace).length > 0,
  build: (place, trace, id) => place.append(buildFreed(trace, `${id}-table`)),
});

function freedRows(trace) {
  return trace.cells.filter((cell) => cell.freed_bytes.some(isFigure)).map((cell) => ({ ...cell, allocator: allocators[cell.allocator] }));
}

function buildFreed(trace, id) {
  const rows = freedRows(trace);
  const times = rows[0].freed_idle_ns;
  const columns = [allocatorColumn, number("peak", "highest resident memory", "peak_resident_bytes", bytesText)];
  times.forEach((ns, i) => {
    if (isFigure(ns)) columns.push({ title: ns === 0 ? "at once" : `after ${timeText(ns)}`, text: (row) => bytesText(row.freed_bytes[i]), value: (row) => row.freed_bytes[i] });
  });
  columns.push({ title: "after purge", hint: "where the allocator has a call for it", text: (row) => (isFigure(row.purged_bytes) ? `${bytesText(row.purged_bytes)} (${row.purge_call || "?"})` : none), value: (row) => row.purged_bytes });
  return buildTable(id, "Resident bytes after everything was freed", columns, rows);
}
