"use strict";
/* trace-split.js - where the resident bytes are: live, internal, partial, empty; and how full the pages are. */

/* From what the program asked for to what nobody uses; told apart by lightness too, so that no colour is needed. */
const splitParts = [
  { key: "live_bytes", title: "live", hint: "requested bytes of live blocks, on resident pages", colour: "#12507b" },
  { key: "internal_bytes", title: "internal", hint: "what these blocks may use beyond what was requested", colour: "#4f97c7" },
  { key: "partial_bytes", title: "partial", hint: "the rest of the pages that hold any byte of a live block", colour: "#e2a03f" },
  { key: "empty_bytes", title: "empty", hint: "resident pages without a live byte: caches, dirty pages, book-keeping", colour: "#d9c9b0" },
];

function splitRows(trace) {
  return trace.cells.filter((cell) => cell.split && allocators[cell.allocator].ranked).map((cell) => ({ allocator: allocators[cell.allocator], split: cell.split, at: cell.split.peak }));
}

addTracePart({
  name: "split",
  title: "Where the resident bytes are",
  lead: "At the checkpoint with the most resident bytes; the worker's own pages count as empty.",
  has: (trace) => splitRows(trace).length > 0,
  build(place, trace, id) {
    addCharts(place, splitFigure(`${id}-bytes`, trace), occupancyFigure(`${id}-occupancy`, trace));
    place.append(buildSplitTable(`${id}-table`, trace));
  },
});

addTracePart({
  name: "split-time",
  title: "Where the resident bytes are, over the run",
  folded: true,
  has: (trace) => splitRows(trace).some((row) => row.split.t.length > 1),
  build: (place, trace, id) => addCharts(place, ...splitRows(trace).map((row) => splitTimeFigure(`${id}-${row.allocator.index}`, row, trace))),
});

const partLegend = { display: true, position: "bottom", labels: { usePointStyle: true, pointStyle: "rect", color: () => cssColour("--ink") } };

function partTooltip() {
  return { ...tooltipStyle, callbacks: { label: ({ dataset, raw }) => ` ${dataset.label}: ${bytesText(isFigure(raw) ? raw : raw.y)}` } };
}

function splitFigure(id, trace) {
  const all = splitRows(trace);
  const describe = all.map((row) => `${row.allocator.label}: ${splitParts.map((part) => `${part.title} ${bytesText(row.split[part.key][row.at])}`).join(", ")}`).join("; ");
  return chartFigure({
    id,
    title: "Resident bytes at the peak",
    sub: "What is not live is what the allocator costs.",
    height: 90 + 30 * all.length,
    describe,
    config() {
      const shown = () => all.filter((row) => row.allocator.shown);
      const fill = (chart) => {
        chart.data.labels = shown().map((row) => row.allocator.label);
        chart.data.datasets.forEach((dataset) => (dataset.data = shown().map((row) => row.split[dataset.part][row.at] || 0)));
      };
      const made = {
        type: "bar",
        data: { labels: [], datasets: splitParts.map((part) => ({ label: part.title, part: part.key, data: [], backgroundColor: part.colour, borderWidth: 0 })) },
        options: {
          indexAxis: "y",
          scales: {
            x: { ...plainScale("", bytesTick, { scale: { min: 0, afterBuildTicks: binaryTicks } }), stacked: true },
            y: { stacked: true, grid: { display: false }, ticks: { color: () => cssColour("--ink") } },
          },
          plugins: { legend: partLegend, tooltip: partTooltip() },
        },
        refresh: fill,
      };
      fill(made);
      return made;
    },
  });
}

