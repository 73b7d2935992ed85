"use strict";
/* info-life.js - one trace: how long objects live, how they are aligned, how they grow. */

function lifetimeFigure(id, title, counts, label) {
  if (counts.length === 0) return null;
  const rows = counts.map((one) => ({ from: one.from, label: label(one.from), value: one.count }));
  const whole = sum(rows.map((row) => row.value));
  const columns = [{ ...textColumn("lived", "label"), value: (row) => row.from }, number("objects", "", "value", wholeText), shareColumn("value", whole)];
  return barFigure({ id, title, sub: `${countText(whole)} objects that were released; classes end below twice their begin.`, rows, columns });
}

addSection({
  id: "lifetimes",
  title: "Lifetimes",
  has: () => data.lifetimes_events.length > 0,
  build(place) {
    place.append(lead(`From acquisition to release. ${countText(data.end_live_objects)} objects that live at the end are not in the charts.`));
    addCharts(
      place,
      lifetimeFigure("chart-lifetimes-events", "Lifetimes in events", data.lifetimes_events, (from) => countText(from)),
      lifetimeFigure("chart-lifetimes-time", "Lifetimes in time", data.lifetimes_ns, (from) => timeText(from)),
    );
  },
});

addSection({
  id: "alignment",
  title: "Alignment",
  has: () => data.objects > 0,
  build(place) {
    const asked = data.alignments.map((one) => ({ label: `${bytesText(one.alignment)}`, alignment: one.alignment, value: one.objects }));
    const rows = [{ label: "none asked", alignment: 0, value: data.objects - sum(asked.map((row) => row.value)) }, ...asked];
    const columns = [{ ...textColumn("alignment", "label"), value: (row) => row.alignment }, number("objects", "", "value", wholeText), shareColumn("value", data.objects)];
    addCharts(place, asked.length > 0 ? barFigure({ id: "chart-alignment", title: "Objects by alignment", sub: "What the program asked for beyond that of malloc.", rows, horizontal: true }) : null, buildTable("table-alignment", "Alignments asked for", columns, rows));
  },
});

addSection({
  id: "realloc",
  title: "Realloc",
  has: () => data.events_by_kind.realloc > 0,
  build(place) {
    const rows = [["grew", data.reallocs_grown], ["shrank", data.reallocs_shrunk], ["kept its size", data.reallocs_same_size]].map(([label, value]) => ({ label, value }));
    const columns = [textColumn("what it did", "label"), number("calls", "", "value", wholeText), shareColumn("value", data.events_by_kind.realloc)];
    place.append(lead(`${countText(data.events_by_kind.realloc)} calls; ${bytesText(data.reallocs_kept_bytes)} of content to copy, if all had moved.`));
    addCharts(place, barFigure({ id: "chart-realloc", title: "Reallocs", sub: "By what became of the size.", rows, horizontal: true }), buildTable("table-realloc", "Reallocs", columns, rows));
  },
});
