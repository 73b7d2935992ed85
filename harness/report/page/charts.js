"use strict";
/* charts.js - what all charts share: theme, log axes of ratios, intervals, and how one is made. */

Chart.defaults.animation = false;
Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
Chart.defaults.maintainAspectRatio = false;
Chart.defaults.plugins.legend.display = false;

function cssColour(name) {
  if (printing) return { "--ink": "#1c1f23", "--soft": "#59616b", "--faint": "#8a929c", "--line": "#d9dde2", "--paper": "#ffffff" }[name];
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/* ---- a ratio's axis: the scale is linear in ln(ratio), the ticks are ratios ---- */

const ratioSteps = [
  [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100],
  [0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10],
  [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 4, 5],
  [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.35, 1.4, 1.45, 1.5],
  [0.9, 0.92, 0.94, 0.96, 0.98, 1, 1.02, 1.04, 1.06, 1.08, 1.1],
  [0.95, 0.96, 0.97, 0.98, 0.99, 1, 1.01, 1.02, 1.03, 1.04, 1.05],
  [0.98, 0.985, 0.99, 0.995, 1, 1.005, 1.01, 1.015, 1.02],
];

/* The finest list that leaves `room` pixels a tick. */
function ratioTicks(low, high, pixels, room) {
  let best = [1];
  for (const list of ratioSteps) {
    const inside = list.filter((ratio) => Math.log(ratio) >= low && Math.log(ratio) <= high);
    const gaps = inside.slice(1).map((ratio, i) => Math.log(ratio / inside[i]));
    const narrowest = (Math.min(...gaps) / (high - low)) * pixels;
    if (inside.length > best.length && narrowest >= room) best = inside;
  }
  return best.map((ratio) => ({ value: Math.log(ratio) }));
}

/* Room on both sides of the values, and 1 always in sight. */
function ratioBounds(ratios, margin) {
  const logs = ratios.filter((ratio) => isFigure(ratio) && ratio > 0).map(Math.log);
  const low = Math.min(0, ...logs);
  const high = Math.max(0, ...logs);
  const room = Math.max((high - low) * margin, 0.01);
  return { min: low - room, max: high + room };
}

function ratioScale(bounds, title, horizontal) {
  return {
    type: "linear",
    ...bounds,
    title: { display: true, text: title, color: () => cssColour("--soft") },
    afterBuildTicks: (scale) => {
      scale.ticks = ratioTicks(scale.min, scale.max, horizontal ? scale.width : scale.height, horizontal ? 48 : 30);
    },
    ticks: { callback: (value) => `${Number(Math.exp(value).toFixed(3))}×`, color: () => cssColour("--soft"), autoSkip: false, maxRotation: 0 },
    grid: { color: () => cssColour("--line"), drawTicks: false },
    border: { display: false },
  };
}

function plainScale(title, callback, extra) {
  return {
    type: "linear",
    title: { display: title !== "", text: title, color: () => cssColour("--soft") },
    ticks: { callback, color: () => cssColour("--soft"), maxRotation: 0, autoSkipPadding: 16, includeBounds: false, ...(extra && extra.ticks) },
    grid: { color: () => cssColour("--line"), drawTicks: false },
    ...(extra && extra.scale),
  };
}

/* Ticks at 1, 2, 5, 10, 20 ... of a binary unit, at most seven. */
function binaryTicks(scale) {
  let step = 1;
  for (let unit = 1; scale.max / step > 7; unit *= 1024)
    for (const digit of [1, 2, 5, 10, 20, 50, 100, 200, 500]) {
      step = digit * unit;
      if (scale.max / step <= 7) break;
    }
  scale.ticks = [];
  for (let value = 0; value <= scale.max; value += step) scale.ticks.push({ value });
}

function bytesTick(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit + 1 < units.length) {
    value /= 1024;
    unit++;
  }
  return `${Number(value.toFixed(2))} ${units[unit]}`;
}

const tooltipStyle = {
  backgroundColor: () => cssColour("--ink"),
  titleColor: () => cssColour("--paper"),
  bodyColor: () => cssColour("--paper"),
  usePointStyle: true,
  padding: 8,
};

