"use strict";
/* report-answer.js - the first screen: facts, the verdict in its colours, time against memory, time. */

const isComparable = baseline !== null && data.comparisons > 0;

function buildFacts() {
  const { control, run } = data;
  const facts = [];
  const traces = data.traces_in_means;
  facts.push(["measured", `${data.rounds} rounds × ${traces} trace${traces === 1 ? "" : "s"}, ${run.samples_measured} workers`]);
  facts.push(["intervals", `${percentText(data.level)}, together over ${data.comparisons} comparison${data.comparisons === 1 ? "" : "s"}`]);
  if (control.cells > 0) facts.push(["the baseline against itself (A/A)", `at worst ${ratioText(control.worst_ratio)}, ${control.trusted ? "quiet enough" : "not quiet"}`]);
  if (isFigure(control.detectable_effect)) facts.push(["smallest difference seen with 80 % power", percentText(control.detectable_effect)]);
  if (run.host.cpu) facts.push(["machine", [run.host.cpu, run.host.virtualisation].filter(Boolean).join(", ")]);
  addFacts(facts);
}

function controlRow(interval, verdict) {
  return interval ? [{ allocator: baseline, label: `${baseline.label} A/A`, interval, verdict, kind: "control" }] : [];
}

function buildOverview() {
  if (!isComparable) return;
  const place = byId("overview");
  const points = data.means
    .filter((mean) => allocators[mean.allocator] === baseline || (mean.whole && mean.time && mean.memory))
    .map((mean) => ({ allocator: allocators[mean.allocator], time: mean.time, memory: mean.memory }));
  const scatter = points.length > 1 ? scatterFigure("chart-scatter", "Time against memory", "Left is faster, down is leaner. Nothing lies below the dashed line.", points) : null;
  const rows = data.means.filter((mean) => mean.time).map((mean) => ({ allocator: allocators[mean.allocator], label: allocators[mean.allocator].label, interval: mean.time, verdict: mean.time_verdict }));
  const band = "The grey band is the noise of the A/A control.";
  const sub = data.traces_in_means > 1 ? `Geometric means over ${data.traces_in_means} traces. ${band}` : band;
  place.append(...[scatter].filter(Boolean), forestFigure("chart-means", "Time, relative to the baseline", sub, [...rows, ...controlRow(data.control.mean, data.control.mean_verdict)], data.control.noise_floor));
}

addAnswer(() => {
  paintVerdict();
  buildFacts();
  buildOverview();
});
