#!/usr/bin/env python3
"""Writes the completion of one shell from the man pages of the commands, so that an option is described in one place.

Usage: generate.py bash|zsh|fish MAN_DIRECTORY > FILE

A page docs/man/reheap-COMMAND.1.scd says what completes in comments, which scdoc passes over:
  "; commands" before the list of its subcommands, "; completes: KIND" before an option that takes a value,
  "; argument completes: KIND" and "; behind -- completes: KIND".
KIND is: nothing, directory, command, allocator, allocators (a comma between them), formats (of trace import),
synthetic (ready descriptions), file [GLOB], or words WORD...
"""
import dataclasses
import pathlib
import re
import sys

HELP = {"--help": "What it does, its options, and examples", "--usage": "The options in short"}
ALLOCATORS = "glibc sbrk sbrk-zig jemalloc mimalloc tcmalloc tbbmalloc scudo musl preload: plugin:"
KINDS = {"nothing", "directory", "command", "allocator", "allocators", "formats", "synthetic", "file", "words"}


@dataclasses.dataclass
class Option:
    names: list      # "-o", "--output"
    value: str       # what the page calls it; "": the option takes none
    text: str        # first sentence
    kind: str


@dataclasses.dataclass
class Page:
    path: pathlib.Path
    words: list      # ["trace", "info"]; []: reheap itself
    summary: str
    options: list
    commands: list   # (name, text)
    argument: str
    behind: str      # behind "--"

    @property
    def name(self):
        return " ".join(self.words)


def plain(text):
    """Text of a page without markup."""
    return re.sub(r"\\(.)", r"\1", re.sub(r"(?<![\\\w])[*_]|[*_](?![\w])", "", text))


def first_sentence(text):
    return re.split(r"[.;](?:\s|$)", re.sub(r": reheap-\S+\(1\)\.$", "", plain(text)))[0].strip()


def kind_of(path, text):
    if text.split()[0] not in KINDS:
        raise SystemExit(f"{path}: nothing completes \"{text}\": use one of {', '.join(sorted(KINDS))}")
    return "file *" if text == "file" else text


def read_option(path, line, text, kind):
    names = re.findall(r"\*(-[^*]+)\*", line)
    value = re.sub(r"^.*\*", "", line).strip().strip("_")
    if value and kind is None:
        raise SystemExit(f"{path}: {names[-1]} takes a value: say before it what completes it, as \"; completes: nothing\"")
    return Option(names, value, first_sentence(text), kind or "nothing")


def read_page(path):
    text = path.read_text(encoding="utf-8")
    stem = path.name.split(".")[0]
    page = Page(path, stem.split("-")[1:], re.search(r"^# NAME\n\n\S+ - (.*)$", text, re.M).group(1), [], [], "nothing", "")
    kind, in_commands = None, False
    lines = text.split("\n")
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if line.startswith("; completes: "):
            kind = kind_of(path, line[13:])
        elif line.startswith("; argument completes: "):
            page.argument = kind_of(path, line[22:])
        elif line.startswith("; behind -- completes: "):
            page.behind = kind_of(path, line[23:])
        elif line == "; commands":
            in_commands = True
        elif line.startswith("# "):
            in_commands = False
        elif in_commands and line.startswith("*"):
            page.commands.append((re.match(r"\*([a-z-]+)\*", line).group(1), first_sentence(following)))
        elif line.startswith("*-") and following.startswith("\t"):
            page.options.append(read_option(path, line, following.strip(), kind))
            kind = None
    return page


def read_pages(directory):
    """The pages of the commands, reheap itself first."""
    return sorted((read_page(path) for path in pathlib.Path(directory).glob("reheap*.1.scd")), key=lambda page: page.words)


def with_help(page):
    """The options of a page, and those that every command has; what only finds commands knows no --usage."""
    own = {name for option in page.options for name in option.names}
    return page.options + [Option([name], "", text, "nothing") for name, text in HELP.items()
                           if name not in own and not (page.commands and name == "--usage")]


def shell_quote(text):
    return "'" + text.replace("'", "'\\''") + "'"


# ---- bash ----

