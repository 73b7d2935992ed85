#!/usr/bin/env python3
"""Every number in CSV, JSON, terminal and Markdown equals one computed from the samples by other code (figures.py).

Usage: test_figures.py REHEAP MAKE_FAKE_RESULT
"""
import csv
import io
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import fake_programs
import figures
import figures_json
import figures_programs
from figures import NAN, bytes_text, count_text, figure_text, percent_text, range_text, ratio_text, verdict

REHEAP, MAKE_FAKE = (str(pathlib.Path(path).resolve()) for path in sys.argv[1:3])

# Small, because ten thousand resamples in Python take their time.
KINDS = {
    "plain": ["allocators=4", "traces=2", "rounds=10", "memory_rounds=2"],
    "damaged": ["allocators=6", "traces=3", "rounds=9", "failures=1", "synthetic=1", "unsteady=1"],
    "interrupted": ["allocators=3", "traces=3", "rounds=9", "interrupted=1", "no_floors=1"],
    "passes": ["allocators=2", "traces=3", "rounds=6", "memory_rounds=2", "passes=1"],
    "few": ["allocators=3", "traces=1", "rounds=3"],
}

WITH_PROGRAMS = ("plain", "few")


def close(a, b):
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b):
        return True
    return math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9)


class Figures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.models = {}
        for name, options in KINDS.items():
            directory = pathlib.Path(cls.folder.name) / name
            subprocess.run([MAKE_FAKE, directory, *options], check=True)
            if name in WITH_PROGRAMS:
                fake_programs.add(directory)
            cls.models[name] = (directory, figures.Model(figures.Result(directory)))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def report(self, name, *arguments):
        directory = self.models[name][0]
        done = subprocess.run([REHEAP, "report", directory, *arguments], text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def expect(self, got, expected, what):
        got = NAN if got in ("", None) else float(got)
        expected = NAN if expected is None else float(expected)
        self.assertTrue(close(got, expected), f"{what}: shown {got}, computed {expected}")

    def expect_ratio(self, row, prefix, ratio, what):
        for key, i in (("ratio", 0), ("low", 1), ("high", 2)):
            self.expect(row[f"{prefix}_{key}"], ratio[i] if ratio else None, f"{what} {prefix}_{key}")

    # ---- CSV ----

    def check_cell(self, model, row, t, a, what):
        result = model.result
        ns = result.ns(t, a)
        counted = result.counted("throughput", t, a)
        self.assertEqual(int(row["rounds"]), len(counted), what)
        self.assertEqual(int(row["memory_rounds"]), len(result.counted("memory", t, a)), what)
        self.assertEqual(int(row["failed"]), sum(1 for s in result.samples if s["trace"] == t and s["allocator"] == a and
                                                 s["copy"] == 0 and s["end"] != "measured"), what)
        self.expect(row["ns_per_op"], figures.median(ns), what)
        self.expect(row["net_ns_per_op"], model.net(t, a), what)
        self.expect(row["ns_deviation"], figures.robust_deviation(ns), what)
        for key in ("minor_faults", "major_faults", "wall_ns", "user_ns", "system_ns", "voluntary_switches",
                    "involuntary_switches"):
            self.expect(row[key], model.median_of("throughput", t, a, key), f"{what} {key}")
        self.expect(row["stall_share"], model.stall_share(t, a), f"{what} stall")
        compared = a in model.others
        time = model.time(t, a) if compared else None
        memory = model.memory(t, a) if compared else None
        self.expect_ratio(row, "time", time, what)
        self.assertEqual(row["time_verdict"], verdict(time), what)
        self.assertEqual(row["time_pairs"], str(time[3] if time else 0), what)
        self.expect_ratio(row, "memory", memory, what)
        self.assertEqual(row["memory_verdict"], verdict(memory, "less", "more"), what)
        self.check_memory(model, row, t, a, what)

    def check_memory(self, model, row, t, a, what):
        peak = figures.median(model.result.peaks(t, a))
        live = model.median_of("memory", t, a, "peak_live_bytes")
        null = a == model.result.null
        self.expect(row["peak_resident_bytes"], peak, what)
        self.expect(row["peak_live_bytes"], live, what)
        self.expect(row["peak_over_peak"], NAN if null or not live > 0 else peak / live, what)
        for key, value in zip(("at_peak_live", "at_peak_resident", "mean_over_mean"), model.curve(t, a)):
            self.expect(row[key], value, f"{what} {key}")
        self.expect(row["freed_bytes"], model.freed(t, a, "freed_resident_bytes", 0), what)
        self.expect(row["purged_bytes"], model.freed(t, a, "purged_resident_bytes"), what)

    def check_mean(self, model, row, a, what):
        time = model.time_mean(a)
        memory = model.memory_mean(a)
        self.expect_ratio(row, "time", time, what)
        self.assertEqual(row["time_verdict"], verdict(time), what)
        self.expect_ratio(row, "memory", memory, what)
        self.assertEqual(int(row["traces"]), sum(1 for t in model.in_means if model.measured(t, a)), what)

    def check_program(self, row, computed, what):
        for key in ("rounds", "failed"):
            self.assertEqual(int(row[key]), computed[key], f"{what} {key}")
        for key, value in (("wall_ns", computed["wall_ns"]), ("user_ns", computed["user_ns"]), ("system_ns", computed["system_ns"]),
                           ("peak_resident_bytes", computed["peak_bytes"])):
            self.expect(row[key], value, f"{what} {key}")
        for prefix in ("time", "memory"):
            ratio = computed[prefix]
            self.expect_ratio(row, prefix, ratio and (ratio["estimate"], ratio["low"], ratio["high"]), what)
            self.assertEqual(row[f"{prefix}_verdict"], computed[f"{prefix}_verdict"], what)

    def test_csv(self):
        for name, (_, model) in self.models.items():
            rows = list(csv.DictReader(io.StringIO(self.report(name, "--format", "csv"))))
            labels = {one["label"]: a for a, one in enumerate(model.result.allocators)}
            traces = {one["name"]: t for t, one in enumerate(model.result.traces)}
            programs = {facts["name"]: {cell["allocator"]: cell for cell in figures_programs.program(model, p)["cells"]}
                        for p, facts in enumerate(model.result.manifest.get("programs", []))}
            seen = set()
            for row in rows:
                what = f"{name}: {row['row']} {row['trace']} {row['allocator']}"
                a, t = labels[row["allocator"]], traces.get(row["trace"])
                if row["row"] == "program":
                    self.check_program(row, programs[row["trace"]].pop(a), what)
                    continue
                seen.add((row["row"] in ("control", "control mean"), t, a))
                if row["row"] == "control":
                    self.expect_ratio(row, "time", model.control(t), what)
                    self.expect(row["ns_per_op"], figures.median(model.result.ns(t, a, 1)), what)
                elif row["row"] == "control mean":
                    self.expect_ratio(row, "time", model.control_mean(), what)
                elif row["row"] == "mean":
                    self.check_mean(model, row, a, what)
                else:
                    self.check_cell(model, row, t, a, what)
            cells = {(False, t, a) for t in traces.values() for a in labels.values()}
            self.assertLessEqual(cells, seen, name)
            self.assertFalse(any(programs.values()), f"{name}: a program without a row")
            self.assertLessEqual({(False, None, a) for a in model.others}, seen, name)

    # ---- JSON ----

    # Facts of the manifest, and texts: figures_json.py computes all the rest.
    NOT_FIGURES = ("banners", "allocators", "run")
    TEXTS = {"source", "path", "hash", "program", "command", "name", "reason", "object", "purge_call", "end", "words", "file"}

    def differences(self, name, model):
        report = json.loads(self.report(name, "--format", "json"))
        for key in self.NOT_FIGURES:
            del report[key]
        for part in (*report["traces"], *report["programs"]):
            for one in (part, *part["cells"]):
                for key in self.TEXTS & set(one):
                    del one[key]
        computed = {**figures_json.whole(model), "programs": figures_programs.programs(model)}
        return figures_json.differences(report, computed)

    def test_json(self):
        """Every number that stands in it, and so every number that the page has: nothing is left out."""
        for name, (_, model) in self.models.items():
            found = self.differences(name, model)
            self.assertEqual(found, [], f"{name}: {len(found)} differ")

    def test_a_changed_sample_is_found(self):
        """The comparison has teeth: figures of samples that were changed since are not those of the report."""
        directory, _ = self.models["passes"]
        for which, key in (("throughput", "busy_ns"), ("throughput", "minor_faults"), ("memory", "peak_resident_bytes"),
                           ("syscalls", "mmap_calls")):
            result = figures.Result(directory)
            for sample in result.samples:
                if sample["pass"] == which and sample["allocator"] == 3 and sample["trace"] == 0:
                    sample[key] = round(sample[key] * 1.05 + 1)
            self.assertNotEqual(self.differences("passes", figures.Model(result)), [], key)
        result = figures.Result(directory)
        latency = next(line["latency"] for line in result.series.values() if "latency" in line)
        latency["histograms"][0]["counts"][0] *= 3
        self.assertNotEqual(self.differences("passes", figures.Model(result)), [], "latency")
        directory, _ = self.models["plain"]
        for which, key in (("program", "wall_ns"), ("program", "mark_bytes"), ("floor", "peak_bytes")):
            result = figures.Result(directory)
            for line in result.programs:
                if (line["run"], line["allocator"]) == (which, result.baseline):
                    line[key] = [2 * y for y in line[key]] if key == "mark_bytes" else line[key] * 1.05
            self.assertNotEqual(self.differences("plain", figures.Model(result)), [], key)

    # ---- the terminal and Markdown ----

    def expected_row(self, model, t, a):
        """The cells of a trace's table by title."""
        result = model.result
        ns = figures.median(result.ns(t, a))
        null = a == result.null
        peak, live = figures.median(result.peaks(t, a)), model.median_of("memory", t, a, "peak_live_bytes")
        time = model.time(t, a) if a in model.others else None
        memory = model.memory(t, a) if a in model.others else None
        user, system = (model.median_of("throughput", t, a, key) for key in ("user_ns", "system_ns"))
        baseline = a == result.baseline and not math.isnan(ns)
        return {
            "ns/op": figure_text(ns),
            "x " + result.allocators[result.baseline]["label"]: "1" if baseline else ratio_text(time[0] if time else NAN),
            "95 % interval": range_text(time),
            "peak mem": bytes_text(peak),
            "R/L": "-" if null or not live > 0 else figure_text(peak / live),
            "faults": count_text(model.median_of("throughput", t, a, "minor_faults")),
            "mean R/L": figure_text(model.curve(t, a)[2]),
            "x mem": ratio_text(memory[0] if memory else NAN),
            "net ns": figure_text(model.net(t, a)),
            "after free": "-" if null else bytes_text(model.freed(t, a, "freed_resident_bytes", 0)),
            "CPU sys": percent_text(system / (user + system) if user + system > 0 else NAN),
            "stall": percent_text(model.stall_share(t, a)),
            "n": str(len(result.counted("throughput", t, a))),
        }

    def check_row(self, model, t, label, shown, what):
        """Cells that are shown, by title; returns how many were compared."""
        labels = {one["label"]: a for a, one in enumerate(model.result.allocators)}
        base = model.result.baseline
        if label == model.result.allocators[base]["label"] + " A/A":
            control = model.control(t)
            expected = {"ns/op": figure_text(figures.median(model.result.ns(t, base, 1))), "95 % interval": range_text(control),
                        "x " + model.result.allocators[base]["label"]: ratio_text(control[0])}
        else:
            expected = self.expected_row(model, t, labels[label])
        compared = [title for title in shown if title in expected]
        for title in compared:
            self.assertEqual(shown[title], expected[title], f"{what} {label} {title}")
        return len(compared)

    @staticmethod
    def terminal_tables(text):
        """(title line, head, rows) of each table: columns are told by their place under the head."""
        blocks = re.split(r"\n\n", text)
        for block in blocks:
            lines = block.split("\n")
            start = next((i for i, line in enumerate(lines) if line.startswith("allocator ")), None)
            if start is not None and start > 0:
                yield " ".join(lines[:start]), lines[start], [line for line in lines[start + 1:] if line]

    @staticmethod
    def cut(head, line):
        """Cells of a line of the terminal's table: split where at least two blanks stand in every line, or by titles."""
        return re.split(r"  +", line.strip()), re.split(r"  +", head.strip())

    def test_terminal(self):
        for name, (_, model) in self.models.items():
            traces = {one["name"]: t for t, one in enumerate(model.result.traces)}
            compared = 0
            for title, head, rows in self.terminal_tables(self.report(name, "--width", "200")):
                trace = title.split(":")[0]
                for line in rows if trace in traces else []:
                    cells, titles = self.cut(head, line)
                    shown = dict(zip(titles[1:], cells[1:]))
                    compared += self.check_row(model, traces[trace], cells[0], shown, f"{name} terminal {trace}")
            rows = sum(1 for t in traces for _ in model.result.allocators)
            self.assertGreaterEqual(compared, 11 * rows, f"{name}: {compared} figures")

    def test_markdown(self):
        for name, (_, model) in self.models.items():
            traces = {one["name"]: t for t, one in enumerate(model.result.traces)}
            trace, titles, compared = None, None, 0
            for line in self.report(name, "--format", "md").splitlines():
                found = re.match(r"<details(?: open)?><summary>([^:]*):", line)
                trace = found.group(1) if found else trace
                cells = [cell.strip() for cell in line.strip("|").split("|")]
                if not line.startswith("|"):
                    titles = None
                elif titles is None:
                    titles = cells
                elif trace in traces and titles[1] == "ns/op" and not line.startswith("| :"):
                    shown = {k: v for k, v in zip(titles[1:], cells[1:]) if v}
                    compared += self.check_row(model, traces[trace], cells[0], shown, f"{name} md {trace}")
            rows = sum(1 for t in traces for _ in model.result.allocators)
            self.assertGreaterEqual(compared, 11 * rows, f"{name}: {compared} figures")

    def test_narrow_terminals_show_the_same(self):
        """What 80 columns show stands in the wide report as well."""
        for name in self.models:
            wide = self.report(name, "--width", "200")
            for figure in re.findall(r"\[\d+\.\d+, \d+\.\d+\]", self.report(name)):
                self.assertIn(figure, wide)

    def test_other_levels(self):
        directory, _ = self.models["plain"]
        model = figures.Model(figures.Result(directory), 0.8)
        rows = list(csv.DictReader(io.StringIO(self.report("plain", "--format", "csv", "--level", "80"))))
        first = next(row for row in rows if row["row"] == "allocator")
        self.expect_ratio(first, "time", model.time(0, model.others[0]), "80 %")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
