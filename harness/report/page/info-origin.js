"use strict";
/* info-origin.js - one trace: what failed or is missing, and where the trace comes from. */

const meta = data.meta || {};

addSection({
  id: "failures",
  title: "Failures and losses",
  build(place) {
    const rows = [
      ["failed calls", data.events_by_kind.failed, "returned NULL"],
      ["unknown frees", meta.unknown_frees, "of blocks whose acquisition was not recorded"],
      ["dropped events", meta.drops, "known to be lost"],
      ["torn threads", meta.torn, "whose newest events were being written when the process was killed"],
      ["calls from within calls", meta.nested_calls, "not the program's own, left out"],
      ["stalls", meta.stalls, "times that the recorder made a thread wait for 1 ms or more"],
      ["blocks not looked at", meta.looks_skipped, "large ones whose resident pages it would have cost too much to count, or that were too many at once"],
    ].map(([label, value, why]) => ({ label, value: value || 0, why }));
    const columns = [textColumn("what", "label"), number("count", "", "value", wholeText), { title: "which", kind: "wrap", text: (row) => row.why }];
    place.append(buildTable("table-failures", "Failures and losses", columns, rows));
  },
});

addSection({
  id: "origin",
  title: "What was recorded",
  build(place) {
    const bytes = (value) => (value ? bytesText(value) : null);
    const rows = [
      ["program", meta.program], ["executable", meta.executable], ["command", meta.command], ["source", meta.source], ["date", meta.date],
      ["host", meta.host], ["libc", meta.libc], ["allocator", meta.allocator], ["tool", meta.tool], ["note", meta.note],
      ["times", data.timed ? `to ${timeText(meta.time_quantum_ns)}` : "none"],
      ["duration", meta.duration_ns ? timeText(meta.duration_ns) : null],
      ["resident at the peak", bytes(meta.peak_rss_bytes)],
      ["CPU time", meta.cpu_ns ? `${timeText(meta.cpu_ns)}${meta.recorder_ns ? `, about ${timeText(meta.recorder_ns)} of it for recording` : ""}` : null],
      ["live before the trace begins", data.prologue_objects ? `${data.prologue_objects} objects` : null],
      ["large blocks looked at", data.looked_objects ? `${data.looked_objects}; ${shareText(data.resident_bytes, data.looked_bytes)} of their ${bytesText(data.looked_bytes)} were resident` : null],
      ["content", data.content_hash],
      ["file", data.path],
    ].map(([label, value]) => ({ label, value })).filter((row) => row.value !== null && row.value !== undefined && row.value !== "");
    const columns = [{ title: "what", kind: "text", text: (row) => row.label }, { title: "value", kind: "wrap", text: (row) => String(row.value) }];
    place.append(buildTable("table-origin", "What was recorded", columns, rows));
  },
});
