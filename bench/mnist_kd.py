"""Limbeck against the peer, in turn, several times over: ratios of examples per second.

Usage: bench/mnist_kd.py [--rounds N] [--python /usr/bin/python3]      (needs the build, and PyTorch for that Python)
The program distils with the teacher run at every step, and with its outputs kept, each with `precision: auto` and with
`float32`; the peer does both in float32. bench_products says what the matrix products alone would allow.
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
STAGE = ("  - {{ name: {outputs}_{precision}, train: small, epochs: 1, checkpoint_seconds: 1000, precision: "
         "{precision}, "
         "optimizer: {{ sgd: {{ learning_rate: 0.05 }} }}, teacher: {{ network: {{ of: teacher, outputs: "
         "{outputs} }} }}, "
         "loss: [ soft_targets: {{ temperature: 20, weight: 0.9 }}, hard_labels: {{ weight: 0.1 }} ] }}\n")
PRECISIONS = ("auto", "float32")
STAGES = [(outputs, precision) for precision in PRECISIONS for outputs in ("live", "kept")]


def ours(folder):
    """Examples per second of each stage, of training alone; the teacher is trained once and reused."""
    recipe = folder / "bench.yaml"
    recipe.write_text(RECIPE +
                      "".join(STAGE.format(outputs=outputs, precision=precision) for outputs, precision in STAGES))
    out = folder / "run"
    for outputs, precision in STAGES:
        (out / "stages" / f"{outputs}_{precision}" / "stage.json").unlink(missing_ok=True)
    done = subprocess.run([LIMBECK, "run", recipe, "--out", out, "--quiet", "--json"], capture_output=True, text=True,
                          check=True)
    stages = {stage["name"]: stage for stage in json.loads(done.stdout)["stages"]}
    return {name: stage["examples_per_second"] for name, stage in stages.items()}, stages["live_auto"]["conditions"][0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default="/usr/bin/python3")
    options = parser.parse_args()
    comparisons = {(precision, what): [] for precision in PRECISIONS for what in
                   (("live", "live"), ("kept", "kept"), ("kept", "live"))}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        _, conditions = ours(folder)  # trains the teacher, warms the disk
        print(f"Limbeck, precision auto: {conditions}. Examples per second:\n")
        columns = [f"{outputs} {precision}" for outputs, precision in STAGES] + ["PyTorch live", "PyTorch kept"]
        print("round  " + "  ".join(f"{column:>12}" for column in columns))
        for round_number in range(options.rounds):
            mine, _ = ours(folder)
            done = subprocess.run([options.python, ROOT / "bench/peers/mnist_kd.py"], capture_output=True, text=True,
                                  check=True)
            peer = json.loads(done.stdout)
            for (precision, (own, other)), ratios in comparisons.items():
                ratios.append(mine[f"{own}_{precision}"] / peer[other])
            values = [mine[f"{outputs}_{precision}"] for outputs, precision in STAGES] + [peer["live"], peer["kept"]]
            print(f"{round_number + 1:>5}  " + "  ".join(f"{value:>12,.0f}" for value in values), flush=True)
    print(f"\n{'Limbeck / PyTorch':<44} {'min':>6} {'median':>7} {'max':>6}")
    words = {"live": "teacher at every step", "kept": "outputs kept"}
    for (precision, (own, other)), ratios in comparisons.items():
        label = f"{precision}: {words[own]}" + ("" if own == other else ", against live")
        print(f"{label:<44} {min(ratios):>6.2f} {statistics.median(ratios):>7.2f} {max(ratios):>6.2f}")


if __name__ == "__main__":
    main()
