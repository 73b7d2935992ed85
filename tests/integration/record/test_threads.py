#!/usr/bin/env python3
"""Threads: cross-thread frees, thousands of short ones, calls on the way out, cancellation.

Usage: test_threads.py REHEAP THREADS
"""
import json
import subprocess
import sys
import unittest
from collections import Counter

from recording import Recording, library, programs

REHEAP, THREADS = programs()
OTHERS = ["libjemalloc.so.2", "libmimalloc.so.2*", "libtcmalloc_minimal.so.4"]


def own(events):
    """The program's blocks: it says how many there were. Returns (acquired, released)."""
    sizes = {event.ids[0]: event.size for event in events if event.kind == "malloc"}
    ours = {i for i, size in sizes.items() if 1000 <= size < 2000}
    return len(ours), sum(1 for event in events if event.kind == "free" and event.ids[0] in ours)


class Threads(unittest.TestCase):
    def record(self, *arguments, preload=None):
        command = [THREADS, *arguments] if preload is None else ["env", f"LD_PRELOAD={preload}", THREADS, *arguments]
        with Recording(REHEAP) as recording:
            run = recording.record(*command, options=["-o", "threads.rht"])
            self.assertEqual(run.returncode, 0, run.stderr.decode())
            meta, events = recording.dump("threads.rht")
            raw = recording.left_over()
        self.assertEqual(raw, [])
        self.assertEqual((meta["unknown_frees"], meta["drops"], meta["torn"]), (0, 0, 0), meta)
        self.assertEqual(own(events), tuple(map(int, run.stdout.split())))
        return events

    def check_crossing(self, events):
        kinds = Counter(event.kind for event in events)
        self.assertEqual((kinds["thread-start"], kinds["thread-end"]), (5, 4))
        self.assertEqual([event.parent for event in events if event.kind == "thread-start"], [None, 0, 0, 0, 0])
        owner = {event.ids[0]: event.thread for event in events if event.kind == "malloc"}
        crossed = sum(1 for event in events if event.kind == "free" and owner.get(event.ids[0]) in (1, 2)
                      and event.thread in (3, 4))
        self.assertEqual(crossed, 2 * 20000)

    def test_crossing(self):
        self.check_crossing(self.record("crossing", "20000"))

    def test_crossing_under_other_allocators(self):
        for pattern in OTHERS:
            if library(pattern) is not None:
                with self.subTest(pattern):
                    self.check_crossing(self.record("crossing", "20000", preload=library(pattern)))

    def test_crossing_by_the_fallback_clock(self):
        """As where the TSC is not invariant: the environment says which clock, so it can be told to use the other."""
        with Recording(REHEAP) as recording:
            run = recording.record_by_environment(THREADS, "crossing", "5000", changes={"REHEAP_SPOOL_CLOCK": "monotonic"})
            self.assertEqual(run.returncode, 0, run.stderr.decode())
            self.assertEqual(recording.clocks, [2])  # RH_SPOOL_CLOCK_MONOTONIC
            self.assertEqual(len(recording.traces()), 1)
            meta, events = recording.dump(recording.traces()[0])
        self.assertEqual((meta["unknown_frees"], meta["drops"], meta["torn"]), (0, 0, 0), meta)
        self.assertEqual(own(events), tuple(map(int, run.stdout.split())))
        times = [event.time for event in events]
        self.assertEqual(times, sorted(times))
        self.assertGreater(times[-1], 1_000_000)  # 20,000 calls take more than 1 ms, whatever the machine

    def check_ended(self, events, count):
        kinds = Counter(event.kind for event in events)
        self.assertEqual((kinds["thread-start"], kinds["thread-end"]), (count + 1, count))
        ended = set()
        for event in events:
            self.assertNotIn(event.thread, ended)
            if event.kind == "thread-end":
                ended.add(event.thread)

    def test_churn(self):
        self.check_ended(self.record("churn", "3000"), 3000)

    def test_files_are_closed_all_the_time(self):
        """By a program that closes what it does not know, just when a thread is about to write there, too."""
        with Recording(REHEAP) as recording:
            run = recording.record(THREADS, "closing", "1000000", options=["-o", "threads.rht"])
            self.assertEqual((run.returncode, run.stdout), (0, b"2000000 2000000\n"), run.stderr.decode())
            info = subprocess.run([REHEAP, "trace", "info", "--json", recording.path("threads.rht")], check=True, capture_output=True)
        info = json.loads(info.stdout)
        meta = info["meta"]
        self.assertEqual((meta.get("note"), meta["unknown_frees"], meta["drops"], meta["torn"]), (None, 0, 0, 0))
        self.assertGreaterEqual(info["events"], 4000000)

    def test_cancelled(self):
        self.check_ended(self.record("cancelled", "300"), 300)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
