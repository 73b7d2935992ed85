"use strict";
/* allocators.js - what each allocator looks like everywhere, and which are shown. */

/* Told apart by people who see few colours: after Okabe and Ito (2008) and Tol (2021), darkened for
   white paper and lightened for dark. Shapes repeat with another period, so that no two of the
   twelve share both. */
const palette = {
  light: ["#0072b2", "#d55e00", "#00805c", "#aa3377", "#a36a00", "#2f8fc7", "#882255", "#117733", "#7f7f1c", "#4a3aa8", "#c05063", "#2f8f80"],
  dark: ["#56b4e9", "#ff8a4c", "#35c79a", "#e07fc0", "#f0c24b", "#a5dcff", "#e0708f", "#7bc47f", "#c9c95e", "#a9a1f5", "#f2a0ac", "#7fdccb"],
};
const shapes = ["circle", "rect", "triangle", "rectRot", "circle", "triangle", "rect"];
const shapePaths = {
  circle: "M6 0a6 6 0 1 0 .01 0z",
  rect: "M.7 .7h10.6v10.6H.7z",
  triangle: "M6 0l6 11H0z",
  rectRot: "M6-.6L12.6 6 6 12.6-.6 6z",
};

const data = JSON.parse(byId("data").textContent);
const allocators = (data.allocators || []).map((facts, index) => ({ ...facts, index, shown: true }));
const baseline = allocators[data.baseline] || null; /* null: there is none */

/* Floors are prices of the harness and the baseline is what all are compared with: neither has a
   colour of its own, but the ink. */
let next = 0;
for (const allocator of allocators) {
  allocator.ranked = !allocator.floor;
  allocator.slot = allocator.ranked && allocator !== baseline ? next++ : null;
  allocator.shape = allocator.slot === null ? "circle" : shapes[allocator.slot % shapes.length];
  allocator.dash = allocator.slot === null ? (allocator.floor ? [2, 3] : []) : [[], [6, 3], [2, 2]][Math.floor(allocator.slot / 6) % 3];
}

const darkQuery = matchMedia("(prefers-color-scheme: dark)");
let printing = false;

function isDark() {
  const forced = document.documentElement.dataset.theme;
  return !printing && (forced ? forced === "dark" : darkQuery.matches);
}

function colourOf(allocator) {
  if (allocator.floor) return isDark() ? "#8b939d" : "#767e87";
  if (allocator.slot === null) return isDark() ? "#e8eaed" : "#1c1f23";
  const colours = palette[isDark() ? "dark" : "light"];
  return colours[allocator.slot % colours.length];
}

function swatch(allocator) {
  const made = element("span", { class: "swatch", "aria-hidden": "true" });
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 12 12");
  path.setAttribute("d", shapePaths[allocator.shape]);
  svg.append(path);
  made.append(svg);
  made.dataset.own = allocator.index;
  return made;
}

/* Everything that carries an allocator's colour has its number in data-own. */
function paintOwn() {
  for (const made of document.querySelectorAll("[data-own]"))
    made.style.setProperty("--own", colourOf(allocators[made.dataset.own]));
}

/* ---- shown or not ---- */

const shownListeners = [];

function onShown(listener) {
  shownListeners.push(listener);
}

function setShown(changes) {
  for (const [allocator, shown] of changes) allocator.shown = shown;
  for (const button of byId("switches").querySelectorAll("button[data-index]"))
    button.setAttribute("aria-pressed", String(allocators[button.dataset.index].shown));
  for (const row of document.querySelectorAll("tr[data-allocator]")) showRow(row);
  for (const listener of shownListeners) listener();
}

function buildSwitches() {
  const bar = byId("switches");
  for (const allocator of allocators)
    bar.append(
      element(
        "button",
        { type: "button", "data-index": allocator.index, "aria-pressed": "true", onclick: () => setShown([[allocator, !allocator.shown]]) },
        swatch(allocator),
        allocator.label,
      ),
    );
  if (allocators.length > 1) {
    const all = (shown) => () => setShown(allocators.map((one) => [one, shown || one === baseline]));
    bar.append(element("button", { type: "button", id: "show-all", onclick: all(true) }, "all"));
    bar.append(element("button", { type: "button", id: "show-baseline", onclick: all(false) }, "only the baseline"));
  }
}

/* The names in the verdict carry their colours, so that the eye finds them in the charts. */
function paintVerdict() {
  const place = byId("verdict");
  const text = place.textContent;
  const known = allocators.filter((one) => one.label.length > 1).sort((a, b) => b.label.length - a.label.length);
  const parts = [];
  let plain = "";
  for (let i = 0; i < text.length; ) {
    const startsWord = i === 0 || /[\s(]/.test(text[i - 1]);
    const found = startsWord && known.find((one) => text.startsWith(one.label, i) && !/[\w-]/.test(text[i + one.label.length] || ""));
    if (found) {
      parts.push(plain, element("b", { "data-own": found.index }, found.label));
      plain = "";
      i += found.label.length;
    } else plain += text[i++];
  }
  place.replaceChildren(...parts, plain);
}
