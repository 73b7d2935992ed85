"use strict";
/* tables.js - tables that sort by any column, filter by any text and follow the switches. */

/* A column: {title, hint, text(row), value(row), kind}. `value` is what it sorts by; rows without
   one stay at the end. `kind` "text" aligns to the left. */
function cellOf(column, row, first) {
  const content = column.text(row);
  const classes = [column.kind === "text" && "text", column.kind === "wrap" && "text wrap", column.classes && column.classes(row)];
  const attributes = { class: classes.filter(Boolean).join(" ") || null, scope: first ? "row" : null, title: column.tip ? column.tip(row) : null };
  if (column.style) attributes.style = column.style(row);
  const value = column.value && column.value(row);
  if (isFigure(value)) attributes["data-value"] = value;
  return element(first ? "th" : "td", attributes, ...[content].flat());
}

function headOf(column, sort) {
  const kind = column.kind ? "text" : null;
  if (!column.value) return element("th", { scope: "col", class: kind, title: column.hint || null }, column.title);
  return element(
    "th",
    { scope: "col", class: kind, "aria-sort": "none" },
    element("button", { type: "button", title: column.hint || null, onclick: sort }, column.title),
  );
}

function compareValues(a, b) {
  if (typeof a === "string" && typeof b === "string") return a.localeCompare(b);
  return a - b;
}

function isMissing(value) {
  return value === null || value === undefined || Number.isNaN(value);
}

/* Rows are {cells..., allocator?, kind?}: `kind` becomes the class of the row, `pinned` rows stay
   below the others however it is sorted. */
function buildTable(id, caption, columns, rows) {
  const body = element("tbody");
  const drawn = rows.map((row, order) => {
    const made = element("tr", { class: row.kind || null, "data-allocator": row.allocator ? row.allocator.index : null });
    columns.forEach((column, i) => made.append(cellOf(column, row, i === 0)));
    return { row, made, order };
  });
  body.append(...drawn.map((entry) => entry.made));

  const heads = columns.map((column, i) => headOf(column, () => sortBy(i)));
  function sortBy(index) {
    const descending = heads[index].getAttribute("aria-sort") === "ascending";
    const column = columns[index];
    heads.forEach((head) => head.hasAttribute("aria-sort") && head.setAttribute("aria-sort", "none"));
    heads[index].setAttribute("aria-sort", descending ? "descending" : "ascending");
    const sorted = [...drawn].sort((a, b) => {
      if (Boolean(a.row.pinned) !== Boolean(b.row.pinned)) return a.row.pinned ? 1 : -1;
      const left = column.value(a.row);
      const right = column.value(b.row);
      if (isMissing(left) || isMissing(right)) return isMissing(left) - isMissing(right) || a.order - b.order;
      return (descending ? -1 : 1) * compareValues(left, right) || a.order - b.order;
    });
    body.append(...sorted.map((entry) => entry.made));
  }

  const table = element("table", { id }, element("caption", {}, caption), element("thead", {}, element("tr", {}, ...heads)), body);
  const scroll = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table);
  drawn.forEach(({ made }) => showRow(made));
  if (rows.length >= worthFiltering && columns.some((column) => column.value)) table.caption.append(...filterOf(table, caption));
  return scroll;
}

/* ---- which rows are shown: those of allocators that are on, and that the filter lets through ---- */

const worthFiltering = 6;

function showRow(row) {
  row.hidden = row.dataset.filtered !== undefined || (row.dataset.allocator !== undefined && !allocators[row.dataset.allocator].shown);
}

/* Words apart by spaces must all be in the row; a word after a minus must not. */
function filterOf(table, caption) {
  const count = element("span", { class: "count", "aria-live": "polite" });
  const filter = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter((word) => word !== "" && word !== "-");
    const rows = [...table.tBodies[0].rows];
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      if (words.every((word) => (word.startsWith("-") ? !text.includes(word.slice(1)) : text.includes(word)))) delete row.dataset.filtered;
      else row.dataset.filtered = "";
      showRow(row);
    }
    count.textContent = words.length === 0 ? "" : `${rows.filter((row) => row.dataset.filtered === undefined).length} of ${rows.length} rows`;
  };
  const input = element("input", { type: "search", class: "filter", placeholder: "filter rows", "aria-label": `Filter: ${caption}`, title: "words that a row must contain; -word: must not", oninput: filter });
  return [input, count];
}

