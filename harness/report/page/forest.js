"use strict";
/* forest.js - the ratios with their intervals, one row each; and time against memory. */

/* Rows are {allocator, label, interval, verdict, kind}; `axis` says what the ratios are. */
function forestFigure(id, title, sub, rows, noise, axis) {
  const drawable = rows.filter((row) => row.interval);
  const describe = drawable.map((row) => `${row.label} ${ratioText(row.interval.estimate)} ${rangeText(row.interval)} ${row.verdict}`).join("; ");
  return chartFigure({ id, title, sub, height: drawable.length * 27 + 64, describe, config: () => forestConfig(drawable, noise, axis || `time / time of ${baseline.label} (log scale, left is faster)`) });
}

function forestDataset(row) {
  return {
    label: row.label,
    allocator: row.allocator,
    row,
    whiskers: true,
    data: [{ x: Math.log(row.interval.estimate), y: row.label, xInterval: row.interval, ratio: row.interval.estimate }],
    pointRadius: row.kind === "control" ? 4 : 5,
    pointHoverRadius: 8,
    ...(row.kind === "control" ? controlStyle() : pointStyle(row.allocator)),
  };
}

function controlStyle() {
  const grey = () => cssColour("--faint");
  return { pointStyle: "circle", backgroundColor: grey, borderColor: grey, pointBackgroundColor: grey, pointBorderColor: grey };
}

/* The figures at the right of each row, where there is room for them. */
const figuresPlugin = {
  id: "figures",
  afterDatasetsDraw(chart, _args, options) {
    if (!options.shown || chart.width < 420) return;
    const { ctx, chartArea: area } = chart;
    ctx.save();
    ctx.font = `12px ${Chart.defaults.font.family}`;
    ctx.textBaseline = "middle";
    ctx.fillStyle = cssColour("--soft");
    chart.data.datasets.forEach((dataset, d) => {
      if (!chart.isDatasetVisible(d)) return;
      const point = chart.getDatasetMeta(d).data[0];
      const interval = dataset.row.interval;
      ctx.textAlign = "left";
      ctx.fillText(`${ratioText(interval.estimate)} ${rangeText(interval)}`, area.right + 10, point.y);
    });
    ctx.restore();
  },
};
Chart.register(figuresPlugin);

function forestConfig(rows, noise, axis) {
  const shown = () => rows.filter((row) => !row.allocator || row.kind === "control" || row.allocator.shown);
  const bounds = ratioBounds(rows.flatMap((row) => [row.interval.low, row.interval.high]), 0.06);
  return {
    type: "scatter",
    data: { datasets: rows.map(forestDataset) },
    refresh: (chart) => {
      chart.data.datasets.forEach((dataset, i) => chart.setDatasetVisibility(i, shown().includes(dataset.row)));
      chart.options.scales.y.labels = shown().map((row) => row.label);
      chart.canvas.parentNode.style.height = `${shown().length * 27 + 64}px`;
    },
    options: {
      layout: { padding: (context) => ({ right: context.chart.width >= 420 ? 138 : 8, top: 4 }) },
      scales: {
        x: ratioScale(bounds, axis, true),
        y: {
          type: "category",
          labels: rows.map((row) => row.label),
          offset: true,
          ticks: { color: () => cssColour("--ink"), callback(value) { return shorten(this.getLabelForValue(value), this.chart.width); } },
          grid: { display: false },
        },
      },
      plugins: {
        band: { axes: ["x"], noise },
        figures: { shown: true },
        tooltip: {
          ...tooltipStyle,
          callbacks: {
            label: ({ dataset }) => {
              const { interval, verdict } = dataset.row;
              const level = percentText(interval.level);
              return ` ${dataset.label}: ${ratioText(interval.estimate)} ${rangeText(interval)} ${verdict}, ${interval.pairs} rounds, ${level}`;
            },
          },
        },
      },
    },
  };
}

function shorten(label, width) {
  const most = width < 420 ? 12 : 24;
  return label.length > most ? `${label.slice(0, most - 1)}…` : label;
}

/* ---- time against memory ---- */

/* Points are {allocator, time, memory}: intervals of ratios, null for the baseline. */
function scatterFigure(id, title, sub, points) {
  const describe = points.map((point) => `${point.allocator.label} time ${ratioText(valueOf(point.time))} memory ${ratioText(valueOf(point.memory))}`).join("; ");
  return chartFigure({ id, title, sub, height: 380, describe, config: () => scatterConfig(points) });
}

const valueOf = (interval) => (interval ? interval.estimate : 1);

/* Nobody is better in both. */
function isUndominated(point, points) {
  return !points.some(
    (other) =>
      other !== point &&
      valueOf(other.time) <= valueOf(point.time) &&
      valueOf(other.memory) <= valueOf(point.memory) &&
      (valueOf(other.time) < valueOf(point.time) || valueOf(other.memory) < valueOf(point.memory)),
  );
}

