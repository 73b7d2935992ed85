#!/usr/bin/env python3
"""reheap report as a command: exit statuses, sentences, files that are whole or not there, colour, width, damaged results.

Usage: test_command.py REHEAP MAKE_FAKE_RESULT
"""
import csv
import io
import json
import os
import pathlib
import pty
import subprocess
import sys
import tempfile
import unittest

REHEAP, MAKE_FAKE = (str(pathlib.Path(path).resolve()) for path in sys.argv[1:3])


class Command(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        self.result = self.path / "r"
        subprocess.run([MAKE_FAKE, self.result, "traces=2", "rounds=8", "allocators=3"], check=True)

    def tearDown(self):
        self.folder.cleanup()

    def report(self, *arguments, environment=None, **options):
        return subprocess.run([REHEAP, "report", *map(str, arguments)], text=True, capture_output=True, cwd=self.path,
                              env={**os.environ, **(environment or {})}, **options)

    def expect(self, status, sentence, *arguments):
        done = self.report(*arguments)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(sentence, done.stderr)
        self.assertEqual(done.stdout, "")

    # ---- formats and files ----

    def test_formats_start_as_they_should(self):
        starts = {"term": "On these 2 traces ", "html": "<!doctype html>", "md": "**On these 2 traces ", "csv": "row,trace,",
                  "json": '{"format":"reheap-report"'}
        for name, start in starts.items():
            done = self.report(self.result, "--format", name)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertTrue(done.stdout.startswith(start), done.stdout[:100])
        self.assertEqual(self.report(self.result).stdout, self.report("-f", "term", self.result).stdout)

    def test_a_file_is_written_as_a_whole(self):
        target = self.path / "out.html"
        target.write_text("old")
        done = self.report(self.result, "-f", "html", "-o", target)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.assertEqual(target.read_text(), self.report(self.result, "-f", "html").stdout)
        self.assertEqual(sorted(p.name for p in self.path.iterdir()), ["out.html", "r"])
        (self.result / "samples.jsonl").write_text("{}\n")
        self.assertEqual(self.report(self.result, "-f", "html", "-o", target).returncode, 1)
        self.assertTrue(target.read_text().startswith("<!doctype html>"))

    def test_targets_that_cannot_be_written(self):
        self.expect(1, "/nonexistent/x", self.result, "-o", "/nonexistent/x")
        with open("/dev/full", "w") as full:
            done = subprocess.run([REHEAP, "report", self.result], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output could not be written", done.stderr)

    def test_the_same_result_gives_the_same_bytes(self):
        for name in ("term", "html", "md", "csv", "json"):
            self.assertEqual(self.report(self.result, "-f", name).stdout, self.report(self.result, "-f", name).stdout)

    # ---- usage ----

    def test_usage(self):
        self.expect(2, "which RESULT?")
        self.expect(2, "one RESULT at a time", self.result, self.result)
        self.expect(2, 'no format "htm": did you mean "html"?', self.result, "--format", "htm")
        for level in ("0", "100", "x", "nan"):
            self.expect(2, "from 1 to 99.999", self.result, "--level", level)
        self.expect(2, "a number of columns", self.result, "--width", "-3")
        self.expect(2, "auto, always or never", self.result, "--colour", "maybe")
        self.expect(2, "unrecognized option", self.result, "--formt", "csv")
        help_text = self.report("--help")
        self.assertEqual(help_text.returncode, 0)
        for option in ("--format", "--output", "--level", "--width", "--colour", "Examples:"):
            self.assertIn(option, help_text.stdout)

    # ---- terminals ----

    def on_terminal(self, *arguments, environment=None):
        """Standard output of the command when it is a terminal of 100 columns."""
        import fcntl
        import struct
        import termios
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        child = subprocess.Popen([REHEAP, "report", self.result, *arguments], stdout=follower,
                                 env={"TERM": "xterm", **(environment or {})})
        os.close(follower)
        output = b""
        try:
            while True:
                more = os.read(leader, 65536)
                if not more:
                    break
                output += more
        except OSError:
            pass
        os.close(leader)
        self.assertEqual(child.wait(), 0)
        return output.decode().replace("\r\n", "\n")

    def test_colour_only_on_terminals(self):
        self.assertNotIn("\x1b", self.report(self.result).stdout)
        self.assertIn("\x1b[32mfaster", self.report(self.result, "--colour", "always").stdout)
        self.assertIn("\x1b[32mfaster", self.on_terminal())
        self.assertNotIn("\x1b", self.on_terminal(environment={"NO_COLOR": "1"}))
        self.assertIn("\x1b", self.on_terminal(environment={"NO_COLOR": ""}))
        self.assertNotIn("\x1b", self.on_terminal(environment={"TERM": "dumb"}))
        self.assertNotIn("\x1b", self.on_terminal("--color", "never"))

    def test_width(self):
        longest = lambda text: max(len(line) for line in text.splitlines() if not line.startswith(("again:", "as a page:")))
        plain = longest(self.report(self.result).stdout)
        terminal = longest(self.on_terminal("--colour", "never"))
        self.assertLessEqual(plain, 80)
        self.assertGreater(terminal, plain)
        self.assertLessEqual(terminal, 100)
        self.assertLessEqual(longest(self.report(self.result, "--width", "10").stdout), 60)

    # ---- results that are not well ----

    def test_no_result(self):
        self.expect(1, "/nonexistent/manifest.json", "/nonexistent")
        self.expect(1, "manifest.json", self.path)

    def test_damage_is_named_with_its_place(self):
        samples = (self.result / "samples.jsonl").read_text()
        lines = samples.splitlines(keepends=True)
        damaged = {
            "samples.jsonl:3:2: this is not JSON": lines[:2] + ["{]\n"] + lines[3:],
            'samples.jsonl:2: key "busy_ns" is missing': [lines[0], lines[1].replace('"busy_ns"', '"busy"')] + lines[2:],
            'samples.jsonl:1: key "allocator" is 77': [lines[0].replace('"allocator":', '"allocator":77,"was":')] + lines[1:],
        }
        for sentence, content in damaged.items():
            (self.result / "samples.jsonl").write_text("".join(content))
            self.expect(1, sentence, self.result)
        (self.result / "samples.jsonl").write_text(samples)
        (self.result / "series.jsonl").unlink()
        self.expect(1, "series.jsonl", self.result)

    def test_torn_lines_are_said(self):
        with open(self.result / "samples.jsonl", "a") as file:
            file.write('{"index": 9')
        done = self.report(self.result)
        self.assertEqual(done.returncode, 0)
        self.assertIn("1 torn line was skipped", done.stdout)
        report = json.loads(self.report(self.result, "-f", "json").stdout)
        self.assertEqual(report["run"]["damaged_lines"], 1)
        self.assertIn("incomplete", [banner["kind"] for banner in report["banners"]])

    def test_the_seeds_of_the_fuzzer_load(self):
        """Also those that an older program wrote; a seed that is refused at once finds nothing."""
        seeds = sorted((pathlib.Path(__file__).parents[2] / "fuzz" / "corpus" / "result").iterdir())
        self.assertGreaterEqual(len(seeds), 4)
        for seed in seeds:
            directory = self.path / seed.name
            directory.mkdir()
            files = ("manifest.json", "samples.jsonl", "series.jsonl", "programs.jsonl")
            for name, part in zip(files, seed.read_bytes().split(b"\f")):
                (directory / name).write_bytes(part)
            done = self.report(directory)
            self.assertEqual(done.returncode, 0, f"{seed.name}: {done.stderr}")

    def test_a_manifest_alone(self):
        subprocess.run([MAKE_FAKE, self.path / "empty", "no_samples=1"], check=True)
        for name in ("term", "html", "md"):
            done = self.report(self.path / "empty", "-f", name)
            self.assertEqual(done.returncode, 0)
            self.assertIn("Nothing was measured.", done.stdout)

    def test_odd_names_stay_text(self):
        evil = "a,b\"c'|<b>\n*d*"
        subprocess.run([MAKE_FAKE, self.path / "evil", "traces=1", "rounds=2", "odd_name=" + evil], check=True)
        rows = list(csv.DictReader(io.StringIO(self.report(self.path / "evil", "-f", "csv").stdout)))
        self.assertIn(evil, {row["allocator"] for row in rows})
        self.assertIn(evil, {row["trace"] for row in rows})
        self.assertNotIn("<b>", self.report(self.path / "evil", "-f", "md").stdout)
        self.assertIn(evil, json.loads(self.report(self.path / "evil", "-f", "json").stdout)["traces"][0]["name"])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
