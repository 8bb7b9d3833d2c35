#!/usr/bin/env python3
"""What clang-tidy is to look at, from `git diff -U0` on the standard input.

Usage: git diff -U0 BASE -- '*.h' '*.cpp' | scripts/changed_cpp.py FOLDER
Prints the lines that are new, as clang-tidy's --line-filter, then the files that FOLDER/compile_commands.json compiles:
those that have changed, and of a header that has changed the file with its name; each on a line of its own.
"""

import json
import os
import re
import sys


def changed_lines(diff):
    """{"src/nn/graph.h": [[10, 12]]}"""
    files = {}
    path = None
    for line in diff.split("\n"):
        hunk = re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line)
        if line.startswith("+++ "):
            path = line[len("+++ b/"):]
        elif hunk and int(hunk[2] or 1) > 0:
            first = int(hunk[1])
            files.setdefault(path, []).append([first, first + int(hunk[2] or 1) - 1])
    return files


def main(folder):
    changed = changed_lines(sys.stdin.read())
    with open(os.path.join(folder, "compile_commands.json"), encoding="utf-8") as file:
        compiled = {os.path.relpath(entry["file"]) for entry in json.load(file)}
    print(json.dumps([{"name": path, "lines": lines} for path, lines in changed.items()]))
    for path in sorted({re.sub(r"\.h$", ".cpp", path) for path in changed} & compiled):
        print(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
