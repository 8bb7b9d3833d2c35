#!/usr/bin/env bash
# Builds everything in build/release, the program as build/release/limbeck. Usage: scripts/build.sh [target...]
set -euo pipefail
cd "$(dirname "$0")/.."
[ -f build/release/build.ninja ] || cmake --preset release
cmake --build --preset release ${1:+--target "$@"}
