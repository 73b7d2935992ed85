#!/usr/bin/env python3
"""reheap replay --under: the tool gets the words that start the worker, the sample comes as ever, and a missing tool is named.

Usage: test_under.py REHEAP yes|no   (no: a sanitizer is in the worker, which neither tools nor libraries are put under)
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

REHEAP = os.path.abspath(sys.argv[1])
REAL = sys.argv[2] == "yes"
JEMALLOC = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2"

# Writes down what it was given, then starts the worker, which are the last two words, as its child.
FAKE = """#!/bin/bash
printf '%s\\n' "$0" "$@" > words
env > environment
echo "said by the tool"
if [ -e quits ]; then exit 7; fi
"${@: -2}"
"""


class Under(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        subprocess.run([REHEAP, "trace", "generate", "larson", "-n", "2000", "-o", "t.rht"], cwd=self.path, check=True, capture_output=True)
        for tool in ("gdb", "valgrind", "perf"):
            (self.path / "bin").mkdir(exist_ok=True)
            (self.path / "bin" / tool).write_text(FAKE)
            (self.path / "bin" / tool).chmod(0o755)

    def tearDown(self):
        self.folder.cleanup()

    def replay(self, tool, *arguments, path=None, **options):
        environment = {**os.environ, "PATH": path or os.environ["PATH"]}
        return subprocess.run([REHEAP, "replay", "t.rht", "--json", "--under", tool, *arguments], cwd=self.path, text=True,
                              capture_output=True, timeout=120, env=environment, **options)

    def faked(self, tool, *arguments, **options):
        return self.replay(tool, *arguments, path=f"{self.path}/bin:{os.environ['PATH']}", **options)

    def words(self):
        return (self.path / "words").read_text().splitlines()[1:]

    def test_sample_is_as_ever(self):
        for tool in ("gdb", "valgrind", "perf"):
            done = self.faked(tool, "-a", "sbrk")
            self.assertEqual(done.returncode, 0, done.stderr)
            sample = json.loads(done.stdout)
            self.assertEqual(sample["end"], "measured")
            self.assertGreater(sample["ops"], 500)
            self.assertIn("said by the tool", done.stderr)
            self.assertEqual(os.path.basename(self.words()[-2]), "reheap-worker")
        self.assertEqual(self.words()[:2], ["record", "--"])

    @unittest.skipUnless(REAL and os.path.exists(JEMALLOC), "jemalloc cannot be preloaded here")
    def test_library_is_for_the_worker_only(self):
        for tool, words in {"gdb": ["-iex", f"set environment LD_PRELOAD {JEMALLOC}", "--args"],
                            "perf": ["/usr/bin/env", f"LD_PRELOAD={JEMALLOC}"]}.items():
            self.faked(tool, "-a", "jemalloc")
            self.assertEqual(self.words()[-2 - len(words):-2], words)
            self.assertNotIn("LD_PRELOAD", (self.path / "environment").read_text())

    def test_tool_that_ends_without_the_worker(self):
        (self.path / "quits").touch()
        done = self.faked("perf", "-a", "sbrk")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(json.loads(done.stdout)["reason"],
                         "perf ended with status 7 and took the worker with it before it had started")

    def test_missing_tool(self):
        for tool, package in (("gdb", "gdb"), ("valgrind", "valgrind"), ("perf", "linux-perf")):
            done = self.replay(tool, "-a", "sbrk", path=str(self.path))
            self.assertEqual(done.returncode, 1)
            self.assertEqual(done.stderr, f"reheap: {tool} is not installed: apt install {package}\n")
            self.assertEqual(done.stdout, "")

    def test_unknown_tool(self):
        done = self.replay("strace", "-a", "sbrk")
        self.assertEqual(done.returncode, 2)
        self.assertIn("gdb, valgrind or perf", done.stderr)

    def check_real(self, tool, works, said, **options):
        """`works`: a command that fails where the tool is there but may not be used, as in some containers."""
        if not REAL or shutil.which(tool) is None or subprocess.run(works, capture_output=True, check=False).returncode != 0:
            self.skipTest(f"{tool} cannot be used here")
        done = self.replay(tool, "-a", "sbrk", **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["end"], "measured")
        self.assertIn(said, done.stderr)

    def test_gdb(self):
        works = ["gdb", "-nx", "-batch", "-iex", "set startup-with-shell off", "-return-child-result", "-ex", "run", "true"]
        self.check_real("gdb", works, "Breakpoint 1, ",
                        input="set confirm off\nbreak rh_engine_run\nrun\ncontinue\nquit\n")

    def test_valgrind(self):
        self.check_real("valgrind", ["valgrind", "-q", "true"], "ERROR SUMMARY: 0 errors")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