/* Names beside the points: right of it, else left, above or below, wherever nothing is yet. */
const namesPlugin = {
  id: "names",
  afterDatasetsDraw(chart, _args, options) {
    if (!options.shown) return;
    const { ctx, chartArea: area } = chart;
    const taken = [];
    const visible = chart.data.datasets.map((dataset, d) => ({ dataset, d })).filter(({ dataset, d }) => dataset.allocator && chart.isDatasetVisible(d));
    for (const { dataset, d } of visible) {
      const { x, y } = chart.getDatasetMeta(d).data[0];
      taken.push([x - 7, y - 7, x + 7, y + 7]);
      const interval = dataset.data[0].xInterval;
      if (interval) taken.push([chart.scales.x.getPixelForValue(Math.log(interval.low)), y - 3, chart.scales.x.getPixelForValue(Math.log(interval.high)), y + 3]);
    }
    ctx.save();
    ctx.font = `600 12px ${Chart.defaults.font.family}`;
    ctx.textBaseline = "middle";
    for (const { dataset, d } of visible) {
      const { x, y } = chart.getDatasetMeta(d).data[0];
      const text = shorten(dataset.label, chart.width);
      const width = ctx.measureText(text).width;
      const places = [[x + 10, y], [x - 10 - width, y], [x - width / 2, y - 15], [x - width / 2, y + 15], [x + 8, y - 14], [x + 8, y + 14], [x - 8 - width, y - 14], [x - 8 - width, y + 14]];
      const boxOf = ([left, middle]) => [left, middle - 7, left + width, middle + 7];
      const isFree = (box) =>
        box[0] >= area.left && box[2] <= chart.width && box[1] >= area.top - 4 && box[3] <= area.bottom &&
        !taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1]);
      const place = places.find((candidate) => isFree(boxOf(candidate)));
      if (!place) continue; /* hovering still names it */
      taken.push(boxOf(place));
      ctx.lineWidth = 4;
      ctx.lineJoin = "round";
      ctx.strokeStyle = cssColour("--paper");
      ctx.strokeText(text, place[0], place[1]);
      ctx.fillStyle = colourOf(dataset.allocator);
      ctx.fillText(text, place[0], place[1]);
    }
    ctx.restore();
  },
};
Chart.register(namesPlugin);

/* The corners of the staircase below which nobody is. */
function frontier(points, bounds) {
  const best = points.filter((point) => isUndominated(point, points)).sort((a, b) => valueOf(a.time) - valueOf(b.time));
  const corners = [];
  best.forEach((point, i) => {
    const x = Math.log(valueOf(point.time));
    const y = Math.log(valueOf(point.memory));
    corners.push(i === 0 ? { x, y: bounds.y.max } : { x, y: corners[corners.length - 1].y });
    corners.push({ x, y });
  });
  if (corners.length > 0) corners.push({ x: bounds.x.max, y: corners[corners.length - 1].y });
  return corners;
}

function scatterConfig(points) {
  const sides = (key) => points.flatMap((point) => (point[key] ? [point[key].low, point[key].high, point[key].estimate] : [1]));
  const bounds = { x: ratioBounds(sides("time"), 0.12), y: ratioBounds(sides("memory"), 0.12) };
  const shown = () => points.filter((point) => point.allocator.shown);
  const dots = points.map((point) => ({
    label: point.allocator.label,
    allocator: point.allocator,
    point,
    whiskers: true,
    data: [{ x: Math.log(valueOf(point.time)), y: Math.log(valueOf(point.memory)), xInterval: point.time, yInterval: point.memory }],
    pointRadius: 6,
    pointHoverRadius: 8,
    ...pointStyle(point.allocator),
  }));
  const stairs = {
    type: "line", label: "not dominated", data: frontier(points, bounds), pointRadius: 0, pointHitRadius: 0, borderWidth: 1.25,
    borderDash: [4, 4], borderColor: () => cssColour("--faint"), order: 9,
  };
  return {
    type: "scatter",
    data: { datasets: [...dots, stairs] },
    refresh: (chart) => {
      chart.data.datasets[dots.length].data = frontier(shown(), bounds);
    },
    options: {
      layout: { padding: { right: 16, top: 8 } },
      scales: {
        x: ratioScale(bounds.x, `time / time of ${baseline.label} (log scale, left is faster)`, true),
        y: ratioScale(bounds.y, `peak memory / that of ${baseline.label}`, false),
      },
      plugins: {
        band: { axes: ["x", "y"] },
        names: { shown: true },
        tooltip: {
          ...tooltipStyle,
          filter: ({ dataset }) => Boolean(dataset.allocator),
          callbacks: {
            label: ({ dataset }) => {
              const { time, memory } = dataset.point;
              return ` ${dataset.label}: time ${ratioText(valueOf(time))} ${time ? rangeText(time) : ""}, memory ${ratioText(valueOf(memory))}`;
            },
          },
        },
      },
    },
  };
}
