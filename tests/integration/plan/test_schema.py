#!/usr/bin/env python3
"""The schema of plans knows the keys that the parser knows, and the two agree about good and bad plans.

Usage: test_schema.py PLAN_CHECK SOURCE_ROOT
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import jsonschema
import yaml

PLAN_CHECK = os.path.abspath(sys.argv[1])
ROOT = pathlib.Path(sys.argv[2]).resolve()
SCHEMA = json.loads((ROOT / "docs" / "plan.schema.json").read_text())
TRACE = str(ROOT / "traces" / "git-log.rht")
FRAME = f"traces: [{TRACE}]\nallocators: [glibc, sbrk]\n"

GOOD = ["", "title: 5\n", "baseline: sbrk\n", "rounds: quick\n", "rounds: 7\n", "passes: [memory]\n", "rounds: 9\nmemory_rounds: 2\n",
        "touch: all\n", "idle: long\n", "passes: []\n", "passes: [syscalls, latency]\n", "order: one-thread\n", "seed: 18446744073709551615\n", "cpus: 0-1,3\n", "cpus: 0\n", "time_limit: 90s\n",
        "time_limit: 1.5\n", "time_limit: 2 min\n", "budget: 10min\n", "budget: 90\n", "budget: 1.5 h\nmemory_rounds: 4\n"]
BAD = ["titel: x\n", "title: [x]\n", "rounds: 0\n", "rounds: 1001\n", "rounds: quickly\n", "rounds: 1.5\n", "passes: memory\n", "passes: [check]\n", "passes: [memory, memory]\n", "memory_rounds: default\n", "touch: pages\n",
       "touch: {}\n", "idle: medium\n", "seed: -1\n", "seed: x\n", "cpus: 0-\n", "cpus: all\n", "time_limit: soon\n",
       "time_limit: -5\n", "budget: soon\n", "budget: 0.5\n", "budget: 10min\nrounds: 5\n"]
BAD_WHOLE = ["[]\n", f"traces: [{TRACE}]\n", "allocators: [glibc]\n", f"traces: []\nallocators: [glibc]\n",
             f"traces: [{TRACE}]\nallocators: []\n"]
GOOD_ALLOCATORS = ["glibc", "{name: jemalloc, label: je}", "{preload: ./libmine.so}", "preload:./libmine.so", "plugin:./mine.so",
                   "{name: jemalloc, environment: {MALLOC_CONF: [a, b]}}", "{name: sbrk, options: {check: 1}}"]
BAD_ALLOCATORS = ["5x?", "null_", "{label: x}", "{name: glibc, preload: x.so}", "{name: glibc, colour: red}", "bump", "preload:",
                  "{name: glibc, options: [a]}", "{name: glibc, options: {a: []}}", "{name: glibc, environment: {a=b: 1}}"]
GOOD_TRACES = [TRACE, f"{{path: {TRACE}, name: log}}", "{recipe: large}", "{recipe: large, name: log}"]
BAD_TRACES = ["{recipe: a/b}", f"{{path: {TRACE}, recipe: large}}", f"{{name: log}}", f"{{path: {TRACE}, nam: log}}", "[x]"]


def plans():
    """(text, is it good?) of every plan that is tried."""
    yield from ((FRAME + text, True) for text in GOOD)
    yield from ((FRAME + text, False) for text in BAD)
    yield from ((text, False) for text in BAD_WHOLE)
    for entries, good in ((GOOD_ALLOCATORS, True), (BAD_ALLOCATORS, False)):
        yield from ((f"traces: [{TRACE}]\nallocators:\n  - {entry}\n", good) for entry in entries)
    for entries, good in ((GOOD_TRACES, True), (BAD_TRACES, False)):
        yield from ((f"traces:\n  - {entry}\nallocators: [glibc]\n", good) for entry in entries)


def parser_keys(table):
    """The keys of a table of the parser: {"name", read_name}, up to {NULL, NULL}."""
    text = (ROOT / "harness" / "plan" / "load.c").read_text()
    block = re.search(table + r".*?\{NULL, NULL\}", text, re.S).group(0)
    return set(re.findall(r'\{"(\w+)", read_\w+\}', block))


class Schema(unittest.TestCase):
    validator = jsonschema.Draft7Validator(SCHEMA)

    def agrees(self, text):
        return self.validator.is_valid(yaml.safe_load(text))

    def test_is_a_schema(self):
        jsonschema.Draft7Validator.check_schema(SCHEMA)

    def test_keys(self):
        definitions = SCHEMA["definitions"]
        definitions = SCHEMA["definitions"]
        text = (ROOT / "harness/plan/programs.c").read_text()
        known = set(re.findall(r'\{"(\w+)", read_\w+\}', text))
        self.assertEqual(known, set(definitions["program"]["anyOf"][1]["properties"]), "harness/plan/programs.c and the schema")
        for table, properties in ((r"rh_yaml_key plan_keys\[\]", SCHEMA["properties"]),
                                  (r"int read_trace\(.*?keys\[\]", definitions["trace"]["anyOf"][1]["properties"] |
                                   definitions["trace"]["anyOf"][2]["properties"]),
                                  (r"int read_entry\(.*?keys\[\]", definitions["allocator"]["anyOf"][1]["properties"])):
            known = parser_keys(table)
            self.assertGreater(len(known), 1, f"{table} was not found in harness/plan/load.c")
            self.assertEqual(known, set(properties), "harness/plan/load.c and docs/plan.schema.json know different keys")

    def test_names(self):
        """The allocators that the schema and the completions name are those that a plan may name."""
        done = subprocess.run([PLAN_CHECK], capture_output=True, text=True, check=True)
        known = set(done.stdout.split())
        self.assertIn("glibc", known)
        self.assertEqual(set(SCHEMA["definitions"]["name"]["enum"]), known, "docs/plan.schema.json, definitions, name")
        line = re.search(r'^ALLOCATORS = "(.*) preload: plugin:"', (ROOT / "completions" / "generate.py").read_text(), re.M).group(1)
        self.assertEqual(set(line.split()), known, "completions/generate.py, ALLOCATORS")

    def test_configs(self):
        configs = sorted((ROOT / "configs").glob("*.yaml"))
        self.assertGreater(len(configs), 3)
        for config in configs:
            text = config.read_text()
            with self.subTest(config.name):
                self.assertEqual(text.split("\n")[0], "# yaml-language-server: $schema=../docs/plan.schema.json")
                self.validator.validate(yaml.safe_load(text))

    def test_agrees_with_the_parser(self):
        tried = list(plans())
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, f"{i:03}.yaml") for i in range(len(tried))]
            for path, (text, _) in zip(paths, tried):
                pathlib.Path(path).write_text(text)
            recorded = pathlib.Path(folder) / "reheap" / "traces"
            recorded.mkdir(parents=True)
            (recorded / "large.rht").symlink_to(TRACE)
            done = subprocess.run([PLAN_CHECK, *paths], capture_output=True, text=True, check=True,
                                  env={**os.environ, "XDG_CACHE_HOME": folder})
        answers = done.stdout.splitlines()
        self.assertEqual(len(answers), len(tried))
        for (text, good), answer in zip(tried, answers):
            with self.subTest(text):
                self.assertEqual(answer.endswith(": well"), good, f"the parser: {answer}")
                self.assertEqual(self.agrees(text), good, "the schema")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
