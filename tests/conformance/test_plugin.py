#!/usr/bin/env python3
"""Plugins from outside the tree: the documentation's skeleton works, wrong ones are refused by name.

Usage: test_plugin.py BUILD_DIRECTORY CONFORMANCE SOURCE_DIRECTORY
"""
import os
import pathlib
import subprocess
import sys
import tempfile

BUILD, CONFORMANCE, SOURCE = (pathlib.Path(path).resolve() for path in sys.argv[1:4])

START = """
#include <reheap/allocator.h>
static int create(const struct rh_allocator_config *c, void **r, char *t, size_t n) {
    (void)c; (void)t; (void)n; *r = (void *)1; return 0; }
static void destroy(void *x) { (void)x; }
static void *alloc(void *x, size_t l, size_t a) { (void)x; (void)l; (void)a; return (void *)0; }
static void release(void *x, void *p, size_t l, size_t a) { (void)x; (void)p; (void)l; (void)a; }
"""
WHOLE = (".name = \"small\", .summary = \"s\", .abi_version = RH_ALLOCATOR_ABI, .create = create, .destroy = destroy, "
         ".alloc = alloc, .free = release")
OPS = "const struct rh_allocator_ops reheap_allocator = { %s };\n"
USE = "void *use[] = {(void *)create, (void *)destroy, (void *)alloc, (void *)release};\n"

# What is wrong, and what the sentence must name.
REFUSED = {
    "no descriptor": (USE, ["reheap_allocator"]),
    "another version": (OPS % WHOLE.replace("RH_ALLOCATOR_ABI", "RH_ALLOCATOR_ABI + 1"), ["abi_version is 2"]),
    "no alloc": (OPS % WHOLE.replace(".alloc = alloc, ", "") + USE, ['"alloc"']),
    "no free": (OPS % WHOLE.replace(", .free = release", "") + USE, ['"free"']),
    "no create": (OPS % WHOLE.replace(".create = create, ", "") + USE, ['"create"']),
    "a wrong name": (OPS % WHOLE.replace("small", "Small One"), ["Small One"]),
    "an undefined symbol": ("void nowhere_at_all(void *, void *, size_t, size_t);\n"
                            + OPS % WHOLE.replace("= release", "= nowhere_at_all") + USE, ["nowhere_at_all"]),
}


def compile_plugin(source, target, flags, compiler="cc"):
    subprocess.run([compiler, "-O2", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror", *flags, str(source), "-o",
                    str(target), "-pthread"], check=True)


def install(place):
    """The header and the .pc file, as "meson install" puts them; the flags that pkg-config gives."""
    subprocess.run(["meson", "install", "-C", str(BUILD), "--no-rebuild", "--tags", "devel", "--destdir", str(place)],
                   check=True, stdout=subprocess.DEVNULL)
    found = list(place.rglob("reheap.pc"))
    assert len(found) == 1, found
    variables = dict(os.environ, PKG_CONFIG_LIBDIR=str(found[0].parent), PKG_CONFIG_SYSROOT_DIR=str(place))
    flags = subprocess.run(["pkg-config", "--cflags", "reheap"], env=variables, check=True, capture_output=True, text=True)
    return flags.stdout.split()


def check_skeleton(place, flags):
    target = place / "skeleton.so"
    compile_plugin(SOURCE / "docs/examples/skeleton.c", target, ["-std=gnu11", *flags])
    # A bare name is a file of the working directory, as in the documentation.
    run = subprocess.run([str(CONFORMANCE), "plugin:skeleton.so", "5000"], cwd=place, capture_output=True, text=True,
                         check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"all functions lie in {target}" in run.stdout, run.stdout


def check_refusals(place, flags):
    for number, (what, (text, parts)) in enumerate(REFUSED.items()):
        source, target = place / f"p{number}.c", place / f"p{number}.so"
        source.write_text(START + text)
        compile_plugin(source, target, ["-std=gnu11", "-Wno-undef", *flags])
        refuse(f"plugin:{target}", what, parts + [target.name])
    short = place / "short.so"
    (place / "short.c").write_text('const char reheap_allocator[8] = "short";\n')
    compile_plugin(place / "short.c", short, [])
    refuse(f"plugin:{short}", "too short", ["struct rh_allocator_ops"])
    (place / "text.so").write_text("not a shared object\n" * 10)
    refuse(f"plugin:{place}/text.so", "a text file", ["text.so"])
    refuse("plugin:/nowhere/at/all.so", "no file", ["/nowhere/at/all.so"])
    refuse("plugin:", "no path", ["plugin"])


def refuse(name, what, parts):
    run = subprocess.run([str(CONFORMANCE), name, "1000"], capture_output=True, text=True, check=False)
    assert run.returncode == 2, f"{what}: exit status {run.returncode}\n{run.stdout}{run.stderr}"
    for part in parts:
        assert part in run.stderr, f"{what}: \"{part}\" is not in: {run.stderr}"


def main():
    with tempfile.TemporaryDirectory(prefix="reheap-plugin-") as directory:
        place = pathlib.Path(directory).resolve()
        flags = install(place / "installed")
        check_skeleton(place, flags)
        check_refusals(place, flags)
        (place / "p.cc").write_text("#include <reheap/allocator.h>\nint main() { return RH_ALLOCATOR_ABI - 1; }\n")
        subprocess.run(["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *flags, str(place / "p.cc")],
                       check=True)


if __name__ == "__main__":
    main()