function occupancyFigure(id, trace) {
  const rows = splitRows(trace);
  const share = (row, tenth) => row.split.occupancy[tenth] / Math.max(row.split.occupancy.reduce((sum, pages) => sum + pages, 0), 1);
  const tenths = Array.from({ length: 10 }, (_none, i) => i);
  const name = (tenth) => `${10 * tenth}–${10 * (tenth + 1)} %`;
  return chartFigure({
    id,
    title: "How full the pages are",
    sub: "Pages with live bytes, by the share of the page that live requested bytes fill. Right is better.",
    height: 320,
    describe: rows.map((row) => `${row.allocator.label}: ${percentText(share(row, 9))} of its pages are at least nine tenths full`).join("; "),
    config: () => ({
      type: "line",
      data: {
        datasets: rows.map((row) => ({
          label: row.allocator.label,
          allocator: row.allocator,
          data: tenths.map((tenth) => ({ x: 10 * tenth + 5, y: share(row, tenth) })),
          borderWidth: 1.5,
          pointRadius: 3,
          borderDash: row.allocator.dash,
          ...pointStyle(row.allocator),
        })),
      },
      options: {
        parsing: false,
        scales: {
          x: plainScale("filled by live bytes, %", (value) => value, { scale: { min: 0, max: 100 }, ticks: { stepSize: 10 } }),
          y: plainScale("share of the pages", percentText, { scale: { min: 0 } }),
        },
        plugins: { tooltip: { ...tooltipStyle, callbacks: { title: () => "", label: ({ dataset, raw }) => ` ${dataset.label}: ${percentText(raw.y)} of the pages are ${name((raw.x - 5) / 10)} full` } } },
      },
    }),
    table: () => ({
      columns: [allocatorColumn, ...tenths.map((tenth) => ({ title: name(tenth), text: (row) => percentText(share(row, tenth)), value: (row) => share(row, tenth) }))],
      rows,
    }),
  });
}

function splitTimeFigure(id, row, trace) {
  const { allocator, split } = row;
  const unit = timeUnit(split);
  return chartFigure({
    id,
    title: allocator.label,
    sub: "",
    height: 220,
    describe: `Resident bytes at ${split.t.length} checkpoints of ${trace.name}; the peak is in the table above`,
    config: () => ({
      type: "line",
      data: {
        datasets: splitParts.map((part) => ({
          label: part.title,
          data: split.t.map((t, i) => ({ x: t, y: split[part.key][i] || 0 })),
          fill: "stack",
          pointRadius: 1.5,
          borderWidth: 1,
          borderColor: part.colour,
          backgroundColor: part.colour,
        })),
      },
      options: {
        interaction: { mode: "index", intersect: false },
        scales: {
          x: plainScale(unit.name, unit.text, { scale: { min: 0, max: split.t[split.t.length - 1] } }),
          y: { ...plainScale("", bytesTick, { scale: { min: 0, afterBuildTicks: binaryTicks } }), stacked: true },
        },
        plugins: { legend: partLegend, tooltip: partTooltip() },
      },
    }),
    table: () => ({
      columns: [{ title: unit.name, text: (i) => unit.text(split.t[i.at]), value: (i) => split.t[i.at] }, ...splitParts.map((part) => ({ title: part.title, hint: part.hint, text: (i) => bytesText(split[part.key][i.at]), value: (i) => split[part.key][i.at] }))],
      rows: split.t.map((_t, at) => ({ at })),
    }),
  });
}

function buildSplitTable(id, trace) {
  const at = (key) => (row) => row.split[key][row.at];
  const bytes = (key, title, hint) => ({ title, hint, text: (row) => bytesText(at(key)(row)), value: at(key) });
  const waste = (row) => 1 - at("live_bytes")(row) / at("counted_bytes")(row);
  const columns = [
    allocatorColumn,
    bytes("counted_bytes", "resident", "anonymous pages that were seen"),
    ...splitParts.map((part) => bytes(part.key, part.title, part.hint)),
    { title: "not live", hint: "share of the resident bytes", text: (row) => percentText(waste(row)), value: waste },
    bytes("lazy_free_bytes", "lazily freed", "given up with MADV_FREE, not yet taken; part of empty"),
    bytes("huge_bytes", "on huge pages", "what lies on transparent huge pages"),
    bytes("page_table_bytes", "page tables", "of the whole process"),
  ];
  return buildTable(id, "Resident bytes at the peak", columns, splitRows(trace));
}