BASH = r"""# bash completion for reheap. Made from the man pages by completions/generate.py.

_reheap_commands() { # COMMAND: what can stand behind it
    case $1 in
@COMMANDS@
    esac
}

_reheap_options() {
    case $1 in
@OPTIONS@
    esac
}

_reheap_kind() { # COMMAND OPTION: what its value is; "argument", "behind" as well
    case $1:$2 in
@KINDS@
    esac
}

_reheap_fill() { # KIND TEXT
    local kind=${1%% *} rest='' head=''
    [[ $1 == *' '* ]] && rest=${1#* }
    case $kind in
        words) mapfile -t COMPREPLY < <(compgen -W "$rest" -- "$2") ;;
        allocator) mapfile -t COMPREPLY < <(compgen -W '@ALLOCATORS@' -- "$2") ;;
        allocators)
            [[ $2 == *,* ]] && head=${2%,*},
            mapfile -t COMPREPLY < <(compgen -P "$head" -W '@ALLOCATORS@' -- "${2##*,}")
            compopt -o nospace 2>/dev/null ;;
        formats) mapfile -t COMPREPLY < <(compgen -W "$(reheap trace import --list 2>/dev/null | cut -d' ' -f1)" -- "$2") ;;
        synthetic)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -W "$(reheap trace generate --list 2>/dev/null | cut -d' ' -f1)" -- "$2"
                                     compgen -f -X '!*.yaml' -- "$2"; compgen -d -- "$2") ;;
        directory)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
        file)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -X "!$rest" -- "$2"; compgen -d -- "$2") ;;
        command)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -c -- "$2") ;;
    esac
}

_reheap() {
    local line=("${COMP_WORDS[@]:0:COMP_CWORD}") current=${COMP_WORDS[COMP_CWORD]} command='' previous='' i kind
    COMPREPLY=()
    # Bash takes "--option=value" apart at "=".
    if [[ $current == '=' ]]; then
        previous=${line[-1]} current=''
    elif [[ ${#line[@]} -gt 2 && ${line[-1]} == '=' ]]; then
        previous=${line[-2]}
    else
        previous=${line[-1]}
    fi
    for ((i = 1; i < ${#line[@]}; i++)); do
        if [[ ${line[i]} == -- ]]; then
            kind=$(_reheap_kind "$command" behind)
            if ((i + 1 == COMP_CWORD)); then _reheap_fill "$kind" "$current"; else _reheap_fill 'file *' "$current"; fi
            return
        fi
        [[ ${line[i]} == -* || -z $(_reheap_commands "$command") ]] && continue
        [[ $i == 1 && ${line[i]} == help ]] && continue
        command="${command:+$command }${line[i]}"
    done
    kind=$(_reheap_kind "$command" "$previous")
    if [[ -n $kind && $previous == -* ]]; then
        _reheap_fill "$kind" "$current"
    elif [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_reheap_options "$command")" -- "$current")
    elif [[ -n $(_reheap_commands "$command") ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_reheap_commands "$command")" -- "$current")
    elif [[ ${line[1]} != help ]]; then
        _reheap_fill "$(_reheap_kind "$command" argument)" "$current"
    fi
}

complete -F _reheap reheap
"""


def bash(pages):
    commands, options, kinds = [], [], []
    for page in pages:
        name = shell_quote(page.name)
        if page.commands:
            commands.append(f"        {name}) echo {' '.join(command for command, _ in page.commands)} ;;")
        options.append(f"        {name}) echo {shell_quote(' '.join(n for option in with_help(page) for n in option.names))} ;;")
        for option in page.options:
            if option.value:
                patterns = "|".join(shell_quote(f"{page.name}:{name}") for name in option.names)
                kinds.append(f"        {patterns}) echo {shell_quote(option.kind)} ;;")
        kinds.append(f"        {shell_quote(page.name + ':argument')}) echo {shell_quote(page.argument)} ;;")
        if page.behind:
            kinds.append(f"        {shell_quote(page.name + ':behind')}) echo {shell_quote(page.behind)} ;;")
    return (BASH.replace("@COMMANDS@", "\n".join(commands)).replace("@OPTIONS@", "\n".join(options))
            .replace("@KINDS@", "\n".join(kinds)).replace("@ALLOCATORS@", ALLOCATORS))


# ---- zsh ----

ZSH = r"""#compdef reheap
# zsh completion for reheap. Made from the man pages by completions/generate.py.

_reheap_formats() {
    local -a formats
    formats=(${(f)"$(reheap trace import --list 2>/dev/null | cut -d' ' -f1)"})
    compadd -a formats
}

_reheap_synthetic() {
    local -a names
    names=(${(f)"$(reheap trace generate --list 2>/dev/null | cut -d' ' -f1)"})
    compadd -a names
    _files -g '*.yaml'
}

_reheap() {
    local command='' word i
    local -i from=1
    [[ $words[2] == help ]] && from=2
    # What stands behind "--" is another command's.
    i=${words[(i)--]}
    if (( i < CURRENT )); then
        shift $i words
        (( CURRENT -= i ))
        _normal
        return
    fi
    while true; do
        local -a commands=()
        case $command in
@COMMANDS@
        esac
        (( $#commands == 0 )) && break
        if (( CURRENT == from + 1 )) && [[ $words[CURRENT] != -* ]]; then
            _describe -t commands command commands
            return
        fi
        [[ -z $words[from+1] || $words[from+1] == -* ]] && break
        (( from++ ))
        command="${command:+$command }$words[from]"
    done
    shift $(( from - 1 )) words
    (( CURRENT -= from - 1 ))
    case $command in
@ARGUMENTS@
    esac
}

_reheap "$@"
"""


