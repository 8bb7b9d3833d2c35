#!/usr/bin/env bash
# Builds the program with each file compiled by itself and warnings as errors, without optimisation: finds what joint
# units hide, a file that lacks an include. ccache keeps what has not changed. Usage: scripts/alone.sh
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset alone
cmake --build --preset alone --target limbeck
