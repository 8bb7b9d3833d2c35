#!/usr/bin/env bash
# Checks a commit's message: a subject of at most 72 characters without a full stop at its end, an empty line, a body of
# lines of at most 100 characters. Left alone: comments, what stands below git's scissors, the subjects of merges,
# fixups and reverts, and lines of one long word.
# Usage: scripts/commit_message.sh FILE      (git calls it so, as its hook commit-msg: scripts/hooks.sh)
set -euo pipefail
[ $# -eq 1 ] || { echo "Usage: scripts/commit_message.sh FILE" >&2; exit 2; }
export LC_ALL=C.UTF-8

problems=()
number=0
while IFS= read -r line || [ -n "$line" ]; do
  case $line in
    "# ------------------------ >8 ------------------------"*) break ;;
    "#"*) continue ;;
  esac
  [ $number -gt 0 ] || [ -n "$line" ] || continue  # git drops empty lines before the subject
  number=$((number + 1))
  case $number in
    1)
      subject=$line
      case $line in "Merge "* | "fixup! "* | "squash! "* | "amend! "* | "Revert "*) continue ;; esac
      [ ${#line} -le 72 ] || problems+=("the subject has ${#line} characters; expected at most 72")
      [[ $line != *. ]] || problems+=("the subject ends with a full stop")
      [[ $line != [[:space:]]* ]] || problems+=("the subject begins with a space")
      ;;
    2) [ -z "$line" ] || problems+=("the second line is not empty: '$line'") ;;
    *)
      if [ ${#line} -gt 100 ] && [[ $line =~ [^[:space:]][[:space:]]+[^[:space:]] ]]; then
        problems+=("line $number has ${#line} characters; expected at most 100")
      fi
      ;;
  esac
done < "$1"
[ -n "${subject:-}" ] || problems+=("there is no subject")

if [ ${#problems[@]} -gt 0 ]; then
  printf 'commit message: %s\n' "${problems[@]}" >&2
  exit 1
fi
