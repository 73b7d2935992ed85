#!/usr/bin/env python3
"""reheap run, from a plan to a result, with real workers: ends of every kind, and going on after them.

Usage: test_run.py REHEAP MAKE_TRACE VILLAIN|""   ("": nothing can be preloaded into this build)
"""
import fcntl
import json
import os
import pathlib
import random
import re
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest
import xml.etree.ElementTree

REHEAP, MAKE_TRACE = map(os.path.abspath, sys.argv[1:3])
VILLAIN = sys.argv[3]

PLAN = """\
title: A test
seed: 7
rounds: 2
passes: [throughput]
touch: page
traces: [one.rht]
allocators: [glibc, sbrk]
"""
# Rounds 0 to 2 with glibc twice, sbrk, null and bump.
CELLS = 3 * 5


def with_memory(plan, rounds):
    return plan.replace("passes: [throughput]", f"memory_rounds: {rounds}")


class Run(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        for name, threads in (("one", 1), ("two", 2)):
            subprocess.run([MAKE_TRACE, self.path / f"{name}.rht", "4000", str(threads), "1"], check=True)
        (self.path / "plan.yaml").write_text(PLAN)

    def tearDown(self):
        self.folder.cleanup()

    def reheap(self, *arguments, **options):
        return subprocess.run([REHEAP, *map(str, arguments)], cwd=self.path, text=True, capture_output=True,
                              timeout=120, **options)

    def start(self, *arguments):
        return subprocess.Popen([REHEAP, *map(str, arguments)], cwd=self.path, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def samples(self, result):
        lines = (self.path / result / "samples.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def manifest(self, result):
        return json.loads((self.path / result / "manifest.json").read_text())

    def expect_whole(self, result, cells=CELLS):
        self.assertTrue(self.manifest(result)["complete"])
        self.assertEqual([s["index"] for s in self.samples(result)], list(range(cells)))

    def wait_for_samples(self, result, process, count):
        file = self.path / result / "samples.jsonl"
        while process.poll() is None:
            if file.exists() and file.read_bytes().count(b"\n") >= count:
                return
            time.sleep(0.002)

    def test_comes_to_its_end(self):
        plan = with_memory(PLAN, 1).replace("one.rht", "one.rht, two.rht")
        (self.path / "plan.yaml").write_text(plan)
        done = self.reheap("run", "plan.yaml", "-o", "r")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.expect_whole("r", 2 * (CELLS + 4))  # a memory round is without bump
        self.assertEqual({s["end"] for s in self.samples("r")}, {"measured"})
        self.assertEqual({s["pass"] for s in self.samples("r")}, {"throughput", "memory"})
        manifest = self.manifest("r")
        self.assertEqual(manifest["command"], "reheap run plan.yaml -o r")
        self.assertEqual(manifest["plan_text"], plan)
        self.assertTrue(all(a["file"] and a["hash"] for a in manifest["allocators"]))
        for trace in manifest["traces"]:
            self.assertEqual(sum(trace["sizes"]), trace["objects"])
            self.assertEqual(sum(trace["calls"][:6]), trace["objects"])
        self.assertIn("sbrk", done.stdout)
        self.assertNotIn("\r", done.stderr)
        self.assertIn("The result is in r. Next:\n", done.stderr)
        self.assertRegex(done.stderr, r"(?m)^reheap: \d+ of \d+, .* left, round \d of \d: \w+ on \w+(, memory)?: \d\.\d{3} x glibc$")
        checksums = {(s["trace"], s["checksum"], s["ops"]) for s in self.samples("r")
                     if manifest["allocators"][s["allocator"]]["name"] != "null"}
        self.assertEqual(len(checksums), 2, "operations and checksums agree across allocators")

    def test_command_line_overrules(self):
        done = self.reheap("run", "plan.yaml", "-o", "r", "--rounds", "1", "--seed", "9")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.manifest("r")["seed"], "9")
        self.expect_whole("r", 2 * 5)

    def test_quiet_and_verbose(self):
        done = self.reheap("run", "plan.yaml", "-q", "-o", "quiet")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, self.reheap("report", "quiet").stdout)
        done = self.reheap("run", "plan.yaml", "--verbose", "-o", "verbose")
        self.assertEqual(done.returncode, 0, done.stderr)
        told = re.findall(r"(?m)^reheap: round (\d), (\S+) on one: measured, (\S+) (ns|us)/op(, so far \d\.\d+ x glibc)? \(.*\)$", done.stderr)
        labels = [a["label"] for a in self.manifest("verbose")["allocators"]]
        self.assertEqual([(int(r), label) for r, label, *_ in told],
                         [(s["round"], labels[s["allocator"]]) for s in self.samples("verbose")])
        for (_, _, text, unit, _), sample in zip(told, self.samples("verbose")):
            shown_ns = float(text) * (1000 if unit == "us" else 1)
            self.assertAlmostEqual(shown_ns / (sample["busy_ns"] / sample["ops"]), 1, delta=0.006)
        for _, label, _, _, so_far in told[-5:]:
            self.assertEqual(so_far == "", label == "glibc")

    def test_quiet_keeps_errors(self):
        done = self.reheap("run", "plan.yaml", "--quiet", "-o", "r", "--rounds", "many")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_on_a_terminal_one_line_is_rewritten(self):
        main, side = os.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
        run = subprocess.Popen([REHEAP, "run", "plan.yaml", "-o", "r"], cwd=self.path, stdout=side, stderr=side,
                               env={**os.environ, "NO_COLOR": "1"})
        os.close(side)
        shown = b""
        while True:
            try:
                shown += os.read(main, 65536)
            except OSError:  # the last one has closed it
                break
        os.close(main)
        self.assertEqual(run.wait(), 0)
        steps = re.findall(r"\r\x1b\[K([^\r\n\x1b]*)", shown.decode())
        self.assertEqual(len(steps), CELLS + 1, "one for each worker, and one that wipes the line")
        self.assertTrue(all(len(step) < 60 for step in steps[:-1]))  # behind the last the report begins
        self.assertTrue(any(re.search(r"left, round 2 of 2: sbrk on one: \d", step) for step in steps), steps)
        rest = shown.decode().rpartition("\r\x1b[K")[2]
        self.assertNotIn("\x1b", rest, "NO_COLOR")

    def test_budget(self):
        """As many rounds as fit, fixed behind the warm-up."""
        done = self.reheap("run", "plan.yaml", "--budget", "6s", "-o", "r")
        self.assertEqual(done.returncode, 0, done.stderr)
        manifest = self.manifest("r")
        self.assertEqual(manifest["budget_ns"], 6 * 10**9)
        self.assertGreaterEqual(manifest["rounds"], 1)
        self.expect_whole("r", (manifest["rounds"] + 1) * 5)
        self.assertEqual(self.reheap("run", "plan.yaml", "--budget", "10s", "--rounds", "2").returncode, 2)
        done = self.reheap("run", "plan.yaml", "--budget", "a while", "-o", "bad")
        self.assertEqual(done.returncode, 2)
        self.assertIn("use a time from 1s to 720h", done.stderr)

    def test_latency_and_system_calls(self):
        (self.path / "plan.yaml").write_text(PLAN.replace("[throughput]", "[throughput, latency, syscalls]"))
        done = self.reheap("run", "plan.yaml", "-o", "r")
        if "system calls cannot be counted here" in done.stderr:
            self.skipTest("seccomp is not allowed here")
        self.assertEqual(done.returncode, 0, done.stderr)
        model = json.loads(self.reheap("report", "r", "--format", "json").stdout)
        cells = {model["allocators"][cell["allocator"]]["label"]: cell for cell in model["traces"][0]["cells"]}
        for label in ("glibc", "sbrk", "null"):
            latency = cells[label]["latency"]
            self.assertGreater(latency["samples"], 50)
            self.assertLessEqual(latency["p50"], latency["max"])
            self.assertIn("malloc", [kind["kind"] for kind in latency["kinds"]])
            self.assertGreaterEqual(cells[label]["system_calls"]["mmap"], 0)

    def test_default_directory(self):
        done = self.reheap("run", "plan.yaml", "--rounds", "1")
        self.assertEqual(done.returncode, 0, done.stderr)
        results = list((self.path / "results").iterdir())
        self.assertEqual(len(results), 1)
        self.assertRegex(results[0].name, r"^plan-\d{8}-\d{6}$")

    def test_mistakes(self):
        cases = {
            "alocators": (PLAN.replace("allocators:", "alocators:"), 'plan.yaml:7:1: unknown key "alocators": did you '
                          'mean "allocators"?'),
            "name": (PLAN.replace("sbrk", "sbrkk"), 'plan.yaml:7:21: no allocator is named "sbrkk": did you mean '
                     '"sbrk"?'),
            "trace": (PLAN.replace("one", "three"), "three.rht: No such file"),
        }
        for name, (text, sentence) in cases.items():
            (self.path / "plan.yaml").write_text(text)
            done = self.reheap("run", "plan.yaml", "-o", name)
            self.assertIn(done.returncode, (1, 2))
            self.assertIn(sentence, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            self.assertEqual(done.stdout, "")
            self.assertFalse((self.path / name).exists())

    def test_usage(self):
        for arguments in ([], ["a", "b"], ["--resume", "x", "plan.yaml"], ["--colour"]):
            done = self.reheap("run", *arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertEqual(done.stdout, "")
        self.assertEqual(self.reheap("run", "--help").returncode, 0)

    def test_damaged_trace(self):
        self.assertEqual(self.reheap("run", "plan.yaml", "-o", "before", "--rounds", "1").returncode, 0)
        data = bytearray((self.path / "one.rht").read_bytes())
        data[len(data) // 2] ^= 1
        (self.path / "one.rht").write_bytes(data)
        # Also where the tape of the undamaged trace is in the cache.
        done = self.reheap("run", "plan.yaml", "-o", "r")
        self.assertEqual(done.returncode, 1)
        self.assertIn("one.rht", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_missing_library(self):
        (self.path / "plan.yaml").write_text(PLAN.replace("sbrk", "sbrk, {preload: libnothing.so, label: ghost}"))
        done = self.reheap("run", "plan.yaml", "-o", "r")
        self.assertEqual(done.returncode, 1)
        self.expect_whole("r")
        self.assertIn("libnothing.so", self.manifest("r")["allocators"][2]["unavailable"])
        self.assertIn("ghost", done.stdout)
        self.assertIn("1 allocator could not be used", done.stderr)

    @unittest.skipIf(VILLAIN == "", "nothing can be preloaded into a sanitized worker")
    def test_crashes_are_samples(self):
        plan = PLAN.replace("sbrk]", f"{{preload: {VILLAIN}, label: villain, environment: {{VILLAIN: crash 500}}}}]")
        (self.path / "plan.yaml").write_text(plan)
        done = self.reheap("run", "plan.yaml", "-o", "r")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.expect_whole("r")
        ends = {s["end"] for s in self.samples("r") if s["allocator"] == 1}
        self.assertNotIn("measured", ends)
        self.assertIn("were not measured; the first: villain on ", done.stderr)

    def test_interrupted_by_signal(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            result = f"r{number}"
            process = self.start("run", "plan.yaml", "-o", result)
            self.wait_for_samples(result, process, 7)
            process.send_signal(number)
            stderr = process.communicate(timeout=60)[1]
            self.assertEqual(process.returncode, 128 + number, stderr)
            self.assertIn(f"reheap run --resume {result}", stderr)
            self.assertFalse(self.manifest(result)["complete"])
            self.assertEqual(self.reheap("report", result).returncode, 0)
            done = self.reheap("run", "--resume", result)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.expect_whole(result)

    def test_killed_at_random_moments(self):
        """Twenty kills (a sanitizer's workers take long: six), of runs that are resumed until they are whole."""
        (self.path / "plan.yaml").write_text(with_memory(PLAN, 1))
        cells, wanted = CELLS + 4, 20 if VILLAIN else 6
        moments = random.Random(3)
        kills = results = 0
        while kills < wanted:
            result, results = f"r{results}", results + 1
            while True:
                begun = (self.path / result / "manifest.json").exists()
                process = self.start("run", *(["--resume", result] if begun else ["plan.yaml", "-o", result]))
                if kills < wanted:
                    self.wait_for_samples(result, process, moments.randrange(cells))
                    time.sleep(moments.random() * 0.02)
                    process.kill()
                stderr = process.communicate(timeout=60)[1]
                if process.returncode == 0:
                    break
                self.assertEqual(process.returncode, -signal.SIGKILL, stderr)
                kills += 1
            self.expect_whole(result, cells)
        self.assertEqual(kills, wanted)

    def test_changed_trace_is_not_resumed(self):
        process = self.start("run", "plan.yaml", "-o", "r")
        self.wait_for_samples("r", process, 12)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        before = self.samples("r")
        subprocess.run([MAKE_TRACE, self.path / "one.rht", "4000", "1", "99"], check=True)
        done = self.reheap("run", "--resume", "r")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"this has changed since: the trace one \(was \w{16}, is \w{16}\)")
        self.assertEqual(self.samples("r"), before)

    def test_full_disk(self):
        """A file that must not grow any more stands for a disk that is full; the marks of memory passes fill it."""
        (self.path / "plan.yaml").write_text(with_memory(PLAN.replace("rounds: 2", "rounds: 8"), 8))
        cells = 5 * 9 + 4 * 8
        limit_bytes = 240000  # more than parent and worker share, less than all marks take

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
        done = self.reheap("run", "plan.yaml", "-o", "r", preexec_fn=limit)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, r"reheap: \S*r/series\.jsonl: .*File too large")
        self.assertLess(len(self.samples("r")), cells)
        self.assertEqual(self.reheap("report", "r").returncode, 0)
        done = self.reheap("run", "--resume", "r")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.expect_whole("r", cells)

    def test_compares_results(self):
        for result, seed in (("a", "1"), ("b", "2")):
            self.assertEqual(self.reheap("run", "plan.yaml", "-o", result, "--seed", seed).returncode, 0)
        done = self.reheap("compare", "a", "b", "--gate", "2%", "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        comparison = json.loads(done.stdout)
        self.assertEqual((comparison["before"], comparison["after"], comparison["reference"]), ("a", "b", "glibc"))
        self.assertGreater(comparison["too_few_rounds"], 0, "two rounds cannot resolve anything")
        self.assertEqual(comparison["regressions"], 0)

        # They are called by the end of their paths, as long as it takes to tell them apart.
        (self.path / "x").mkdir()
        for link, (before, after) in (("x/r", ("r", "a")), ("x/a", ("x/a", f"{self.path.name}/a"))):
            (self.path / link).symlink_to(self.path / "a")
            done = self.reheap("compare", self.path / link, f"{self.path}/a/")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f"{after} against {before}: of ", " ".join(done.stdout.split()))

        # The same samples with one allocator dead: a gate that says no.
        dead = [json.dumps({**s, "end": "crashed", "signal": 11, "reason": "SIGSEGV"} if s["allocator"] == 1 else s)
                for s in self.samples("b")]
        (self.path / "b" / "samples.jsonl").write_text("\n".join(dead) + "\n")
        done = self.reheap("compare", "a", "b", "--gate", "2%", "--format", "junit", "-o", "gate.xml")
        self.assertEqual(done.returncode, 3, done.stderr)
        suite = xml.etree.ElementTree.parse(self.path / "gate.xml").getroot()
        self.assertEqual(int(suite.get("failures")), len(suite.findall(".//failure")))
        self.assertEqual(int(suite.get("tests")), len(suite.findall("testcase")))
        self.assertEqual(self.reheap("compare", "a", "b").returncode, 0)

        for arguments, status in ((["a"], 0), (["a", "nothing"], 1), (["a", "b", "--gate", "much"], 2), ([], 2),
                                  (["a", "b", "--reference", "hoard"], 2)):
            self.assertEqual(self.reheap("compare", *arguments).returncode, status, arguments)

    def test_never_overwrites(self):
        self.assertEqual(self.reheap("run", "plan.yaml", "-o", "r", "--rounds", "1").returncode, 0)
        before = self.samples("r")
        done = self.reheap("run", "plan.yaml", "-o", "r", "--rounds", "1")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("never overwritten", done.stderr)
        self.assertEqual(self.samples("r"), before)


if __name__ == "__main__":
    os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="reheap-cache-")
    unittest.main(argv=sys.argv[:1], verbosity=2)
