#!/usr/bin/env bash
# Installs what Limbeck is built from and tested with: Debian packages, npm packages for the pages and the tests. Safe to repeat; asks
# for nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  g++ cmake ninja-build ccache mold pkg-config
  libtorch-dev libdnnl-dev ocl-icd-opencl-dev libopenblas0-pthread libgomp1
  libyaml-cpp-dev libcli11-dev nlohmann-json3-dev libfmt-dev librandom123-dev libxxhash-dev
  libcpp-httplib-dev libssl-dev libcurl4-openssl-dev zlib1g-dev libarchive-dev libjpeg62-turbo-dev libspng-dev libsndfile1-dev
  libonnx-dev libprotobuf-dev protobuf-compiler
  libgtest-dev libbenchmark-dev python3 python3-torch python3-torchvision python3-pil
  chromium
)
# The pages are bundled by node; one that is there already will do.
command -v node >/dev/null && command -v npm >/dev/null || packages+=(nodejs npm)

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

# Without install scripts: onnxruntime's only fetches parts for GPUs. npm writes node_modules/.package-lock.json when it is done.
for folder in web tests/onnx; do
  installed=$folder/node_modules/.package-lock.json
  if [ ! -e "$installed" ] || [ "$folder/package-lock.json" -nt "$installed" ]; then
    npm ci --ignore-scripts --no-audit --no-fund --prefix "$folder"
    touch "$installed"
  fi
done
