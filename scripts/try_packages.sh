#!/usr/bin/env bash
# Installs the Debian packages with apt, runs the demo and builds a program against the library, then removes everything
# and tells what is left. As root, in a system that may be thrown away: scripts/debian13.sh makes one.
# Usage: scripts/try_packages.sh [FOLDER]   with the packages in FOLDER, by default build/packages
set -euo pipefail
folder=$(realpath "${1:-"$(dirname "$0")/../build/packages"}")
consumer=$(realpath "$(dirname "$0")/../tests/consumer")
[ "$(id -u)" -eq 0 ] || { echo "scripts/try_packages.sh: needs root" >&2; exit 2; }
if command -v limbeck >/dev/null; then echo "scripts/try_packages.sh: limbeck is installed already" >&2; exit 2; fi
export DEBIAN_FRONTEND=noninteractive
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
files() {
  local ignored=(-path "$work")
  for place in "$folder" /proc /sys /dev /tmp /root /run /var/log /var/cache /var/lib/apt /var/lib/dpkg; do
    ignored+=(-o -path "$place")
  done
  find / -xdev \( "${ignored[@]}" \) -prune -o -print | sort
}

apt-get update -q
# What building needs, and what only removing automatically installed packages would take along with ours.
apt-get install -y -q --no-install-recommends g++ cmake ninja-build
files >"$work/before"
cp "$folder"/limbeck_*.deb "$folder"/liblimbeck-dev_*.deb "$work/"
chmod 755 "$work"
apt-get install -y -q --no-install-recommends "$work"/limbeck_*.deb "$work"/liblimbeck-dev_*.deb

cd "$work"
limbeck --version
limbeck run /usr/share/limbeck/recipes/demo.yaml --out "$work/demo" --quiet
limbeck completion bash | cmp - /usr/share/bash-completion/completions/limbeck
cmake -S "$consumer" -B "$work/build" -G Ninja >/dev/null
cmake --build "$work/build"
"$work/build/custom_data" "$work/data"
"$work/build/custom_loss" "$work/loss" | tail -n 2

apt-get purge -y -q --auto-remove limbeck liblimbeck-dev
files >"$work/after"
left=$(comm -13 "$work/before" "$work/after")
if [ -n "$(grep -i limbeck <<<"$left" || true)" ]; then
  printf 'Left behind by limbeck:\n%s\n' "$left"
  exit 1
fi
echo "Removed without a trace; $(grep -c . <<<"$left" || true) files of other packages stay:"
head -n 20 <<<"$left"
