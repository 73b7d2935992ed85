#!/usr/bin/env python3
"""Packs a spool directory into an input of fuzz_spool.c, on standard output: after a change of the spool's layout, its
seeds are made anew so.  tests/fuzz/pack_spool.py SPOOL >tests/fuzz/corpus/spool/NAME"""
import pathlib
import struct
import sys

UNIT = 64
SUFFIXES = [".live", ".full", ".born", ".other"]


def piece(which, unit, data):
    return struct.pack("<BHH", which, unit, len(data)) + data


def pieces(which, data):
    """Runs of units that are not zero, without the zeros at their ends."""
    units = [data[at:at + UNIT] for at in range(0, len(data), UNIT)]
    start = None
    for at, unit in enumerate(units + [b""]):
        if start is None and any(unit):
            start = at
        if start is not None and not any(unit):
            yield piece(which, start, b"".join(units[start:at]).rstrip(b"\0"))
            start = None


def pack(folder):
    packed = b""
    for image, live in enumerate(sorted(folder.glob("*.live"), key=lambda path: path.stat().st_mtime_ns)):
        for suffix_number, suffix in enumerate(SUFFIXES):
            path = live.with_suffix(suffix)
            if not path.exists():
                continue
            which = image * len(SUFFIXES) + suffix_number
            data = path.read_bytes()
            packed += piece(which, -(-len(data) // UNIT), b"") + b"".join(pieces(which, data))
    return packed


if __name__ == "__main__":
    sys.stdout.buffer.write(pack(pathlib.Path(sys.argv[1])))
