#!/usr/bin/env bash
# Builds, tests and measures Limbeck on a machine with a CUDA GPU and PyTorch. Minutes, not hours: each part has a time
# limit, and the next one goes on where a part fails.
# Usage: scripts/gpu.sh [--rehearse] [PART...]
#   build    the program and its tests of the GPU, in build/gpu, without the parts that a GPU has no say in
#   test     the tests of the GPU
#   bench    bench/gpu_table.py: examples per second beside PyTorch's, as a table
#   train    a short training on CIFAR-100 in float32 and in bfloat16, where LIMBECK_DATA has it
#   all      these four (the default)
#   collect  on a machine with the packages: copies the libraries that a build needs to build/gpu-deps, to be taken to
#            one without
# --rehearse: tiny, on the processor, with the program that is there; in seconds.
# Environment:
#   OUT=build/gpu-results        where results go: a file for each part, with date, command, device, driver, LibTorch
#   LIMBECK_TORCH=DIR            LibTorch; else the one of Python's torch
#   LIMBECK_BUILD=DIR            a build folder whose program and tests are taken; nothing is built
#   LIMBECK_DEPS=build/gpu-deps  a folder like /usr with the other libraries, beside the system's
#   LIMBECK_DATA=DIR             data sets; bench takes random pictures where there are none
#   PYTHON=python3               with PyTorch
#   BUILD_SECONDS=420 TEST_SECONDS=240 BENCH_SECONDS=400 TRAIN_SECONDS=240    the limits
set -uo pipefail
here=$PWD
cd "$(dirname "$0")/.."
usage() { sed -n '/^# Usage/,/^# --rehearse/s/^# \{0,1\}//p' "$0"; }
absolute() { (cd "$here" && realpath -ms "$1"); }

rehearse='' parts=()
while [ $# -gt 0 ]; do
  case $1 in
    --rehearse) rehearse=1 ;;
    build | test | bench | train | collect) parts+=("$1") ;;
    all) parts+=(build test bench train) ;;
    -h | --help) usage; exit ;;
    *) echo "scripts/gpu.sh: '$1' is no part" >&2; usage >&2; exit 2 ;;
  esac
  shift
done
[ ${#parts[@]} -gt 0 ] || parts=(build test bench train)

out=$(absolute "${OUT:-build/gpu-results}")
[ -n "${OUT:-}" ] || out=$PWD/build/gpu-results
deps=$PWD/build/gpu-deps
[ -z "${LIMBECK_DEPS:-}" ] || deps=$(absolute "$LIMBECK_DEPS")
python=${PYTHON:-python3}
if [ -n "${LIMBECK_BUILD:-}" ]; then
  build=$(absolute "$LIMBECK_BUILD")
elif [ -n "$rehearse" ]; then
  build=$PWD/build/release
else
  build=$PWD/build/gpu
fi
limbeck=$build/limbeck
device=cuda
[ -z "$rehearse" ] || device=cpu
mkdir -p "$out"

find_torch() {
  if [ -n "${LIMBECK_TORCH:-}" ]; then
    torch=$(absolute "$LIMBECK_TORCH")
  else
    torch=$("$python" -c 'import torch; print(torch.utils.cmake_prefix_path)' 2>/dev/null)
    torch=${torch%/share/cmake}
    [ -e "$torch/share/cmake/Torch/TorchConfig.cmake" ] || torch=''  # Debian's: the system's
  fi
  torch_version=$(cat "$torch/build-version" 2>/dev/null ||
    "$python" -c 'import torch; print(torch.__version__, "CUDA", torch.version.cuda)' 2>/dev/null || echo unknown)
}
# The compiler of CUDA and its headers: the system's, or those of the wheels beside PyTorch.
find_cuda() {
  local folder
  for folder in /usr/local/cuda/bin /usr/local/cuda-*/bin /opt/cuda/bin "${torch:-/nowhere}/../nvidia/cu13/bin"; do
    command -v nvcc >/dev/null && break
    [ -x "$folder/nvcc" ] && export PATH=$folder:$PATH
  done
  command -v nvcc >/dev/null || { echo "there is no nvcc, which LibTorch's CMake files ask for"; return; }
  folder=$(dirname "$(dirname "$(readlink -f "$(command -v nvcc)")")")
  export CUDA_HOME=$folder CUDAToolkit_ROOT=$folder CUDACXX=$folder/bin/nvcc
  [ -n "${TORCH_CUDA_ARCH_LIST:-}" ] ||
    export TORCH_CUDA_ARCH_LIST=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -1)
}

torch='' torch_version=unknown
find_torch
gpu=$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null | head -1)
[ -n "$gpu" ] || gpu='no CUDA device, none'
about() {  # COMMAND...: the head of a file of results
  printf -- '- date: %s\n- command: %s\n' "$(date -u '+%Y-%m-%d %H:%M UTC')" "$*"
  printf -- '- device: %s\n- driver: %s\n' "${gpu%%, *}" "${gpu#*, }"
  printf -- '- LibTorch: %s\n- compiler: %s\n' "$torch_version" "$(c++ --version 2>/dev/null | head -1)"
  printf -- '- commit: %s\n\n' "$(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
}
limited() { timeout -k 10 "$@"; }

