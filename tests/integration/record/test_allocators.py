#!/usr/bin/env python3
"""Recording under other allocators: a program that does the same each time has the same curve of live bytes, in the trace
and when the trace is replayed.

Usage: test_allocators.py REHEAP CURVE
"""
import json
import subprocess
import sys
import unittest

from recording import Recording, between_marks, library, programs

REHEAP, CURVE = programs()
OTHERS = ["libjemalloc.so.2", "libmimalloc.so.2*", "libtcmalloc_minimal.so.4"]


NO_OPS = {"thread-start", "thread-end", "resident"}


def curve_of(events):
    """Live bytes behind each call; an object has the number of the call that made it."""
    live, sizes, curve = 0, {}, []
    for event in events:
        ids = list(event.ids)
        if event.kind in ("free", "free-sized", "realloc"):
            live -= sizes.pop(ids.pop(0))
        if ids and event.kind not in ("resident", "usable"):
            sizes[ids[0]] = event.size
            live += event.size
        curve.append((event.kind, live))
    return curve


class Allocators(unittest.TestCase):
    def check_replay(self, trace, events):
        """What the replay holds at its marks is what the trace says."""
        run = subprocess.run([REHEAP, "replay", trace, "-a", "glibc", "--pass", "memory", "--quick", "--json"],
                             capture_output=True, check=True)
        result = json.loads(run.stdout)
        self.assertEqual(result["end"], "measured", result["reason"])
        expected = [live for kind, live in curve_of(events) if kind not in NO_OPS]
        self.assertEqual(result["ops"], len(expected))
        marks = {mark["op"]: mark["live_bytes"] for mark in result["marks"] if mark["op"] > 0}
        self.assertGreater(len(marks), 100)
        self.assertEqual(marks, {op: expected[op - 1] for op in marks})

    def curve(self, preload):
        command = [CURVE] if preload is None else ["env", f"LD_PRELOAD={preload}", CURVE]
        with Recording(REHEAP) as recording:
            run = recording.record(*command, options=["-o", "curve.rht"])
            self.assertEqual(run.returncode, 0, run.stderr.decode())
            meta, events = recording.dump("curve.rht")
            self.check_replay(recording.path("curve.rht"), events)
        self.assertEqual((meta["unknown_frees"], meta["drops"], meta["torn"]), (0, 0, 0), meta)
        self.assertIn("libc.so" if preload is None else preload.rsplit("/", 1)[1].split(".so")[0], meta["allocator"])
        return curve_of(between_marks(events))

    def test_same_curve(self):
        expected = self.curve(None)
        self.assertGreater(len(expected), 15000)
        for pattern in OTHERS:
            if library(pattern) is not None:
                with self.subTest(pattern):
                    self.assertEqual(self.curve(library(pattern)), expected)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
