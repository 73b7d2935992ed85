"""Adds made-up runs of real programs to a made-up result. Nothing in them was measured."""
import json
import pathlib
import random

TEXTS = ("directory", "input", "prepare", "cleanup", "check", "file", "hash")


def facts(name, trace):
    return {"name": name, "words": [name, "--all"], "floor_words": [name], "environment": None, **dict.fromkeys(TEXTS), "status": 0, "trace": trace}


def line(draw, place, run, scale, failed):
    wall, peak = round(4e8 * scale * draw.uniform(0.97, 1.05)), round(3e7 * scale * draw.uniform(0.99, 1.01))
    if run == "floor":
        wall, peak = wall // 20, 9_000_000
    marks = sorted(draw.sample(range(1, wall), 0 if failed else 30))
    return {**place, "run": run, "started_ns": 1000 * place["index"], "environment_padding_bytes": draw.randrange(4096),
            "end": "crashed" if failed else "measured", "signal": 11 if failed else 0, "status": 0, "reason": "it crashed" if failed else "",
            "object": "/lib/x.so", "wall_ns": wall, "user_ns": wall * 3 // 4, "system_ns": wall // 8, "peak_bytes": peak, "minor_faults": 10,
            "major_faults": 0, "voluntary_switches": 1, "involuntary_switches": 2, "output_bytes": 0, "output_hash": "0" * 16,
            "mark_ns": marks, "mark_bytes": [round(peak * (0.2 + 0.8 * i / 30)) for i in range(len(marks))]}


def add(directory, seed=1):
    """One program whose trace was replayed, with a floor; one without either; the last allocator crashes in some rounds."""
    directory, draw = pathlib.Path(directory), random.Random(seed)
    manifest = json.loads((directory / "manifest.json").read_text())
    manifest["programs"] = [facts("brew", 0), facts("roast", None)]
    (directory / "manifest.json").write_text(json.dumps(manifest))
    count = (directory / "samples.jsonl").read_text().count("\n")
    ranked = [a for a, one in enumerate(manifest["allocators"]) if not one["floor"]]
    lines = []
    for number in range(manifest["rounds"] + 1):
        for program in range(2):
            columns = [(a, 0) for a in ranked] + [(manifest["baseline"], 1)]
            for allocator, copy in draw.sample(columns, len(columns)):
                for run in ("program", "floor")[:2 - program if copy == 0 else 1]:
                    place = {"index": count + len(lines), "round": number, "program": program, "allocator": allocator, "copy": copy}
                    failed = run == "program" and allocator == ranked[-1] and number % 4 == 1
                    lines.append(line(draw, place, run, 1 + 0.1 * allocator, failed))
    (directory / "programs.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
