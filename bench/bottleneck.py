"""A wide first layer as a product U V against the same layer as one matrix: time of a step and memory, in turn, several
times.

Usage: bench/bottleneck.py [--rounds N] [--hidden 8000] [--bottleneck 250] [--threads N]      (needs the build)
Training on labels, batch 128, SGD with momentum, built-in digits. Memory is the process's largest, above that of a
network of one hidden unit on the same data: weights, momenta, gradients and activations.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMBECK = ROOT / "build/release/limbeck"
RECIPE = """
name: bench
data: {{ source: {{ digits: {{ train: 12800, test: 100 }} }} }}
networks: {{ wide: {{ mlp: {{ hidden: [{hidden}], bottleneck: {bottleneck} }} }} }}
stages: [ {{ name: wide, train: wide, epochs: 1, checkpoint_seconds: 1000, precision: float32 }} ]
"""


def run(folder, hidden, bottleneck, threads):
    """Milliseconds a step, largest memory in MiB, parameters."""
    recipe = folder / "bench.yaml"
    recipe.write_text(RECIPE.format(hidden=hidden, bottleneck=bottleneck))
    out = folder / "run"
    subprocess.run(["rm", "-rf", out], check=True)
    flags = ["--threads", str(threads)] if threads else []
    child = subprocess.Popen([LIMBECK, "run", recipe, "--out", out, "--quiet", "--json", *flags],
                             stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        raise SystemExit(f"limbeck ended with status {status}")
    stage = json.loads((out / "results.json").read_text())["stages"][0]
    return 128_000 / stage["examples_per_second"], usage.ru_maxrss / 1024, stage["network"]["parameters"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--hidden", type=int, default=8000)
    parser.add_argument("--bottleneck", type=int, default=250)
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        _, base, _ = run(folder, 1, 0, options.threads)
        print(f"hidden {options.hidden}, bottleneck {options.bottleneck}\n")
        print("round  plain ms  U V ms  ratio  plain MiB  U V MiB  ratio")
        ratios = []
        for number in range(options.rounds):
            plain, product = (run(folder, options.hidden, bottleneck, options.threads)
                              for bottleneck in (0, options.bottleneck))
            own = [plain[1] - base, product[1] - base]
            ratios.append((plain[0] / product[0], own[0] / own[1]))
            print(f"{number + 1:>5}  {plain[0]:>8.1f}  {product[0]:>6.1f}  {ratios[-1][0]:>5.2f}  {own[0]:>9.0f}  "
                  f"{own[1]:>7.0f}"
                  f"  {ratios[-1][1]:>5.2f}", flush=True)
        print(f"\nparameters: plain {plain[2]:,}, U V {product[2]:,}, ratio {plain[2] / product[2]:.2f}")
        for index, what in enumerate(("time of a step", "memory")):
            values = [ratio[index] for ratio in ratios]
            print(f"{what}: plain / U V {statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})")


if __name__ == "__main__":
    main()
