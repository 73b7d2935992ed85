"use strict";
/* units.js - figures as people read them: the same rules as harness/report/format.c. */

const none = "-";

function isFigure(value) {
  return typeof value === "number" && Number.isFinite(value);
}

/* Three significant digits, at most two behind the point. */
function figureText(value) {
  if (!isFigure(value)) return none;
  const magnitude = Math.abs(value);
  return value.toFixed(magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : 2);
}

function ratioText(ratio) {
  if (!isFigure(ratio)) return none;
  return ratio < 9.9995 ? ratio.toFixed(3) : ratio.toFixed(ratio < 99.95 ? 1 : 0);
}

function rangeText(interval) {
  return interval ? `[${ratioText(interval.low)}, ${ratioText(interval.high)}]` : none;
}

function percentText(fraction) {
  if (!isFigure(fraction)) return none;
  const percent = fraction * 100;
  return `${percent.toFixed(Math.abs(percent) < 9.95 ? 1 : 0)} %`;
}

/* The largest unit that leaves at least 1. */
function scaledText(value, step, units) {
  if (!isFigure(value)) return none;
  let magnitude = Math.abs(value);
  let unit = 0;
  while (unit + 1 < units.length && magnitude >= step * 0.9995) {
    magnitude /= step;
    unit++;
  }
  const whole = unit === 0 && Number.isInteger(magnitude);
  const digits = whole || magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : 2;
  return (value < 0 ? "-" : "") + magnitude.toFixed(digits) + units[unit];
}

const bytesText = (bytes) => scaledText(bytes, 1024, [" B", " KiB", " MiB", " GiB", " TiB"]);
const countText = (count) => scaledText(count, 1000, ["", " k", " M", " G", " T"]);
const timeText = (ns) => scaledText(ns, 1000, [" ns", " µs", " ms", " s"]);
const wholeText = (count) => (isFigure(count) ? String(count) : none);

/* ---- elements ---- */

/* element("td", {class: "x"}, "text", child): strings become text, never markup. */
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "style") for (const [name, text] of Object.entries(value)) made.style.setProperty(name, text);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function byId(id) {
  return document.getElementById(id);
}

/* ---- words that pages share ---- */

const hostNames = {
  cpu: "CPU", cpus: "CPUs", kernel: "kernel", libc: "libc of reheap", memory: "memory", governor: "governor",
  transparent_huge_pages: "transparent huge pages", overcommit: "overcommit", swap: "swap", virtualisation: "virtualisation",
};
