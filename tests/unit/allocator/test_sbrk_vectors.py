#!/usr/bin/env python3
"""Vectors for sbrk-zig with any seed, from a model of the original that shares no code with the port.

Usage: test_sbrk_vectors.py SBRK_VECTORS REFERENCE

1. The model gives, for the operations of the reference file, what the original itself gave.
2. sbrk-vectors agrees with the reference, and with what the model says for other seeds.
3. sbrk-vectors says no to each file in which one thing is wrong.
"""
import random
import subprocess
import sys
import tempfile

PAGE = 4096
BIGPAGE = 65536
WORD = 8
DIFFERS, UNUSABLE = 1, 2


def ceil_pow2(n):
    return 1 << (n - 1).bit_length()


class Model:
    """The original, from its description: a dictionary of slots where it has words in memory."""

    def __init__(self):
        self.brk = 0
        self.calls = 0
        self.cursors = {}
        self.frees = {}

    def slot(self, length, align):
        """(is it big, bytes of the slot)"""
        actual = max(length + WORD, align)
        slot = ceil_pow2(actual)
        if slot < BIGPAGE:
            return False, max(slot, 16)
        return True, ceil_pow2((actual + BIGPAGE + WORD - 1) // BIGPAGE) * BIGPAGE

    def bigpages(self, size):
        if self.frees.get((True, size)):
            return self.frees[True, size].pop()
        self.calls += 1
        self.brk += size
        return self.brk - size

    def alloc(self, length, align):
        key = is_big, size = self.slot(length, align)
        if is_big:
            return self.bigpages(size)
        if self.frees.get(key):
            return self.frees[key].pop()
        cursor = self.cursors.get(size)
        if cursor is None or cursor % PAGE == 0:
            cursor = self.bigpages(BIGPAGE)
        self.cursors[size] = cursor + size
        return cursor

    def resize(self, length, align, new_length):
        old_is_big, old_size = self.slot(length, align)
        is_big, size = self.slot(new_length, align)
        if old_is_big and not is_big:
            size = BIGPAGE
        elif not old_is_big and is_big:
            return False
        return old_size == size

    def free(self, offset, length, align):
        self.frees.setdefault(self.slot(length, align), []).append(offset)


def lines_of(path):
    with open(path, encoding="ascii") as stream:
        return stream.read().splitlines()


def check_model(reference):
    model = Model()
    for number, line in enumerate(lines_of(reference), 1):
        kind, *rest = line.split(" ")
        if kind == "#":
            if rest[0] == "break":
                assert (model.brk, model.calls) == (int(rest[1]), int(rest[4])), line
            continue
        n = [int(word) for word in rest]
        if kind == "A":
            assert model.alloc(n[0], n[1]) == n[2], f"{number}: {line}"
        elif kind == "R":
            assert model.resize(n[1], n[2], n[3]) == bool(n[4]), f"{number}: {line}"
        else:
            model.free(n[0], n[1], n[2])


def random_length(rng):
    kind = rng.random()
    if kind < 0.5:
        return rng.randint(1, 300)
    if kind < 0.8:  # about the boundaries of the classes
        return max(1, (1 << rng.randint(4, 20)) - rng.choice([0, 1, 7, 8, 9, 15, 16, 17]))
    return rng.choice([1, 4096, 32760, 32761, 65519, 65520, 65521, 65528, 65529, 131056, 200000, 3000000])


def generate(seed, count):
    """Operations with the model's results, in the format of the reference."""
    rng = random.Random(seed)
    model, live, lines = Model(), [], [f"# from the model, seed {seed}"]
    for _ in range(count):
        choice = rng.random()
        if not live or choice < 0.5:
            length, align = random_length(rng), 1 << rng.randint(0, 12)
            offset = model.alloc(length, align)
            lines.append(f"A {length} {align} {offset}")
            live.append([offset, length, align])
        elif choice < 0.75:
            block = rng.choice(live)
            new_length = random_length(rng) if rng.random() < 0.6 else max(1, block[1] + rng.randint(-9, 9))
            if rng.random() < 0.02:
                new_length = (1 << 64) - rng.randint(1, 70000)
                result = 0
            else:
                result = int(model.resize(block[1], block[2], new_length))
            lines.append(f"R {block[0]} {block[1]} {block[2]} {new_length} {result}")
            if result:
                block[1] = new_length
        else:
            block = live.pop(rng.randrange(len(live)))
            model.free(*block)
            lines.append("F {} {} {}".format(*block))
    lines.append(f"# break {model.brk} sbrk calls {model.calls}")
    return lines


def status_of(program, lines):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as stream:
        stream.write("\n".join(lines) + ("\n" if lines else ""))
        stream.flush()
        run = subprocess.run([program, stream.name], capture_output=True, text=True, check=False)
    assert run.returncode == 0 or (stream.name in run.stderr and run.stderr.count("\n") == 1), run.stderr
    return run.returncode


def altered(lines, kind, field, change):
    """A copy in which the field of the last line of that kind is changed."""
    index = max(i for i, line in enumerate(lines) if line.startswith(kind))
    words = lines[index].split(" ")
    words[field] = change(words[field])
    return lines[:index] + [" ".join(words)] + lines[index + 1:]


def check_refusals(program, lines):
    def more(word):
        return str(int(word) + 16)
    cases = [
        (DIFFERS, altered(lines, "A ", 3, more)),
        (DIFFERS, altered(lines, "R ", 5, lambda word: str(1 - int(word)))),
        (DIFFERS, altered(lines, "# break", 2, more)),
        (DIFFERS, altered(lines, "# break", 5, more)),
        (UNUSABLE, altered(lines, "F ", 1, more)),
        (UNUSABLE, altered(lines, "F ", 2, more)),
        (UNUSABLE, altered(lines, "R ", 5, lambda word: "2")),
        (UNUSABLE, altered(lines, "A ", 2, lambda word: "3")),
        (UNUSABLE, altered(lines, "A ", 1, lambda word: "18446744073709551616")),
        (UNUSABLE, altered(lines, "A ", 1, lambda word: "-1")),
        (UNUSABLE, altered(lines, "A ", 3, lambda word: word + " 7")),
        (UNUSABLE, lines[:-1]),
        (UNUSABLE, lines + lines[1:2]),
        (UNUSABLE, lines[:1] + ["X 1"] + lines[1:]),
        (UNUSABLE, lines[:-1] + ["# break many sbrk calls few"]),
        (UNUSABLE, []),
    ]
    for number, (expected, text) in enumerate(cases):
        status = status_of(program, text)
        assert status == expected, f"case {number}: exit status {status}, not {expected}"
    run = subprocess.run([program, "/nowhere/at-all"], capture_output=True, text=True, check=False)
    assert run.returncode == UNUSABLE and "/nowhere/at-all" in run.stderr


def main():
    program, reference = sys.argv[1:]
    check_model(reference)
    assert status_of(program, lines_of(reference)) == 0
    for seed in range(1, 11):
        assert status_of(program, generate(seed, 5000)) == 0, f"seed {seed}"
    check_refusals(program, generate(99, 400))


if __name__ == "__main__":
    main()
