#!/usr/bin/env bash
# Sets up, builds, and distils a large network into a small one on the built-in digits: no data to download, about a
# minute of training. Arguments go to `limbeck run`, e.g. scripts/demo.sh --seeds 3
set -euo pipefail
[ -z "${LIMBECK_TORCH:-}" ] || export LIMBECK_TORCH=$(realpath -ms "$LIMBECK_TORCH")
cd "$(dirname "$0")/.."
scripts/bootstrap.sh program
scripts/build.sh limbeck
build/release/limbeck run recipes/demo.yaml --out runs/demo "$@"
