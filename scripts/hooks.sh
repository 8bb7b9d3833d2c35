#!/usr/bin/env bash
# Lets git check each commit's message (scripts/commit_message.sh). Usage: scripts/hooks.sh
set -euo pipefail
cd "$(dirname "$0")/.."
git config core.hooksPath scripts/hooks
