#!/usr/bin/env bash
# Sets up, builds, and runs every test. Arguments go to ctest, e.g. scripts/test.sh -R recipe
# Tests on real data run where LIMBECK_DATA has it.
set -euo pipefail
[ -z "${LIMBECK_TORCH:-}" ] || export LIMBECK_TORCH=$(realpath -ms "$LIMBECK_TORCH")
cd "$(dirname "$0")/.."
scripts/bootstrap.sh
scripts/build.sh
if [ ! -e "${LIMBECK_DATA:-/nonexistent}/mnist/train-images-idx3-ubyte.gz" ]; then
  echo "LIMBECK_DATA has no MNIST: the tests on it are skipped"
fi
ctest --test-dir build/release --output-on-failure -j "$(nproc)" "$@"
