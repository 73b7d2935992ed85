#!/usr/bin/env python3
"""Real programs under allocators, through hyperfine: proof of the library, ends of every kind, and every line by its schema.

Usage: test_programs.py REHEAP MAKE_TRACE SBRK_MALLOC SCHEMA
"""
import json
import os
import pathlib
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import jsonschema

REHEAP, MAKE_TRACE, SBRK, SCHEMA = map(os.path.abspath, sys.argv[1:5])
DEFINITIONS = json.loads(pathlib.Path(SCHEMA).read_text())

PLAN = """\
seed: 7
rounds: 1
memory_rounds: 1
traces: [one.rht]
programs:
  - {name: good, command: sh -c 'cat; echo more', input: plan.yaml, check: grep -q more, floor: 'true', trace: one}
  - {name: same, command: "echo {what}", parameters: {what: [a, b]}, check: same}
  - {name: crash, command: "sh -c 'kill -SEGV $$'"}
  - {name: status, command: sh -c 'echo why >&2; exit 4'}
  - {name: right status, command: sh -c 'exit 4', status: 4}
  - {name: wrong, command: echo x, check: grep -q y}
  - {name: absent, command: ./absent}
  - {name: static, command: ./static}
  - {name: prepared, command: cat made, prepare: "echo 1 > made", cleanup: rm made}
allocators: [glibc, sbrk]
"""
ENDS = {"good": "measured", "same what=a": "measured", "same what=b": "measured", "crash": "crashed", "status": "wrong",
        "right status": "measured", "wrong": "wrong", "absent": "failed", "static": "not loaded", "prepared": "measured"}


class Programs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        subprocess.run([MAKE_TRACE, cls.path / "one.rht", "2000", "1", "1"], check=True)
        (cls.path / "static.c").write_text("int main(void) { return 0; }\n")
        subprocess.run(["cc", "-static", "static.c", "-o", "static"], cwd=cls.path, check=True)
        (cls.path / "plan.yaml").write_text(PLAN)
        environment = {**os.environ, "MALLOC_ARENA_MAX": "1"}
        cls.done = subprocess.run([REHEAP, "run", "plan.yaml", "-o", "r"], cwd=cls.path, text=True, capture_output=True,
                                  timeout=200, env=environment)
        cls.manifest = json.loads((cls.path / "r/manifest.json").read_text())
        cls.lines = cls.read("programs.jsonl")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def read(cls, name):
        return [json.loads(line) for line in (cls.path / "r" / name).read_text().splitlines()]

    def name(self, line):
        return self.manifest["programs"][line["program"]]["name"]

    def test_ends_are_results(self):
        self.assertEqual(self.done.returncode, 1, self.done.stderr)  # something was not measured
        self.assertTrue(self.manifest["complete"])
        for line in self.lines:
            self.assertEqual(line["end"], ENDS[self.name(line)], line["reason"])
        reasons = {self.name(line): line["reason"] for line in self.lines}
        self.assertIn("exit status 4, and 0 is right: why", reasons["status"])
        self.assertIn("linked statically", reasons["static"])
        self.assertIn("cannot run ./absent: No such file", reasons["absent"])

    def test_a_row_is_what_it_says(self):
        for line in self.lines:
            if line["end"] == "measured":
                owner = pathlib.Path(line["object"]).name
                self.assertEqual(owner, ["libc.so.6", "libreheap-sbrk.so"][line["allocator"]])

    def test_each_run_once_and_hyperfines_file_kept(self):
        indices = [s["index"] for s in self.lines + self.read("samples.jsonl")]
        self.assertEqual(sorted(indices), list(range(len(indices))))
        for line in self.lines:
            if line["end"] == "measured":
                kept = json.loads((self.path / f"r/hyperfine/{line['index']}.json").read_text())
                self.assertAlmostEqual(kept["results"][0]["mean"], line["wall_ns"] / 1e9, places=8)
                self.assertGreater(line["peak_bytes"], 100000)

    def test_every_line_keeps_the_schema(self):
        files = {"sample": self.read("samples.jsonl"), "series": self.read("series.jsonl"), "program": self.lines,
                 "manifest": [self.manifest]}
        for name, lines in files.items():
            schema = {**DEFINITIONS, "$ref": f"#/definitions/{name}"}
            for line in lines:
                jsonschema.validate(line, schema, cls=jsonschema.Draft7Validator)
                self.assertLessEqual(set(line), set(DEFINITIONS["definitions"][name]["properties"]))
            self.assertGreater(len(lines), 0)

    def test_every_format_shows_them(self):
        for form in ("term", "md", "html", "csv", "json"):
            done = subprocess.run([REHEAP, "report", "r", "--format", form], cwd=self.path, text=True, capture_output=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("crashed", done.stdout)
            self.assertIn("right status", done.stdout)
        data = json.loads(subprocess.run([REHEAP, "report", "r", "--format", "json"], cwd=self.path, text=True,
                                         capture_output=True).stdout)
        self.assertEqual([p["name"] for p in data["programs"]], [p["name"] for p in self.manifest["programs"]])
        self.assertEqual({f["name"]: f["verdict"] for f in data["run"]["doctor"]}["environment"], "note")

    def start(self, *words, limit_bytes=None):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
        return subprocess.Popen([REHEAP, *words], cwd=self.path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                preexec_fn=limit if limit_bytes else None)

    def test_full_disk_and_kills(self):
        """A file that must not grow stands for a full disk; after it, and after each of some kills, the run goes on."""
        (self.path / "disk.yaml").write_text("seed: 3\nrounds: 9\nprograms: [{name: p, command: echo x, check: same}]\n"
                                             "allocators: [glibc, sbrk]\n")
        process = self.start("run", "disk.yaml", "-o", "disk", limit_bytes=12000)
        stderr = process.communicate(timeout=100)[1]
        self.assertEqual(process.returncode, 1, stderr)
        self.assertRegex(stderr, r"reheap: \S*disk/programs\.jsonl: .*File too large")
        lines = self.path / "disk/programs.jsonl"
        self.assertLess(lines.read_text().count("\n"), 30)
        dice = random.Random(4)
        for _ in range(6):
            process = self.start("run", "--resume", "disk")
            time.sleep(dice.uniform(0, 0.25))
            process.kill()
            process.communicate(timeout=60)
        process = self.start("run", "--resume", "disk")
        stderr = process.communicate(timeout=100)[1]
        self.assertEqual(process.returncode, 0, stderr)
        self.assertEqual([json.loads(line)["index"] for line in lines.read_text().splitlines()], list(range(30)))

    def test_bench_end_to_end(self):
        done = subprocess.run([REHEAP, "bench", "--end-to-end", "-a", "glibc,sbrk", "-r", "1", "-o", "e", "--", "sh", "-c",
                               "for i in 1 2 3; do :; done"], cwd=self.path, text=True, capture_output=True, timeout=100)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Fidelity of the replay of sh", done.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
