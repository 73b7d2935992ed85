"use strict";
/* compare-runs.js - the two runs side by side. */

addSection({
  id: "runs",
  title: isSingle ? "The run" : "The two runs",
  build(place) {
    const line = (label, of) => ({ label, values: data.runs.map(of) });
    const rows = [
      line("result", (run) => run.path), line("tool", (run) => run.tool), line("title", (run) => run.title), line("started", (run) => run.started),
      line("seed", (run) => run.seed), line("rounds", (run) => run.rounds), line("touch", (run) => run.touch), line("CPUs used", (run) => run.cpus_used),
      line("again", (run) => run.command), ...Object.entries(hostNames).map(([key, name]) => line(name, (run) => run.host[key])),
    ].filter((row) => row.values.some((value) => value !== null && value !== undefined));
    const columns = [
      { title: "what", kind: "text", text: (row) => row.label },
      ...data.runs.map((run, i) => ({ title: isSingle ? "value" : i === 0 ? "before" : "after", kind: "wrap", text: (row) => String(row.values[i] ?? none), classes: (row) => (row.values[0] !== row.values[i] ? "differs" : null) })),
    ];
    place.append(buildTable("table-runs", "What was run, and where", columns, rows));
  },
});
