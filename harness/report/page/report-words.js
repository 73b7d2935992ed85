"use strict";
/* report-words.js - what the words mean. */

const glossary = [
  ["time", "ns per operation over the baseline's in the same round; below 1 is faster. The figure is the median over rounds, the brackets its interval."],
  ["faster, slower, equal, unresolved", "The interval lies below 1, above 1, within 1 ± 2 %, or anywhere else: unresolved is not the same as equal."],
  ["A/A", "The baseline runs twice in every round. What it shows against itself is noise."],
  ["peak memory, R", "Highest resident private memory, without lazily freed pages, less what the null allocator's worker holds."],
  ["L", "Bytes that the program had requested and not yet freed."],
  ["R/L", "Peak resident over peak live: 1 would be no overhead at all (Johnstone and Wilson 1998)."],
  ["floors", "null returns addresses and does nothing: the price of the replay. bump takes fresh memory and never reuses it: that, and page faults. Both are contained in every row."],
  ["stall", "Waiting for another thread, because the program passed an object between them. Never counted as the allocator's time."],
];

addSection({
  id: "words",
  title: "Words",
  build: (place) => place.append(element("dl", { class: "glossary" }, ...glossary.map(([word, meaning]) => element("div", {}, element("dt", {}, word), element("dd", {}, meaning))))),
});
