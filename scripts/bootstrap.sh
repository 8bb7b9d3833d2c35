#!/usr/bin/env bash
# Installs what Limbeck is built from on Debian 12, Debian 13 and Ubuntu 24.04: the system's packages, and npm's for the
# pages and the tests. Safe to repeat; asks for nothing.
# Usage: scripts/bootstrap.sh [all|program|packages|headless|docs]
#   all        what building and testing everything needs (the default)
#   program    what building and running the program needs
#   packages   that, and what scripts/packages.sh makes Debian packages with
#   headless   what the preset headless needs: training alone
#   docs       what scripts/docs.sh needs: the documentation as a site
# LIMBECK_TORCH=DIR is a LibTorch of one's own; the system's is then left out.
set -euo pipefail
fail() { echo "scripts/bootstrap.sh: $*" >&2; exit 2; }
what=${1:-all}
case $what in
  all | program | packages | headless | docs) ;;
  *) fail "'$what' is none of all, program, packages, headless, docs" ;;
esac
if [ -n "${LIMBECK_TORCH:-}" ] && [ ! -e "$LIMBECK_TORCH/share/cmake/Torch/TorchConfig.cmake" ]; then
  fail "LIMBECK_TORCH='$LIMBECK_TORCH' holds no LibTorch: it has no share/cmake/Torch/TorchConfig.cmake"
fi
cd "$(dirname "$0")/.."

system=$(. /etc/os-release 2>/dev/null && echo "${ID:-} ${VERSION_ID:-}") || true
jpeg=libjpeg62-turbo-dev
tests=(libgtest-dev libbenchmark-dev git curl python3 python3-torch python3-torchvision python3-pil chromium
  zsh groff-base libonnx-testdata openmpi-bin)
packaging=(dpkg-dev file)
docs=(python3 python3-sphinx python3-myst-parser python3-breathe furo doxygen)
case $system in
  "debian 12") tests+=(clang-format-14 clang-tidy-14) ;;
  "debian 13") ;;  # which has no clang-format 14: scripts/format.sh says so
  "ubuntu 24.04")
    [ -n "${LIMBECK_TORCH:-}" ] || [ "$what" = docs ] || fail "Ubuntu 24.04 has no package of LibTorch: unpack one" \
      "from https://pytorch.org, or install pip's torch, and name its folder, as in LIMBECK_TORCH=~/libtorch"
    jpeg=libjpeg-turbo8-dev
    # The tests that need Python's torch skip themselves; the browser is no package there.
    tests=(libgtest-dev libbenchmark-dev curl python3 python3-pil zsh groff-base)
    ;;
  *)
    fail "this system is '${system:-unknown}', and known are Debian 12, Debian 13 and Ubuntu 24.04. Needed are a" \
      "compiler for C++20, CMake 3.25, Ninja, LibTorch (1.13 or 2.x), yaml-cpp, CLI11, nlohmann-json, fmt, Random123," \
      "xxHash and zlib; for the parts that can be left out (docs/how-to/install.md) cpp-httplib, OpenSSL and" \
      "pkg-config, node, npm, ONNX with protobuf, libsndfile, libarchive, libcurl, libjpeg-turbo and libspng;" \
      "for the tests GoogleTest and Python 3; for the documentation Sphinx, myst-parser, furo, breathe and Doxygen." \
      "Then scripts/build.sh builds"
    ;;
esac

packages=(g++ cmake ninja-build libgomp1
  libyaml-cpp-dev libcli11-dev nlohmann-json3-dev libfmt-dev librandom123-dev libxxhash-dev zlib1g-dev)
[ -n "${LIMBECK_TORCH:-}" ] || packages+=(libtorch-dev libgloo-dev libdnnl-dev ocl-icd-opencl-dev libopenblas0-pthread)
if [ "$what" != headless ]; then
  packages+=(ccache mold pkg-config
    libcpp-httplib-dev libssl-dev libonnx-dev libprotobuf-dev protobuf-compiler
    libsndfile1-dev libarchive-dev libcurl4-openssl-dev "$jpeg" libspng-dev)
  # The pages are bundled by node; one that is there already will do.
  command -v node >/dev/null && command -v npm >/dev/null || packages+=(nodejs npm)
fi
case $what in
  all) packages+=("${tests[@]}" "${packaging[@]}" "${docs[@]}") ;;
  packages) packages+=("${packaging[@]}") ;;
  docs) packages=("${docs[@]}") ;;
esac

missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  export DEBIAN_FRONTEND=noninteractive
  echo "Installing ${missing[*]}"
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}"
fi

# Without install scripts: onnxruntime's only fetches parts for GPUs. npm writes node_modules/.package-lock.json when it
# is done.
case $what in all) folders=(web tests/onnx tests/schema) ;; program | packages) folders=(web) ;; *) folders=() ;; esac
for folder in "${folders[@]}"; do
  installed=$folder/node_modules/.package-lock.json
  if [ ! -e "$installed" ] || [ "$folder/package-lock.json" -nt "$installed" ]; then
    npm ci --ignore-scripts --no-audit --no-fund --prefix "$folder"
    touch "$installed"
  fi
done
