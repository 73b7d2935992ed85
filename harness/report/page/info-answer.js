"use strict";
/* info-answer.js - one trace: what stands on the first screen, and what its charts share. */

const sum = (values) => values.reduce((all, value) => all + value, 0);
const shareText = (part, whole) => (whole > 0 ? `${((100 * part) / whole).toFixed(2)} %` : none);
const textColumn = (title, key) => ({ title, kind: "text", text: (row) => String(row[key] ?? none), value: (row) => row[key] ?? null });
const shareColumn = (key, whole) => ({ title: "share", text: (row) => shareText(row[key], whole), value: (row) => row[key] });
const traceColour = () => palette[isDark() ? "dark" : "light"][0];
const traceStyle = { backgroundColor: traceColour, borderColor: traceColour };

const releases = sum(data.threads.map((thread) => thread.releases));

/* ---- the course: bins of equal width ---- */

const courseUnit = data.timed
  ? { name: data.last_time_ns >= 2e9 ? "recorded time, s" : "recorded time, ms", text: (ns) => String(Number((ns / (data.last_time_ns >= 2e9 ? 1e9 : 1e6)).toFixed(3))) }
  : { name: "events", text: countText };
const courseWidth = data.course.length > 1 ? data.course[1].from - data.course[0].from : 1;

function courseFigure({ id, title, sub, describe, values, format, tick, stepped }) {
  const points = data.course.map((bin, i) => ({ x: bin.from, y: values[i] }));
  return chartFigure({
    id,
    title,
    sub,
    height: 280,
    describe,
    config: () => ({
      type: "line",
      data: { datasets: [{ label: title, data: points, fill: "origin", stepped, pointRadius: 0, pointHitRadius: 6, borderWidth: 1.5, borderColor: traceColour, backgroundColor: () => `${traceColour()}33` }] },
      options: {
        parsing: false,
        interaction: { mode: "index", intersect: false },
        scales: {
          x: plainScale(courseUnit.name, courseUnit.text, { scale: { min: 0, max: Math.max(courseWidth, data.course[data.course.length - 1].from) } }),
          y: plainScale("", tick, { scale: { min: 0, ...(tick === bytesTick ? { afterBuildTicks: binaryTicks } : {}) } }),
        },
        plugins: { tooltip: { ...tooltipStyle, callbacks: { title: (items) => (items.length ? `from ${courseUnit.text(items[0].raw.x)} ${courseUnit.name}` : ""), label: ({ raw }) => ` ${format(raw.y)}` } } },
      },
    }),
    table: () => ({
      columns: [{ title: courseUnit.name, text: (row) => courseUnit.text(row.x), value: (row) => row.x }, { title, text: (row) => format(row.y), value: (row) => row.y }],
      rows: points,
    }),
  });
}

function liveFigure(id) {
  return courseFigure({
    id,
    title: "Live bytes",
    sub: `The highest of each of ${data.course.length} stretches: requested bytes that were allocated and not yet released.`,
    describe: `At most ${bytesText(data.peak_live_bytes)}, ${bytesText(data.end_live_bytes)} at the end`,
    values: data.course.map((bin) => bin.peak_live_bytes),
    format: bytesText,
    tick: bytesTick,
    stepped: true,
  });
}

function rateFigure(id) {
  const perSecond = (events) => (events * 1e9) / courseWidth;
  const values = data.course.map((bin) => perSecond(bin.events));
  return courseFigure({
    id,
    title: "Events per second",
    sub: `In each stretch of ${timeText(courseWidth)}; over the whole trace ${countText((data.events * 1e9) / Math.max(1, data.last_time_ns))}.`,
    describe: `At most ${countText(Math.max(...values))}`,
    values,
    format: countText,
    tick: countText,
    stepped: true,
  });
}

/* ---- counts as bars ---- */

/* rows: [{label, value}]; `columns` are those of the table below. */
function barFigure({ id, title, sub, rows, format = countText, horizontal = false, columns }) {
  const whole = sum(rows.map((row) => row.value));
  const most = rows.reduce((best, row) => (row.value > best.value ? row : best), rows[0]);
  const values = plainScale("", format === bytesText ? bytesTick : format, { scale: { min: 0, ...(format === bytesText ? { afterBuildTicks: binaryTicks } : {}) } });
  const names = { type: "category", grid: { display: false }, ticks: { color: () => cssColour("--soft"), autoSkip: !horizontal, maxRotation: 60 } };
  return chartFigure({
    id,
    title,
    sub,
    height: horizontal ? 56 + 24 * rows.length : 280,
    describe: `Most: ${most.label}, ${format(most.value)}, ${shareText(most.value, whole)} of ${format(whole)}`,
    config: () => ({
      type: "bar",
      data: { labels: rows.map((row) => row.label), datasets: [{ label: title, data: rows.map((row) => row.value), minBarLength: 2, maxBarThickness: 26, ...traceStyle }] },
      options: {
        indexAxis: horizontal ? "y" : "x",
        interaction: { mode: "index", axis: horizontal ? "y" : "x", intersect: false },
        scales: horizontal ? { x: values, y: names } : { x: names, y: values },
        plugins: { tooltip: { ...tooltipStyle, callbacks: { label: ({ raw }) => ` ${format(raw)}, ${shareText(raw, whole)}` } } },
      },
    }),
    table: columns && (() => ({ columns, rows })),
  });
}

addAnswer(() => {
  const facts = [
    ["events", countText(data.events)],
    ["allocated", `${bytesText(data.allocated_bytes)} in ${countText(data.objects)} objects`],
    ["live at the peak", `${bytesText(data.peak_live_bytes)}, after event ${data.peak_live_bytes_event}`],
    ["live objects, at most", countText(data.peak_live_objects)],
    ["live at the end", `${bytesText(data.end_live_bytes)} in ${countText(data.end_live_objects)} objects`],
    ["threads", String(data.threads.length)],
    ["on disk", `${bytesText(data.file_bytes)}, ${figureText(data.file_bytes / Math.max(1, data.events))} bytes an event`],
  ];
  addFacts(facts);
  if (data.course.length > 0) byId("overview").append(liveFigure("chart-live"), ...(data.timed && data.last_time_ns > 0 ? [rateFigure("chart-rate")] : []));
});
