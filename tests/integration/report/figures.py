"""Computes everything that a report shows from the files of a result directory, with nothing but the standard
library and the definitions of docs/method.md: a second opinion, written without the program's own code."""
import functools
import json
import math
import pathlib
import statistics

REPLICATES = 10000
SEED = 0x52656865617031
MASK = (1 << 64) - 1
NAN = float("nan")


# ---- the files ----

def number(value):
    """Figures above 2^53 are strings, unknown ones null."""
    return NAN if value is None else float(value)


class Result:
    def __init__(self, directory):
        directory = pathlib.Path(directory)
        self.manifest = json.loads((directory / "manifest.json").read_text())
        self.samples = self.lines(directory / "samples.jsonl")
        self.series = {line["index"]: line for line in self.lines(directory / "series.jsonl")}
        runs = directory / "programs.jsonl"
        self.programs = self.lines(runs) if runs.exists() else []
        self.allocators = self.manifest["allocators"]
        self.traces = self.manifest["traces"]
        self.baseline = self.manifest["baseline"]
        self.rounds = max((s["round"] for s in self.samples), default=0)
        self.null = next((a for a, one in enumerate(self.allocators) if one["floor"] and one["name"] == "null"), None)

    @staticmethod
    def lines(path):
        """Whole lines; a last one without its newline was torn."""
        text = path.read_text()
        return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]

    def counted(self, which, trace, allocator, copy=0):
        return [s for s in self.samples if s["pass"] == which and s["end"] == "measured" and s["round"] > 0 and
                s["trace"] == trace and s["allocator"] == allocator and s["copy"] == copy]

    def ns(self, trace, allocator, copy=0):
        values = [NAN] * self.rounds
        for s in self.counted("throughput", trace, allocator, copy):
            values[s["round"] - 1] = number(s["busy_ns"]) / number(s["ops"])
        return values

    @functools.lru_cache(maxsize=None)
    def raw_peaks(self, trace, allocator):
        values = [NAN] * self.rounds
        for s in self.counted("memory", trace, allocator):
            values[s["round"] - 1] = number(s["peak_resident_bytes"])
        return values

    def worker(self, trace, round_number):
        """What the null worker held."""
        if self.null is None:
            return 0
        peaks = self.raw_peaks(trace, self.null)
        bytes_held = peaks[round_number - 1]
        bytes_held = median(peaks) if math.isnan(bytes_held) else bytes_held
        return 0 if math.isnan(bytes_held) else bytes_held

    def peaks(self, trace, allocator):
        raw = self.raw_peaks(trace, allocator)
        if allocator == self.null:
            return raw
        return [value if math.isnan(value) else max(value - self.worker(trace, i + 1), 0) for i, value in enumerate(raw)]


# ---- statistics ----

def known(values):
    return [value for value in values if not math.isnan(value)]


def median(values):
    values = known(values)
    return statistics.median(values) if values else NAN


def robust_deviation(values):
    centre = median(values)
    return median([abs(value - centre) for value in known(values)]) / statistics.NormalDist().inv_cdf(0.75)


