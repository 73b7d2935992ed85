#!/usr/bin/env python3
"""Full disks, file size limits, a launcher that is killed, spools that are torn: what can be saved is saved, what is lost
is counted, and the program goes on.

Usage: test_record_faults.py REHEAP RETURNED CHECK
"""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

REHEAP, RETURNED, CHECK = (os.path.abspath(path) for path in sys.argv[1:4])
CALLS = 200000  # of each thread
FRAME_BYTES = 64
NAME_OFFSET = 2328  # of struct rh_spool_header's name


class Base(unittest.TestCase):
    def setUp(self):
        owner = tempfile.TemporaryDirectory(prefix="reheap-test-")
        self.addCleanup(owner.cleanup)
        self.folder = pathlib.Path(owner.name)
        self.log, self.trace = self.folder / "log", self.folder / "trace.rht"

    def info(self, trace=None):
        run = subprocess.run([REHEAP, "trace", "info", "--json", trace or self.trace], capture_output=True, check=True)
        return json.loads(run.stdout)


class Fault(Base):
    def check_stopped(self, run, reason):
        """The program did all its work; the trace holds a beginning of it, and says so."""
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(struct.unpack("<QQQ", self.log.read_bytes()[:24])[1:], (CALLS, CALLS))
        checked = subprocess.run([CHECK, self.trace, self.log, "stopped"], capture_output=True, text=True)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        recorded = sum(int(count) for count in re.findall(r"(\d+) recorded", checked.stdout))
        meta = self.info()["meta"]
        self.assertIn("recording stopped before the end of the program: " + reason, meta["note"])
        self.assertIn(reason.encode(), run.stderr)
        self.assertGreater(recorded, 1000)
        self.assertLess(recorded, 2 * CALLS)
        # What is not there is counted; the program makes a few calls of its own besides.
        self.assertGreaterEqual(recorded + meta["drops"], 2 * CALLS)
        self.assertLess(recorded + meta["drops"], 2 * CALLS + 50)

    def test_file_size_limit(self):
        script = 'ulimit -f 1024; exec "$0" "$@"'
        run = subprocess.run([REHEAP, "record", "-o", self.trace, "--", "sh", "-c", script, RETURNED, self.log, str(CALLS)],
                             stderr=subprocess.PIPE, timeout=60)
        self.check_stopped(run, "File too large")

    def test_full_disk(self):
        disk = self.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("a small disk can only be mounted by root: " + mounted.stderr.decode().strip())
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        # The spool lies on the full disk, the trace does not.
        lines = subprocess.run([REHEAP, "record", "--print-env", disk / "spool"], capture_output=True, text=True, check=True)
        env = dict(os.environ, **dict(line.split("=", 1) for line in lines.stdout.splitlines()))
        subprocess.run([RETURNED, self.log, str(CALLS)], env=env, check=True, timeout=60)
        run = subprocess.run([REHEAP, "record", "-o", f"{self.folder}/", "--finish", disk / "spool"],
                             stderr=subprocess.PIPE)
        self.trace = next(self.folder.glob("*.rht"))
        self.check_stopped(run, "No space left on device")

    def test_no_room_for_a_spool(self):
        """Not even the first page: the program runs, and the recorder says that there is nothing."""
        script = 'ulimit -f 0; exec "$0" "$@"'
        run = subprocess.run([REHEAP, "record", "--no-children", "-o", self.trace, "--", "sh", "-c", script, "true"],
                             stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr)

    def check_unbegun(self, limit):
        # The limit is the recorded program's alone: a sanitizer's runtime in reheap writes files as well.
        spool = self.folder / "spool"
        lines = subprocess.run([REHEAP, "record", "--print-env", spool], capture_output=True, text=True, check=True)
        subprocess.run(["sh", "-c", f'ulimit -f {limit}; exec env "$@"', "sh", *lines.stdout.split(), "ls", "-l"],
                       stdout=subprocess.DEVNULL, check=True, timeout=60)
        run = subprocess.run([REHEAP, "record", "--finish", spool], capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn(f"the spool could not be begun: is {spool} full", run.stderr)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_no_room_for_anything(self):
        """It is not the program's fault. Neither the header has room, nor the first thread's slot behind it."""
        self.check_unbegun(0)
        self.check_unbegun(64)

    def test_room_for_others(self):
        """Who could not be recorded is counted beside those that were."""
        run = subprocess.run([REHEAP, "record", "-o", self.trace, "--", "sh", "-c", "(ulimit -f 0; exec true); true"],
                             capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("processes could not begin their spool", run.stderr)

    def test_no_spool_in_this_folder(self):
        run = subprocess.run([REHEAP, "record", "--", "true"], cwd="/proc", capture_output=True, text=True)
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stderr, "cannot make a spool directory in /proc: .* -o ")

    def test_places_that_hold_no_trace(self):
        """Refused before the program has run for nothing."""
        for place in ("/dev/null", "/dev/stdout", ""):
            run = subprocess.run([REHEAP, "record", "-o", place, "--", "touch", self.log], capture_output=True, text=True)
            self.assertEqual((run.returncode, run.stdout), (2, ""), place)
            self.assertRegex(run.stderr, "^reheap: .* is no regular file: name one that a trace can be written to\n$")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_launcher_is_killed(self):
        launcher = subprocess.Popen([REHEAP, "record", "-o", self.trace, "--", RETURNED, self.log, str(CALLS)],
                                    stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not self.log.exists() or len(self.log.read_bytes()) < 8:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.001)
        launcher.send_signal(signal.SIGKILL)
        launcher.wait()
        spools = list(self.folder.glob("reheap-spool-*"))
        self.assertEqual(len(spools), 1)
        while struct.unpack("<QQQ", self.log.read_bytes()[:24])[1:] != (CALLS, CALLS):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        for _ in range(500):
            run = subprocess.run([REHEAP, "record", "-o", f"{self.folder}/", "--finish", spools[0]], capture_output=True)
            self.assertEqual(run.returncode, 0, run.stderr)
            if not spools[0].exists():
                break
            time.sleep(0.01)
        trace = next(self.folder.glob("*.rht"))
        checked = subprocess.run([CHECK, trace, self.log], capture_output=True, text=True)
        self.assertEqual(checked.returncode, 0, checked.stderr)


class Torn(Base):
    """A spool that was damaged, as by a power failure."""

    def spool(self):
        folder = self.folder / "spool"
        lines = subprocess.run([REHEAP, "record", "--print-env", folder], capture_output=True, text=True, check=True)
        env = dict(os.environ, **dict(line.split("=", 1) for line in lines.stdout.splitlines()))
        subprocess.run([RETURNED, self.log, "60000"], env=env, check=True, timeout=60)
        live, full = sorted(folder.iterdir(), key=lambda path: path.suffix, reverse=True)
        self.assertEqual((live.suffix, full.suffix), (".live", ".full"))
        return live, full

    def finish(self, live, full, born=None):
        """The damaged spool as a trace: it is sound, and it says that something is missing."""
        for old in self.folder.glob("*.rht"):
            old.unlink()
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        (copy / "1-0.live").write_bytes(live)
        if full is not None:
            (copy / "1-0.full").write_bytes(full)
        if born is not None:
            (copy / "1-0.born").write_bytes(born)
        run = subprocess.run([REHEAP, "record", "-o", f"{self.folder}/", "--finish", copy], capture_output=True, text=True)
        self.assertIn(run.returncode, (0, 1), run.stderr)
        traces = list(self.folder.glob("*.rht"))
        if run.returncode == 1:
            self.assertEqual(traces, [], run.stderr)
            self.assertEqual(run.stderr.count("\n"), 1, run.stderr)
            self.error = run.stderr
            return None
        subprocess.run([REHEAP, "trace", "verify", traces[0]], check=True, capture_output=True)
        return self.info(traces[0])

    def test_damage(self):
        seed = random.SystemRandom().randrange(1 << 32)
        dice = random.Random(seed)
        live, full = (path.read_bytes() for path in self.spool())
        whole = self.finish(live, full)
        self.assertEqual((whole["meta"]["torn"], whole["meta"].get("note")), (0, None))
        with self.subTest(seed=seed):
            self.check_damage(live, full, whole["events"], dice)

    def test_another_version_beside_it(self):
        """As after an update of reheap: either program finishes its own, and says what it leaves to the other."""
        live, _ = self.spool()
        other = bytearray(live.read_bytes()[:16384])
        version = int.from_bytes(other[8:12], "little")
        other[8:12] = (version - 1).to_bytes(4, "little")
        (live.parent / "1-0.live").write_bytes(other)
        run = subprocess.run([REHEAP, "record", "-o", f"{self.folder}/", "--finish", live.parent], capture_output=True, text=True)
        self.assertEqual(run.returncode, 1)
        self.assertIn(f"1-0.live was written by a recorder of version {version - 1}, this program reads version {version}",
                      run.stderr)
        self.assertEqual([path.name for path in live.parent.iterdir()], ["1-0.live"])
        self.assertEqual(self.info(next(self.folder.glob("*.rht")))["meta"]["torn"], 0)

    def test_a_folder_that_is_no_spool(self):
        """Nothing in it is touched, whatever it is called."""
        folder = self.folder / "mine"
        folder.mkdir()
        for name in ("concert.live", "1.live", "2024-1.live.old", "x1-2.live"):
            (folder / name).write_bytes(b"")
        before = sorted(folder.iterdir())
        run = subprocess.run([REHEAP, "record", "--finish", folder], capture_output=True, text=True)
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.stderr, f"reheap: no process has left a spool in {folder}: was it started with the environment that "
                                     "--print-env prints?\n")
        self.assertEqual(sorted(folder.iterdir()), before)

    def test_a_name_that_leads_elsewhere(self):
        """Others may write into a spool's directory, but not where traces are written."""
        live, full = (path.read_bytes() for path in self.spool())
        for foreign in (b"../../x", b"/tmp/x"):
            name = foreign + bytes(64 - len(foreign))
            self.assertIsNotNone(self.finish(live[:NAME_OFFSET] + name + live[NAME_OFFSET + 64:], full), foreign)

    def test_foreign_inheritance(self):
        """The table of what lived at a fork, as nobody but another program writes it."""
        live, full = (path.read_bytes() for path in self.spool())
        entry = struct.Struct("<QQQIBBxx")  # address, object, size, thread, kind, log2 of the alignment
        first, second = (0x10, 3, 24, 0, 0, 0), (0x20, 5, 24, 0, 2, 4)
        self.assertIsNotNone(self.finish(live, full, entry.pack(*first) + entry.pack(*second)))
        for name, bad in {"address": (0, 5, 24, 0, 0, 0), "duplicate": (0x10, 5, 24, 0, 0, 0), "order": (0x20, 3, 24, 0, 0, 0),
                          "size": (0x20, 5, 1 << 60, 0, 0, 0), "kind": (0x20, 5, 24, 0, 6, 0),
                          "unknown kind": (0x20, 5, 24, 0, 200, 0), "alignment": (0x20, 5, 24, 0, 0, 64)}.items():
            self.assertIsNone(self.finish(live, full, entry.pack(*first) + entry.pack(*bad)), name)
            self.assertRegex(self.error, r"1-0\.born: byte 32: ", name)
        self.assertIsNone(self.finish(live, full, bytes(40)))
        self.assertRegex(self.error, r"1-0\.born: 40 bytes are no table")

    def check_damage(self, live, full, events, dice):
        damaged = {}
        for _ in range(6):
            cut = dice.randrange(FRAME_BYTES, len(full))
            damaged[f"cut at {cut}"] = (live, full[:cut])
            start = dice.randrange(0, len(full)) & ~4095
            damaged[f"zeros at {start}"] = (live, full[:start] + bytes(4096) + full[start + 4096:])
        damaged["cut behind the last record"] = (live, full[:-1])
        damaged["no full file"] = (live, None)
        damaged["only the header"] = (live[:16384], full)
        for name, (live_now, full_now) in damaged.items():
            info = self.finish(live_now, full_now)
            self.assertIsNotNone(info, name)
            self.assertLessEqual(info["events"], events, name)
            self.assertGreater(info["meta"]["torn"], 0, name)
            self.assertIn("torn or missing", info["meta"]["note"], name)
        for _ in range(12):
            # Anywhere in either file: no crash, no unsound trace.
            flipped = bytearray(live[:16384] + live[16384:]), bytearray(full)
            for _ in range(dice.randrange(1, 20)):
                target = flipped[dice.randrange(2)]
                target[dice.randrange(len(target))] ^= 1 << dice.randrange(8)
            self.finish(*map(bytes, flipped))
        foreign = bytes([live[0] ^ 1]) + live[1:]
        for damaged_live in [live[:cut] for cut in (0, 7, 100, 4096)] + [bytes(4096) + live[4096:], foreign]:
            self.assertIsNone(self.finish(damaged_live, full))
            self.assertIn("1-0.live is no spool of a recorded process: its header is incomplete or foreign", self.error)
            # It may be all that is left of hours.
            self.assertEqual(sorted(path.name for path in (self.folder / "copy").iterdir()), ["1-0.full", "1-0.live"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
