"""What a report shows of real programs and of how well replays agree with them, computed from the lines of programs.jsonl and the
samples (figures.py) by the definitions of docs/method.md, Fidelity, measured."""
import math
import statistics

import figures
from figures import NAN, median, number, verdict
from figures_json import exact_level, interval

POINTS = 200  # at which two curves are compared


class Runs:
    """The runs of one program."""

    def __init__(self, result, index):
        self.result, self.facts = result, result.manifest["programs"][index]
        self.all = [line for line in result.programs if line["program"] == index]

    def counted(self, allocator, run="program", copy=0):
        return [line for line in self.all if (line["allocator"], line["run"], line["copy"]) == (allocator, run, copy) and
                line["round"] > 0 and line["end"] == "measured"]

    def by_round(self, allocator, key, copy=0):
        values = [NAN] * self.result.rounds
        for line in self.counted(allocator, copy=copy):
            values[line["round"] - 1] = number(line[key])
        return values

    def median(self, allocator, key, run="program"):
        return median([number(line[key]) for line in self.counted(allocator, run)])

    def failed(self, allocator):
        return sum(line["allocator"] == allocator and line["run"] == "program" and line["end"] != "measured" for line in self.all)

    def marks(self, allocator, run):
        """[(ns, bytes)] of the first run that has some."""
        first = next((line for line in self.counted(allocator, run) if line["mark_ns"]), None)
        return [] if first is None else [(number(t), number(y)) for t, y in zip(first["mark_ns"], first["mark_bytes"])]


# ---- fidelity ----

def difference(values, level):
    """Median and order statistics, as an interval of the report."""
    values = sorted(figures.known(values))
    if not values:
        return None
    k = figures.interval_rank(len(values), level)
    low, high = (values[k - 1], values[-k]) if k else (values[0], values[-1])
    return {"estimate": statistics.median(values), "low": low, "high": high, "pairs": len(values), "exact": k > 0,
            "level": exact_level(len(values), level)}


def differences(model, runs, trace, comparisons):
    """(real, replayed) ns more than the baseline's process, by allocator; a trace replayed once makes `ops` operations."""
    result, base = model.result, model.result.baseline
    level = figures.bonferroni(model.level, max(comparisons, 1))
    less = lambda x, y, scale: [(a - b) * scale for a, b in zip(x, y)]
    found = {}
    for a in range(len(result.allocators)):
        if runs.counted(a) and figures.known(result.ns(trace, a)):
            found[a] = (difference(less(runs.by_round(a, "wall_ns"), runs.by_round(base, "wall_ns"), 1), level),
                        difference(less(result.ns(trace, a), result.ns(trace, base), number(result.traces[trace]["ops"])), level))
    nothing = {"estimate": 0, "low": 0, "high": 0, "pairs": 1, "exact": True, "level": 0}
    found[base] = (nothing, nothing)
    return found


def apart(a, b):
    return -1 if a["high"] < b["low"] else 1 if a["low"] > b["high"] else 0


def agreement(found, base):
    """Pairs of allocators whose intervals are apart in both worlds, and how many of them stand the same way round."""
    clear = sorted(a for a, pair in found.items() if all(one and one["exact"] for one in pair))
    pairs = [(a, b, apart(found[a][0], found[b][0]), apart(found[a][1], found[b][1])) for a in clear for b in clear if a < b]
    pairs = [(a, b, real, replayed) for a, b, real, replayed in pairs if real and replayed]
    signs = [pair for pair in pairs if base in pair[:2]]
    same = lambda some: sum(real == replayed for _, _, real, replayed in some)
    return {"ranks": len(pairs), "ranks_same": same(pairs), "signs": len(signs), "signs_same": same(signs)}


def slope(found, base):
    points = [(real["estimate"], replayed["estimate"]) for a, (real, replayed) in found.items() if a != base and real and replayed]
    squares = sum(x * x for x, _ in points)
    return sum(x * y for x, y in points) / squares if squares > 0 else NAN