/* ---- drawing by hand: intervals, the line at 1, the noise band ---- */

function strokeLine(context, from, to, colour, width, dash) {
  context.save();
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(dash || []);
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
  context.restore();
}

/* The band of what the A/A control calls noise, and a line where nothing differs. */
const bandPlugin = {
  id: "band",
  beforeDatasetsDraw(chart, _args, options) {
    const { ctx, chartArea: area, scales } = chart;
    for (const axis of options.axes || []) {
      const scale = scales[axis];
      const noise = axis === "x" ? options.noise : null;
      if (isFigure(noise) && noise > 0) {
        const half = Math.log1p(noise);
        const left = Math.max(scale.getPixelForValue(-half), area.left);
        const right = Math.min(scale.getPixelForValue(half), area.right);
        ctx.save();
        ctx.globalAlpha = 0.18;
        ctx.fillStyle = cssColour("--faint");
        ctx.fillRect(left, area.top, right - left, area.bottom - area.top);
        ctx.restore();
      }
      const one = scale.getPixelForValue(0);
      if (axis === "x") strokeLine(ctx, [one, area.top], [one, area.bottom], cssColour("--soft"), 1.25);
      else strokeLine(ctx, [area.left, one], [area.right, one], cssColour("--soft"), 1.25);
    }
  },
};

/* A whisker with caps behind each point that has an interval: points are {x, y, xInterval,
   yInterval} with ratios in the intervals. */
const whiskerPlugin = {
  id: "whisker",
  beforeDatasetsDraw(chart) {
    const { ctx, scales } = chart;
    chart.data.datasets.forEach((dataset, d) => {
      if (!dataset.whiskers || !chart.isDatasetVisible(d)) return;
      chart.getDatasetMeta(d).data.forEach((point, i) => {
        const raw = dataset.data[i];
        const colour = dataset.borderColor();
        if (raw.xInterval) {
          const from = scales.x.getPixelForValue(Math.log(raw.xInterval.low));
          const to = scales.x.getPixelForValue(Math.log(raw.xInterval.high));
          const dash = raw.xInterval.exact ? [] : [2, 2];
          strokeLine(ctx, [from, point.y], [to, point.y], colour, 2, dash);
          for (const end of [from, to]) strokeLine(ctx, [end, point.y - 4], [end, point.y + 4], colour, 1.5);
        }
        if (raw.yInterval && raw.yInterval.high > raw.yInterval.low) {
          const from = scales.y.getPixelForValue(Math.log(raw.yInterval.low));
          const to = scales.y.getPixelForValue(Math.log(raw.yInterval.high));
          const dash = raw.yInterval.exact ? [] : [2, 2];
          strokeLine(ctx, [point.x, from], [point.x, to], colour, 2, dash);
        }
      });
    });
  },
};

Chart.register(bandPlugin, whiskerPlugin);

/* ---- making one ---- */

/* Every chart that is drawn, with a function that brings it up to date with what is shown. */
const charts = [];
/* Figures that wait until they come near the screen: a large page has a hundred. */
const waiting = new Map();

function pointStyle(allocator) {
  return {
    pointStyle: allocator.shape,
    backgroundColor: () => colourOf(allocator),
    borderColor: () => colourOf(allocator),
    pointBackgroundColor: () => colourOf(allocator),
    pointBorderColor: () => colourOf(allocator),
  };
}

/* {id, title, sub, height, describe, config() -> Chart.js configuration with `refresh(chart)`?,
   table() -> {columns, rows}?}. Datasets with an `allocator` follow the switches. What is drawn stands
   in data attributes, for tests and for whoever inspects the page. */
