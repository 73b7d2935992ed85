#!/usr/bin/env python3
"""Turns files into C arrays of bytes, so that a program carries its page along.

Usage: embed.py OUTPUT.c NAME=FILE[+FILE...]...
Each NAME becomes `const char NAME[]`, NUL-terminated, of the files one after the other. Refuses what would
end a script element, and drops references to source maps (a browser would ask for them).
"""
import re
import sys

BYTES_PER_LINE = 80


def read(name, paths):
    text = b"\n".join(open(path, "rb").read() for path in paths.split("+"))
    text = re.sub(rb"^//[#@] sourceMappingURL=.*$", b"", text, flags=re.M)
    if name != "rh_page_template" and re.search(rb"</(script|style)|<!--", text, re.I):
        sys.exit(f"embed.py: {paths}: contains </script, </style or <!--, which would end its element in the page")
    return text


def literal(chunk):
    out = []
    for byte in chunk:
        if byte in b'"\\':
            out.append("\\" + chr(byte))
        elif 0x20 <= byte < 0x7F and byte != ord("?"):
            out.append(chr(byte))
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


def main(output, parts):
    with open(output, "w", encoding="ascii") as file:
        file.write('/* Made by embed.py when the program is built. */\n#include "report/page.h"\n')
        for part in parts:
            name, paths = part.split("=", 1)
            text = read(name, paths)
            file.write(f"\nconst char {name}[] =\n")
            for i in range(0, len(text), BYTES_PER_LINE):
                file.write("    " + literal(text[i:i + BYTES_PER_LINE]) + "\n")
            file.write('    "";\n')


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
