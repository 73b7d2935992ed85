#!/usr/bin/env python3
"""The trace holds exactly the calls that were made: every entry point, in every odd way, under several allocators.

Usage: test_calls.py REHEAP EVERY_CALL EVERY_OPERATOR FOREIGN_OPERATORS EARLY_CALL
"""
import sys
import unittest

from recording import Recording, between_marks, library, programs

REHEAP, EVERY_CALL, EVERY_OPERATOR, FOREIGN_OPERATORS, EARLY_CALL = programs()

# Each defines all of the malloc API, and operators new and delete of its own.
OTHERS = {
    "jemalloc": "libjemalloc.so.2",
    "mimalloc": "libmimalloc.so.2*",
    "tcmalloc": "libtcmalloc_minimal.so.4",
}


def condensed(events):
    """Lines as the programs write them; the exception objects, whose size is the C++ library's affair, as one word."""
    lines = []
    skip = False
    for i, event in enumerate(events):
        if skip:
            skip = False
            continue
        following = events[i + 1] if i + 1 < len(events) else None
        is_exception = (event.kind == "malloc" and event.size > 128 and event.size < 160 and i > 0
                        and events[i - 1].kind == "failed" and following is not None and following.kind == "free")
        lines.append("exception size=0 align=0" if is_exception else repr(event))
        skip = is_exception
    return lines


class Calls(unittest.TestCase):
    maxDiff = None

    def check(self, program, *arguments, preload=None, condense=False):
        command = [program, "expected", *arguments]
        if preload is not None:
            command = ["env", f"LD_PRELOAD={preload}", *command]
        with Recording(REHEAP) as recording:
            run = recording.record(*command, options=["-o", "calls.rht"])
            self.assertEqual(run.returncode, 0, run.stderr.decode())
            meta, events = recording.dump("calls.rht")
            events = between_marks(events)
            lines = condensed(events) if condense else [repr(event) for event in events]
            self.assertEqual(lines, recording.path("expected").read_text().splitlines())
            self.assertEqual((meta["unknown_frees"], meta["drops"], meta["torn"]), (0, 0, 0))
            self.assertEqual(recording.left_over(), [])
        return meta

    def test_c_under_glibc(self):
        meta = self.check(EVERY_CALL, "pvalloc")
        self.assertIn("libc.so.6", meta["allocator"])

    def test_cpp_under_glibc(self):
        self.check(EVERY_OPERATOR, "failing", condense=True)

    def test_operators_of_a_library(self):
        """They are neither the C++ library's nor the allocator's: what they call is what is recorded."""
        self.check(FOREIGN_OPERATORS)

    def test_before_thread_local_storage(self):
        """Such a call is not recorded, and shows as an unknown release; the program notices nothing."""
        with Recording(REHEAP) as recording:
            run = recording.record(EARLY_CALL, options=["-o", "early.rht"])
            self.assertEqual((run.returncode, run.stdout), (0, b"7 1\n"), run.stderr.decode())
            meta, events = recording.dump("early.rht")
            self.assertEqual([event.size for event in events if 4321 <= event.size <= 4324], [4322, 4323, 4324])
            self.assertEqual((meta["unknown_frees"], meta["drops"]), (1, 0))

    def test_times(self):
        """How exact they are changes neither what was called nor its order."""
        found = {}
        for resolution, quantum in (("full", 10), ("coarse", 1000), ("none", 0)):
            with Recording(REHEAP) as recording:
                run = recording.record(EVERY_CALL, "expected", options=["-o", "calls.rht", "--times", resolution])
                self.assertEqual(run.returncode, 0, run.stderr.decode())
                meta, events = recording.dump("calls.rht")
                self.assertEqual(meta["time_quantum_ns"], quantum)
                exact = [event.time % quantum == 0 if quantum else event.time is None for event in events]
                self.assertTrue(all(exact), resolution)
                self.assertGreater(meta["duration_ns"], 0)
                found[resolution] = [repr(event) for event in between_marks(events)]
        self.assertEqual(found["coarse"], found["full"])
        self.assertEqual(found["none"], found["full"])

    def test_under_other_allocators(self):
        for name, pattern in OTHERS.items():
            path = library(pattern)
            if path is None:
                continue
            with self.subTest(name):
                meta = self.check(EVERY_CALL, preload=path)
                self.assertIn(pattern.split(".so")[0], meta["allocator"])
                self.check(EVERY_OPERATOR, "well", preload=path)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
