#!/usr/bin/env python3
"""think: auto - from a recorded program to the rate of its replays, with real workers. Nothing here depends on how long anything takes.

Usage: test_think.py REHEAP PROGRAM   (PROGRAM: calls malloc and free, and ends by itself)
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

REHEAP, PROGRAM = map(os.path.abspath, sys.argv[1:])
PLAN = "rounds: 1\npasses: [throughput]\nthink: auto,walk=2\ntraces: [one.rht, two.rht]\nallocators: [glibc, sbrk]\n"
FOUND = {"allocator", "lines_per_ms", "program_ns", "plain_ns", "thinking_ns"}


class Think(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        for name in ("one", "two"):
            cls.reheap("record", "-o", f"{name}.rht", "--", PROGRAM)
        (cls.path / "plan.yaml").write_text(PLAN)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def reheap(cls, *arguments, status=0):
        run = subprocess.run([REHEAP, *arguments], cwd=cls.path, text=True, capture_output=True, timeout=240)
        assert run.returncode == status, run.stderr
        return run

    def check_found(self, found):
        self.assertEqual(set(found), FOUND)
        self.assertEqual(found["allocator"], "glibc")
        self.assertTrue(0 <= found["lines_per_ms"] <= 16000 and found["plain_ns"] > 0 and found["thinking_ns"] > 0)

    def program_ns(self, name):
        meta = json.loads(self.reheap("trace", "info", "--json", name).stdout)["meta"]
        return max(meta["cpu_ns"] - meta.get("recorder_ns", 0), 1)

    def test_replay(self):
        sample = json.loads(self.reheap("replay", "one.rht", "-a", "sbrk", "--think", "auto", "--json").stdout)
        self.check_found(sample["think_found"])
        self.assertEqual(sample["think_found"]["program_ns"], self.program_ns("one.rht"))
        if sample["think_found"]["lines_per_ms"] == 0:
            self.assertEqual(sample["think_lines"], 0)
        text = self.reheap("replay", "one.rht", "-a", "sbrk", "--think", "auto").stdout
        self.assertLessEqual(max(map(len, text[text.index("  thinks"):].splitlines())), 80)
        self.assertRegex(" ".join(text.split()), " thinks .*the program took .* of CPU time, and a .*replay under glibc takes ")

    def test_run(self):
        run = self.reheap("run", "plan.yaml", "-o", "result")
        self.assertIn("looking for the rate of thinking, by replays under glibc", run.stderr)
        self.assertIn("two: thinks ", run.stderr)
        manifest = json.loads((self.path / "result/manifest.json").read_text())
        for trace in manifest["traces"]:
            self.check_found(trace["think"])
            self.assertEqual(trace["think"]["program_ns"], trace["cpu_ns"])
        null = [allocator["label"] for allocator in manifest["allocators"]].index("null")  # nobody can read its blocks
        samples = [json.loads(line) for line in (self.path / "result/samples.jsonl").read_text().splitlines()]
        for number, trace in enumerate(manifest["traces"]):
            lines = {sample["think_lines"] for sample in samples if sample["trace"] == number and sample["allocator"] != null}
            self.assertEqual(len(lines), 1, "the same under each allocator")
            if trace["think"]["lines_per_ms"] == 0:
                self.assertEqual(lines, {0})

    def test_a_trace_without_the_fact(self):
        self.reheap("trace", "cut", "one.rht", "-o", "cut.rht", "--events", "0-500")
        run = self.reheap("replay", "cut.rht", "-a", "glibc", "--think", "auto", status=1)
        self.assertIn("cut.rht does not say what CPU time its program took", run.stderr)
        self.assertIn("record the program again", run.stderr)
        run = self.reheap("bench", "cut.rht", "-a", "glibc", "--think", "auto", "-o", "none", status=1)
        self.assertIn("does not say what CPU time", run.stderr)
        self.assertFalse((self.path / "none").exists())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