def step(curve, share, floor):
    """A step function at a share of its own whole time."""
    before = [y for t, y in curve[1:] if t <= share * curve[-1][0]]
    return max(0, (before[-1] if before else curve[0][1]) - floor)


def curve_error(model, runs, trace, allocator):
    result = model.result
    real = runs.marks(allocator, "program")
    floor = max((y for _, y in runs.marks(allocator, "floor")), default=0)
    first = next((s for s in sorted(result.counted("memory", trace, allocator), key=lambda s: s["round"]) if s["marks"]), None)
    if not real or first is None or allocator == result.null:
        return NAN
    line = result.series[first["index"]]
    replayed = [(number(t), number(y)) for t, y in zip(line["recorded_ns"], line["resident_bytes"])]
    if replayed[-1][0] == 0:
        return NAN
    worker = result.worker(trace, first["round"])
    shares = [(i + 0.5) / POINTS for i in range(POINTS)]
    truth = [step(real, share, floor) for share in shares]
    distance = sum(abs(step(replayed, share, worker) - bytes_held) for share, bytes_held in zip(shares, truth))
    return distance / sum(truth) if sum(truth) > 0 else NAN


def memory(model, runs, trace, allocator):
    peak, floor = runs.median(allocator, "peak_bytes"), runs.median(allocator, "peak_bytes", "floor")
    net = peak - floor if not math.isnan(floor) else max((y for _, y in runs.marks(allocator, "program")), default=0)
    error = median(model.result.peaks(trace, allocator)) / net - 1 if net > 0 else NAN
    return {"net_peak_bytes": net, "peak_error": error, "curve_error": curve_error(model, runs, trace, allocator)}


# ---- the report ----

def cell(model, runs, allocator, comparisons):
    base, n = model.result.baseline, len(runs.counted(allocator))
    asked = figures.bonferroni(model.level, comparisons)
    ratio = lambda key: figures.interval(figures.contrasts(runs.by_round(allocator, key), runs.by_round(base, key)), asked)
    time, peak = (ratio("wall_ns"), ratio("peak_bytes")) if allocator != base and n else (None, None)
    return {"allocator": allocator, "rounds": n, "failed": runs.failed(allocator),
            **{key: runs.median(allocator, key) for key in ("wall_ns", "user_ns", "system_ns", "peak_bytes")},
            "floor_peak_bytes": runs.median(allocator, "peak_bytes", "floor"),
            "time": interval(time, asked=asked), "time_verdict": verdict(time),
            "memory": interval(peak, asked=asked), "memory_verdict": verdict(peak, "less", "more")}


def program(model, index):
    result, base = model.result, model.result.baseline
    runs = Runs(result, index)
    trace = runs.facts["trace"]
    everyone = range(len(result.allocators))
    comparisons = sum(a != base and bool(runs.counted(a)) for a in everyone)
    found = {} if trace is None else differences(model, runs, trace, comparisons)
    cells = []
    for a in model.ranked:
        real, replayed = found.get(a, (None, None))
        held = memory(model, runs, trace, a) if trace is not None and runs.counted(a) else {
            "net_peak_bytes": NAN, "peak_error": NAN, "curve_error": NAN}
        cells.append({**cell(model, runs, a, comparisons), "real_difference_ns": real, "replay_difference_ns": replayed, **held})
    cells.sort(key=lambda c: (math.isnan(c["wall_ns"]), 0 if math.isnan(c["wall_ns"]) else c["wall_ns"], c["allocator"]))
    control = figures.interval(figures.contrasts(runs.by_round(base, "wall_ns", copy=1), runs.by_round(base, "wall_ns")), model.level)
    agreed = agreement(found, base) if found else {"ranks": 0, "ranks_same": 0, "signs": 0, "signs_same": 0}
    return {"trace": trace, "comparisons": comparisons, "control": interval(control, asked=model.level), "control_verdict": verdict(control),
            **agreed, "slope": slope(found, base) if found else NAN, "cells": cells}


def programs(model):
    return [program(model, i) for i in range(len(model.result.manifest.get("programs", [])))]
