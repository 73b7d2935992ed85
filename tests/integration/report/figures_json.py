"""The report as JSON, computed from the samples (figures.py): the page shows what stands in it. Every number, truth value and
null of the report must be at the same place in what `whole` gives; texts that it does not give are not compared."""
import math

import figures
from figures import NAN, median, number, verdict

FACTS = ("events", "ops", "objects", "threads", "cross_thread_releases", "allocated_bytes", "duration_ns")
CALLS = ("brk", "mmap", "munmap", "mremap", "madvise", "mprotect")
COUNTERS = ("instructions", "cycles", "cache_misses", "dtlb_misses")
SPLIT = ("counted_bytes", "anonymous_bytes", "live_bytes", "internal_bytes", "partial_bytes", "empty_bytes", "lazy_free_bytes", "usable_bytes",
         "huge_live_bytes", "huge_bytes", "page_table_bytes")
MEDIANS = ("wall_ns", "user_ns", "system_ns", "minor_faults", "major_faults", "voluntary_switches", "involuntary_switches")
QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999, "p9999": 0.9999, "max": 1}


# ---- statistics that only JSON shows ----

def coverage(count):
    """Of the widest interval from order statistics."""
    return 1 - 2 ** (1 - count)


def exact_level(count, level):
    k = figures.interval_rank(count, level)
    return 1 - 2 * sum(math.comb(count, i) for i in range(k)) / 2 ** count if k else coverage(count)


def interval(ratio, level=None, asked=None):
    """`level`: nominal; `asked`: what order statistics were asked for."""
    if ratio is None:
        return None
    estimate, low, high, pairs, exact = ratio
    return {"estimate": estimate, "low": low, "high": high, "pairs": pairs, "exact": exact,
            "level": exact_level(pairs, asked) if level is None else level}


def autocorrelation(values):
    clean = figures.known(values)
    if len(clean) < 3:
        return NAN
    mean = sum(clean) / len(clean)
    squares = sum((v - mean) ** 2 for v in clean)
    products = sum((a - mean) * (b - mean) for a, b in zip(values, values[1:]) if not (math.isnan(a) or math.isnan(b)))
    return products / squares if squares > 0 else NAN


def detectable_effect(noise_floor, rounds, level, power=0.8):
    """The ratio less 1 whose sign test of `rounds` contrasts resolves it with `power`."""
    rank = figures.interval_rank(rounds, level)
    if rank == 0 or math.isnan(noise_floor):
        return NAN
    chance = lambda p: sum(math.comb(rounds, i) * (1 - p) ** i * p ** (rounds - i) for i in range(rank))
    low, high = 0.5, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if chance(middle) < power else (low, middle)
    from statistics import NormalDist
    return math.expm1(math.log1p(noise_floor) * NormalDist().inv_cdf(low))


# ---- latency: bins of 1/16 ns, exact below 32, then 32 an octave ----

