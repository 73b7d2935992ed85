#!/usr/bin/env python3
"""Installs what was built into a folder of its own, uses it from there, and uninstalls it.

Usage: test_install.py BUILD_ROOT VERSION

DESTDIR moves the whole installation: it works only if the program finds its parts from its own place.
"""
import contextlib
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

BUILD = os.path.abspath(sys.argv[1])
VERSION = sys.argv[2]
LOG = pathlib.Path(BUILD) / "meson-logs" / "install-log.txt"
PARTS = ["bin/reheap", "libexec/reheap/reheap-worker", "lib*/**/reheap/libreheap-record.so", "lib*/**/reheap/libreheap-sbrk.so",
         "share/reheap/plan.schema.json", "share/reheap/docs/plan.schema.json", "share/reheap/configs/quick.yaml",
         "share/reheap/traces/git-log.rht", "share/reheap/synthetic/larson.yaml", "share/bash-completion/completions/reheap",
         "share/zsh/site-functions/_reheap", "share/fish/vendor_completions.d/reheap.fish"]
PAGES = ["man1/reheap.1", "man1/reheap-bench.1", "man1/reheap-trace-info.1", "man5/reheap-plan.5", "man5/reheap-trace.5",
         "man5/reheap-result.5", "man3/reheap-allocator.3"]


@contextlib.contextmanager
def kept_log():
    """The developer's own installation can still be uninstalled afterwards."""
    before = LOG.read_bytes() if LOG.exists() else None
    try:
        yield
    finally:
        if before is not None:
            LOG.write_bytes(before)
        elif LOG.exists():
            LOG.unlink()


def files_below(folder):
    return sorted(path for path in pathlib.Path(folder).rglob("*") if not path.is_dir() or path.is_symlink())


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.stack = contextlib.ExitStack()
        cls.stack.enter_context(kept_log())
        cls.meson = shutil.which("meson")
        done = subprocess.run([cls.meson, "install", "-C", BUILD, "--no-rebuild", "--destdir", cls.folder.name],
                              capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stdout + done.stderr)
        options = json.loads(subprocess.run([cls.meson, "introspect", BUILD, "--buildoptions"], capture_output=True, text=True,
                                            check=True).stdout)
        prefix = next(option["value"] for option in options if option["name"] == "prefix")
        cls.prefix = pathlib.Path(cls.folder.name + prefix)
        cls.environment = {name: value for name, value in os.environ.items() if name != "REHEAP_WORKER"}

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()
        cls.folder.cleanup()

    def run_installed(self, *arguments, **options):
        return subprocess.run([self.prefix / "bin" / "reheap", *map(str, arguments)], capture_output=True, text=True, timeout=120,
                              env=self.environment, **options)

    def test_1_parts(self):
        for part in PARTS:
            found = list(self.prefix.glob(part))
            self.assertEqual(len(found), 1, f"{part} is not installed, or more than once: {found}")
            self.assertTrue(found[0].exists(), f"{part} points to nothing")
            self.assertTrue(found[0].stat().st_mode & stat.S_IROTH, f"{part} cannot be read by all")

    def test_2_pages(self):
        if shutil.which("scdoc") is None:
            self.skipTest("scdoc is not installed")
        for page in PAGES:
            text = (self.prefix / "share" / "man" / page).read_text()
            self.assertIn(".SH NAME", text, page)

    def test_3_version(self):
        self.assertEqual(self.run_installed("--version").stdout, f"reheap {VERSION}\n")

    def test_4_bench(self):
        """Record, compile, replay and report, with every part from the installation."""
        with tempfile.TemporaryDirectory() as work:
            done = self.run_installed("bench", "-a", "glibc,sbrk", "--rounds", "1", "-o", "r", "--", "perl", "-e",
                                      "my %h; $h{$_} = 'x' x $_ for 1 .. 300; print scalar keys %h", cwd=work)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(done.stdout.startswith("300"), "the program's own output comes first")
            self.assertIn("sbrk", done.stdout)
            samples = [json.loads(line) for line in (pathlib.Path(work) / "r" / "samples.jsonl").read_text().splitlines()]
            self.assertEqual({sample["end"] for sample in samples}, {"measured"})
            self.assertTrue(all(sample["ops"] > 300 for sample in samples))

    def test_5_plan(self):
        """The installed plans find the installed traces: a plan that is wrong ends with 2, a wrong number of rounds comes later."""
        plan = self.prefix / "share" / "reheap" / "configs" / "quick.yaml"
        done = self.run_installed("run", plan, "--rounds", "many")
        self.assertEqual(done.returncode, 2)
        self.assertIn("many", done.stderr)

    def test_6_uninstall(self):
        self.assertGreater(len(files_below(self.folder.name)), 40)
        subprocess.run([self.meson, "--internal", "uninstall"], cwd=BUILD, check=True, capture_output=True)
        left = files_below(self.folder.name)
        self.assertEqual(left, [], "uninstalling leaves files")
        shared = {"bin", "lib", "libexec", "include", "share"}
        folders = [path.relative_to(self.prefix) for path in self.prefix.rglob("reheap*") if path.is_dir()]
        self.assertEqual([folder for folder in folders if str(folder) not in shared], [], "uninstalling leaves folders of ours")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
