#!/usr/bin/env python3
"""Turns a page of docs/ into the scdoc source of a man page, so that a format is described in one place.

Usage: from_markdown.py PAGE.md NAME(SECTION) SUMMARY SEE_ALSO > PAGE.scd

Knows what these pages use: headings, paragraphs, lists, tables, code. A table becomes a list of terms: in a man page a
table with long cells cannot be read. Ends with status 1 on anything else.
"""
import re
import sys


def inline(text):
    """Code becomes bold, emphasis underlined, a link its text; what scdoc would take as markup is escaped."""
    parts = re.split(r"(`[^`]*`)", text)
    out = []
    for part in parts:
        if part.startswith("`") and part.endswith("`") and len(part) > 1:
            out.append("*" + escape(part[1:-1]) + "*")
            continue
        part = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", part)
        for piece in re.split(r"(\*\*[^*]+\*\*|(?<!\w)\*[^*\s][^*]*\*)", part):
            if piece.startswith("**"):
                out.append("*" + escape(piece[2:-2]) + "*")
            elif piece.startswith("*") and len(piece) > 1:
                out.append("_" + escape(piece[1:-1]) + "_")
            else:
                out.append(escape(piece))
    return "".join(out)


def escape(text):
    return re.sub(r"([\\*_#+;|])", r"\\\1", text)


def cells(line):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def table(rows):
    """Each row a term and its text; what is said of a column that has a name follows with that name."""
    head = cells(rows[0])
    for row in rows[2:]:
        first, *rest = cells(row)
        told = [inline(rest[0])] if rest and rest[0] else []
        for title, cell in zip(head[2:], rest[1:]):
            if cell:
                told.append(f"{title}: {inline(cell)}" if title else inline(cell))
        yield f"{inline(first)}\n\t" + ". ".join(told or ["-"]) + "\n"


def blocks(text):
    """(kind, lines) of each paragraph, table, list and piece of code."""
    lines, i = text.split("\n"), 0
    while i < len(lines):
        line = lines[i]
        if line.startswith("```"):
            end = lines.index("```", i + 1)
            yield "code", lines[i + 1:end]
            i = end + 1
        elif line.startswith("#"):
            yield "heading", [line]
            i += 1
        elif line.strip() == "":
            i += 1
        else:
            kind = "table" if line.startswith("|") else "list" if re.match(r"(-|\d+\.) ", line) else "text"
            start = i
            while i < len(lines) and lines[i].strip() and not lines[i].startswith(("```", "#")):
                i += 1
            yield kind, lines[start:i]


def items(lines):
    """The items of a list, each on one line."""
    joined = []
    for line in lines:
        if re.match(r"(-|\d+\.) ", line):
            joined.append(re.sub(r"^(-|\d+\.) ", "", line))
        else:
            joined[-1] += " " + line.strip()
    return joined


def page(text, name, summary, see_also):
    yield f"{name}\n\n# NAME\n\n{name.split('(')[0]} - {summary}\n\n# DESCRIPTION\n\n"
    for kind, lines in blocks(text):
        if kind == "heading":
            level, title = lines[0].split(" ", 1)
            if len(level) > 1:
                yield f"{'#' if len(level) == 2 else '##'} {title.replace('`', '').upper() if len(level) == 2 else title}\n\n"
        elif kind == "code":
            yield "```\n" + "\n".join(lines) + "\n```\n\n"
        elif kind == "table":
            yield "\n".join(table(lines)) + "\n"
        elif kind == "list":
            yield "".join(f"- {inline(item)}\n" for item in items(lines)) + "\n"
        else:
            yield inline(" ".join(lines)) + "\n\n"
    yield f"# SEE ALSO\n\n{see_also}\n"


def main():
    source, name, summary, see_also = sys.argv[1:5]
    with open(source, encoding="utf-8") as file:
        text = re.sub(r"<!--.*?-->\n", "", file.read(), flags=re.S)
    sys.stdout.write("".join(page(text, name, summary, see_also)))


if __name__ == "__main__":
    main()
