#!/usr/bin/env python3
"""reheap allocators: the list, the check and its exit statuses. Prints TAP.

Usage: test_allocators.py REHEAP BROKEN_PLUGIN SANITIZERS SBRK_MALLOC

SANITIZERS is meson's b_sanitize: a worker with AddressSanitizer starts with no other library before its own.
"""
import json
import pathlib
import subprocess
import sys

REHEAP, BROKEN = (str(pathlib.Path(path).resolve()) for path in sys.argv[1:3])
PRELOADS = "address" not in sys.argv[3]
SANITIZED = sys.argv[3] != "none"
SBRK_MALLOC = str(pathlib.Path(sys.argv[4]).resolve())


def run(*words):
    done = subprocess.run([REHEAP, "allocators", *words], capture_output=True, text=True, check=False, timeout=100)
    return done.returncode, done.stdout, done.stderr


def expect(result, status, out=(), err=()):
    assert result[0] == status, result
    for part in out:
        assert part in result[1], (part, result)
    for part in err:
        assert part in result[2], (part, result)
    return True


def the_list():
    result = run()
    expect(result, 0, ["null: ", "bump: ", "glibc: ", "sbrk: ", "sbrk-zig: ", "jemalloc: ", "option     source: "])
    for block in result[1].strip().split("\n\n"):
        assert "  file " in block or "  missing " in block, block


def the_list_as_json():
    """Says the same as the list for people."""
    status, out, _ = run("--json")
    assert status == 0
    entries = {entry["name"]: entry for entry in json.loads(out)}
    text = run()[1]
    for name, entry in entries.items():
        assert set(entry) == {"name", "summary", "available", "reason", "kind", "api", "version", "file", "hash", "capabilities",
                              "options"}, entry
        block = next(block for block in text.strip().split("\n\n") if block.startswith(name + ": "))
        assert entry["available"] == ("  missing " not in block), (entry, block)
        # A reason may hold what differs from run to run, as the process id in a sanitizer's words.
        assert entry["available"] or (entry["reason"] in block if PRELOADS else entry["reason"]), (entry, block)
        assert not entry["available"] or f"{entry['file']} ({entry['hash']})" in block, (entry, block)
        assert all(capability in block for capability in entry["capabilities"]), (entry, block)
    assert len(entries) == len(text.strip().split("\n\n"))
    assert entries["null"]["kind"] == "floor" and entries["sbrk"]["kind"] == "own"
    assert (entries["glibc"]["kind"], entries["glibc"]["api"]) == ("library", "malloc")
    assert "resize" in entries["sbrk"]["capabilities"]
    assert entries["sbrk"]["options"][0]["name"] == "source"
    expect(run("check", "sbrk", "--json"), 2, err=["--json"])


def a_sound_one_passes():
    expect(run("check", "sbrk", "--ops", "4000"), 0, ["pass  alignment", "n/a   calloc-overflow", "pass  random-8-threads",
                                                      " 0 failed, "])


def a_broken_one_is_named():
    result = run("check", "plugin:" + BROKEN, "--ops", "4000", "--seed", "5", "--only", "resize")
    expect(result, 3, ["FAIL  resize", "operation ", "seed 5", "--only resize --seed 5", " 1 failed, "])
    again = run("check", "plugin:" + BROKEN, "--ops", "4000", "--seed", "5", "--only", "resize")
    assert again == result, "the same seed gives the same run"


def options_reach_the_allocator():
    expect(run("check", "sbrk", "--only", "overlap", "--option", "source=brk"), 0)
    expect(run("check", "sbrk", "--only", "overlap", "--option", "source=nowhere"), 3, ["\"nowhere\""])


def a_library_without_malloc_is_refused():
    result = run("check", "preload:libm.so.6")
    expect(result, 3, ["FAIL  ownership", "libm.so.6", "malloc lies in"])
    assert "alignment" not in result[1]


def a_range_that_is_taken_at_load_is_limited_too():
    """libreheap-sbrk.so reserves before main, so the limit must be there first."""
    expect(run("check", "preload:" + SBRK_MALLOC, "--only", "memory-limit"), 0, ["pass", "0 failed"])


def musl_has_a_worker_of_its_own():
    listed = expect_list_entry("musl")
    if "  missing " in listed:
        expect(run("check", "musl"), 1, err=["musl-tools"])
        return
    assert "reheap-worker-musl (" in listed, listed
    expect(run("check", "musl", "--ops", "4000"), 0, ["pass  random-8-threads", " 0 failed, "])


def expect_list_entry(name):
    blocks = run()[1].strip().split("\n\n")
    return next(block for block in blocks if block.startswith(name + ": "))


def what_is_not_there():
    expect(run("check", "preload:/nowhere/libx.so"), 1, err=["/nowhere/libx.so"])
    expect(run("check", "plugin:/nowhere/x.so"), 2, err=["/nowhere/x.so"])
    expect(run("check", "jemaloc"), 2, err=["jemaloc"])


def wrong_command_lines():
    expect(run("check"), 2)
    expect(run("chek", "sbrk"), 2, err=["chek"])
    expect(run("check", "sbrk", "glibc"), 2)
    expect(run("check", "null"), 2, err=["null"])
    expect(run("check", "sbrk", "--only", "resiz"), 2, err=["did you mean \"resize\""])
    expect(run("check", "sbrk", "--ops", "0"), 2)


def main():
    cases = [the_list, the_list_as_json, a_sound_one_passes, a_broken_one_is_named, options_reach_the_allocator,
             a_library_without_malloc_is_refused, a_range_that_is_taken_at_load_is_limited_too, musl_has_a_worker_of_its_own, what_is_not_there, wrong_command_lines]
    skipped = [] if PRELOADS else [a_library_without_malloc_is_refused]
    if SANITIZED:  # a sanitizer's runtime calls malloc before it can call anything: ThreadSanitizer's worker dies while it is loaded
        skipped.append(a_range_that_is_taken_at_load_is_limited_too)
    good = True
    for number, case in enumerate(cases, 1):
        if case in skipped:
            print(f"ok {number} - {case.__name__} # SKIP this build's workers take no such LD_PRELOAD")
            continue
        try:
            case()
            print(f"ok {number} - {case.__name__}")
        except AssertionError as failure:
            good = False
            print(f"# {failure}\nnot ok {number} - {case.__name__}")
    print(f"1..{len(cases)}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
