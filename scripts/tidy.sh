#!/usr/bin/env bash
# Runs clang-tidy (.clang-tidy) on the C++ that has changed since a commit, and tells what it finds on the changed
# lines; fails where it finds anything. Usage: scripts/tidy.sh [BASE]
# BASE is where this branch left origin/main; on main itself the commit before. What is not committed counts too.
# A file takes 10 to 30 seconds; at most LIMBECK_TIDY_FILES of them are looked at, by default 20.
# Exit code 77: nothing could be looked at.
set -euo pipefail
cd "$(dirname "$0")/.."
skip() { echo "tidy: skipped, since $*"; exit 77; }
tidy=
for name in clang-tidy-14 clang-tidy; do
  if [ -z "$tidy" ] && command -v "$name" >/dev/null; then tidy=$name; fi
done
[ -n "$tidy" ] || skip "clang-tidy is not installed (Debian 12's clang-tidy-14)"
base=${1:-}
if [ -z "$base" ]; then
  base=$(git merge-base HEAD origin/main 2>/dev/null || true)
  if [ -z "$base" ] || [ "$base" = "$(git rev-parse HEAD)" ]; then base=HEAD~1; fi
fi
git rev-parse -q --verify "$base^{commit}" >/dev/null || skip "git knows no commit '$base'"

# The preset's files stand alone: joined ones cannot be told apart.
folder=build/alone
cmake --preset alone >/dev/null
changed=$(git diff -U0 --no-color --no-ext-diff --diff-filter=d "$base" -- '*.h' '*.cpp' |
  python3 scripts/changed_cpp.py $folder)
lines=$(head -n 1 <<<"$changed")
files=$(tail -n +2 <<<"$changed")
[ -n "$files" ] || { echo "tidy: nothing that is compiled has changed since $base"; exit 0; }
count=$(wc -l <<<"$files")
most=${LIMBECK_TIDY_FILES:-20}
looked=$((count < most ? count : most))
echo "tidy: looks at $looked of the $count files that have changed since $base"
head -n "$most" <<<"$files" | xargs -P "$(nproc)" -n 1 "$tidy" --quiet -p $folder "--line-filter=$lines" \
  '--warnings-as-errors=*' --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-unknown-pragmas \
  --extra-arg=-include "--extra-arg=$PWD/scripts/tidy_vector.h" \
  2> >(grep -vE '^[0-9]+ warnings? generated|^Suppressed|^Use -header-filter' >&2)
