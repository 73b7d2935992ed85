#!/usr/bin/env python3
"""Streams that are closed or full, and output paths that are no plain files: nothing of anybody's is overwritten.

Usage: test_streams.py REHEAP MAKE_TRACE
"""
import os
import pathlib
import stat
import subprocess
import sys
import tempfile
import unittest

REHEAP, MAKE_TRACE = (os.path.abspath(path) for path in sys.argv[1:3])


def reheap(*words, redirect="", **options):
    """Through a shell, which can close streams."""
    return subprocess.run(["sh", "-c", f'"$0" "$@" {redirect}', REHEAP, *map(str, words)], capture_output=True, text=True, **options)


class Streams(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.trace = self.path / "a.rht"
        subprocess.run([MAKE_TRACE, self.trace, "2000", "1", "1"], check=True)

    def run_plan(self, name, redirect=""):
        plan = self.path / "plan.yaml"
        plan.write_text(f"title: t\ntraces: [{self.trace}]\nallocators: [glibc]\nrounds: 2\npasses: [throughput]\n")
        return reheap("run", plan, "-o", self.path / name, redirect=redirect, cwd=self.path)

    def test_a_closed_stream_lends_its_number_to_no_file(self):
        for number in (0, 2):
            done = self.run_plan(f"r{number}", f"{number}>&-")
            self.assertEqual(done.returncode, 0, done.stderr)
            done = reheap("report", self.path / f"r{number}", "--format", "csv")
            self.assertEqual(done.returncode, 0, done.stderr)
        done = reheap("replay", self.trace, "-a", "null", redirect="<&-")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("measured", done.stdout)

    def test_what_cannot_be_written_is_a_failure(self):
        for words in (["--version"], ["help"], ["help", "bench"], ["bench", "--help"], ["trace", "info", self.trace], ["allocators"]):
            for redirect in (">/dev/full", ">&-"):
                done = reheap(*words, redirect=redirect)
                self.assertNotEqual(done.returncode, 0, f"{words} {redirect}")
                self.assertIn("standard output could not be written", done.stderr, f"{words} {redirect}")

    def test_help_runs_nothing(self):
        done = reheap("help", "record", "touch", cwd=self.path)
        self.assertEqual(done.returncode, 2)
        self.assertIn("record has no commands of its own", done.stderr)
        self.assertEqual(list(self.path.glob("touch*")), [])

    def test_links_are_followed_and_devices_stay(self):
        self.assertEqual(self.run_plan("r").returncode, 0)
        target, link, pipe = (self.path / name for name in ("target.json", "link.json", "pipe"))
        target.write_text("")
        link.symlink_to("target.json")
        os.mkfifo(pipe)
        self.assertEqual(reheap("report", self.path / "r", "--format", "json", "-o", link).returncode, 0)
        self.assertTrue(link.is_symlink())
        self.assertIn('"baseline"', target.read_text())
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        done = reheap("report", self.path / "r", "--format", "csv", "-o", pipe)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(os.read(reader, 100).startswith(b"row,"))
        done = reheap("trace", "cut", self.trace, "--events", "0-100", "-o", pipe)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("is no regular file", done.stderr)
        self.assertTrue(stat.S_ISFIFO(pipe.stat().st_mode))

    def test_a_result_is_refused_before_anything_is_recorded(self):
        self.assertEqual(self.run_plan("r").returncode, 0)
        done = reheap("bench", "-o", self.path / "r", "--", "touch", self.path / "ran")
        self.assertEqual(done.returncode, 2)
        self.assertIn("is there already", done.stderr)
        self.assertFalse((self.path / "ran").exists())
        done = self.run_plan("r")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
