#!/usr/bin/env bash
# Formats all tracked C++ with clang-format 14, Debian 12's: another version breaks lines elsewhere.
# Usage: scripts/format.sh [--check]
#   --check   changes nothing; fails where C++ would change, or where a line of any tracked text is longer than 120
#             columns. Exit code 77: the C++ could not be checked, all else is well.
set -euo pipefail
cd "$(dirname "$0")/.."
columns=120
check=
case "$*" in
  "") ;;
  --check) check=1 ;;
  *) echo "scripts/format.sh: unknown arguments '$*'; known is --check" >&2; exit 2 ;;
esac
git ls-files >/dev/null || { echo "format: skipped, since git does not say which files are tracked"; exit 77; }

formatter=
for name in clang-format-14 clang-format; do
  if [[ -z $formatter && $("$name" --version 2>/dev/null) == *"version 14."* ]]; then formatter=$name; fi
done
if [ -z "$formatter" ]; then
  found=$(clang-format --version 2>/dev/null || echo none)
  echo "format: C++ is not looked at: clang-format 14 is needed (Debian 12's clang-format-14), found is $found"
  [ -n "$check" ] || exit 2
fi

if [ -z "$check" ]; then
  git ls-files -z '*.h' '*.cpp' | xargs -0 "$formatter" -i
  exit
fi

failed=0
if [ -n "$formatter" ]; then
  # The formatter names each place of a file; the file is enough.
  wrong=$(git ls-files -z '*.h' '*.cpp' | xargs -0 -P "$(nproc)" -n 20 "$formatter" --dry-run 2>&1 |
    sed -nE 's/^([^ :]+):[0-9]+:[0-9]+: (warning|error): .*/\1/p' | sort -u)
  if [ -n "$wrong" ]; then
    printf 'format: these files are not as clang-format 14 has them; scripts/format.sh mends them:\n%s\n' "$wrong"
    failed=1
  fi
fi

# Not drawings, nor what programs write, nor the messages that tests expect (.txt).
long=$(git ls-files -z -- '*.h' '*.cpp' '*.md' '*.py' '*.js' '*.mjs' '*.css' '*.html' '*.yaml' '*.cmake' '*.sh' \
  '*CMakeLists.txt' '.ci/run' 'scripts/hooks/*' | xargs -0 python3 scripts/long_lines.py "$columns" || true)
if [ -n "$long" ]; then
  printf 'format: lines of more than %d columns:\n%s\n' "$columns" "$long"
  failed=1
fi
[ "$failed" -eq 0 ] || exit 1
[ -n "$formatter" ] || exit 77
