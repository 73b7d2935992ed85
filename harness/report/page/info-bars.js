"use strict";
/* info-bars.js - one trace: what was called, by which threads, for which sizes. */

const kinds = Object.entries(data.events_by_kind).map(([label, value]) => ({ label, value })).filter((row) => row.value > 0);

addSection({
  id: "kinds",
  title: "Events by kind",
  has: () => kinds.length > 0,
  build(place) {
    const rows = [...kinds].sort((a, b) => b.value - a.value);
    const columns = [textColumn("kind", "label"), number("events", "", "value", wholeText), shareColumn("value", data.events)];
    addCharts(place, barFigure({ id: "chart-kinds", title: "Events by kind", sub: `${countText(data.events)} events in all.`, rows, horizontal: true }), buildTable("table-kinds", "Events by kind", columns, rows));
  },
});

const threadLabel = (thread) => (thread.name ? `${thread.thread} ${thread.name}` : String(thread.thread));

addSection({
  id: "threads",
  title: "Threads",
  has: () => data.threads.length > 0,
  build(place) {
    place.append(lead(`${data.threads.length} threads that called in ${countText(data.thread_runs)} runs of one thread; ${shareText(data.cross_thread_releases, releases)} of ${countText(releases)} releases were made by another thread than the one that acquired the object.`));
    const rows = data.threads.map((thread) => ({ ...thread, label: threadLabel(thread), value: thread.events }));
    const busiest = [...rows].sort((a, b) => b.events - a.events).slice(0, 24);
    const columns = [
      { ...textColumn("thread", "label"), value: (row) => row.thread },
      number("started by", "the thread that made it", "parent", wholeText),
      number("events", "", "events", wholeText),
      number("objects", "acquired", "objects", wholeText),
      number("bytes", "requested", "bytes", bytesText),
      number("releases", "", "releases", wholeText),
      { title: "foreign", hint: "releases of objects that another thread acquired", text: (row) => shareText(row.foreign_releases, row.releases), value: (row) => row.foreign_releases / Math.max(1, row.releases) },
      { title: "ended", kind: "text", text: (row) => (row.ended ? "yes" : "no") },
    ];
    const chart = data.threads.length > 1 ? barFigure({ id: "chart-threads", title: "Events by thread", sub: busiest.length < rows.length ? `The ${busiest.length} busiest of ${rows.length}.` : "", rows: busiest, horizontal: true }) : null;
    addCharts(place, chart, buildTable("table-threads", "Threads", columns, rows));
  },
});

/* A class is a power of two and what lies below the next. */
function classLabel(from, text) {
  if (from < 2) return text(from);
  return from < 1024 && text === wholeText ? `${from}–${2 * from - 1}` : `${text(from)}…`;
}
const sizeLabel = (from) => (from < 1024 ? classLabel(from, wholeText) : classLabel(from, bytesTick));

addSection({
  id: "sizes",
  title: "Sizes",
  has: () => data.sizes.length > 0,
  build(place) {
    const rows = data.sizes.map((one) => ({ ...one, label: sizeLabel(one.from) }));
    const columns = [{ ...textColumn("requested bytes", "label"), value: (row) => row.from }, number("objects", "", "objects", wholeText), shareColumn("objects", data.objects), number("bytes", "", "bytes", bytesText), { ...shareColumn("bytes", data.allocated_bytes), title: "share of bytes" }];
    const top = data.top_sizes.map((one) => ({ ...one, label: wholeText(one.size), value: one.objects }));
    const topColumns = [number("size", "requested bytes", "size", wholeText), number("objects", "", "objects", wholeText), shareColumn("objects", data.objects)];
    place.append(lead("Requested bytes of each object, in classes that end below the next power of two."));
    addCharts(
      place,
      barFigure({ id: "chart-sizes", title: "Objects by size class", sub: `${countText(data.objects)} objects.`, rows: rows.map((row) => ({ ...row, value: row.objects })) }),
      barFigure({ id: "chart-size-bytes", title: "Bytes by size class", sub: `${bytesText(data.allocated_bytes)} in all.`, rows: rows.map((row) => ({ ...row, value: row.bytes })), format: bytesText }),
    );
    addCharts(place, buildTable("table-sizes", "Size classes", columns, rows), buildTable("table-top-sizes", `Most common of ${data.distinct_sizes} sizes`, topColumns, top));
  },
});
