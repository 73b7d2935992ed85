#!/usr/bin/env python3
"""Resident pages of large blocks: at their release, of a realloc's old block, at the program's end, in threads, after a
fork. And the names of the threads.

Usage: test_touched.py REHEAP TOUCH
"""
import os
import sys
import unittest

from recording import Recording, programs

REHEAP, TOUCH = programs()
os.environ.pop("MALLOC_PERTURB_", None)  # it would write to every page
TOUCH_BYTES = 1 << 20
THREADS, BLOCKS = 3, 20


class Touched(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.recording = Recording(REHEAP)
        cls.addClassCleanup(cls.recording.__exit__)
        run = cls.recording.record(TOUCH, options=["-o", "touch.rht"])
        assert run.returncode == 0, run.stderr.decode()
        cls.parent = cls.recording.dump("touch.rht")
        children = [name for name in cls.recording.traces() if name != "touch.rht"]
        assert len(children) == 1, children
        cls.child = cls.recording.dump(children[0])

    def looks(self, trace):
        """(kind, size of the block, pages) of what ends, or is looked at, of blocks that are large. Looks that were
        left out since they would have cost too much are as many as the trace says."""
        meta, events = trace
        sizes, found = {}, []
        for event in events:
            if event.kind in ("free", "realloc", "resident"):
                found.append((event.kind, sizes[event.ids[0]], event.touched))
            if event.kind in ("malloc", "realloc"):
                sizes[event.ids[-1]] = event.size
        large = [look for look in found if look[1] >= 65536]
        self.assertTrue(all(pages is None for _, size, pages in found if size < 65536))
        unknown = sum(1 for look in large if look[2] is None)
        self.assertEqual(unknown, meta.get("looks_skipped", 0))
        return [look for look in large if look[2] is not None], unknown

    def check(self, looks, unknown, expected):
        self.assertEqual([look for look in looks if look not in expected], [])
        self.assertEqual(len(looks) + unknown, len(expected))

    def test_parent(self):
        looks, unknown = self.looks(self.parent)
        expected = [("free", TOUCH_BYTES + pages, pages) for pages in range(1, BLOCKS + 1)] * THREADS
        expected += [("realloc", TOUCH_BYTES + 30, 30), ("free", 2 * TOUCH_BYTES + 40, 40),
                     ("resident", TOUCH_BYTES + 50, 50)]
        self.check(looks, unknown, expected)

    def test_child(self):
        looks, unknown = self.looks(self.child)
        self.check(looks, unknown, [("free", TOUCH_BYTES + 50, 61), ("resident", TOUCH_BYTES + 60, 61)])

    def test_names(self):
        meta, _ = self.parent
        names = meta["thread_names"]
        self.assertEqual(names["0"], "leader")
        self.assertEqual(sorted(names[str(thread)] for thread in range(1, THREADS + 1)), ["another", "another", "first"])

    def test_version(self):
        with open(self.recording.path("touch.rht"), "rb") as file:
            self.assertEqual(file.read(9)[8], 2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
