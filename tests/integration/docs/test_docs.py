#!/usr/bin/env python3
"""Runs the commands of a page of docs/ as they stand, in an empty folder, in order.

Usage: test_docs.py REHEAP SOURCE_ROOT PAGE...
       test_docs.py REHEAP SOURCE_ROOT --links      every file that a page of docs/ links to is there

A block that begins with three backticks and "sh" is run. Before it may stand a comment: "<!-- not run: REASON -->", or
"<!-- setup", lines of shell, "-->": what a reader has already. The program is called through a stand-in that plays one
round, whatever a page asks for, and checks an allocator with fewer calls: what is tested is that the commands are right, not how fast an allocator is.
"""
import os
import pathlib
import re
import stat
import subprocess
import sys
import tempfile

REHEAP = os.path.abspath(sys.argv[1])
ROOT = pathlib.Path(sys.argv[2]).resolve()
PIECE = re.compile(r"<!-- (not run): ([^\n]*?) -->\n|<!-- (setup)\n(.*?)^-->$|^```sh\n(.*?)^```$", re.M | re.S)

STAND_IN = """#!/usr/bin/env python3
import os, sys
arguments = sys.argv[1:]
end = arguments.index("--") if "--" in arguments else len(arguments)
if arguments[:1] in (["bench"], ["run"]) and "--help" not in arguments:
    own, rest = arguments[1:end], arguments[end:]
    for name in ("--rounds", "-r"):
        if name in own:
            del own[own.index(name):own.index(name) + 2]
    arguments = [arguments[0], "--rounds", "1", *own, *rest]
if arguments[:2] == ["allocators", "check"] and "--ops" not in arguments:
    arguments += ["--ops", "10000"]
os.execv(PROGRAM, [PROGRAM, *arguments])
"""


def script_of(page):
    """(shell script, number of blocks in it, reasons of blocks that are not run)."""
    lines, count, reasons, passed_over = ["set -eu -o pipefail"], 0, [], False
    for match in PIECE.finditer(page.read_text()):
        if match.group(1):
            reasons.append(match.group(2))
            passed_over = True
        elif match.group(3):
            lines.append(match.group(4))
        elif passed_over:
            passed_over = False
        else:
            count += 1
            lines.append(f"echo '== block {count}' >&2\n{match.group(5)}")
    return "\n".join(lines), count, reasons


def run(page):
    script, count, reasons = script_of(page)
    if count == 0:
        return f"{page}: no block of commands: this page is not worth a test, or its blocks are not marked sh"
    with tempfile.TemporaryDirectory() as folder:
        programs = pathlib.Path(folder) / "programs"
        work = pathlib.Path(folder) / "work"
        programs.mkdir()
        work.mkdir()
        stand_in = programs / "reheap"
        stand_in.write_text(STAND_IN.replace("PROGRAM", repr(REHEAP)))
        stand_in.chmod(stand_in.stat().st_mode | stat.S_IXUSR)
        environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "SOURCE": str(ROOT), "XDG_CACHE_HOME": folder}
        done = subprocess.run(["bash", "-c", script], cwd=work, env=environment, capture_output=True, text=True, timeout=150,
                              stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        return f"{page}: status {done.returncode}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
    print(f"{page.relative_to(ROOT)}: {count} blocks run" + "".join(f"; not run: {reason}" for reason in reasons))
    return None


def broken_links():
    """A line for each link or picture of a page that leads to no file."""
    for page in sorted((ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", re.sub(r"`[^`]*`", "", page.read_text())):
            if "://" not in target and not (page.parent / target).exists():
                yield f"{page.relative_to(ROOT)}: {target} is not there"


def main():
    if sys.argv[3:] == ["--links"]:
        broken = list(broken_links())
        print("\n".join(broken))
        sys.exit(1 if broken else 0)
    failures = [failure for failure in (run(ROOT / name) for name in sys.argv[3:]) if failure]
    for failure in failures:
        print(failure)
    sys.exit(1 if failures or len(sys.argv) < 4 else 0)


if __name__ == "__main__":
    main()
