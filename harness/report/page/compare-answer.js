"use strict";
/* compare-answer.js - two results against each other: counts, and what changed over all traces. */

const isSingle = data.after === null;
const afterName = isSingle ? "the allocator" : "after";
const beforeName = isSingle ? data.reference : "before";
const timeHint = isSingle || !data.reference ? `time ${afterName} / ${beforeName}` : `time over that of ${data.reference}, ${afterName} / ${beforeName}: what changed about the machine falls out`;

const rowsOf = (trace) => data.rows.filter((row) => row.trace === trace).map((row) => ({ ...row, allocator: allocators.find((one) => one.label === row.allocator) }));
const traceNames = [...new Set(data.rows.map((row) => row.trace).filter((trace) => trace !== null))];

/* The reference itself is not a comparison. */
function forestRows(rows, key) {
  return rows
    .filter((row) => row[key] && (isSingle || key !== "time" || row.allocator !== baseline))
    .map((row) => ({ allocator: row.allocator, label: row.allocator.label, interval: row[key], verdict: row[`${key}_verdict`] }));
}

function changeFigures(place, id, rows) {
  const figures = [
    ["time", "Time", `${isSingle ? "" : "after / before "}(log scale, left is faster)`],
    ["memory", "Peak memory", `${isSingle ? "" : "after / before "}(log scale, left is less)`],
  ].map(([key, title, axis]) => {
    const drawn = forestRows(rows, key);
    return drawn.length > 0 ? forestFigure(`${id}-${key}`, title, key === "time" ? timeHint : `bytes ${afterName} / ${beforeName}`, drawn, null, axis) : null;
  });
  place.append(...figures.filter(Boolean));
}

addAnswer(() => {
  paintVerdict();
  const gate = byId("banners");
  if (data.gate_sentence) gate.prepend(element("p", { class: `banner gate ${data.regressions > 0 ? "grave" : "open"}`, "data-kind": "gate" }, data.gate_sentence));
  const open = data.compared - data.better - data.worse - data.equal;
  const facts = [
    ["better", String(data.better)], ["worse", String(data.worse)], ["equal within 2 %", String(data.equal)],
    ["not resolved", `${open}${data.too_few_rounds > 0 ? `, ${data.too_few_rounds} for want of rounds` : ""}`],
    ["intervals", percentText(data.level)],
  ];
  if (data.reference) facts.push([isSingle ? "baseline" : "reference for the machine's speed", data.reference]);
  addFacts(facts);
  const over = rowsOf(null);
  changeFigures(byId("overview"), "chart", over.length > 0 ? over : rowsOf(traceNames[0]));
});
