#!/usr/bin/env bash
# Makes the Debian packages limbeck and liblimbeck-dev of what scripts/build.sh has built, or builds first.
# Usage: scripts/packages.sh [OUT]   (by default build/packages)
set -euo pipefail
out=$(realpath -m "${1:-"$(dirname "$0")/../build/packages"}")
cd "$(dirname "$0")/.."
if [ ! -e build/release/lib/liblimbeck.so ]; then
  scripts/bootstrap.sh packages
  scripts/build.sh limbeck limbeck_library
fi
for tool in dpkg-shlibdeps file; do
  command -v $tool >/dev/null || scripts/bootstrap.sh packages
done
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Their paths are those of any machine, and so are the owners of files.
(umask 022 && cpack --config build/release/CPackConfig.cmake -B "$work" >"$work/log" 2>&1) ||
  { cat "$work/log" >&2; exit 1; }
mv "$work"/*.deb "$out/"
ls "$out"/*.deb
