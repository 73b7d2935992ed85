#!/usr/bin/env python3
"""reheap bench: from a command or from traces to a comparison, without a plan.

Usage: test_bench.py REHEAP MAKE_TRACE PRELOAD PROGRAM   (PRELOAD: "yes" where libraries can be preloaded into the worker)
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

REHEAP, MAKE_TRACE = map(os.path.abspath, sys.argv[1:3])
PRELOAD = sys.argv[3] == "yes"
PROGRAM = os.path.abspath(sys.argv[4])
FEW = ["-a", "glibc,sbrk", "--rounds", "1"]


class Bench(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        subprocess.run([MAKE_TRACE, self.path / "one.rht", "3000", "1", "1"], check=True)
        subprocess.run([MAKE_TRACE, self.path / "two.rht", "3000", "3", "2"], check=True)

    def tearDown(self):
        self.folder.cleanup()

    def bench(self, *arguments, **options):
        return subprocess.run([REHEAP, "bench", *map(str, arguments)], cwd=self.path, text=True, capture_output=True,
                              timeout=120, **options)

    def manifest(self, result="r"):
        return json.loads((self.path / result / "manifest.json").read_text())

    def samples(self, result="r"):
        return [json.loads(line) for line in (self.path / result / "samples.jsonl").read_text().splitlines()]

    def test_traces(self):
        done = self.bench(*FEW, "-o", "r", "one.rht", "two.rht")
        self.assertEqual(done.returncode, 0, done.stderr)
        manifest = self.manifest()
        self.assertTrue(manifest["complete"])
        self.assertEqual([t["name"] for t in manifest["traces"]], ["one", "two"])
        self.assertEqual([a["label"] for a in manifest["allocators"]], ["glibc", "sbrk", "null", "bump"])
        self.assertEqual(manifest["title"], "Which allocator for these 2 traces?")
        self.assertIn("sbrk", done.stdout)

    @unittest.skipUnless(PRELOAD, "nothing can be preloaded into a sanitized worker")
    def test_everything_that_is_installed(self):
        done = self.bench("--rounds", "1", "-o", "r", "one.rht")
        self.assertEqual(done.returncode, 0, done.stderr)
        labels = [a["label"] for a in self.manifest()["allocators"]]
        self.assertEqual(labels, ["glibc", "sbrk", "jemalloc", "mimalloc", "tcmalloc", "tbbmalloc", "scudo", "null",
                                  "bump"])
        for sample in self.samples():
            self.assertEqual(sample["end"], "measured", sample["reason"])

    def test_settings(self):
        done = self.bench("-a", "sbrk,glibc", "-b", "sbrk", "-r", "2", "-s", "5", "-t", "first", "-o", "r", "one.rht")
        self.assertEqual(done.returncode, 0, done.stderr)
        manifest = self.manifest()
        self.assertEqual((manifest["baseline"], manifest["rounds"], manifest["seed"], manifest["touch"]),
                         (0, 2, "5", "first"))

    def test_records_a_command(self):
        done = self.bench(*FEW, "-o", "r", "--", "sh", "-c", f"{PROGRAM}; echo to standard output")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("to standard output\n", done.stdout)
        trace, = self.manifest()["traces"]
        self.assertTrue(pathlib.Path(trace["path"]).is_relative_to(self.path.resolve() / "r"))
        self.assertGreater(trace["events"], 100)
        # The shell does next to nothing: the program that it starts has the most events.
        self.assertIn(f"comparing on {pathlib.Path(PROGRAM).name} (process ", done.stderr)

    def test_of_many_processes_only_one_is_shown(self):
        loop = f"for i in 1 2 3 4 5 6 7 8 9; do {PROGRAM} --version > few; done"
        done = self.bench(*FEW, "-o", "r", "--", "sh", "-c", loop)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("which has the most events of 10 traces", done.stderr)
        self.assertEqual(done.stderr.count(".rht\n"), 1, done.stderr)

    def test_options_behind_the_dashes_are_the_commands(self):
        done = self.bench(*FEW, "-o", "r", "--", PROGRAM, "--rounds", "x", "-o", "y")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("--rounds x -o y", self.manifest()["command"])

    def test_a_command_that_fails_is_said(self):
        done = self.bench(*FEW, "-o", "r", "--", "sh", "-c", f"{PROGRAM}; exit 3")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("ended with status 3", done.stderr)

    def test_mistakes(self):
        cases = {
            (): (2, "give traces, or"),
            ("one.rht", "--", "ls"): (2, "give traces, or"),
            ("-a", "jemaloc", "one.rht"): (2, 'did you mean "jemalloc"?'),
            ("-a", "glibc,glibc", "one.rht"): (2, 'the label "glibc" is taken'),
            ("-b", "hoard", "one.rht"): (2, 'the baseline "hoard" is not among the allocators'),
            ("-b", "hoard", "--", "sh", "-c", "echo ran"): (2, 'the baseline "hoard" is not among the allocators'),
            ("--rounds", "many", "one.rht"): (2, "quick, default or rigorous"),
            ("none.rht",): (1, "cannot read the trace none.rht"),
            ("ls",): (1, 'to record a command, put "--" before it'),
            ("--", "no-such-command"): (None, "no-such-command"),
        }
        for arguments, (status, sentence) in cases.items():
            done = self.bench(*arguments)
            self.assertIn(sentence, done.stderr)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(done.returncode, (1, 2) if status is None else (status,))
            self.assertEqual(done.stdout, "")

    def test_damaged_traces(self):
        data = (self.path / "one.rht").read_bytes()
        for name, content in (("empty", b""), ("cut", data[:len(data) // 2]), ("text", b"hello\n" * 100)):
            (self.path / f"{name}.rht").write_bytes(content)
            done = self.bench(*FEW, "-o", name, f"{name}.rht")
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertRegex(done.stderr, rf"^reheap: \S*{name}\.rht\b.*\n$")


if __name__ == "__main__":
    os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="reheap-cache-")
    unittest.main(argv=sys.argv[:1], verbosity=2)
