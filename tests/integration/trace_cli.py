"""reheap trace from the outside: what it prints, its exit statuses, and round trips.

Usage: trace_cli.py REHEAP SOURCE_ROOT [--short]        --short, for slow builds: small traces and few damaged files
"""
import gzip
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

REHEAP = sys.argv[1]
ROOT = pathlib.Path(sys.argv[2])
SHORT = sys.argv[3:] == ["--short"]
SHARED = ROOT.parent / "shared" / "data" / "formats"

TEXT = """reheap-trace-text 1
meta {"program":"tiny","time_quantum_ns":10,"later":{"a":[1,2]}}
0 0 thread-start
10 0 malloc 0 size=100
20 0 calloc 1 size=28
20 1 thread-start parent=0
30 1 realloc 0 2 size=300
40 1 free 1 touched=7
50 0 aligned 3 size=64 align=64
60 0 free-sized 3 size=64
70 0 new 4 size=64
70 0 usable 4
80 0 failed size=99999999999
90 0 marker
90 0 free-null
640 1 thread-end
"""


def run(*arguments, status=0, stdin=None):
    done = subprocess.run([REHEAP, "trace", *map(str, arguments)], capture_output=True, text=True, input=stdin)
    if done.returncode != status:
        sys.exit(f"{arguments}: status {done.returncode}, not {status}\n{done.stdout}{done.stderr}")
    return done


def expect(condition, what):
    if not condition:
        sys.exit(f"not so: {what}")


def body(text):
    """A dump without its metadata."""
    return text.split("\n", 2)[2]


def check_basics(folder):
    trace = folder / "tiny.rht"
    (folder / "tiny.txt").write_text(TEXT)
    run("import", folder / "tiny.txt", "-o", trace)
    expect("sound: 14 events" in run("verify", trace).stdout, "verify says sound")
    dump = run("dump", trace).stdout
    expect(body(dump) == body(TEXT), "a dump is what was imported")
    expect('"later":{"a":[1,2]}' in dump, "unknown keys are carried over")
    facts = json.loads(run("info", "--json", trace).stdout)
    expect(facts["events"] == 14 and facts["peak_live_bytes"] == 364, "info counts")
    expect("program     tiny" in run("info", trace).stdout, "info names the program")
    run("import", "-", "-o", folder / "again.rht", stdin=dump)
    expect((folder / "again.rht").read_bytes() == trace.read_bytes(), "import of a dump makes the same file")
    return trace


def check_statuses(folder, trace):
    data = bytearray(trace.read_bytes())
    data[100] ^= 1
    (folder / "bad.rht").write_bytes(data)
    bad = run("verify", trace, folder / "bad.rht", status=3)
    expect("bad.rht: block 0, byte 24: the checksum does not match" in bad.stderr, "verify names the place")
    expect("sound" in bad.stdout, "verify goes on with the others")
    good, wrong = (json.loads(run("verify", "--json", path, status=status).stdout)
                   for path, status in ((trace, 0), (folder / "bad.rht", 3)))
    expect(good["sound"] and good["events"] == 14, "verify counts in JSON")
    expect(not wrong["sound"] and "does not match" in wrong["reason"], "verify says what is wrong in JSON")
    saved = run("verify", "--repair", folder / "saved.rht", folder / "bad.rht", status=3)
    expect("kept 0 events of 14" in saved.stdout, "repair keeps what is before the damage")
    run("verify", folder / "saved.rht")
    repaired = json.loads(run("verify", "--json", "--repair", folder / "saved.rht", folder / "bad.rht", status=3).stdout)
    expect((repaired["events_kept"], repaired["events_stated"], repaired["whole"]) == (0, 14, False), "repair in JSON")
    expect("kept 14 events of 14" in run("verify", "--repair", folder / "saved.rht", trace).stdout,
           "repair of a sound trace keeps all")
    expect("bad.rht" in run("info", folder / "bad.rht", status=1).stderr, "info names the file")
    (folder / "cut.rht").write_bytes(data[:-50])
    cut = run("dump", folder / "cut.rht", status=1).stderr
    expect("verify --repair OUTPUT" in cut, "a damaged file comes with what to do")
    os.mkfifo(folder / "pipe.rht")
    expect("not a regular file" in run("info", folder / "pipe.rht", status=2).stderr, "a pipe is refused, not waited for")
    expect("no regular file" in run("cut", trace, "-o", folder / "pipe.rht", status=2).stderr, "no trace goes to a pipe")
    reader = subprocess.Popen(["cat", folder / "pipe.rht"], stdout=subprocess.PIPE)
    run("export", "-f", "rep", trace, "-o", folder / "pipe.rht")
    if not (folder / "pipe.rht").is_fifo():
        reader.kill()
        sys.exit("not so: an export does not replace a pipe")
    expect(reader.communicate()[0].count(b"\n") > 4, "an export goes through a pipe")
    expect("not finished" in run("dump", folder / "cut.rht", status=1).stderr, "a cut file is named as such")
    expect("cannot open" in run("verify", folder / "none.rht", status=1).stderr, "a missing file is named")
    expect('did you mean "verify"' in run("verfy", status=2).stderr, "a slip is understood")
    run(status=2)
    run("info", "--no-such-option", trace, status=2)
    for command in ("dump", "import", "generate", "export", "cut", "sample"):
        expect("one at a time, not 2" in run(command, trace, trace, status=2).stderr, f"{command} takes one trace")
    expect("needs -o" in run("export", "-f", "rep", "--json", trace, status=2).stderr, "facts and a trace are not mixed")
    expect("in steps of 10.0 ms" in run("anonymise", trace, "-o", folder / "anonymous.rht").stdout, "what remains")
    expect("no format" in run("import", "-f", "x", trace, status=2).stderr, "an unknown format is refused")
    expect("no known format" in run("import", trace, "-o", folder / "x.rht", status=1).stderr,
           "our own traces are not foreign")
    expect("android" in run("import", "--list").stdout, "formats are listed")
    for command in ("info", "verify", "dump", "import"):
        run(command, "--help")


