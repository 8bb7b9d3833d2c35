#!/usr/bin/env bash
# Builds in build/release, the program as build/release/limbeck. Usage: scripts/build.sh [target...]
# Where nothing but the program and the library was ever asked for (scripts/build.sh limbeck limbeck_library), tests and
# benchmarks are not configured.
# Where tests are configured, warnings are errors, unless LIMBECK_WERROR=OFF: other compilers warn of other things.
# LIMBECK_TORCH=DIR is a LibTorch of one's own, an empty one the system's; with another than before, everything is
# configured and built anew.
set -euo pipefail
torch=${LIMBECK_TORCH:+$(realpath -ms "$LIMBECK_TORCH")}
cd "$(dirname "$0")/.."
cached() { sed -n "s/^$1:[A-Z]*=//p" build/release/CMakeCache.txt 2>/dev/null || true; }

[ -n "${LIMBECK_TORCH+said}" ] || torch=$(cached LIMBECK_TORCH)
tests=ON
if [[ $* =~ ^limbeck(\ limbeck_library)?$ ]] && [ "$(cached LIMBECK_BUILD_TESTS)" != ON ]; then tests=OFF; fi
errors=${LIMBECK_WERROR:-$tests}
fresh=()
if [ "$(cached LIMBECK_TORCH)" != "$torch" ]; then
  fresh=(--fresh)
  rm -f build/release/build.ninja
fi
if [ ! -f build/release/build.ninja ] || [ "$(cached LIMBECK_BUILD_TESTS)" != "$tests" ]; then
  cmake "${fresh[@]}" --preset release -DLIMBECK_TORCH="$torch" \
    -DLIMBECK_BUILD_TESTS=$tests -DLIMBECK_BUILD_BENCH=$tests -DCMAKE_COMPILE_WARNING_AS_ERROR="$errors"
fi
cmake --build --preset release ${1:+--target "$@"}
