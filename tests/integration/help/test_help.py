#!/usr/bin/env python3
"""Every command and every option is in the help, on its man page and in the completions, and nothing else is.

Usage: test_help.py REHEAP SOURCE_ROOT pages
       test_help.py REHEAP SOURCE_ROOT bash|zsh|fish COMPLETION      (status 77 without that shell)

A breach is one line that names the command, the option, and the place where it belongs.
"""
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

REHEAP = os.path.abspath(sys.argv[1])
ROOT = pathlib.Path(sys.argv[2])
OPTION_LINE = re.compile(r"^ {2,6}((?:-\S, )?--[a-z].*?)(?: {2,}|$)")
COMMAND_LINE = re.compile(r"^  ([a-z-]+) +\S")
COMMON = {"-?", "--help", "--usage"}


def load_generator():
    path = ROOT / "completions" / "generate.py"
    spec = importlib.util.spec_from_file_location("generate", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["generate"] = module
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
    return module


def run(*arguments):
    return subprocess.run([REHEAP, *arguments], capture_output=True, text=True, env={**os.environ, "ARGP_HELP_FMT": "rmargin=200"})


def help_of(words):
    done = run("help", *words)
    if done.returncode != 0:
        sys.exit(f"reheap help {' '.join(words)}: status {done.returncode}\n{done.stderr}")
    return done.stdout


def read_options(text):
    """{option: what its value is called, or ""} of a help text. argp prints "-a, --allocators=A,B,...   text"."""
    options = {}
    for line in text.split("\n"):
        match = OPTION_LINE.match(line)
        if match is None:
            continue
        names = re.findall(r"(?:^|, )(--?[A-Za-z?][a-z-]*)(?:=(\S+?))?(?=, -|$)", match.group(1))
        value = next((value for _, value in names if value), "")
        options.update({name: value for name, _ in names})
    return options


def read_commands(text):
    block = text.partition("\nCommands:\n")[2].partition("\n\n")[0]
    return [match.group(1) for match in map(COMMAND_LINE.match, block.split("\n")) if match]


def collect(words=()):
    """{words: (options, commands, help text)} of a command and all below it, as the program tells them."""
    text = help_of(words)
    commands = read_commands(text)
    found = {words: (read_options(text), commands, text)}
    for command in commands:
        if (*words, command) != ("help",):
            found.update(collect((*words, command)))
    return found


def page_name(words):
    return "docs/man/" + "-".join(("reheap", *words)) + ".1.scd"


def compare(what, place, has, needs, found):
    for name in needs:
        if name not in has:
            found.append(f"{what} has {name}, {place} does not: add it there")


def check_page(words, told, page, found):
    what, place = " ".join(("reheap", *words)), page_name(words)
    options, commands, text = told
    options = {name: value for name, value in options.items() if name not in COMMON}
    if page is None:
        found.append(f"{what} has no man page: write {place}, and list it in docs/man/meson.build")
        return
    own = {name: option.value for option in page.options for name in option.names}
    if not commands:  # what finds commands prints no list of options
        compare(what, f"{place}, OPTIONS,", own, options, found)
        compare(place, f"the help of {what}", options, own, found)
    for name, value in options.items():
        if name in own and own[name] != value:
            found.append(f"{what}: the value of {name} is {value or 'none'} in the help and {own[name] or 'none'} in {place}")
    listed = [name for name, _ in page.commands]
    compare(what, f"{place}, COMMANDS,", listed, commands, found)
    compare(place, f"the help of {what}", commands, listed, found)
    check_examples(what, text, "the help", found)
    check_examples(what, page.path.read_text().partition("# EXAMPLES")[2], place, found)


def check_examples(what, text, place, found):
    """There are examples, and they name options that exist."""
    examples = re.findall(r"^ *(reheap .*)$", text.partition("Examples:")[2] if place == "the help" else text, re.M)
    if not examples:
        found.append(f"{what} has no examples in {place}: add some behind \"Examples:\"" if place == "the help"
                     else f"{place} has no EXAMPLES: add some")
    for example in examples:
        words = example.split(" -- ")[0].split(" | ")[0].split()
        known = EVERYTHING
        path = tuple(word for word in words[1:3] if tuple(words[1:words.index(word) + 1]) in known)
        if words[1] != "help" and path not in known:
            found.append(f"{place}: \"{example}\" names no command")
            continue
        for word in words[1:]:
            option = word.split("=")[0]
            if option.startswith("-") and option != "-" and option not in known[path][0]:
                found.append(f"{place}: \"{example}\": {' '.join(('reheap', *path))} has no {option}")


def check_pages(generate):
    found = []
    pages = {tuple(page.words): page for page in generate.read_pages(ROOT / "docs" / "man")}
    for words, told in EVERYTHING.items():
        check_page(words, told, pages.get(words), found)
    for words, page in pages.items():
        if words not in EVERYTHING:
            found.append(f"{page_name(words)}: the program has no command {' '.join(words)}")
    return found


# ---- completions: what a shell offers where something is typed ----

BASH = r"""
source "$1"
shift
for line in "$@"; do
    read -ra COMP_WORDS <<< "$line"
    [[ $line == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _reheap 2>/dev/null
    printf '%s' "$line"
    printf '\t%s' "${COMPREPLY[@]}"
    printf '\n'
done
"""

FISH = r"""
source $argv[1]
for line in $argv[2..-1]
    printf '%s' $line
    for offer in (complete -C $line)
        printf '\t%s' (string split -f1 \t -- $offer)
    end
    printf '\n'
end
"""

# zsh completes only in its line editor; there, _arguments and _describe get what is offered. Here they print it.
ZSH = r"""
_arguments() {
    local spec
    for spec in "$@"; do
        [[ $spec == *\[* ]] || continue
        spec=${spec#\(*\)}
        printf '\t%s' "${${spec%%\[*}%[=+]}"
    done
}
_describe() {
    local entry
    for entry in "${(@P)${@[-1]}}"; do printf '\t%s' "${entry%%:*}"; done
}
_normal() { printf '\tNORMAL' }
completion=$1
shift
for line in "$@"; do
    words=(${(z)line})
    [[ $line == *' ' ]] && words+=('')
    CURRENT=$#words
    printf '%s' "$line"
    source $completion
    printf '\n'
done
"""


def offers(shell, completion, lines):
    """{line: what the shell offers behind it}."""
    script = {"bash": BASH, "zsh": ZSH, "fish": FISH}[shell]
    with tempfile.TemporaryDirectory() as home:
        path = pathlib.Path(home) / "script"
        path.write_text(script)
        clean = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
        done = subprocess.run([shell, *clean, str(path), completion, *lines], capture_output=True, text=True, timeout=60,
                              env={"HOME": home, "PATH": f"{os.path.dirname(REHEAP)}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"})
    if done.returncode != 0 or done.stderr:
        sys.exit(f"{shell}: status {done.returncode}: {done.stderr}")
    return {line.split("\t")[0]: set(line.split("\t")[1:]) for line in done.stdout.splitlines()}


def offered_options(shell, completion):
    """{words: every option that the shell offers for a command}. fish offers "-" and "--" separately."""
    lines = {words: " ".join(("reheap", *words)) for words in EVERYTHING}
    asked = [f"{line} {dash}" for line in lines.values() for dash in ("-", "--")]
    answer = offers(shell, completion, asked)
    return {words: {offer for dash in ("-", "--") for offer in answer[f"{line} {dash}"] if offer.startswith("-")}
            for words, line in lines.items()}


def check_completion(shell, completion):
    found = []
    offered = offered_options(shell, completion)
    for words, (options, commands, _) in EVERYTHING.items():
        what = " ".join(("reheap", *words))
        needs = {name for name in options if name not in COMMON}
        if not commands:
            compare(what, f"what {shell} offers (made from {page_name(words)})", offered[words], needs, found)
            compare(f"what {shell} offers behind {what}", "the program", needs, offered[words] - COMMON, found)
        if "--help" not in offered[words]:
            found.append(f"{shell} does not offer {what} --help")
    groups = {" ".join(("reheap", *words)) + " ": set(told[1]) for words, told in EVERYTHING.items() if told[1]}
    for line, answer in offers(shell, completion, list(groups)).items():
        if answer != groups[line]:
            found.append(f"behind \"{line}\" {shell} offers {sorted(answer)}, and the commands are {sorted(groups[line])}")
    return found + check_values(shell, completion)


def check_values(shell, completion):
    """A few values, and what stands behind "--"."""
    if shell == "zsh":
        answer = offers(shell, completion, ["reheap bench -- ec"])
        return [] if answer["reheap bench -- ec"] == {"NORMAL"} else ["zsh: behind -- the other command's completion is not asked"]
    wanted = {"reheap report --format ": {"term", "html", "md", "csv", "json"}, "reheap bench -a glibc,je": {"glibc,jemalloc"},
              "reheap help trace in": {"info"}, "reheap trace import -f hea": {"heaptrack"}}
    answer = offers(shell, completion, list(wanted))
    return [f"behind \"{line}\" {shell} offers {sorted(answer[line])}, not {sorted(offer)}" for line, offer in wanted.items()
            if answer[line] != offer]


EVERYTHING = collect()


def main():
    mode = sys.argv[3]
    if mode != "pages" and shutil.which(mode) is None:
        print(f"skipped: {mode} is not installed (Debian: {mode})")
        sys.exit(77)
    if len(EVERYTHING) < 8 or not EVERYTHING[("bench",)][0]:
        sys.exit("the help could not be read: its form has changed, and this test no longer understands it")
    found = check_pages(load_generator()) if mode == "pages" else check_completion(mode, sys.argv[4])
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