function chartFigure({ id, title, sub, height, describe, config, table }) {
  const canvas = element("canvas", { role: "img", tabindex: "0", "aria-label": `${title}. ${describe}`, "aria-describedby": "chart-keys" });
  const figure = element(
    "figure",
    { id, class: "chart" },
    element("figcaption", {}, title, " ", anchor(id, title)),
    element("p", { class: "sub" }, sub || ""),
    element("div", { class: "canvas", style: { height: `${height}px` } }, canvas),
    table ? figuresBelow(id, title, table) : null,
  );
  waiting.set(figure, () => drawFigure(figure, canvas, config()));
  nearScreen.observe(figure);
  return figure;
}

function drawFigure(figure, canvas, made) {
  const chart = new Chart(canvas, made);
  const update = () => {
    chart.data.datasets.forEach((dataset, i) => dataset.allocator && dataset.row === undefined && chart.setDatasetVisibility(i, dataset.allocator.shown));
    if (made.refresh) made.refresh(chart);
    chart.update();
    note(figure, chart);
  };
  charts.push({ chart, update, figure });
  canvas.addEventListener("keydown", (event) => walk(event, chart));
  canvas.addEventListener("blur", () => point(chart, []));
  if (allocators.every((allocator) => allocator.shown)) note(figure, chart);
  else update();
}

function note(figure, chart) {
  const visible = chart.data.datasets.filter((_dataset, i) => chart.isDatasetVisible(i));
  figure.dataset.series = visible.length;
  figure.dataset.points = visible.reduce((sum, dataset) => sum + dataset.data.length, 0);
  figure.dataset.labels = visible.map((dataset) => dataset.label).join("|");
}

function drawNow(figure) {
  const draw = waiting.get(figure);
  if (!draw) return;
  waiting.delete(figure);
  nearScreen.unobserve(figure);
  draw();
}

const nearScreen = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => drawNow(entry.target)), {
  rootMargin: "100% 0%",
});

/* What is folded has no size yet: it waits on. */
function drawAll() {
  for (const figure of [...waiting.keys()]) if (!figure.closest("details:not([open])")) drawNow(figure);
}

function updateCharts() {
  for (const entry of charts) entry.update();
}

/* The same as a table, made when somebody asks: canvases say nothing to a screen reader. */
function figuresBelow(id, title, table) {
  const details = element("details", { class: "numbers" }, element("summary", {}, "as a table"));
  details.addEventListener("toggle", () => {
    if (!details.open || details.querySelector("table")) return;
    const { columns, rows } = table();
    details.append(buildTable(`${id}-figures`, title, columns, rows));
  });
  return details;
}

/* ---- values by keyboard: arrows walk through the points, as the pointer would ---- */

function point(chart, active) {
  const place = active.length > 0 ? chart.getDatasetMeta(active[0].datasetIndex).data[active[0].index] : { x: 0, y: 0 };
  chart.setActiveElements(active);
  chart.tooltip.setActiveElements(active, { x: place.x, y: place.y });
  chart.update();
}

/* What arrows step through: the columns of a chart that shows a whole column at once, else every point. */
function stopsOf(chart) {
  const visible = chart.data.datasets.map((dataset, d) => d).filter((d) => chart.isDatasetVisible(d) && chart.data.datasets[d].pointHitRadius !== 0);
  const points = (d) => chart.getDatasetMeta(d).data;
  if (chart.options.interaction.mode !== "index") return visible.flatMap((d) => points(d).map((_point, index) => [{ datasetIndex: d, index }]));
  const longest = Math.max(0, ...visible.map((d) => points(d).length));
  return Array.from({ length: longest }, (_none, index) => visible.filter((d) => index < points(d).length).map((d) => ({ datasetIndex: d, index })));
}

function walk(event, chart) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const stops = stopsOf(chart);
  const [active] = chart.tooltip.getActiveElements();
  const now = active ? stops.findIndex((stop) => stop.some((one) => one.datasetIndex === active.datasetIndex && one.index === active.index)) : step < 0 ? stops.length : -1;
  const next = Math.min(Math.max(now + step, 0), stops.length - 1);
  if (stops.length === 0) return;
  point(chart, stops[next]);
  const { title, body } = chart.tooltip;
  byId("spoken").textContent = [...(title || []), ...(body || []).flatMap((part) => part.lines)].join(", ");
}
