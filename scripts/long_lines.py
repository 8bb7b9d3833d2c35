#!/usr/bin/env python3
"""Prints the lines of the named text files that are longer than so many columns; exits with 1 where there are any.

Usage: scripts/long_lines.py COLUMNS FILE...
Left alone is what cannot be broken: one long word, such as an address; a table's row, an example's command and output
in Markdown; C++ between `clang-format off` and `clang-format on`.
"""

import re
import sys

ONE_WORD = re.compile(r"\s*(\S{1,3}\s+)?\S+")  # also behind the mark of a list or a comment
FENCE = re.compile(r"\s*(```|~~~)")


def long_lines(path, columns):
    """Of one file, as (number, line)."""
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = file.read().split("\n")
    kept = False
    for number, line in enumerate(lines, 1):
        if path.endswith(".md") and FENCE.match(line):
            kept = not kept
        elif "// clang-format off" in line or "// clang-format on" in line:
            kept = "off" in line
        if len(line) > columns and not kept and not ONE_WORD.fullmatch(line) and \
                not (path.endswith(".md") and line.startswith("|")):
            yield number, line


def main(columns, *paths):
    found = [f"{path}:{number}: {line}" for path in paths for number, line in long_lines(path, int(columns))]
    print("".join(line + "\n" for line in found), end="")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