/* ---- columns that several tables share ---- */

const allocatorColumn = {
  title: "allocator",
  kind: "text",
  text: (row) => (row.allocator ? [swatch(row.allocator), row.label || row.allocator.label] : row.label),
  value: (row) => row.label || row.allocator.label,
};

function verdictCell(word) {
  return word ? element("span", { class: `verdict ${word}` }, word) : none;
}

/* What no interval of that level can be had from is not resolved, and says why. */
function tooFew(interval) {
  return interval.pairs > 1 ? element("span", { class: "verdict unresolved" }, "too few rounds") : none;
}

const verdictOrder = { faster: 0, less: 0, equal: 1, unresolved: 2, slower: 3, more: 3 };

function number(title, hint, key, format) {
  return { title, hint, text: (row) => format(row[key]), value: (row) => row[key] };
}

/* ratio, interval, verdict; `key` names the interval of a row. */
function intervalColumns(key, verdictKey, title) {
  return [
    { title, hint: "ratio to the baseline of the same round; below 1 is better", text: (row) => ratioText(row[key] ? row[key].estimate : row.allocator && row.allocator === baseline && !row.pinned ? 1 : null), value: (row) => (row[key] ? row[key].estimate : row.allocator && row.allocator === baseline ? 1 : null) },
    { title: `${percentText(data.level)} interval`, kind: "text", text: (row) => (row[key] && row[key].pairs < 2 ? "one round" : rangeText(row[key])), tip: (row) => (row[key] ? `${row[key].pairs} rounds, ${(row[key].level * 100).toFixed(2)} %${row[key].exact ? "" : ", too few rounds: the extremes"}` : null) },
    { title: "verdict", kind: "text", text: (row) => (row[key] && !row[key].exact ? tooFew(row[key]) : verdictCell(row[key] ? row[verdictKey] : "")), value: (row) => (row[key] ? verdictOrder[row[verdictKey]] : null) },
  ];
}

/* Ratios as rows x columns: the tint says direction and size, the hatching that it is not resolved.
   {id, caption, rows, columns: [{title, hint, of}], at(row, of) -> {interval, verdict, word, tip}}: `word`
   stands where there is no interval. */
function matrixTable({ id, caption, rows, columns, at }) {
  const strength = (one) => (one.interval ? Math.abs(Math.log(one.interval.estimate)) : 0);
  const strongest = Math.max(0.05, ...rows.flatMap((row) => columns.map((column) => strength(at(row, column.of)))));
  const made = columns.map(({ title, hint, of }) => ({
    title,
    hint,
    text: (row) => { const { interval, word } = at(row, of); return interval ? ratioText(interval.estimate) : word || none; },
    value: (row) => { const { interval } = at(row, of); return interval ? interval.estimate : null; },
    classes: (row) => (at(row, of).verdict === "unresolved" ? "hatched" : null),
    tip: (row) => { const { interval, verdict, word, tip } = at(row, of); return interval ? `${rangeText(interval)} ${verdict}` : tip || word; },
    style: (row) => {
      const one = at(row, of);
      if (!one.interval) return {};
      return { "--tint": one.interval.estimate < 1 ? "var(--low)" : "var(--high)", "--weight": ((0.55 * strength(one)) / strongest).toFixed(3) };
    },
  }));
  const table = buildTable(id, caption, [allocatorColumn, ...made], rows);
  table.querySelector("table").classList.add("matrix");
  return element("div", {}, table, element("p", { class: "sub" }, element("span", { class: "key hatched" }), "hatched: not resolved, which is not the same as equal"));
}