part_collect() {
  local packages=(libyaml-cpp-dev libyaml-cpp0.7 libfmt-dev libfmt9 libcli11-dev nlohmann-json3-dev librandom123-dev
    libxxhash-dev libxxhash0 zlib1g-dev zlib1g libgtest-dev googletest) package file target
  rm -rf "$deps"
  for package in "${packages[@]}"; do
    while read -r file; do
      [ ! -d "$file" ] || [ -L "$file" ] || continue
      target=$deps/${file#/}
      target=${target/#"$deps/usr/"/"$deps/"}
      case ${target#"$deps/"} in
        include/* | lib/* | share/cmake/*) mkdir -p "$(dirname "$target")" && cp -a "$file" "$target" ;;
      esac
    done < <(dpkg -L "$package" 2>/dev/null)
  done
  cp -a "$deps"/include/x86_64-linux-gnu/* "$deps/include/" 2>/dev/null
  # A link to a place outside of the folder would lead nowhere.
  find "$deps" -xtype l -print -delete
  du -sh "$deps"
}

# The other options are those of scripts/build.sh; what a library of may be missing is left out.
configure() {
  cmake -G Ninja -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$deps" -DLIMBECK_TORCH="$torch" \
    -DLIMBECK_DNNL=OFF -DLIMBECK_BUILD_TESTS=ON -DLIMBECK_BUILD_BENCH=OFF -DLIMBECK_SERVE=OFF -DLIMBECK_ONNX=OFF \
    -DLIMBECK_SOUND=OFF -DLIMBECK_ARCHIVES=OFF -DLIMBECK_DOWNLOADS=OFF -DLIMBECK_PICTURES=OFF "$@"
}
part_build() {
  if [ -n "${LIMBECK_BUILD:-}" ] || [ -n "$rehearse" ]; then
    [ -x "$limbeck" ] && echo "nothing is built: $limbeck is there" && return
    echo "there is no $limbeck; scripts/build.sh builds it"
    return 1
  fi
  local log=$out/build.log targets=(limbeck test_gpu) code
  [ -d tests/device ] && targets+=(test_device)
  find_cuda
  about scripts/gpu.sh build >"$log"
  if ! configure >>"$log" 2>&1; then
    echo "-- once more: with headers of NVTX and the architectures told" >>"$log"
    rm -rf "$build/CMakeCache.txt" "$build/CMakeFiles"
    configure -DUSE_SYSTEM_NVTX=ON -Dnvtx3_dir="${CUDA_HOME:-}/include" >>"$log" 2>&1 || {
      grep -A8 'CMake Error' "$log" | tail -40
      return 1
    }
  fi
  limited "${BUILD_SECONDS:-420}" ninja -C "$build" -k 0 "${targets[@]}" >>"$log" 2>&1
  code=$?
  [ $code -ne 124 ] || echo "stopped after ${BUILD_SECONDS:-420} s" | tee -a "$log"
  [ $code -eq 0 ] || grep -E -A4 'error|undefined reference|FAILED' "$log" | head -60
  [ -x "$limbeck" ] && { "$limbeck" --version; ldd "$limbeck-engine" | grep -E 'not found|torch_cuda'; } | tee -a "$log"
  return $code
}

# What a test program says; where it dies of a signal, each of its tests by itself, to find the one.
run_tests() {
  local program=$1 log=$2 code suite='' line
  limited "${TEST_SECONDS:-240}" "$program" --gtest_color=no >>"$log" 2>&1
  code=$?
  if [ $code -gt 128 ] && [ $code -ne 137 ]; then
    echo "-- ended with status $code; each test by itself" | tee -a "$log"
    while read -r line; do
      case $line in
        *.) suite=$line ;;
        *[![:space:]]*)
          line=$suite${line%% *}
          limited 60 "$program" --gtest_color=no --gtest_filter="$line" >>"$log" 2>&1 && echo "$line: passed" ||
            echo "$line: status $?"
          ;;
      esac
    done < <("$program" --gtest_list_tests 2>/dev/null | grep -v '^Running main') | tee -a "$log"
  fi
  # The frames of crashes (tests/gpu/crash_test.cpp), with the functions' names.
  if grep -q "$program(" "$log" && command -v addr2line >/dev/null; then
    echo "-- frames" >>"$log"
    grep -o "$program(+0x[0-9a-f]*)" "$log" | grep -o '0x[0-9a-f]*)$' | tr -d ')' | awk '!seen[$0]++' |
      xargs addr2line -Cfpe "$program" | tee -a "$log"
  fi
  return $code
}
part_test() {
  local log=$out/test.log program found='' code=0
  about scripts/gpu.sh test >"$log"
  for program in "$build"/tests/test_gpu "$build"/tests/test_device; do
    [ -x "$program" ] || continue
    found=1
    run_tests "$program" "$log" || code=$?
  done
  [ -n "$found" ] || { echo "there is no $build/tests/test_gpu" | tee -a "$log"; return 1; }
  grep -E '^\[  (PASSED|FAILED|SKIPPED)|Failure$' "$log" | sort | uniq -c | sort -rn | head -40
  return $code
}

part_bench() {
  local flags=(--limbeck "$limbeck" --out "$out/bench.md" --json "$out/bench.jsonl" --python "$python")
  [ -z "$rehearse" ] || flags+=(--rehearse)
  rm -f "$out/bench.jsonl"
  [ -x "$limbeck" ] || { echo "there is no $limbeck"; return 1; }
  limited $((${BENCH_SECONDS:-400} + 60)) "$python" bench/gpu_table.py "${flags[@]}" \
    --limit "${BENCH_SECONDS:-400}" 2>"$out/bench.err" >"$out/bench.out"
  local code=$?
  if [ -s "$out/bench.md" ]; then
    { about scripts/gpu.sh bench; cat "$out/bench.out"; } >"$out/bench.md"
    grep '^|' "$out/bench.md"
  else
    tail -20 "$out/bench.err"
  fi
  rm -f "$out/bench.out"
  return $code
}

# Accuracies of the same seed in both precisions, from the runs' results.json.
accuracies() {
  "$python" - "$out/train" <<'END'
import json, pathlib, sys
runs = {}
for name in ("float32", "bfloat16"):
    file = pathlib.Path(sys.argv[1]) / name / "results.json"
    runs[name] = {stage["name"]: stage for stage in json.loads(file.read_text())["stages"]} if file.exists() else {}
print("| stage | float32 | bfloat16 | difference, points | examples/s, float32 | bfloat16 |")
print("| --- | ---: | ---: | ---: | ---: | ---: |")
for stage in runs["float32"] or runs["bfloat16"]:
    found = [runs[name].get(stage, {}) for name in ("float32", "bfloat16")]
    accuracy = [one.get("evaluations", {}).get("test", {}).get("accuracy") for one in found]
    cells = [f"{100 * value:.2f} %" if value is not None else "–" for value in accuracy]
    cells.append(f"{100 * (accuracy[1] - accuracy[0]):+.2f}" if None not in accuracy else "–")
    cells += [f"{one['examples_per_second']:,.0f}" if one.get("examples_per_second") else "–" for one in found]
    print(f"| {stage} | " + " | ".join(cells) + " |")
END
}
part_train() {
  local flags=(--device "$device" --seed 1 --quiet) precision stage code=0 epochs=4
  if [ -n "$rehearse" ]; then
    epochs=1
    flags+=(--threads 1 --set 'data.source={digits: {train: 200, test: 50}}' --set networks.large=resnet8
      --set networks.small=resnet8)
  elif ! compgen -G "${LIMBECK_DATA:-/nonexistent}/cifar-100-binary/train.bin" >/dev/null; then
    echo "LIMBECK_DATA has no cifar-100-binary/train.bin: nothing is trained"
    return
  fi
  [ -x "$limbeck" ] || { echo "there is no $limbeck"; return 1; }
  for precision in float32 bfloat16; do
    local settings=()
    for stage in teacher baseline distilled; do
      settings+=(--set "stages.$stage.epochs=$epochs" --set "stages.$stage.precision=$precision")
    done
    rm -rf "$out/train/$precision"
    mkdir -p "$out/train"
    limited $((${TRAIN_SECONDS:-240} / 2)) "$limbeck" run recipes/cifar100/resnet56_resnet20_short.yaml "${flags[@]}" \
      "${settings[@]}" --out "$out/train/$precision" >"$out/train/$precision.log" 2>&1 || {
      code=$?
      echo "$precision ended with status $code:"
      tail -5 "$out/train/$precision.log"
    }
  done
  { about scripts/gpu.sh train; echo "$epochs epochs a network"; echo; accuracies; } >"$out/train.md"
  grep '^|' "$out/train.md"
  find "$out/train" -name '*.safetensors' -delete
  tar czf "$out/train.tgz" -C "$out" train && rm -rf "$out/train"
  return $code
}

failed=()
for part in "${parts[@]}"; do
  echo "== $part"
  begin=$SECONDS
  "part_$part" || failed+=("$part")
  echo "== $part: $((SECONDS - begin)) s"
done
echo "results: $out"
if [ ${#failed[@]} -gt 0 ]; then
  echo "failed: ${failed[*]}"
  exit 1
fi
