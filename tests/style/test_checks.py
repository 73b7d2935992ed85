"""A check that cannot fail is no check: each is shown a breach."""
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(sys.argv[1])


def layers_of(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return subprocess.run([sys.executable, ROOT / "scripts/ci/check-layers", folder],
                              capture_output=True, text=True)


def style_of(text):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "harness/base/x.c")
        path.parent.mkdir(parents=True)
        path.write_text(text)
        pathlib.Path(folder, "meson.build").write_text("files('x.c')\n")
        (pathlib.Path(folder, ".clang-format")).write_text((ROOT / ".clang-format").read_text())
        subprocess.run(["git", "init", "-q", folder], check=True)
        return subprocess.run([sys.executable, ROOT / "scripts/ci/check-style", folder],
                              capture_output=True, text=True)


def expect(run, status, word):
    if run.returncode != status or word not in run.stdout:
        sys.exit(f"wanted status {status} and {word!r}, got {run.returncode}:\n{run.stdout}{run.stderr}")


GOOD = "int rh_x(void);\n\nint rh_x(void) {\n    return 0;\n}\n"

expect(layers_of({"harness/base/a.c": '#include "base/error.h"\n'}), 0, "")
expect(layers_of({"harness/base/a.c": '#include "trace/event.h"\n'}), 1, "base (L0) may not include trace (L1)")
expect(layers_of({"harness/plan/a.c": '#include "stats/stats.h"\n'}), 1, "may not include stats")
expect(layers_of({"harness/replay/a.c": '#include "result/sample.h"\n'}), 0, "")
expect(layers_of({"harness/measure/a.c": '#include "result/sample.h"\n'}), 0, "")
expect(layers_of({"harness/measure/a.c": '#include "result/result.h"\n'}), 1, "may not include result")
expect(layers_of({"allocator/a.c": '#include "base/error.h"\n'}), 1, "includes nothing of harness/")
expect(layers_of({"harness/replay/a.c": '#include "allocator/library.h"\n'}), 1, "the harness sees only")
expect(layers_of({"harness/attic/a.c": "\n"}), 1, "has no layer")
expect(layers_of({}), 1, "")

expect(style_of(GOOD), 0, "")
expect(style_of(GOOD.replace("return 0", "return  0")), 1, "clang-format")
expect(style_of(GOOD.replace("return 0", 'return atoi("1")')), 1, "atoi is banned")
expect(style_of(GOOD.replace("return 0", "return malloc(1) == NULL")), 1, "base/memory.h")
expect(style_of(GOOD.replace("return 0;\n", "return 0;\n" + "    (void)0;\n" * 70)), 1, "a function of 73 lines")
expect(style_of(GOOD + "/* " + "x" * 100 + " */\n"), 1, "columns")
expect(style_of(GOOD.rstrip("\n")), 1, "no newline")
expect(style_of("/* malloc(1) atoi(2) in prose is well */\n" + GOOD), 0, "")
