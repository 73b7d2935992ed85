#!/usr/bin/env python3
"""The page of `reheap trace info --html` in a real browser: alone, without errors, its charts and tables hold the figures
of --json, and what a trace says of itself is never markup.

Usage: test_trace_page.py REHEAP SOURCE_ROOT        exit status 77: there is no browser
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import webdriver

REHEAP = str(pathlib.Path(sys.argv[1]).resolve())
ROOT = pathlib.Path(sys.argv[2]).resolve()
EVIL = "</script><img src=x onerror=alert(1)>&amp;\"'"

SECTIONS = ["answer", "kinds", "threads", "sizes", "lifetimes", "alignment", "realloc", "failures", "origin", "limits"]
CHARTS = {"chart-live", "chart-rate", "chart-kinds", "chart-threads", "chart-sizes", "chart-size-bytes", "chart-lifetimes-events",
          "chart-lifetimes-time", "chart-alignment", "chart-realloc"}

# Two threads, each kind of event, losses, and names that would be markup.
SMALL = [
    "0 0 thread-start", "10 0 malloc 0 size=100", "20 0 calloc 1 size=28", "20 1 thread-start parent=0", "30 1 realloc 0 2 size=300",
    "40 1 free 1", "50 0 aligned 3 size=64 align=64", "60 0 free-sized 3 size=64", "70 0 new 4 size=64", "80 0 failed size=99999999999",
    "90 0 free-null", "9000000 1 thread-end",
]
META = {"program": "tiny " + EVIL, "command": EVIL, "source": "synthetic:" + EVIL, "note": EVIL, "time_quantum_ns": 10, "drops": 3,
        "torn": 1, "unknown_frees": 5, "thread_names": {"0": EVIL}}
TEXTS = {
    "small": (META, SMALL),
    "untimed": ({"program": "untimed"}, ["- 0 thread-start", "- 0 malloc 0 size=0"]),
    "empty": ({}, []),
}


class TracePage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.folder.name)
        cls.paths, cls.facts = {}, {}
        for name, (meta, lines) in TEXTS.items():
            text = "\n".join(["reheap-trace-text 1", "meta " + json.dumps(meta), *lines]) + "\n"
            subprocess.run([REHEAP, "trace", "import", "-", "-o", folder / f"{name}.rht"], check=True, input=text.encode(),
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            cls.make_page(name, folder / f"{name}.rht")
        cls.make_page("redis-io", ROOT / "traces" / "redis-io.rht")
        cls.browser = webdriver.Browser()

    @classmethod
    def make_page(cls, name, trace):
        page = pathlib.Path(cls.folder.name) / f"{name}.html"
        subprocess.run([REHEAP, "trace", "info", trace, "--html", page], check=True)
        shown = subprocess.run([REHEAP, "trace", "info", "--json", trace], check=True, capture_output=True, text=True)
        cls.paths[name], cls.facts[name] = page, json.loads(shown.stdout)

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.folder.cleanup()

    def open(self, name):
        self.browser.resize(width=1280)
        self.browser.open(self.paths[name])
        self.browser.run("drawAll()")

    def table(self, identity):
        return self.browser.run(webdriver.TABLE, identity)["rows"]

    def drawn(self):
        """What each chart draws: its values and the pixels of its highest."""
        return {one["id"]: one for one in self.browser.run("""return charts.map(({chart, figure}) => {
            const values = chart.data.datasets[0].data.map((one) => typeof one === "number" ? one : one.y);
            const best = chart.getDatasetMeta(0).data[values.indexOf(Math.max(...values))];
            return {id: figure.id, values, labels: chart.data.labels, noted: Number(figure.dataset.points),
                    series: Number(figure.dataset.series), length: Math.abs(chart.options.indexAxis === "y" ? best.x - best.base : best.y - chart.scales.y.bottom)};
        })""")}

    def test_every_page_opens_quietly_and_alone(self):
        for name, path in self.paths.items():
            self.browser.requests()
            self.open(name)
            self.assertEqual(self.browser.strangers(path), [], name)
            for width in (390, 1280):
                self.assertTrue(self.browser.fits(width), f"{name} {width}")

    def test_sections(self):
        self.open("small")
        self.assertEqual(self.browser.run("return [...document.querySelectorAll('section')].map((one) => one.id)"), SECTIONS)
        self.assertEqual(set(self.drawn()), CHARTS)
        self.open("untimed")
        self.assertEqual(set(self.drawn()), {"chart-live", "chart-kinds", "chart-sizes", "chart-size-bytes"})
        self.open("empty")
        self.assertLessEqual(set(self.drawn()), {"chart-live"})

    def test_charts_draw_the_figures(self):
        for name in ("small", "redis-io"):
            self.open(name)
            facts, drawn = self.facts[name], self.drawn()
            kinds = {label: count for label, count in facts["events_by_kind"].items() if count}
            self.assertEqual(dict(zip(drawn["chart-kinds"]["labels"], drawn["chart-kinds"]["values"])), kinds)
            wanted = {
                "chart-live": [one["peak_live_bytes"] for one in facts["course"]],
                "chart-threads": sorted((one["events"] for one in facts["threads"]), reverse=True),
                "chart-sizes": [one["objects"] for one in facts["sizes"]],
                "chart-size-bytes": [one["bytes"] for one in facts["sizes"]],
                "chart-lifetimes-events": [one["count"] for one in facts["lifetimes_events"]],
                "chart-lifetimes-time": [one["count"] for one in facts["lifetimes_ns"]],
                "chart-realloc": [facts["reallocs_grown"], facts["reallocs_shrunk"], facts["reallocs_same_size"]],
            }
            for chart, values in wanted.items():
                self.assertEqual(drawn[chart]["values"], values, f"{name} {chart}")
            width = facts["course"][1]["from"]
            self.assertEqual([round(rate * width / 1e9) for rate in drawn["chart-rate"]["values"]],
                             [one["events"] for one in facts["course"]])
            self.assertEqual(max(drawn["chart-live"]["values"]), facts["peak_live_bytes"])
            for chart, one in drawn.items():
                self.assertEqual((one["noted"], one["series"]), (len(one["values"]), 1), chart)
                self.assertGreater(one["length"], 50, f"{chart}: the highest value is no bar")

    def test_tables_show_the_figures(self):
        self.open("redis-io")
        facts = self.facts["redis-io"]
        self.assertEqual([(row[1], row[2]) for row in self.table("table-sizes")],
                         [(str(one["objects"]), f"{100 * one['objects'] / facts['objects']:.2f} %") for one in facts["sizes"]])
        self.assertEqual([row[:2] for row in self.table("table-top-sizes")],
                         [[str(one["size"]), str(one["objects"])] for one in facts["top_sizes"]])
        threads = self.table("table-threads")
        self.assertEqual([[row[2], row[3], row[5]] for row in threads],
                         [[str(one["events"]), str(one["objects"]), str(one["releases"])] for one in facts["threads"]])
        self.assertEqual(sum(int(row[1]) for row in self.table("table-kinds")), facts["events"])
        aligned = sum(one["objects"] for one in facts["alignments"])
        self.assertEqual(self.table("table-alignment")[0][:2], ["none asked", str(facts["objects"] - aligned)])
        origin = dict(self.table("table-origin"))
        for key in ("program", "command", "host", "libc", "allocator", "date", "tool"):
            self.assertEqual(origin[key], facts["meta"][key])

    def test_losses_are_told(self):
        self.open("small")
        rows = {row[0]: row[1] for row in self.table("table-failures")}
        self.assertEqual((rows["failed calls"], rows["unknown frees"], rows["dropped events"], rows["torn threads"]), ("1", "5", "3", "1"))
        kinds = self.browser.run("return [...document.querySelectorAll('[data-kind]')].map((one) => [one.dataset.kind, one.classList.contains('grave')])")
        self.assertEqual(sorted(map(tuple, kinds)), [("drops", True), ("note", False), ("synthetic", True), ("torn", True), ("unknown-frees", False)])
        self.open("untimed")
        self.assertEqual(self.browser.run("return document.querySelector('#notes li').dataset.kind"), "untimed")

    def test_names_are_never_markup(self):
        self.open("small")
        self.assertEqual(self.browser.logs(), [])
        self.assertEqual(self.browser.run("return document.querySelectorAll('img').length"), 0)
        origin = dict(self.table("table-origin"))
        self.assertEqual((origin["command"], origin["note"]), (EVIL, EVIL))
        self.assertIn(EVIL, self.browser.run("return document.getElementById('verdict').textContent"))
        self.assertEqual(self.table("table-threads")[0][0], "0 " + EVIL)

    def test_the_answer_is_there_without_scripts(self):
        text = self.paths["redis-io"].read_text()
        self.assertRegex(text, r'<p id="verdict">redis-server allocated [\d.]+ \w+ in [\d.]+ \w objects within ')
        plain = re.search(r"<noscript>.*?<pre>(.*?)</pre>", text, flags=re.S).group(1)
        self.assertIn("Events by kind", plain)
        self.assertIn("default-src 'none'", text)


if __name__ == "__main__":
    reason = webdriver.missing()
    if reason is not None:
        print(reason)
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[3:]])
