"""No command of reheap trace needs more memory for a longer trace: it grows with what is live at one time, not with events.

Usage: trace_memory.py REHEAP PEAK_KIB

Each command reads a trace and one ten times as long, of the same workload with few live objects; the highest resident
memory of both is compared. Three bytes for each object of the longer one would be found.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

REHEAP, PEAK_KIB = sys.argv[1:3]
SHORT, LONG = 100_000, 1_000_000
SLACK_KIB = 1200  # 450,000 more objects in the longer trace

# What {0} is replaced with: the trace, or a file in another format made of it.
COMMANDS = [
    ("info", "info {0}.rht"),
    ("info --json", "info --json {0}.rht"),
    ("info --html", "info {0}.rht --html {0}.html"),
    ("verify", "verify {0}.rht"),
    ("verify --repair", "verify --repair {0}.repaired {0}.rht"),
    ("dump", "dump {0}.rht", "{0}.txt"),
    ("import text", "import {0}.txt -o {0}.made"),
    ("export android", "export -f android {0}.rht -o {0}.android"),
    ("import android", "import {0}.android -o {0}.made"),
    ("export csv", "export -f csv {0}.rht -o {0}.csv"),
    ("export rep", "export -f rep {0}.rht -o {0}.rep"),
    ("import rep", "import {0}.rep -o {0}.made"),
    ("cut by events", "cut {0}.rht --events 1000- -o {0}.made"),
    ("cut by time, threads and sizes", "cut {0}.rht --time 1us- --threads 1 --sizes 16-4K -o {0}.made"),
    ("merge by time", "merge {0}.rht {0}.rht --order time -o {0}.made"),
    ("merge side by side", "merge {0}.rht {0}.rht --order side-by-side -o {0}.made"),
    ("scale --copies", "scale {0}.rht --copies 3 -o {0}.made"),
    ("scale --sizes --lifetimes", "scale {0}.rht --sizes 2 --lifetimes 1.5 -o {0}.made"),
    ("sample", "sample {0}.rht --events 20000 -o {0}.made"),
    ("anonymise", "anonymise {0}.rht -o {0}.made"),
]


def peak_kib(arguments, output=os.devnull):
    """Highest resident memory of the command, which must succeed."""
    done = subprocess.run([PEAK_KIB, output, REHEAP, "trace", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"reheap trace {' '.join(arguments)}: status {done.returncode}\n{done.stderr}")
    return int(done.stdout)


def generate(folder, name, events):
    return peak_kib(["generate", "producer-consumer", "--events", str(events), "-o", str(folder / f"{name}.rht")])


def main():
    too_much = []

    def check(name, short, long):
        print(f"{name:32} {short:8} KiB {long:8} KiB")
        if long > short + SLACK_KIB:
            too_much.append(f"{name}: {short} KiB for {SHORT} events, {long} KiB for {LONG}")

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        check("generate", generate(folder, "short", SHORT), generate(folder, "long", LONG))
        for label, command, *output in COMMANDS:
            peaks = [peak_kib(command.format(folder / size).split(), *(one.format(folder / size) for one in output))
                     for size in ("short", "long")]
            check(label, *peaks)
    if too_much:
        sys.exit("memory grows with the length of the trace:\n" + "\n".join(too_much))


main()