def check_committed(folder):
    for trace in sorted((ROOT / "traces").glob("*.rht"), key=lambda path: path.stat().st_size)[:2 if SHORT else None]:
        run("verify", trace)
        dump = subprocess.Popen([REHEAP, "trace", "dump", trace], stdout=subprocess.PIPE)
        subprocess.run([REHEAP, "trace", "import", "-", "-o", folder / "round.rht"], stdin=dump.stdout, check=True,
                       capture_output=True)
        expect(dump.wait() == 0, "dump ends well")
        expect((folder / "round.rht").read_bytes() == trace.read_bytes(), f"{trace.name}: dump and import are exact")


def check_android(folder):
    """The facts that the sample's own page states."""
    trace = folder / "systemui.rht"
    report = json.loads(run("import", "--json", SHARED / "android" / "systemui.zip", "-o", trace).stdout)
    expect(report["records"] == report["calls"] == 786454, "786,454 lines")
    expect(report["threads"] == 393, "393 threads")
    for key in ("unknown_frees", "unknown_reallocs", "moved_releases", "assumed_releases", "failed"):
        expect(report[key] == 0, f"{key} is 0")
    facts = json.loads(run("info", "--json", trace).stdout)
    expect(facts["thread_runs"] == 36725, "36,725 runs of one thread")
    expect(facts["peak_live_objects"] == 60097, "at most 60,097 live objects")
    expect(round(facts["peak_live_bytes"] / 1e6, 1) == 10.4, "10.4 MB at the peak")
    expect(facts["end_live_objects"] == 53645, "53,645 objects live at the end")
    expect(facts["events_by_kind"]["free-null"] == 15818, "15,818 frees of NULL")
    releases = sum(facts["events_by_kind"][kind] for kind in ("free", "free-sized", "realloc"))
    expect(round(100 * facts["cross_thread_releases"] / releases, 2) == 10.74, "10.74 % on another thread")


def check_samples(folder):
    """Every sample imports, and holds what its neighbour of the same run holds."""
    def imported(name):
        report = json.loads(run("import", "--json", SHARED / name, "-o", folder / "sample.rht").stdout)
        run("verify", folder / "sample.rht")
        return report

    for path in sorted(p for p in SHARED.rglob("*") if p.is_file()):
        if path.suffix in (".md",) or path.name == "NOTICE":
            continue
        report = imported(path.relative_to(SHARED))
        expect(report["calls"] > 0, f"{path.name} holds calls")
    dj, wl = imported("glibc-dj.mtrace.gz"), imported("glibc-dj.wl")
    expect(dj["calls"] == wl["calls"] == 20000 and dj["objects"] == wl["objects"], "both dj forms are of one run")
    expect(imported("wee_alloc/ls.trace")["calls"] == 82, "82 lines of wee_alloc")
    expect(imported("firefox/replay.log")["other_processes"] == 1, "one call of another process")


