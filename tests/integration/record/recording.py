"""Runs reheap record in an empty folder and reads the traces back through reheap trace dump."""
import glob
import json
import os
import pathlib
import subprocess
import sys
import tempfile


def programs():
    """The paths that the test was called with, absolute: recordings run in folders of their own."""
    return [os.path.abspath(path) for path in sys.argv[1:]]


def library(pattern):
    """An allocator's library if it is installed, or None."""
    found = sorted(glob.glob(f"/usr/lib/x86_64-linux-gnu/{pattern}"))
    if not found:
        print(f"not installed: {pattern}", file=sys.stderr)
    return found[0] if found else None


class Event:
    """One line of a dump: time thread kind [numbers] [key=value]."""

    def __init__(self, line):
        words = line.split()
        self.time = int(words[0]) if words[0] != "-" else None
        self.thread, self.kind = int(words[1]), words[2]
        self.ids = [int(word) for word in words[3:] if word.isdigit()]
        pairs = dict(word.split("=", 1) for word in words[3:] if "=" in word)
        self.size = int(pairs.get("size", 0))
        self.align_log2 = int(pairs.get("align", 1)).bit_length() - 1
        self.parent = int(pairs["parent"]) if "parent" in pairs else None
        self.touched = int(pairs["touched"]) if "touched" in pairs else None
        self.is_prologue = "prologue" in words

    def __repr__(self):
        return f"{self.kind} size={self.size} align={self.align_log2}"


class Recording:
    """A folder, what was run in it, and the traces that came out."""

    def __init__(self, reheap):
        self.reheap = reheap
        self.folder_owner = tempfile.TemporaryDirectory(prefix="reheap-test-")
        self.folder = pathlib.Path(self.folder_owner.name)
        self.run = None
        self.clocks = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder_owner.cleanup()

    def record(self, *command, options=(), stdin=None, timeout=60):
        self.run = subprocess.run([self.reheap, "record", *options, "--", *map(str, command)], cwd=self.folder, input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
                                  capture_output=True, timeout=timeout)
        return self.run

    def record_by_environment(self, *command, changes=None, timeout=60):
        """As a service is recorded: --print-env, the command itself, --finish."""
        printed = subprocess.run([self.reheap, "record", "--print-env", "spool"], cwd=self.folder, capture_output=True, text=True,
                                 check=True)
        environment = dict(line.split("=", 1) for line in printed.stdout.splitlines())
        self.run = subprocess.run([*map(str, command)], cwd=self.folder, env={**os.environ, **environment, **(changes or {})},
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)
        # struct rh_spool_header: magic, version, clock.
        self.clocks = [int.from_bytes(path.read_bytes()[12:16], "little") for path in self.folder.glob("spool/*.live")]
        subprocess.run([self.reheap, "record", "--finish", "spool"], cwd=self.folder, capture_output=True, check=True)
        return self.run

    def path(self, name):
        return self.folder / name

    def traces(self):
        return sorted(path.name for path in self.folder.glob("*.rht"))

    def left_over(self):
        """What a recording must not leave."""
        return sorted(path.name for path in self.folder.glob("reheap-spool-*"))

    def verify(self, name):
        subprocess.run([self.reheap, "trace", "verify", self.path(name)], check=True, capture_output=True)

    def dump(self, name):
        self.verify(name)
        run = subprocess.run([self.reheap, "trace", "dump", self.path(name)], check=True, capture_output=True, text=True)
        lines = run.stdout.splitlines()
        meta = json.loads(lines[1].split(" ", 1)[1])
        return meta, [Event(line) for line in lines[2:]]


def between_marks(events, size=987654):
    """The events between the two pairs of malloc and free of `size` bytes."""
    marks = [i for i, event in enumerate(events) if event.kind == "malloc" and event.size == size]
    assert len(marks) == 2, f"{len(marks)} marks in the trace, 2 are wanted"
    return events[marks[0] + 2:marks[1]]