def interval_rank(count, level):
    """The largest k such that the k-th smallest and k-th largest of `count` values cover the median with `level`."""
    best = 0
    for k in range(1, count // 2 + 1):
        outside = 2 * sum(math.comb(count, i) for i in range(k)) / 2 ** count
        if 1 - outside >= level - 1e-12:
            best = k
    return best


def bonferroni(level, comparisons):
    return level if comparisons < 2 else 1 - (1 - level) / comparisons


def contrasts(x, base):
    return [math.log(a / b) if a > 0 and b > 0 else NAN for a, b in zip(x, base)]


def interval(values, level):
    """(exp of the median, low, high, pairs, exact) of contrasts, from order statistics."""
    values = sorted(known(values))
    if not values:
        return None
    k = interval_rank(len(values), level)
    low, high = (values[k - 1], values[-k]) if k else (values[0], values[-1])
    return (math.exp(statistics.median(values)), math.exp(low), math.exp(high), len(values), k > 0)


class Random:
    """xoshiro256** seeded by splitmix64 (Blackman and Vigna 2021)."""

    def __init__(self, seed):
        self.state = []
        for _ in range(4):
            seed = (seed + 0x9e3779b97f4a7c15) & MASK
            z = seed
            z = ((z ^ (z >> 30)) * 0xbf58476d1ce4e5b9) & MASK
            z = ((z ^ (z >> 27)) * 0x94d049bb133111eb) & MASK
            self.state.append(z ^ (z >> 31))

    def next(self):
        s = self.state
        rotate = lambda value, bits: ((value << bits) | (value >> (64 - bits))) & MASK
        result = (rotate((s[1] * 5) & MASK, 7) * 9) & MASK
        t = (s[1] << 17) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotate(s[3], 45)
        return result

    def draw(self, count):
        """`count` numbers below `count`, two from each random number: its low, then its high 32 bits, scaled."""
        drawn = []
        for i in range(count):
            bits = self.next() if i % 2 == 0 else bits >> 32
            drawn.append((bits & 0xffffffff) * count >> 32)
        return drawn


class Draws:
    """Draws of `count` out of `count`, one after the other; the same for all means, as the seed is fixed."""
    known = {}

    def __init__(self, count):
        self.count, self.random, self.list = count, Random(SEED), []

    @classmethod
    def of(cls, count):
        return cls.known.setdefault(count, cls(count))

    def __getitem__(self, i):
        while len(self.list) <= i:
            self.list.append(self.random.draw(self.count))
        return self.list[i]


def student_quantile(p, freedom):
    def cdf(t):
        theta = math.atan(t / math.sqrt(freedom))
        odd = freedom % 2 == 1
        term, total = (math.cos(theta) if odd else 1), 0
        for k in range(2 if odd else 1, freedom, 2):
            total += term
            term *= k / (k + 1) * math.cos(theta) ** 2
        inside = 2 / math.pi * (theta + math.sin(theta) * total) if odd else math.sin(theta) * total
        return 0.5 + inside / 2
    low, high = 0.0, 1e6
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if cdf(middle) < p else (low, middle)
    return (low + high) / 2


def geometric_mean(by_trace, level):
    """(estimate, low, high, rounds, exact): mean of the medians of each trace's contrasts, BCa bootstrap of whole rounds
    at the expanded level (docs/adr/0056)."""
    rounds = [r for r in range(len(by_trace[0]) if by_trace else 0) if any(not math.isnan(t[r]) for t in by_trace)]
    used = [t for t in by_trace if known(t)]
    if not rounds:
        return None

    def mean_over(drawn):
        """And whether every trace took part."""
        medians = known([median([t[r] for r in drawn]) for t in used])
        return sum(medians) / len(medians), len(medians) == len(used)

    def replicate():
        """A resample without any value of a trace is drawn again."""
        draws, i = Draws.of(n), 0
        for _ in range(REPLICATES):
            for _ in range(100):
                mean, whole = mean_over([rounds[r] for r in draws[i]])
                i += 1
                if whole:
                    break
            yield mean

    n = len(rounds)
    estimate = mean_over(rounds)[0]
    if n < 2:
        return (math.exp(estimate),) * 3 + (n, False)
    jackknife = [mean_over(rounds[:i] + rounds[i + 1:])[0] for i in range(n)]
    replicates = sorted(replicate())
    normal = statistics.NormalDist()
    below = sum(1 if r < estimate else 0.5 if r == estimate else 0 for r in replicates) / REPLICATES
    bias = normal.inv_cdf(min(max(below, 0.5 / REPLICATES), 1 - 0.5 / REPLICATES))
    centre = sum(jackknife) / n
    squares = sum((centre - j) ** 2 for j in jackknife)
    skew = sum((centre - j) ** 3 for j in jackknife) / (6 * squares ** 1.5) if squares > 0 else 0
    z = student_quantile(0.5 + level / 2, n - 1)

    def quantile(z):
        shifted = bias + z
        stretch = 1 - skew * shifted
        p = normal.cdf(bias + shifted / stretch) if stretch > 0 else float(shifted > 0)
        position = p * (REPLICATES - 1)
        i = int(position)
        if i + 1 >= REPLICATES:
            return replicates[-1]
        return replicates[i] + (position - i) * (replicates[i + 1] - replicates[i])

    return (math.exp(estimate), math.exp(quantile(-z)), math.exp(quantile(z)), n, interval_rank(n, level) > 0)


def verdict(ratio, lower="faster", higher="slower"):
    if ratio is None:
        return ""
    _, low, high, _, exact = ratio
    if not exact:
        return "unresolved"
    if high < 1:
        return lower
    if low > 1:
        return higher
    return "equal" if low >= 0.98 and high <= 1.02 else "unresolved"


# ---- what a report shows ----

class Model:
    def __init__(self, result, level=0.95):
        self.result, self.level = result, level
        count = len(result.allocators)
        self.ranked = [a for a in range(count) if not result.allocators[a]["floor"]]
        self.others = [a for a in self.ranked if a != result.baseline]
        synthetic = [(t["source"] or "").startswith("synthetic") for t in result.traces]
        self.in_means = [t for t in range(len(result.traces)) if (all(synthetic) or not synthetic[t]) and
                         self.measured(t, result.baseline)]

    def measured(self, trace, allocator):
        return bool(known(self.result.ns(trace, allocator)))

    def comparisons(self, trace):
        return sum(1 for a in self.others if self.measured(trace, a))

    def mean_comparisons(self):
        return sum(1 for a in self.others if any(self.measured(t, a) for t in self.in_means))

    def time(self, trace, allocator):
        r = self.result
        return interval(contrasts(r.ns(trace, allocator), r.ns(trace, r.baseline)), bonferroni(self.level, self.comparisons(trace)))

    def memory(self, trace, allocator):
        r = self.result
        return interval(contrasts(r.peaks(trace, allocator), r.peaks(trace, r.baseline)),
                        bonferroni(self.level, self.comparisons(trace)))

    def control(self, trace):
        r = self.result
        return interval(contrasts(r.ns(trace, r.baseline, 1), r.ns(trace, r.baseline)), bonferroni(self.level, len(r.traces)))

    @functools.lru_cache(maxsize=None)
    def mean(self, of, allocator, base):
        return geometric_mean([contrasts(of(t, allocator), of(t, base)) for t in self.in_means],
                              bonferroni(self.level, self.mean_comparisons()))

    def time_mean(self, allocator):
        return self.mean(self.result.ns, allocator, self.result.baseline)

    def memory_mean(self, allocator):
        return self.mean(self.result.peaks, allocator, self.result.baseline)

    @functools.lru_cache(maxsize=None)
    def control_mean(self):
        r = self.result
        return geometric_mean([contrasts(r.ns(t, r.baseline, 1), r.ns(t, r.baseline)) for t in self.in_means],
                              bonferroni(self.level, self.mean_comparisons()))

    def median_of(self, which, trace, allocator, key):
        return median([number(s[key]) for s in self.result.counted(which, trace, allocator)])

    def net(self, trace, allocator):
        """Time less that of the null allocator."""
        null = self.result.null
        return NAN if null in (None, allocator) else median(self.result.ns(trace, allocator)) - median(self.result.ns(trace, null))

    def stall_share(self, trace, allocator):
        shares = [number(s["stall_ns"]) / (number(s["stall_ns"]) + number(s["busy_ns"]))
                  for s in self.result.counted("throughput", trace, allocator)]
        return median(shares)

    def curve(self, trace, allocator):
        """R / L at the peak of L, at the peak of R, and integral over integral, of the first memory round."""
        r = self.result
        first = next((s for s in sorted(r.counted("memory", trace, allocator), key=lambda s: s["round"]) if s["marks"]), None)
        if first is None or allocator == r.null:
            return (NAN, NAN, NAN)
        line = r.series[first["index"]]
        floor = r.worker(trace, first["round"])
        live = [number(v) for v in line["live_bytes"]]
        resident = [max(number(v) - floor, 0) for v in line["resident_bytes"]]
        raw = [number(v) for v in line["resident_bytes"]]
        t = [number(v) for v in (line["recorded_ns"] if number(line["recorded_ns"][-1]) > 0 else line["op"])]
        at_live, at_resident = live.index(max(live)), raw.index(max(raw))
        area = lambda y: sum((t[i] - t[i - 1]) * (y[i] + y[i - 1]) / 2 for i in range(1, len(t)))
        ratio = lambda a, b: a / b if b > 0 else NAN
        return (ratio(resident[at_live], live[at_live]), ratio(resident[at_resident], live[at_resident]), ratio(area(resident), area(live)))

    def freed(self, trace, allocator, key, step=None):
        r = self.result
        values = []
        for s in r.counted("memory", trace, allocator):
            bytes_held = number(s[key] if step is None else s[key][step])
            floor = 0 if allocator == r.null else r.worker(trace, s["round"])
            values.append(bytes_held if math.isnan(bytes_held) else max(bytes_held - floor, 0))
        return median(values)


# ---- figures as people read them ----

def missing(value):
    return value is None or math.isnan(value)


def half_even(value, digits):
    return f"{value:.{digits}f}"


def figure_text(value):
    if missing(value):
        return "-"
    size = abs(value)
    return half_even(value, 0 if size >= 99.95 else 1 if size >= 9.995 else 2)


def ratio_text(value):
    if missing(value):
        return "-"
    return half_even(value, 3 if value < 9.9995 else 1 if value < 99.95 else 0)


def range_text(ratio):
    return "-" if ratio is None else f"[{ratio_text(ratio[1])}, {ratio_text(ratio[2])}]"


def percent_text(value):
    if missing(value):
        return "-"
    return half_even(value * 100, 1 if abs(value * 100) < 9.95 else 0) + " %"


def scaled_text(value, step, units):
    if missing(value):
        return "-"
    size, unit = abs(value), 0
    while unit + 1 < len(units) and size >= step * 0.9995:
        size, unit = size / step, unit + 1
    digits = 0 if size >= 99.95 or (unit == 0 and size == int(size)) else 1 if size >= 9.995 else 2
    return half_even(size, digits) + units[unit]


def bytes_text(value):
    return scaled_text(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB"])


def count_text(value):
    return scaled_text(value, 1000, ["", " k", " M", " G", " T"])