def packed(data):
    """The same bytes as gzip and as a zip archive of one file (zstd: the unit tests)."""
    yield gzip.compress(data)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr("member", data)
    yield archive.getvalue()


def content(path):
    return run("verify", path).stdout.split("content")[1]


def check_packed_and_hostile(folder, samples):
    """Every sample: the same trace when packed; cut short, or with garbage in it, refused with a sentence or repaired
    with a count, and what is made of it verifies."""
    made, foreign = folder / "hostile.rht", folder / "hostile"

    def attempt(data, arguments=()):
        made.unlink(missing_ok=True)
        foreign.write_bytes(data)
        done = subprocess.run([REHEAP, "trace", "import", "--json", *arguments, foreign, "-o", made],
                              capture_output=True, text=True, errors="replace")
        expect(done.returncode in (0, 1), f"status {done.returncode}: {done.stderr}")
        expect(made.exists() == (done.returncode == 0), "a trace is made, or none")
        expect(done.returncode == 0 or done.stderr.count("\n") == 1, f"one sentence: {done.stderr}")
        if done.returncode == 0:
            run("verify", made)
        return json.loads(done.stdout) if done.returncode == 0 else None

    for path in samples:
        data = path.read_bytes()
        half = len(data) // 2
        report = attempt(data)
        named = ("-f", report["format"])
        if SHORT:
            attempt(data[:half] + bytes(range(256)) + data[half:], named)
            continue
        wanted = content(made)
        if data[:2] not in (b"\x1f\x8b", b"PK"):
            for pack in packed(data):
                expect(attempt(pack)["calls"] == report["calls"] and content(made) == wanted, f"{path.name}, packed")
        short = attempt(data[:half - 1], named)
        expect(short is None or short["calls"] < report["calls"], f"{path.name}, cut short")
        attempt(data[:half] + bytes(range(256)) + data[half:], named)
        attempt(b"\xff" * 4096 + data, named)
        for count in (b"100000000", b"99999999999999999999"):
            attempt(count + b" " + data, named)


def check_generate(folder):
    """A description and a seed name one trace, to the byte; another seed another."""
    ready = [line.split()[0] for line in run("generate", "--list").stdout.splitlines()]
    expect(len(ready) == len(list((ROOT / "configs" / "synthetic").glob("*.yaml"))), "every ready description is listed")
    for name in ready[:2] if SHORT else ready:
        # The length of this one follows from its rounds.
        events = () if name == "fragmentation-robson" else ("--events", "30000")
        for trace, seed in (("one", 7), ("two", 7), ("three", 8)):
            run("generate", name, "--seed", seed, *events, "-o", folder / f"{trace}.rht")
        expect((folder / "one.rht").read_bytes() == (folder / "two.rht").read_bytes(), f"{name}: one seed, one trace")
        expect(content(folder / "one.rht") != content(folder / "three.rht"), f"{name}: another seed, another trace")
        facts = json.loads(run("info", "--json", folder / "one.rht").stdout)
        expect(facts["meta"]["source"] == f"synthetic:{name}", f"{name} says that it is synthetic")


def check_addresses(folder):
    """A live address that is handed out again and again."""
    foreign, made = folder / "twice.txt", folder / "twice.rht"
    foreign.write_text("1: malloc 0x1000 10\n" * 100000 + "2: malloc 0x1000 10\n1: free 0x1000\n")
    report = json.loads(run("import", "--json", foreign, "-o", made).stdout)
    expect(report["assumed_releases"] == 99999 and report["moved_releases"] == 1, "each reuse is counted")
    run("verify", made)


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    check_statuses(folder, check_basics(folder))
    check_committed(folder)
    check_addresses(folder)
    check_generate(folder)
    own = sorted(p for p in (ROOT / "tests" / "data" / "formats").iterdir() if p.suffix != ".md")
    check_packed_and_hostile(folder, own)
    if SHORT:
        pass
    elif SHARED.is_dir():
        check_android(folder)
        check_samples(folder)
        check_packed_and_hostile(folder, [p for p in sorted(SHARED.rglob("*")) if p.is_file() and
                                          p.suffix != ".md" and p.name not in ("NOTICE", "systemui.zip") and
                                          p.name not in {o.name for o in own}])
    else:
        print(f"{SHARED} is not there: the samples of other tools were not imported")
