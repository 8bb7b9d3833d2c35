#!/usr/bin/env bash
# Builds and tests the committed sources on Debian 13, in a tree that debootstrap makes. As root, on any Debian; part of
# the release checklist. Usage: scripts/debian13.sh [TREE [SCRIPT [ARGUMENT...]]], by default
# /var/tmp/limbeck-trixie scripts/test.sh; a tree that is there already is used again: its packages, its build and its
# ccache. LIMBECK_SUITE=bookworm takes Debian 12, from a bare system on:
# LIMBECK_SUITE=bookworm scripts/debian13.sh /var/tmp/bare scripts/demo.sh
set -euo pipefail
cd "$(dirname "$0")/.."
suite=${LIMBECK_SUITE:-trixie}
tree=${1:-/var/tmp/limbeck-$suite}
script=${2:-scripts/test.sh}
shift $(($# < 2 ? $# : 2))
[ "$(id -u)" -eq 0 ] || { echo "debootstrap and chroot need root: sudo $0" >&2; exit 2; }
if ! command -v debootstrap >/dev/null; then
  apt-get update -q
  apt-get install -y -q debootstrap
fi

if [ ! -e "$tree/etc/debian_version" ]; then
  # The mirror that this system uses itself.
  mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -m 1 '/debian/*$' || true)
  debootstrap --variant=minbase "$suite" "$tree" ${mirror:+"$mirror"}
fi
cp /etc/resolv.conf /etc/hosts "$tree/etc/"
mkdir -p "$tree/etc/ssl/certs"
# Certificates of one's own, where the network has them.
[ ! -e /etc/ssl/certs/ca-certificates.crt ] || cp /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/outside.pem"
mkdir -p "$tree/limbeck"
find "$tree/limbeck" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
git archive HEAD | tar -x -C "$tree/limbeck"

umount_all() {
  for place in data proc dev/shm dev/pts dev; do umount -q "$tree/$place" 2>/dev/null || true; done
}
trap umount_all EXIT
umount_all
mount -t proc proc "$tree/proc"
for place in dev dev/pts dev/shm; do mount --bind "/$place" "$tree/$place"; done
data=()
if [ -n "${LIMBECK_DATA:-}" ]; then
  mkdir -p "$tree/data"
  mount --bind "$LIMBECK_DATA" "$tree/data"
  data=(LIMBECK_DATA=/data)
fi
registry=()
if command -v npm >/dev/null; then registry=("npm_config_registry=$(npm config get registry)"); fi
chroot "$tree" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM="${TERM:-dumb}" LANG=C.UTF-8 \
  NODE_EXTRA_CA_CERTS=/etc/ssl/certs/outside.pem \
  LIMBECK_WERROR=OFF "${data[@]}" "${registry[@]}" "/limbeck/$script" "$@"
