#!/usr/bin/env bash
# Runs a recipe in slices: stops it after SECONDS, with everything saved, and says what is left. Called again, it goes
# on; so it does on another machine to which the run folder was copied.
# Usage: scripts/full_strength.sh RECIPE SECONDS [flags of limbeck run...]
# The run folder is that of --out, else runs/RECIPE'S_FILE_NAME. Exit code 0: the run is done; 3: there is some left;
# else that of limbeck.
# Environment: LIMBECK=build/release/limbeck; LIMBECK_TORCH and the like as for it; LIMBECK_SLICE_FILE_MB=16 the size
# above which a file is told, for whoever copies the folder by a way that takes no larger ones.
set -uo pipefail
if [ $# -lt 2 ] || [[ ! $2 =~ ^[0-9]+$ ]]; then
  sed -n '/^# Usage/s/^# //p' "$0" >&2
  exit 2
fi
limbeck=${LIMBECK:-$(dirname "$0")/../build/release/limbeck}
recipe=$1 seconds=$2
shift 2
run='' settings=() previous=''
for word in "$@"; do
  case $previous in
    --out) run=$word ;;
    --set) settings+=(--set "$word") ;;
  esac
  case $word in
    --out=*) run=${word#--out=} ;;
    --set=*) settings+=(--set "${word#--set=}") ;;
  esac
  previous=$word
done
flags=("$@")
if [ -z "$run" ]; then
  run=runs/$(basename "$recipe" .yaml)
  flags+=(--out "$run")
fi

# SIGINT to the program alone: it saves, and ends. It is killed where it has not ended a minute later.
timeout --signal INT --kill-after 60 "$seconds" "$limbeck" run "$recipe" "${flags[@]}"
code=$?
if [ $code -ne 0 ] && [ $code -ne 124 ] && [ $code -ne 130 ]; then
  echo "$recipe: limbeck ended with exit code $code" >&2
  [ $code -ne 137 ] || echo "it was killed: what it did since its last checkpoint is lost" >&2
  exit "$code"
fi

resolved=$("$limbeck" check "$recipe" --resolved "${settings[@]}") || exit
python3 - "$run" "${LIMBECK_SLICE_FILE_MB:-16}" "$resolved" <<'END'
import json, pathlib, re, sys

run, largest, resolved = pathlib.Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
stages = [(re.match(r"\S+", part)[0], int((re.search(r"^    epochs: (\d+)", part, re.M) or [0, 0])[1]))
          for part in re.split(r"^  - name: ", resolved.partition("\nstages:\n")[2], flags=re.M)[1:]]
left = 0
for root in sorted(run.glob("seed-*")) or [run]:
    prefix = f"{root.name}: " if root != run else ""
    for name, epochs in stages:
        folders = [folder for folder in sorted((root / "stages").glob("*"))
                   if folder.name == name or folder.name.startswith(name + ".")]
        if (root / "stages" / name / "stage.json").exists():
            continue
        left += 1
        told = []
        for folder in folders:
            file = folder / "metrics.jsonl"
            if (folder / "stage.json").exists() or not file.exists():
                continue
            lines = [json.loads(line) for line in file.read_text().splitlines()]
            if lines:
                last = lines[-1]
                minutes = (last["epochs"] - last["epoch"]) * last["seconds"] / 60
                told.append(f"{folder.name}: {last['epoch']} of {last['epochs']} epochs done, "
                            f"about {minutes:.0f} min of training left")
        finished = sum((folder / "stage.json").exists() for folder in folders if folder.name != name)
        if finished:
            told.append(f"{name}: {finished} members done")
        for line in told or [f"{name}: {epochs} epochs, not begun"]:
            print(f"{prefix}{line}")
for file in sorted(run.rglob("*.safetensors")):
    size = file.stat().st_size / 1e6
    if size > largest:
        print(f"{file}: {size:.1f} MB, more than {largest:g} MB")
if left == 0 and (run / "results.json").exists():
    print(f"{run}: done")
else:
    print(f"{run}: {left} stages left; the same command goes on")
    sys.exit(3)
END