def zsh_action(kind):
    word, _, rest = kind.partition(" ")
    return {"nothing": " ", "words": f"({rest})", "allocator": f"({ALLOCATORS.replace(':', chr(92) + ':')})",
            "allocators": f"_values -s , allocator {ALLOCATORS.replace('preload: plugin:', '').strip()}",
            "formats": "_reheap_formats", "synthetic": "_reheap_synthetic", "directory": "_files -/",
            "file": "_files" if rest == "*" else f'_files -g "{rest}"', "command": "_command_names -e"}[word]


def zsh_text(text):
    return re.sub(r"([\[\]:\\])", r"\\\1", text)


def zsh_option(option):
    shown = zsh_text(option.text)
    value = f":{zsh_text(option.value)}:{zsh_action(option.kind)}" if option.value else ""
    exclude = "" if "May be repeated" in option.text else f"({' '.join(option.names)})"
    return [shell_quote(f"{exclude}{name}{('=' if name.startswith('--') else '+') if option.value else ''}[{shown}]{value}")
            for name in option.names]


def zsh(pages):
    commands, arguments = [], []
    for page in pages:
        name = shell_quote(page.name)
        if page.commands:
            described = " ".join(shell_quote(f"{command}:{zsh_text(text)}") for command, text in page.commands)
            commands.append(f"            {name}) commands=({described}) ;;")
        specs = [spec for option in with_help(page) for spec in zsh_option(option)]
        if page.argument != "nothing":
            specs.append(shell_quote(f"*:argument:{zsh_action(page.argument)}"))
        arguments.append(f"        {name})\n            _arguments -s -S \\\n                "
                         + " \\\n                ".join(specs) + " ;;")
    return ZSH.replace("@COMMANDS@", "\n".join(commands)).replace("@ARGUMENTS@", "\n".join(arguments))


# ---- fish ----

FISH = r"""# fish completion for reheap. Made from the man pages by completions/generate.py.

# Is the command line at this command, and not yet behind "--"? No argument: at none yet.
function __reheap_at
    set -l line (commandline -opc)[2..-1]
    contains -- -- $line; and return 1
    test "$line[1]" = help; and set -e line[1]
    set -l command
    for word in $line
        string match -q -- '-*' $word; and continue
        set -a command $word
        contains -- "$command" $__reheap_groups; or break
    end
    test "$command" = "$argv"
end

function __reheap_behind
    set -l line (commandline -opc)
    contains -- -- $line; or return 1
    contains -- "$line[2]" $argv
end

function __reheap_allocators
    set -l head (string replace -r '[^,]*$' '' -- (commandline -ct | string replace -r '^--[a-z-]+=' ''))
    for name in @ALLOCATORS@
        echo $head$name
    end
end

set -g __reheap_groups @GROUPS@
complete -c reheap -f
"""


def fish_value(kind):
    word, _, rest = kind.partition(" ")
    return {"nothing": "-x", "words": f"-x -a {shell_quote(rest)}", "allocator": f"-x -a {shell_quote(ALLOCATORS)}",
            "allocators": "-x -a '(__reheap_allocators)'",
            "formats": "-x -a '(reheap trace import --list 2>/dev/null | string replace -r \" .*\" \"\")'",
            "synthetic": "-x -a '(reheap trace generate --list 2>/dev/null | string replace -r \" .*\" \"\"; __fish_complete_suffix .yaml)'",
            "directory": "-x -a '(__fish_complete_directories)'",
            "file": "-r -F" if rest == "*" else f"-x -a '(__fish_complete_suffix {rest.lstrip('*')})'",
            "command": "-x -a '(__fish_complete_command)'"}[word]


def fish_option(page, option):
    names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {shell_quote(name[1:])}" for name in option.names)
    value = f" {fish_value(option.kind)}" if option.value else ""
    return f"complete -c reheap -n {shell_quote('__reheap_at ' + page.name)} {names}{value} -d {shell_quote(option.text)}"


def fish(pages):
    groups = " ".join(shell_quote(page.name) for page in pages if page.commands and page.words)
    out = [FISH.replace("@ALLOCATORS@", ALLOCATORS).replace("@GROUPS@", groups)]
    for page in pages:
        at = shell_quote("__reheap_at " + page.name)
        out += [f"complete -c reheap -n {at} -a {command} -d {shell_quote(text)}" for command, text in page.commands]
        out += [fish_option(page, option) for option in with_help(page)]
        if page.argument not in ("nothing", "command"):
            out.append(f"complete -c reheap -n {at} {fish_value(page.argument).replace('-x ', '')}")
        if page.behind:
            out.append(f"complete -c reheap -n {shell_quote('__reheap_behind ' + page.name)} -x -a '(__fish_complete_subcommand --fcs-skip=3)'")
    return "\n".join(out) + "\n"


def main():
    shells = {"bash": bash, "zsh": zsh, "fish": fish}
    if len(sys.argv) != 3 or sys.argv[1] not in shells:
        sys.exit(__doc__)
    sys.stdout.write(shells[sys.argv[1]](read_pages(sys.argv[2])))


if __name__ == "__main__":
    main()
