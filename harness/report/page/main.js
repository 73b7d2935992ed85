"use strict";
/* main.js - builds the page from the data, and keeps it in step with theme, print and switches. */

function buildContents() {
  const links = [["answer", "Answer"], ...[...document.querySelectorAll("#sections > section")].map((one) => [one.id, one.querySelector("h2").firstChild.textContent]), ["limits", "Limits"]];
  byId("contents").append(...links.map(([id, title]) => element("a", { href: `#${id}` }, title)));
}

function buildTheme() {
  const names = { "": "theme: system", light: "theme: light", dark: "theme: dark" };
  const order = ["", "light", "dark"];
  const root = document.documentElement;
  const button = element("button", { type: "button", id: "theme" }, names[""]);
  button.addEventListener("click", () => {
    const chosen = order[(order.indexOf(root.dataset.theme || "") + 1) % order.length];
    if (chosen) root.dataset.theme = chosen;
    else delete root.dataset.theme;
    button.textContent = names[chosen];
    repaint();
  });
  document.querySelector(".brand").append(button);
}

function repaint() {
  paintOwn();
  updateCharts();
}

/* Paper is white: the charts are drawn again for it, and what is folded is opened. */
function beforePrint() {
  printing = true;
  for (const details of document.querySelectorAll("details:not([open]):not(.numbers)")) {
    details.open = true;
    details.dataset.opened = "";
  }
  drawAll();
  repaint();
  for (const { chart } of charts) chart.resize();
}

function afterPrint() {
  printing = false;
  for (const details of document.querySelectorAll("details[data-opened]")) {
    details.open = false;
    delete details.dataset.opened;
  }
  repaint();
  for (const { chart } of charts) chart.resize();
}

buildTheme();
buildSwitches();
buildAnswer();
buildSections();
buildContents();
paintOwn();
onShown(updateCharts);
darkQuery.addEventListener("change", repaint);
window.addEventListener("beforeprint", beforePrint);
window.addEventListener("afterprint", afterPrint);
/* Sections did not exist yet when the browser looked for the anchor in the address; and what a link
   leads to may be folded. */
function reveal() {
  const target = location.hash.length > 1 ? byId(decodeURIComponent(location.hash.slice(1))) : null;
  if (!target) return;
  for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
  target.scrollIntoView();
}
window.addEventListener("hashchange", reveal);
reveal();
document.documentElement.dataset.ready = document.querySelectorAll("figure.chart").length;
