#!/usr/bin/env python3
"""The page in a real browser: it opens from a file without errors and without requests, charts show the figures, switches,
sorting, hovering, themes and paper work, and no name of an allocator or trace is ever markup.

Usage: test_page.py REHEAP MAKE_FAKE_RESULT        exit status 77: there is no browser
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

import webdriver
from figures import bytes_text, count_text, figure_text, percent_text, range_text, ratio_text, scaled_text

REHEAP, MAKE_FAKE = (str(pathlib.Path(path).resolve()) for path in sys.argv[1:3])
EVIL = "</script><img src=x onerror=alert(1)>&amp;\"'"

def time_text(ns):
    return scaled_text(ns, 1000, [" ns", " µs", " ms", " s"])


PAGES = {
    "plain": [],
    "large": ["allocators=12", "traces=4", "rounds=10", "failures=1", "unsteady=1", "synthetic=1", "interrupted=1"],
    "passes": ["allocators=4", "traces=3", "rounds=6", "passes=1"],
    "one": ["allocators=1", "traces=1", "rounds=3"],
    "empty": ["no_samples=1"],
    "evil": ["traces=2", "rounds=8", "odd_name=" + EVIL],
}

# What each chart really draws: for every visible series its name, the colour that it should have, the pixel where its
# first point or, of lines, most points lie.
DRAWN = """
return charts.map(({chart, figure}) => ({
  id: figure.id,
  width: chart.width, height: chart.height,
  series: chart.data.datasets.map((dataset, d) => ({dataset, d})).filter(({d}) => chart.isDatasetVisible(d)).map(({dataset, d}) => {
    const ratio = chart.currentDevicePixelRatio;
    const context = chart.canvas.getContext("2d");
    const probe = document.createElement("canvas").getContext("2d");
    const own = dataset.allocator ? colourOf(dataset.allocator) : null;
    let hits = 0, points = chart.getDatasetMeta(d).data;
    if (own) {
      probe.fillStyle = own; probe.fillRect(0, 0, 1, 1);
      const wanted = probe.getImageData(0, 0, 1, 1).data;
      for (const point of points) {
        const got = context.getImageData(Math.round(point.x * ratio), Math.round(point.y * ratio), 1, 1).data;
        if ([0, 1, 2].every((i) => Math.abs(got[i] - wanted[i]) < 40)) hits++;
      }
    }
    return {label: dataset.label, own, hits, points: points.length, control: dataset.row ? dataset.row.kind === "control" : false,
            first: points.length ? [points[0].x, points[0].y] : null,
            whiskers: Boolean(dataset.whiskers), data: dataset.data.slice(0, 3)};
  }),
}))
"""

# Comparisons: two results, or one against its baseline.
COMPARISONS = {"changes": (["plain", "large"], ["--gate", "2%"]), "candidate": (["plain"], [])}


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.paths, cls.reports = {}, {}
        cls.make_reports()
        cls.make_comparisons()
        cls.browser = webdriver.Browser()
        cls.current = None

    @classmethod
    def make_comparisons(cls):
        for name, (results, options) in COMPARISONS.items():
            page = pathlib.Path(cls.folder.name) / f"{name}.html"
            command = [REHEAP, "compare", *[pathlib.Path(cls.folder.name) / result for result in results], *options, "--format"]
            made = subprocess.run([*command, "html", "-o", page], capture_output=True, text=True)
            shown = subprocess.run([*command, "json"], capture_output=True, text=True)
            if {made.returncode, shown.returncode} - {0, 3}:
                raise RuntimeError(made.stderr + shown.stderr)
            cls.paths[name], cls.reports[name] = page, json.loads(shown.stdout)

    @classmethod
    def make_reports(cls):
        for name, options in PAGES.items():
            result = pathlib.Path(cls.folder.name) / name
            page = result.with_suffix(".html")
            subprocess.run([MAKE_FAKE, result, *options], check=True)
            subprocess.run([REHEAP, "report", result, "--format", "html", "-o", page], check=True)
            shown = subprocess.run([REHEAP, "report", result, "--format", "json"], check=True, capture_output=True, text=True)
            cls.paths[name], cls.reports[name] = page, json.loads(shown.stdout)

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.folder.cleanup()

    def open(self, name, **size):
        """Opens a page, unless it is open and as it was."""
        self.browser.resize(**{"width": 1280, **size})
        if self.current != name:
            self.browser.open(self.paths[name])
        type(self).current = name

    def open_to_change(self, name, **size):
        """Opens a page that the test leaves in another state."""
        type(self).current = None
        self.open(name, **size)
        type(self).current = None

    def table(self, identity):
        return self.browser.run(webdriver.TABLE, identity)

    # ---- opening ----

    def test_every_page_opens_quietly_and_alone_and_fits(self):
        for name, path in self.paths.items():
            self.browser.requests()
            self.open_to_change(name)
            self.assertEqual(self.browser.strangers(path), [], name)
            if name not in COMPARISONS:
                self.check_data(name)
            self.draw()
            self.check_widths(name)
            self.assertEqual(self.browser.logs(), [], name)

    def check_widths(self, name):
        for width in (390, 768, 1280, 2560):
            self.assertTrue(self.browser.fits(width), f"{name} {width}")

    def check_data(self, name):
        """The page holds what JSON holds, so what figures_json.py says about one is true of the other; curves and ready-made
        tables come on top."""
        data = self.browser.run("return data")
        for trace in data.get("traces", []):
            trace.pop("curves")
        data.pop("sections")
        self.assertEqual({**data, "run": None}, {**self.reports[name], "run": None}, name)

    def test_the_file_names_no_address_to_load(self):
        for path in self.paths.values():
            text = path.read_text()
            without_data = re.sub(r'<script type="application/json".*?</script>', "", text, flags=re.S)
            for pattern in (r"<(?:script|img|iframe)[^>]*\ssrc=", r"<link", r"@import", r"url\(", r"\bfetch\(", "XMLHttpRequest",
                            "sourceMappingURL", r"import\("):
                found = re.search(pattern, re.sub(r"<pre>.*?</pre>", "", without_data, flags=re.S))
                self.assertIsNone(found, f"{path.name}: {pattern}")
            self.assertIn("default-src 'none'", text)
            self.assertLess(len(text), 1500000)

    def test_the_answer_is_there_without_scripts(self):
        text = self.paths["plain"].read_text()
        headline = self.reports["plain"]["headline"]
        self.assertIn(f'<p id="verdict">{headline}</p>', text)
        plain = re.search(r"<noscript>.*?<pre>(.*?)</pre>", text, flags=re.S).group(1)
        for cell in self.reports["plain"]["traces"][0]["cells"]:
            self.assertIn(figure_text(cell["ns_per_op"]), plain)

    def test_names_are_never_markup(self):
        self.open("evil")
        self.assertEqual(self.browser.run("return document.querySelectorAll('img').length"), 0)
        self.assertEqual(self.browser.run("return document.querySelector('#trace-1 h2').firstChild.textContent"), EVIL)
        self.assertEqual(self.table("trace-1-table")["rows"][0][0].startswith("mimalloc"), True)
        labels = [row[0] for row in self.table("trace-1-table")["rows"]]
        self.assertIn(EVIL, labels)
        self.assertEqual(self.browser.run("return data.traces[0].name"), EVIL)

    # ---- charts ----

    def draw(self):
        self.browser.run("drawAll()")

    def drawn(self):
        """All charts but those that are folded; they wait until somebody looks."""
        self.draw()
        return {chart["id"]: chart for chart in self.browser.run(DRAWN)}

    def test_charts_show_every_allocator(self):
        self.open("plain")
        charts, report = self.drawn(), self.reports["plain"]
        expected = ["chart-scatter", "chart-means"] + [f"trace-{t}-{what}" for t in (1, 2, 3) for what in ("time", "memory")]
        self.assertEqual(set(expected), set(charts))
        others = [one["label"] for a, one in enumerate(report["allocators"]) if not one["floor"] and a != report["baseline"]]
        for name, chart in charts.items():
            labels = [series["label"] for series in chart["series"]]
            self.assertLessEqual(set(others), set(labels), name)
            self.assertGreater(chart["width"], 300, name)
            self.assertGreater(chart["height"], 150, name)

    def coloured(self):
        """(series whose points show their colour, series that have points)"""
        seen = wanted = 0
        for name, chart in self.drawn().items():
            for series in chart["series"]:
                if series["own"] is None or series["control"]:
                    continue
                wanted += 1
                seen += series["hits"] > 0.3 * series["points"]
                self.assertGreater(series["points"], 0, f"{name} {series['label']}")
        return seen, wanted

    def test_points_and_lines_have_their_colours(self):
        """A point under another one may be hidden; most are not. A busy browser paints later: it gets time."""
        for dark in (False, True):
            self.open("plain", dark=dark)
            deadline = time.monotonic() + 60
            seen, wanted = self.coloured()
            while seen <= 0.8 * wanted and time.monotonic() < deadline:
                time.sleep(0.25)
                seen, wanted = self.coloured()
            self.assertGreater(seen, 0.8 * wanted, f"dark: {dark}")

    def test_forests_are_in_the_right_places(self):
        self.open("plain")
        report = self.reports["plain"]
        labels = [one["label"] for one in report["allocators"]]
        for t, trace in enumerate(report["traces"]):
            chart = self.drawn()[f"trace-{t + 1}-time"]
            ratio = {labels[c["allocator"]]: c["time"]["estimate"] for c in trace["cells"] if c["time"]}
            ratio[labels[report["baseline"]] + " A/A"] = trace["control"]["estimate"]
            shown = {series["label"]: series["first"] for series in chart["series"]}
            self.assertEqual(set(shown), set(ratio))
            by_ratio = sorted(ratio, key=ratio.get)
            by_place = sorted(shown, key=lambda label: shown[label][0])
            self.assertEqual(by_ratio, by_place)
            for series in chart["series"]:
                interval = series["data"][0]["xInterval"]
                self.assertAlmostEqual(interval["estimate"], ratio[series["label"]], 9)

    def test_curves_keep_the_peaks(self):
        self.open("plain")
        self.draw()
        report = self.reports["plain"]
        heights = self.browser.run("""return charts.filter(({figure}) => figure.id.endsWith("-memory")).map(({chart}) =>
            Object.fromEntries(chart.data.datasets.map((one) => [one.label, Math.max(...one.data.map((point) => point.y))])))""")
        for trace, lines in zip(report["traces"], heights):
            for cell in trace["cells"]:
                allocator = report["allocators"][cell["allocator"]]
                if allocator["name"] == "null":
                    self.assertNotIn("null", lines)
                    continue
                self.assertAlmostEqual(lines[allocator["label"]], cell["peak_resident_bytes"], delta=1024)
            self.assertAlmostEqual(lines["live, L(t)"], cell["peak_live_bytes"], delta=0.02 * cell["peak_live_bytes"])

    def test_hovering_tells_the_figures(self):
        self.open("plain")
        self.draw()
        place = self.browser.run("""
            const {chart} = charts.find(({figure}) => figure.id === "chart-means");
            chart.canvas.scrollIntoView({block: "center"});
            const box = chart.canvas.getBoundingClientRect(), point = chart.getDatasetMeta(0).data[0];
            return [box.left + point.x, box.top + point.y, chart.data.datasets[0].label]""")
        self.browser.hover(place[0], place[1])
        shown = self.browser.run("""
            const {chart} = charts.find(({figure}) => figure.id === "chart-means");
            return [chart.tooltip.opacity, chart.tooltip.body.map((part) => part.lines.join()).join()]""")
        mean = next(m for m in self.reports["plain"]["means"] if m["time"] and
                    self.reports["plain"]["allocators"][m["allocator"]]["label"] == place[2])
        time = mean["time"]
        self.assertEqual(shown[0], 1)
        self.assertIn(f"{place[2]}: {ratio_text(time['estimate'])} {range_text((0, time['low'], time['high']))} "
                      f"{mean['time_verdict']}, {time['pairs']} rounds", shown[1])

    def test_charts_are_drawn_as_they_come_near(self):
        type(self).current = None
        self.browser.resize(width=1280)
        self.browser.open(self.paths["large"])
        ready = int(self.browser.run("return document.documentElement.dataset.ready"))
        self.assertEqual(ready, 2 + 5 * 4)
        self.assertLess(self.browser.run("return charts.length"), ready)
        self.browser.run("document.getElementById('trace-4-time').scrollIntoView()")
        self.assertTrue(self.browser.comes("return charts.some(({figure}) => figure.id === 'trace-4-time')"))

    def test_a_link_opens_what_is_folded(self):
        self.open_to_change("plain")
        folded = "return document.getElementById('trace-2-drift').open"
        self.assertFalse(self.browser.run(folded))
        self.browser.run("location.hash = 'trace-2-drift-strip'")
        self.assertTrue(self.browser.comes(folded))
        strip = self.drawn()["trace-2-drift-strip"]
        self.assertEqual({series["points"] for series in strip["series"]}, {20})
        self.assertIn("A/A", [series["label"] for series in strip["series"]])

    def test_arrow_keys_tell_the_figures(self):
        self.open_to_change("plain")
        self.draw()
        self.browser.run("document.querySelector('#trace-1-memory canvas').focus()")
        self.browser.press("\ue014", "\ue014")
        spoken = self.browser.run("return document.getElementById('spoken').textContent")
        for line in self.browser.run("return data.traces[0].curves.lines"):
            label = self.reports["plain"]["allocators"][line["allocator"]]["label"]
            self.assertIn(f"{label}: {bytes_text(line['resident_kib'][1] * 1024)}", spoken)
        self.browser.run("document.querySelector('#chart-means canvas').focus()")
        self.browser.press("\ue010")
        label = self.reports["plain"]["allocators"][self.reports["plain"]["baseline"]]["label"]
        self.assertIn(f"{label} A/A: ", self.browser.run("return document.getElementById('spoken').textContent"))

    def test_charts_have_a_table(self):
        self.open_to_change("plain")
        self.browser.run("document.querySelector('#trace-1-drift-strip .numbers').open = true")
        self.assertTrue(self.browser.comes("return document.getElementById('trace-1-drift-strip-figures') !== null"))
        table = self.table("trace-1-drift-strip-figures")
        self.assertEqual(len(table["rows"]), 20)
        trace, report = self.reports["plain"]["traces"][0], self.reports["plain"]
        base = next(c for c in trace["cells"] if c["allocator"] == report["baseline"])["ns_per_op_by_round"]
        for cell in trace["cells"]:
            label = report["allocators"][cell["allocator"]]["label"]
            if label in table["heads"]:
                column = table["heads"].index(label)
                self.assertEqual([row[column] for row in table["rows"]],
                                 [ratio_text(a / b) for a, b in zip(cell["ns_per_op_by_round"], base)])

    # ---- tables ----

    def test_tables_show_the_figures(self):
        for name in ("plain", "large"):
            self.open(name)
            report = self.reports[name]
            for t, trace in enumerate(report["traces"]):
                table = self.table(f"trace-{t + 1}-table")
                rows = {row[0]: dict(zip(table["heads"], row)) for row in table["rows"]}
                self.assertEqual(len(rows), len(trace["cells"]) + (trace["control"] is not None))
                for cell in trace["cells"]:
                    self.check_row(report, cell, rows[report["allocators"][cell["allocator"]]["label"]])

    def check_row(self, report, cell, row):
        baseline = cell["allocator"] == report["baseline"]
        measured = cell["ns_per_op"] is not None
        time, memory = cell["time"], cell["memory"]
        cpu = (cell["user_ns"] or 0) + (cell["system_ns"] or 0)
        self.assertEqual(row["ns/op"], figure_text(cell["ns_per_op"]))
        self.assertEqual(row["net"], figure_text(cell["net_ns_per_op"]))
        self.assertEqual(row["time"], ratio_text(time["estimate"] if time else 1 if baseline else None))
        self.assertEqual(row["95 % interval"], range_text(time and (0, time["low"], time["high"])))
        self.assertEqual(row["peak memory"], bytes_text(cell["peak_resident_bytes"]))
        self.assertEqual(row["× memory"], ratio_text(memory and memory["estimate"]))
        self.assertEqual(row["R/L"], figure_text(cell["peak_over_peak"]))
        self.assertEqual(row["mean R/L"], figure_text(cell["mean_over_mean"]))
        self.assertEqual(row["after free"], bytes_text(cell["freed_bytes"][0]))
        self.assertEqual(row["faults"], count_text(cell["minor_faults"]))
        self.assertEqual(row["system"], percent_text(cell["system_ns"] / cpu if cpu else None))
        self.assertEqual(row["n"], str(cell["rounds"]))
        word = row["verdict"]
        if not measured:
            self.assertEqual(word, cell["end"])
        elif report["allocators"][cell["allocator"]]["floor"]:
            self.assertEqual(word, "floor")
        else:
            self.assertEqual(word, "baseline" if baseline else cell["time_verdict"])

    def test_single_passes_have_their_parts(self):
        self.open_to_change("passes")
        self.browser.run("document.querySelectorAll('details.part').forEach((one) => (one.open = true))")
        charts, report = self.drawn(), self.reports["passes"]
        for key, shown in (("calls", [count for count in report["traces"][0]["calls"] if count]), ("sizes", report["traces"][0]["sizes"])):
            series, = charts[f"trace-1-operations-{key}"]["series"]
            self.assertEqual((series["points"], series["data"]), (len(shown), shown[:3]))
        labels = [one["label"] for one in report["allocators"]]
        for t, trace in enumerate(report["traces"], 1):
            cells = {labels[c["allocator"]]: c for c in trace["cells"]}
            ranked = [label for label in cells if label not in ("null", "bump")]
            self.check_split(charts, t, {label: cells[label]["split"] for label in ranked})
            lines = {series["label"]: series["points"] for series in charts[f"trace-{t}-latency-spectrum"]["series"]}
            self.assertEqual(lines, {label: len(cells[label]["latency"]["spectrum"]) for label in [*ranked, "null"]})
            shown = {row[0]: row for row in self.table(f"trace-{t}-latency-table")["rows"]}
            for label in ranked:
                two_steps = 2 * cells[label]["latency"]["quantum_ns"]
                text = lambda ns: f"≤ {time_text(two_steps)}" if ns <= two_steps else time_text(ns)
                self.assertEqual(shown[label][1:], [count_text(cells[label]["latency"]["samples"]),
                                                    *(text(cells[label]["latency"][key]) for key in ("p50", "p90", "p99", "p999", "p9999", "max"))])
            table = self.table(f"trace-{t}-calls-table")
            for row in table["rows"]:
                shown = dict(zip(table["heads"], row))
                for name, calls in cells[row[0]]["system_calls"].items():
                    self.assertEqual(shown[name], count_text(calls), f"{row[0]} {name}")
                for key, title in (("instructions", "instructions/op"), ("cycles", "cycles/op"), ("cache_misses", "cache misses/op"), ("dtlb_misses", "dTLB misses/op")):
                    value = cells[row[0]]["counters"][key]
                    self.assertEqual(shown[title], "-" if value is None else figure_text(value / trace["ops"]), f"{row[0]} {title}")

    def check_split(self, charts, t, splits):
        """Bars of four parts, one an allocator; lines of ten tenths; the table."""
        parts = {series["label"]: series for series in charts[f"trace-{t}-split-bytes"]["series"]}
        self.assertEqual(list(parts), ["live", "internal", "partial", "empty"])
        for label, series in parts.items():
            self.assertEqual(series["points"], len(splits))
            self.assertEqual(series["data"], [one[f"{label}_bytes"][one["peak"]] for one in splits.values()][:3])
        fullness = charts[f"trace-{t}-split-occupancy"]["series"]
        self.assertEqual([series["label"] for series in fullness], list(splits))
        for series, one in zip(fullness, splits.values()):
            self.assertAlmostEqual(series["data"][2]["y"], one["occupancy"][2] / sum(one["occupancy"]), 9)
        for row in self.table(f"trace-{t}-split-table")["rows"]:
            one = splits[row[0]]
            self.assertEqual(row[1:6], [bytes_text(one[f"{key}_bytes"][one["peak"]]) for key in ("counted", "live", "internal", "partial", "empty")])

    def test_what_was_not_measured_takes_no_room(self):
        self.open("plain")
        self.assertEqual(self.browser.run("return document.querySelectorAll('[id*=split], [id*=latency]').length"), 0)

    def test_means_show_the_figures(self):
        self.open("large")
        report, table = self.reports["large"], self.table("table-means")
        self.assertEqual(len(table["rows"]), len(report["means"]) + 1)
        for mean, row in zip(report["means"], table["rows"]):
            self.assertEqual(row[0], report["allocators"][mean["allocator"]]["label"])
            if mean["time"]:
                self.assertEqual(row[1:4], [ratio_text(mean["time"]["estimate"]),
                                            range_text((0, mean["time"]["low"], mean["time"]["high"])),
                                            mean["time_verdict"] if mean["time"]["exact"] else "too few rounds"])
                self.assertEqual(row[9], "too few rounds" if mean["memory"]["pairs"] > 1 else "-")

    def sort_by(self, table, title):
        self.browser.run("""[...document.querySelectorAll(`#${arguments[0]} thead button`)]
            .find((button) => button.textContent === arguments[1]).click()""", table, title)
        return self.table(table)["rows"]

    def test_tables_sort(self):
        self.open_to_change("plain")
        trace = self.reports["plain"]["traces"][0]
        labels = [one["label"] for one in self.reports["plain"]["allocators"]]
        ranked = [c for c in trace["cells"] if not self.reports["plain"]["allocators"][c["allocator"]]["floor"]]
        rising = [labels[c["allocator"]] for c in sorted(ranked, key=lambda c: c["peak_resident_bytes"])]
        rows = self.sort_by("trace-1-table", "peak memory")
        self.assertEqual([row[0] for row in rows][:len(rising)], rising)
        self.assertEqual({row[0] for row in rows[len(rising):]}, {"glibc A/A", "bump", "null"})
        falling = self.sort_by("trace-1-table", "peak memory")
        self.assertEqual([row[0] for row in falling][:len(rising)], rising[::-1])
        sorts = self.browser.run("return [...document.querySelectorAll('#trace-1-table th')].map((one) => one.getAttribute('aria-sort'))")
        self.assertEqual(sorts.count("descending"), 1)
        self.assertEqual(sorts.count("ascending"), 0)

    # ---- switches ----

    def switch(self, label):
        self.browser.run("""[...document.querySelectorAll("#switches button")]
            .find((button) => button.textContent === arguments[0]).click()""", label)

    def test_an_allocator_goes_everywhere_at_once(self):
        self.open_to_change("plain")
        before = self.drawn()
        self.switch("jemalloc")
        for name, chart in self.drawn().items():
            labels = [series["label"] for series in chart["series"]]
            self.assertNotIn("jemalloc", labels, name)
            self.assertEqual(len(labels), len(before[name]["series"]) - 1, name)
            self.assertEqual(self.browser.run(f"return document.getElementById('{name}').dataset.labels"), "|".join(labels))
        for table in ("table-means", "table-matrix", "trace-1-table", "trace-3-table", "table-allocators"):
            self.assertNotIn("jemalloc", [row[0] for row in self.table(table)["rows"]], table)
        self.switch("jemalloc")
        after = self.drawn()
        for name, chart in after.items():
            self.assertEqual([s["label"] for s in chart["series"]], [s["label"] for s in before[name]["series"]])
        self.switch("only the baseline")
        self.assertEqual({row[0] for row in self.table("trace-1-table")["rows"]}, {"glibc", "glibc A/A"})
        self.switch("all")
        self.assertEqual(len(self.table("trace-1-table")["rows"]), 10)

    def test_switches_work_from_the_keyboard(self):
        self.open_to_change("plain")
        self.browser.run("document.querySelector('#switches button[data-index=\"4\"]').focus()")
        self.browser.press(" ")
        pressed = "return document.querySelector('#switches button[data-index=\"4\"]').getAttribute('aria-pressed')"
        self.assertEqual(self.browser.run(pressed), "false")
        self.browser.press("\ue007")
        self.assertEqual(self.browser.run(pressed), "true")

    def test_filters(self):
        self.open_to_change("plain")
        type_in = """const input = document.querySelector('[aria-label^="Filter: "][aria-label*="every allocator"]');
            input.value = arguments[0]; input.dispatchEvent(new Event('input')); return input.nextElementSibling.textContent"""
        rows = len(self.table("trace-1-table")["rows"])
        count = self.browser.run(type_in, "malloc")
        shown = [row[0] for row in self.table("trace-1-table")["rows"]]
        self.assertEqual(count, f"{len(shown)} of {rows} rows")
        self.assertTrue(shown and all("malloc" in label for label in shown))
        self.browser.run(type_in, "malloc -tc")
        self.assertEqual([row[0] for row in self.table("trace-1-table")["rows"]], [label for label in shown if "tc" not in label])
        index = self.browser.run("return allocators.findIndex((one) => one.label === arguments[0])", shown[0])
        self.browser.run("setShown([[allocators[arguments[0]], false]])", index)
        self.browser.run(type_in, "malloc")
        self.assertEqual([row[0] for row in self.table("trace-1-table")["rows"]], shown[1:])
        self.browser.run(type_in, "")
        self.assertEqual(len(self.table("trace-1-table")["rows"]), rows - 1)

    # ---- sizes, themes, paper ----

    def test_themes(self):
        self.open_to_change("plain", dark=True)
        paper = "return getComputedStyle(document.body).backgroundColor"
        self.assertEqual(self.browser.run(paper), "rgb(20, 23, 26)")
        self.browser.run("document.getElementById('theme').click()")
        self.assertEqual(self.browser.run(paper), "rgb(255, 255, 255)")
        self.assertEqual(self.browser.run("return colourOf(allocators[3])"), "#0072b2")
        self.browser.run("document.getElementById('theme').click()")
        self.assertEqual(self.browser.run(paper), "rgb(20, 23, 26)")
        self.browser.resize(width=1280, dark=False)
        self.browser.run("document.getElementById('theme').click()")
        self.assertEqual(self.browser.run(paper), "rgb(255, 255, 255)")

    def test_each_allocator_looks_like_no_other(self):
        self.open_to_change("large")
        for theme in ("light", "dark"):
            looks = self.browser.run(f"""document.documentElement.dataset.theme = "{theme}";
                return allocators.filter((one) => one.ranked).map((one) => colourOf(one))""")
            self.assertEqual(len(set(looks)), len(looks), theme)

    def test_paper_is_white_and_whole(self):
        self.open_to_change("plain", dark=True)
        self.draw()
        self.browser.run("window.dispatchEvent(new Event('beforeprint'))")
        self.assertEqual(self.browser.run("return document.querySelectorAll('details.part:not([open])').length"), 0)
        self.assertEqual(self.browser.run("return document.querySelectorAll('details.numbers[open]').length"), 0)
        self.assertEqual(self.browser.run("return colourOf(allocators[3])"), "#0072b2")
        self.browser.run("window.dispatchEvent(new Event('afterprint'))")
        self.assertGreater(self.browser.run("return document.querySelectorAll('details:not([open])').length"), 0)
        self.assertEqual(self.browser.run("return colourOf(allocators[3])"), "#56b4e9")
        document = self.browser.command("POST", "/print", {"background": True})
        self.assertGreater(len(document), 50000)
        self.assertEqual(self.browser.logs(), [])

    # ---- reading ----

    def test_what_is_shown_has_a_name(self):
        self.open("plain")
        for selector, attribute in (("canvas", "aria-label"), ("table caption", "textContent"), ("section", "aria-labelledby")):
            names = self.browser.run("return [...document.querySelectorAll(arguments[0])].map((one) => one[arguments[1]] || "
                                     "one.getAttribute(arguments[1]))", selector, attribute)
            self.assertTrue(names and all(names), selector)
        self.assertEqual(self.browser.run("return document.querySelectorAll('th:not([scope])').length"), 0)
        missing = self.browser.run("""return [...document.querySelectorAll("a[href^='#']")]
            .filter((link) => !document.getElementById(link.getAttribute("href").slice(1))).map((link) => link.href)""")
        self.assertEqual(missing, [])
        self.assertEqual(self.browser.run("""const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
            return ids.filter((id, i) => ids.indexOf(id) !== i)"""), [])

    def test_banners(self):
        self.open("large")
        kinds = self.browser.run("return [...document.querySelectorAll('#banners [data-kind]')].map((one) => one.dataset.kind)")
        self.assertEqual(sorted(kinds), sorted(banner["kind"] for banner in self.reports["large"]["banners"]))
        self.assertIn("control", kinds)
        self.assertIn("incomplete", kinds)
        texts = self.browser.run("return [...document.querySelectorAll('#banners [data-kind]')].map((one) => one.textContent)")
        for banner in self.reports["large"]["banners"]:
            self.assertTrue(any(banner["text"] in text for text in texts), banner["text"])

    # ---- comparisons ----

    def test_comparisons_show_the_figures(self):
        for name in COMPARISONS:
            self.open(name)
            report, table = self.reports[name], self.table("table-rows")
            self.assertEqual(len(table["rows"]), len(report["rows"]))
            for row, shown in zip(report["rows"], table["rows"]):
                time, memory = row["time"], row["memory"]
                few = lambda one: "one round" if one and one["pairs"] < 2 else range_text(one and (0, one["low"], one["high"]))
                self.assertEqual(shown[:4], [row["allocator"], row["trace"] or "all", figure_text(row["before_ns_per_op"]),
                                             figure_text(row["after_ns_per_op"])])
                if time:
                    self.assertEqual(shown[4:6], [ratio_text(time["estimate"]), few(time)])
                self.assertEqual(shown[7:9], [bytes_text(row["before_peak_bytes"]), bytes_text(row["after_peak_bytes"])])
                if memory:
                    self.assertEqual(shown[9:11], [ratio_text(memory["estimate"]), few(memory)])

    def test_comparisons_draw_what_changed(self):
        for name in COMPARISONS:
            self.open(name)
            report, charts = self.reports[name], self.drawn()
            self.assertEqual(set(charts), {"chart-time", "chart-memory"})
            for key in ("time", "memory"):
                ratio = {row["allocator"]: row[key]["estimate"] for row in report["rows"] if row["trace"] is None and row[key]}
                shown = {series["label"]: series["first"][0] for series in charts[f"chart-{key}"]["series"]}
                self.assertEqual(set(shown), set(ratio))
                self.assertEqual(sorted(ratio, key=ratio.get), sorted(shown, key=shown.get))

    def test_a_comparison_says_what_the_gate_says(self):
        self.open("changes")
        gate = self.browser.run("return document.querySelector('[data-kind=gate]').textContent")
        self.assertIn("The gate is closed" if self.reports["changes"]["regressions"] else "The gate is open", gate)
        notes = self.browser.run("return [...document.querySelectorAll('#notes li')].map((one) => one.textContent)")
        self.assertEqual(notes, self.reports["changes"]["notes"])
        self.browser.run("document.querySelector('#switches button[data-index=\"1\"]').click()")
        label = self.browser.run("return allocators[1].label")
        type(self).current = None
        self.assertNotIn(label, [row[0] for row in self.table("table-rows")["rows"]])
        self.assertNotIn(label, [series["label"] for series in self.drawn()["chart-memory"]["series"]])

    def test_the_rate_of_thinking_that_was_found(self):
        self.open("large")
        texts = self.browser.run("return [...document.querySelectorAll('section[id^=trace-]')].map((one) => one.textContent)")
        found = [re.search(r"thinking with [^)]*\)", text) for text in texts]
        self.assertEqual(sum(match is not None for match in found), 1)
        sentence = next(match for match in found if match).group()
        self.assertIn("thinking with 4.7 cache lines a recorded microsecond (the program took 1.40 s of CPU time, a plain replay under glibc 400 ms, one", sentence)

    def test_what_the_doctor_found(self):
        self.open("plain")
        table = self.table("table-doctor")
        self.assertEqual([row[:3] for row in table["rows"]],
                         [[one["name"], one["value"], one["verdict"]] for one in self.reports["plain"]["run"]["doctor"]])

    def test_results_with_nothing_to_compare(self):
        self.open("one")
        self.assertIn("only glibc was measured", self.browser.run("return document.getElementById('verdict').textContent"))
        self.assertEqual(set(self.drawn()), {"trace-1-memory"})
        self.open("empty")
        self.assertEqual(self.browser.run("return document.getElementById('verdict').textContent"), "Nothing was measured.")
        self.assertEqual(self.drawn(), {})


if __name__ == "__main__":
    reason = webdriver.missing()
    if reason is not None:
        print(reason)
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[3:]])
