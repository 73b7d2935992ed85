#!/usr/bin/env python3
"""scripts/build: a second call only builds, a checkout that was moved is built anew, and a failure shows why.

Usage: test_build.py SOURCE_ROOT
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv[1])


class Build(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.top = pathlib.Path(self.folder.name).resolve() / "here"
        (self.top / "scripts").mkdir(parents=True)
        shutil.copy(ROOT / "scripts" / "build", self.top / "scripts")
        (self.top / "meson.build").write_text("project('small')\nconfigure_file(input: 'meson.build', output: 'made', copy: true)\n")

    def tearDown(self):
        self.folder.cleanup()

    def build(self):
        return subprocess.run([self.top / "scripts" / "build", self.top / "build"], text=True, capture_output=True, timeout=120)

    def test_moved(self):
        for _ in range(2):
            done = self.build()
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        old = self.top
        self.top = old.rename(old.parent / "there")
        done = self.build()
        self.assertEqual((done.returncode, done.stderr), (0, f"build: {self.top}/build was made for {old}, and is made anew\n"))
        self.assertTrue((self.top / "build" / "made").exists())
        self.assertEqual(self.build().stderr, "")

    def test_a_failure_shows_why(self):
        (self.top / "meson.build").write_text("project('small')\nerror('there is no weather')\n")
        done = self.build()
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no weather", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
