"use strict";
/* sections.js - the registry of what stands on a page: sections, and the parts of each trace. A file
 * adds its own; the order of the files in ../meson.build is the order on the page (see README.md). */

const pageSections = [];
const traceParts = [];

let buildAnswer = () => {};

/* What the first screen shows below the sentence. */
function addAnswer(build) {
  buildAnswer = build;
}

/* {id, title, has?() -> bool, build(place)}: `place` is the section, already in the page. */
function addSection(made) {
  pageSections.push(made);
}

/* {name, title, lead?, folded?, has?(trace) -> bool, build(place, trace, id)}: one part of every
   trace; `place` is in the page and `id` is "trace-3-NAME". Without a title it stands at the top. */
function addTracePart(made) {
  traceParts.push(made);
}

function anchor(id, title) {
  return element("a", { class: "anchor", href: `#${id}`, "aria-label": `Link to ${title}` }, "#");
}

function lead(...text) {
  return element("p", { class: "lead" }, ...text);
}

/* [[name, value]]: what stands below the sentence. */
function addFacts(facts) {
  byId("facts").append(...facts.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}

function openSection(id, title) {
  const made = element(
    "section",
    { id, "aria-labelledby": `${id}-title` },
    element("h2", { id: `${id}-title` }, title, " ", anchor(id, title)),
  );
  byId("sections").append(made);
  return made;
}

function buildSections() {
  for (const { id, title, has, build } of pageSections)
    if (!has || has()) build(openSection(id, title));
}

/* A folded part keeps its heading in the page: what it holds is a click, a link or a printer away. */
function openPart(place, part, id) {
  const heading = part.title ? element("h3", {}, part.title, " ", anchor(id, part.title)) : null;
  const made = part.folded ? element("details", { id, class: "part" }, element("summary", {}, heading)) : element("div", { id, class: "part" }, heading);
  if (part.lead) made.append(lead(part.lead));
  place.append(made);
  return made;
}

function buildTraceParts(place, trace, id) {
  for (const part of traceParts) {
    if (part.has && !part.has(trace)) continue;
    const partId = `${id}-${part.name}`;
    part.build(openPart(place, part, partId), trace, partId);
  }
}

/* Charts side by side where there is room; those that are null are left out. */
function addCharts(place, ...figures) {
  const grid = element("div", { class: "charts" }, ...figures);
  if (grid.children.length > 0) place.append(grid);
  return grid;
}