def bin_low(b):
    return b if b < 32 else (32 + b % 32) << (b // 32 - 1)


def quantile_ns(counts, p):
    total, seen = sum(counts.values()), 0
    rank = max(math.ceil(p * total), 1)
    for b in sorted(counts):
        seen += counts[b]
        if seen >= rank:
            return (bin_low(b) + bin_low(b + 1) - 1) / 2 / 16
    raise AssertionError("no such rank")


def latency(model, t, a):
    lines = [model.result.series[s["index"]]["latency"] for s in model.result.counted("latency", t, a)]
    if not lines:
        return None
    whole, kinds = {}, {}
    for line in lines:
        for one in line["histograms"]:
            for b, count in zip(one["bins"], one["counts"]):
                for counts in (whole, kinds.setdefault(one["kind"], {})):
                    counts[b] = counts.get(b, 0) + count
    order = ["malloc", "calloc", "aligned", "realloc", "free", "sized free", "usable size"]
    quantiles = lambda counts: {key: quantile_ns(counts, p) for key, p in QUANTILES.items()}
    total = sum(whole.values())
    tenths = [i for i in range(200) if 10 ** (i / 10) <= total]
    return {"samples": total, "lost": sum(number(line["lost"]) for line in lines),
            "quantum_ns": max(number(line["quantum_ps"]) for line in lines) / 1000, **quantiles(whole),
            "kinds": [{"kind": kind, "samples": sum(kinds[kind].values()), **quantiles(kinds[kind])} for kind in order if kind in kinds],
            "spectrum": [[i / 10, quantile_ns(whole, 1 - 10 ** (-i / 10))] for i in tenths]}


# ---- the other passes ----

def split(model, t, a):
    r = model.result
    first = next((s for s in sorted(r.counted("memory", t, a), key=lambda s: s["round"])
                  if len(r.series[s["index"]].get("splits", {}).get("mark", [])) > 0), None)
    if first is None:
        return None
    line = r.series[first["index"]]
    columns = line["splits"]
    peak = columns["counted_bytes"].index(max(columns["counted_bytes"]))
    t_ms = [line["recorded_ns"][mark] / 1e6 for mark in columns["mark"]]
    return {"t": t_ms, "peak": peak, "occupancy": columns["occupancy"][10 * peak:10 * peak + 10], **{key: columns[key] for key in SPLIT}}


def system_calls(model, t, a):
    if not model.result.counted("syscalls", t, a):
        return None
    return {name: model.median_of("syscalls", t, a, f"{name}_calls") for name in CALLS}


def counters(model, t, a):
    medians = {name: model.median_of("throughput", t, a, name) for name in COUNTERS}
    return medians if any(value == value for value in medians.values()) else None


# ---- the report ----

def cell(model, t, a):
    r = model.result
    ns, peaks = r.ns(t, a), r.peaks(t, a)
    compared, null = a in model.others, a == r.null
    time, memory = (model.time(t, a), model.memory(t, a)) if compared else (None, None)
    asked = figures.bonferroni(model.level, model.comparisons(t))
    deviation, centre = figures.robust_deviation(ns), median(ns)
    live, (at_live, at_resident, mean) = model.median_of("memory", t, a, "peak_live_bytes"), model.curve(t, a)
    idle = [median([number(s["freed_idle_ns"][i]) for s in r.counted("memory", t, a)]) for i in range(5)]
    return {
        "allocator": a, "rounds": len(r.counted("throughput", t, a)), "memory_rounds": len(r.counted("memory", t, a)),
        "failed": sum(1 for s in r.samples if (s["trace"], s["allocator"], s["copy"]) == (t, a, 0) and s["end"] != "measured"),
        "ns_per_op": centre, "net_ns_per_op": model.net(t, a), "ns_deviation": deviation,
        "outliers": sum(1 for v in figures.known(ns) if abs(v - centre) > 10 * deviation),
        "time": interval(time, asked=asked), "time_verdict": verdict(time), "memory": interval(memory, asked=asked),
        "memory_verdict": verdict(memory, "less", "more"), "stall_share": model.stall_share(t, a),
        **{key: model.median_of("throughput", t, a, key) for key in MEDIANS},
        "peak_live_bytes": live, "peak_resident_bytes": median(peaks), "peak_over_peak": NAN if null or not live > 0 else median(peaks) / live,
        "at_peak_live": at_live, "at_peak_resident": at_resident, "mean_over_mean": mean, "freed_idle_ns": idle,
        "freed_bytes": [model.freed(t, a, "freed_resident_bytes", i) for i in range(5)], "purged_bytes": model.freed(t, a, "purged_resident_bytes"),
        "ns_per_op_by_round": ns, "counters": counters(model, t, a), "system_calls": system_calls(model, t, a), "split": split(model, t, a), "latency": latency(model, t, a),
    }


def differing_work(model, t):
    """Did measured samples of a pass do different work?"""
    r, seen = model.result, {}
    for s in r.samples:
        if s["trace"] == t and s["end"] == "measured" and not r.allocators[s["allocator"]]["floor"]:
            seen.setdefault(s["pass"], set()).add((s["ops"], s["checksum"]))
    return any(len(works) > 1 for works in seen.values())


def trace(model, t):
    r = model.result
    facts = r.traces[t]
    cells = [cell(model, t, a) for a in range(len(r.allocators))]
    ns = {c["allocator"]: c["ns_per_op"] for c in cells if not math.isnan(c["ns_per_op"])}
    floors, ranked = ({a: v for a, v in ns.items() if (a in model.ranked) == wanted} for wanted in (False, True))
    floor, fastest = max(floors, key=floors.get, default=None), min(ranked, key=ranked.get, default=None)
    replayed = [model.median_of("memory", t, a, "replayed_peak_live_bytes") for a in range(len(r.allocators))]
    live = figures.known([c["peak_live_bytes"] if math.isnan(replayed[c["allocator"]]) else replayed[c["allocator"]] for c in cells])
    errors = [value / facts["peak_live_bytes"] - 1 for value in live]
    again, control = r.ns(t, r.baseline, 1), model.control(t)
    unmeasured = lambda c: math.isnan(c["ns_per_op"])
    cells.sort(key=lambda c: (c["allocator"] not in model.ranked, unmeasured(c), 0 if unmeasured(c) else
                              c["ns_per_op"] * (1 if c["allocator"] in model.ranked else -1), c["allocator"]))
    return {**{key: number(facts[key]) for key in FACTS}, "recorded_peak_live_bytes": facts["peak_live_bytes"],
            "cpu_ns": facts.get("cpu_ns") or 0, **({"think": facts["think"]} if facts.get("think") else {}),
            "calls": facts["calls"], "sizes": facts["sizes"], "synthetic": (facts["source"] or "").startswith("synthetic"), "in_means": t in model.in_means, "comparisons": model.comparisons(t),
            "control": interval(control, asked=figures.bonferroni(model.level, len(r.traces))), "control_verdict": verdict(control),
            "control_ns_per_op": median(again), "control_ns_per_op_by_round": again, "floor": floor, "fastest": fastest,
            "floor_share": ns[floor] / ns[fastest] if None not in (floor, fastest) else NAN, "work_differs": differing_work(model, t),
            "live_error": max(errors, key=abs, default=NAN), "cells": cells}


def control(model):
    r = model.result
    rows = [figures.contrasts(r.ns(t, r.baseline, 1), r.ns(t, r.baseline)) for t in range(len(r.traces))]
    cells = [c for c in map(model.control, range(len(r.traces))) if c]
    drifts = [d for d in map(autocorrelation, rows) if not math.isnan(d)]
    noise = math.expm1(figures.robust_deviation([v for row in rows for v in row]))
    off, resolved = sum(abs(c[0] - 1) > 0.01 for c in cells), sum(c[4] and (c[1] > 1 or c[2] < 1) for c in cells)
    machine = [s for s in r.samples if s["machine_busy_ns"] is not None and s["own_cpu_ns"] is not None]
    busy, idle, steal, own = (sum(number(s[key]) for s in machine)
                              for key in ("machine_busy_ns", "machine_idle_ns", "machine_steal_ns", "own_cpu_ns"))
    share = lambda part: part / (busy + idle + steal) if busy + idle + steal > 0 else NAN
    level = figures.bonferroni(model.level, max(model.mean_comparisons(), 1))
    most = max([model.mean_comparisons(), 1, *(model.comparisons(t) for t in range(len(r.traces)))])
    return {"trusted": bool(cells) and off == 0 and resolved <= 0.05 * len(cells), "cells": len(cells), "off": off, "resolved": resolved,
            "worst_ratio": max((c[0] for c in cells), key=lambda x: abs(math.log(x)), default=NAN), "noise_floor": noise,
            "autocorrelation": max(drifts, key=abs, default=NAN), "detectable_effect": detectable_effect(noise, r.rounds, level),
            "rounds_needed": next(n for n in range(1, 100) if figures.interval_rank(n, figures.bonferroni(model.level, most))),
            "others_share": share(max(busy - own, 0)), "steal_share": share(steal), "mean": interval(model.control_mean(), level),
            "mean_verdict": verdict(model.control_mean())}


def means(model):
    """And who is best."""
    r = model.result
    level = figures.bonferroni(model.level, model.mean_comparisons())
    on = {a: sum(model.measured(t, a) for t in model.in_means) for a in model.ranked}
    whole = [a for a in model.ranked if on[a] == len(model.in_means) > 0]
    estimate = {a: 1 if a == r.baseline else model.time_mean(a)[0] for a in model.ranked if on[a]}
    best = min(whole, key=estimate.get, default=None)
    rows = []
    for a in sorted(model.ranked, key=lambda a: (0 if a in whole else 1 if on[a] else 2, estimate.get(a, 0), a)):
        other = a in model.others and on[a] > 0
        time, memory = (model.time_mean(a), model.memory_mean(a)) if other else (None, None)
        ratios = [x[0] for x in (model.time(t, a) for t in model.in_means) if x] if other else []
        behind = model.mean(r.ns, a, best) if a in whole and a != best else None
        rows.append({"allocator": a, "traces": on[a], "whole": a in whole, "time": interval(time, level), "time_verdict": verdict(time),
                     "smallest": min(ratios, default=NAN), "largest": max(ratios, default=NAN), "memory": interval(memory, level),
                     "memory_verdict": verdict(memory, "less", "more"), "behind_best": interval(behind, level), "behind_verdict": verdict(behind),
                     "leads": a == best or (a in whole and verdict(behind) not in ("slower", ""))})
    return rows, best


def whole(model):
    r = model.result
    rows, best = means(model)
    synthetic = [(one["source"] or "").startswith("synthetic") for one in r.traces]
    return {"level": model.level, "rounds": r.rounds, "version": 1, "baseline": r.baseline, "best": best, "leading": sum(row["leads"] for row in rows),
            "traces_in_means": len(model.in_means), "comparisons": model.mean_comparisons(), "only_synthetic": all(synthetic),
            "control": control(model), "means": rows, "traces": [trace(model, t) for t in range(len(r.traces))]}


# ---- comparing ----

def same(shown, computed):
    if isinstance(computed, float) and math.isnan(computed):
        computed = None
    if isinstance(shown, (bool, str)) or shown is None or computed is None or isinstance(computed, (bool, str)):
        return shown == computed and isinstance(shown, bool) == isinstance(computed, bool)
    return math.isclose(float(shown), float(computed), rel_tol=1e-6, abs_tol=1e-9)


def differences(shown, computed, place=""):
    """Sentences; a number that nobody computed is one too. `shown` may have texts that `computed` lacks."""
    if isinstance(shown, dict) and isinstance(computed, dict):
        found = [f"{place}.{key}: not shown" for key in computed if key not in shown]
        for key, value in shown.items():
            if key in computed:
                found += differences(value, computed[key], f"{place}.{key}")
            elif not isinstance(value, str):
                found += [f"{place}.{key}: shown {str(value)[:60]}, and nobody computed it"]
        return found
    if isinstance(shown, list) and isinstance(computed, list):
        if len(shown) != len(computed):
            return [f"{place}: {len(shown)} shown, {len(computed)} computed"]
        return [one for i, (a, b) in enumerate(zip(shown, computed)) for one in differences(a, b, f"{place}[{i}]")]
    return [] if same(shown, computed) else [f"{place}: shown {str(shown)[:60]}, computed {str(computed)[:60]}"]
