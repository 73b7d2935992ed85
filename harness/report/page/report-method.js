"use strict";
/* report-method.js - where the rows come from, the machine, the plan, how to run it again. */

function buildAllocators() {
  const columns = [
    allocatorColumn,
    { title: "version", kind: "text", text: (row) => row.allocator.version || none, value: (row) => row.allocator.version },
    { title: "file", kind: "wrap", text: (row) => row.allocator.file || (row.allocator.unavailable ? row.allocator.unavailable : "in reheap-worker") },
    { title: "hash (XXH64)", kind: "text", text: (row) => element("code", {}, row.allocator.hash || none) },
    { title: "settings", kind: "wrap", text: (row) => [...row.allocator.options, ...row.allocator.environment].join(" ") || none },
  ];
  return buildTable("table-allocators", "Where each row comes from", columns, allocators.map((allocator) => ({ allocator, kind: allocator.floor ? "floor" : null })));
}

/* What the checks found before the first worker: what disturbs stands open, the rest folded. */
function buildDoctor(findings) {
  const mark = (row) => element("span", { class: `finding ${row.verdict}` }, row.verdict);
  const columns = [
    { title: "check", kind: "text", text: (row) => row.name, value: (row) => row.name },
    { title: "value", kind: "wrap", text: (row) => row.value || none },
    { title: "verdict", kind: "text", text: mark, value: (row) => ["warning", "note", "unknown", "good"].indexOf(row.verdict) },
    { title: "why it matters", kind: "wrap", text: (row) => row.why || none },
    { title: "what to do", kind: "wrap", text: (row) => row.fix || none },
  ];
  const count = (verdict) => findings.filter((one) => one.verdict === verdict).length;
  const summary = `${findings.length} checks before the first worker: ${count("warning")} warning${count("warning") === 1 ? "" : "s"}, ${count("note")} note${count("note") === 1 ? "" : "s"}, ${count("unknown")} unknown`;
  return element("details", { class: "part", id: "doctor", open: count("warning") > 0 }, element("summary", {}, summary), buildTable("table-doctor", "What reheap doctor found", columns, findings));
}

addSection({ id: "method", title: "How it was measured", build: buildMethod });

function buildMethod(made) {
  const { run } = data;
  made.append(lead(`One fresh process a sample; ${data.rounds} rounds after one of warm-up; in each round every allocator once, in random order, and the baseline twice. Ratios are paired within a round; intervals are exact (order statistics), widened over the comparisons of a table so that they hold together with ${percentText(data.level)}. Means over traces: BCa bootstrap of whole rounds. Seed ${run.seed}, touch policy ${run.touch || "unknown"}${run.cpus_used ? `, CPUs ${run.cpus_used}` : ""}.`));
  if (run.command) made.append(element("h3", {}, "Again"), element("pre", { class: "command" }, run.command));
  made.append(element("h3", {}, "Allocators"), buildAllocators());
  const host = Object.entries(hostNames).filter(([key]) => run.host[key]).map(([key, name]) => ({ label: name, value: run.host[key] }));
  const facts = [["tool", run.tool], ["started", run.started], ["finished", run.finished], ["plan", run.plan_path]].filter(([, value]) => value).map(([label, value]) => ({ label, value }));
  const columns = [{ title: "what", kind: "text", text: (row) => row.label }, { title: "value", kind: "wrap", text: (row) => row.value }];
  made.append(element("h3", {}, "Machine and run"), buildTable("table-host", "The machine that it ran on", columns, [...host, ...facts]));
  if (run.doctor && run.doctor.length > 0) made.append(element("h3", {}, "Doctor"), buildDoctor(run.doctor));
  if (run.plan_text) made.append(element("details", {}, element("summary", {}, "The plan"), element("pre", {}, run.plan_text)));
}
