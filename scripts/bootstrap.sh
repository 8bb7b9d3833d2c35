#!/usr/bin/env bash
# Installs what Limbeck is built from and tested with: Debian packages only. Safe to repeat; asks for nothing.
set -euo pipefail

packages=(
  g++ cmake ninja-build ccache pkg-config
  libtorch-dev libdnnl-dev ocl-icd-opencl-dev libopenblas0-pthread libgomp1
  libyaml-cpp-dev libcli11-dev nlohmann-json3-dev libfmt-dev librandom123-dev libxxhash-dev
  libcurl4-openssl-dev zlib1g-dev libarchive-dev libjpeg62-turbo-dev libspng-dev libsndfile1-dev
  libonnx-dev libprotobuf-dev protobuf-compiler
  libgtest-dev libbenchmark-dev python3 python3-torch python3-torchvision python3-pil
)

missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
export DEBIAN_FRONTEND=noninteractive
echo "Installing ${missing[*]}"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}"
