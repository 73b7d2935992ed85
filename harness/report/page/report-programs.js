"use strict";
/* report-programs.js - programs end to end, fidelity and sweeps: the tables of the other formats, as they are. */

function buildPlainTables(id, place) {
  data.sections.filter((one) => one.id === id).forEach((section, at) => {
    const columns = section.columns.map(({ title, right }, index) => ({ title, kind: right ? null : "text", text: (row) => row.cells[index] || none }));
    place.append(lead(section.title), buildTable(`table-${id}-${at}`, section.title, columns, section.rows.map((cells) => ({ cells }))));
  });
}

for (const [id, title] of [["programs", "End to end"], ["fidelity", "Fidelity of the replays"], ["sweeps", "Settings"]])
  addSection({ id, title, has: () => data.sections.some((one) => one.id === id), build: (place) => buildPlainTables(id, place) });
