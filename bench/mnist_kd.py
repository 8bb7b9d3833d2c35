"""Limbeck against the peer, in turn, several times over: ratios of examples per second.

Usage: bench/mnist_kd.py [--rounds N] [--python /usr/bin/python3]      (needs the build, and PyTorch for that Python)
The program distils with the teacher run at every step, and with its outputs kept; the peer does both likewise. Also
measures what this machine's matrix products do at the sizes of one step, so that the figures can be read as a share of it.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMBECK = ROOT / "build/release/limbeck"
RECIPE = """
name: bench
data: { source: digits }
networks: { large: { mlp: [1200, 1200] }, small: { mlp: [800, 800] } }
stages:
  - { name: teacher, train: large, epochs: 1, checkpoint_seconds: 1000 }
"""
STAGE = ("  - {{ name: {name}, train: small, epochs: 1, checkpoint_seconds: 1000, optimizer: {{ sgd: {{ learning_rate: 0.05 }} }}, "
         "teacher: {{ network: {{ of: teacher, outputs: {name} }} }}, "
         "loss: [ soft_targets: {{ temperature: 20, weight: 0.9 }}, hard_labels: {{ weight: 0.1 }} ] }}\n")


def ours(folder):
    """The last stage of a run, so that each figure is of training alone; the teacher is trained once and reused."""
    recipe = folder / "bench.yaml"
    recipe.write_text(RECIPE + STAGE.format(name="live") + STAGE.format(name="kept"))
    out = folder / "run"
    for name in ("live", "kept"):
        (out / "stages" / name / "stage.json").unlink(missing_ok=True)
    done = subprocess.run([LIMBECK, "run", recipe, "--out", out, "--quiet", "--json"], capture_output=True, text=True, check=True)
    return {stage["name"]: stage["examples_per_second"] for stage in json.loads(done.stdout)["stages"]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default="/usr/bin/python3")
    options = parser.parse_args()
    ratios = {"live": [], "kept": [], "kept against live": []}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        ours(folder)  # trains the teacher, warms the disk
        for round_number in range(options.rounds):
            mine = ours(folder)
            done = subprocess.run([options.python, ROOT / "bench/peers/mnist_kd.py"], capture_output=True, text=True, check=True)
            peer = json.loads(done.stdout)
            ratios["live"].append(mine["live"] / peer["live"])
            ratios["kept"].append(mine["kept"] / peer["kept"])
            ratios["kept against live"].append(mine["kept"] / peer["live"])
            print(f"round {round_number + 1}: Limbeck live {mine['live']:,.0f}, kept {mine['kept']:,.0f}; "
                  f"PyTorch live {peer['live']:,.0f}, kept {peer['kept']:,.0f} examples/s", flush=True)
    print(f"\n{'Limbeck / PyTorch':<34} {'min':>6} {'median':>7} {'max':>6}")
    for label, key in (("teacher at every step", "live"), ("outputs kept", "kept"),
                       ("outputs kept / PyTorch's live", "kept against live")):
        values = ratios[key]
        print(f"{label:<34} {min(values):>6.2f} {statistics.median(values):>7.2f} {max(values):>6.2f}")


if __name__ == "__main__":
    main()
