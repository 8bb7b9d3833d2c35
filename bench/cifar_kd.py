"""Limbeck against the peer on CIFAR-100, in turn, several times over: ratios of examples per second.

Usage: bench/cifar_kd.py [PAIR...] [--rounds N] [--steps N] [--busy N] [--python /usr/bin/python3]
(needs the build, PyTorch and torchvision for that Python, and LIMBECK_DATA)
Both crop (4 pixels of padding) and flip, batch 64, SGD. The program distils with the teacher run at every step, and
with its outputs stored by view; the peer runs it at every step. Teachers have their initial weights: speed does not
depend on them. --busy N: beside N processes that do nothing but use a processor.
"""
import argparse
import contextlib
import json
import pathlib
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMBECK = ROOT / "build/release/limbeck"
PAIRS = ("resnet56-resnet20", "resnet32x4-resnet8x4")
RECIPE = """
name: bench
data: {{ source: cifar100, augment: {{ crop: 4, flip: true }}, examples: {{ fraction: {fraction} }} }}
networks: {{ large: {teacher}, small: {student} }}
stages:
  - {{ name: teacher, train: large, epochs: 1, batch_size: 64, examples: {{ fraction: 0.002 }},
       checkpoint_seconds: 1000 }}
"""
STAGE = ("  - {{ name: {name}, train: small, epochs: 1, batch_size: 64, checkpoint_seconds: 1000, "
         "optimizer: {{ sgd: {{ learning_rate: 0.05, weight_decay: 0.0005 }} }}, teacher: {{ network: {{ of: teacher, "
         "{outputs} }} }}, "
         "loss: [ soft_targets: {{ temperature: 4, weight: 0.9 }}, hard_labels: {{ weight: 0.1 }} ] }}\n")
WAYS = {"live": "outputs: live", "stored": "views: 1, store: views.safetensors, type: float16"}


@contextlib.contextmanager
def busy_processes(count):
    started = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def ours(folder, pair, steps):
    """Examples per second of each stage, of training alone; teacher and store are made once and used again."""
    teacher, student = pair.split("-")
    recipe, out = folder / "bench.yaml", folder / "run"
    text = RECIPE.format(teacher=teacher, student=student, fraction=steps * 64 / 50000)
    recipe.write_text(text + "".join(STAGE.format(name=name, outputs=outputs) for name, outputs in WAYS.items()))
    for name in WAYS:
        (out / "stages" / name / "stage.json").unlink(missing_ok=True)
    run = lambda *arguments: subprocess.run([LIMBECK, *arguments, "--out", out, "--quiet"], capture_output=True,
                                            text=True, check=True, cwd=folder)
    run("store", "build", recipe)
    stages = {stage["name"]: stage for stage in json.loads(run("run", recipe, "--json").stdout)["stages"]}
    return {name: stages[name]["examples_per_second"] for name in WAYS}, stages["live"]["conditions"][0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pairs", nargs="*", default=PAIRS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--python", default="/usr/bin/python3")
    options = parser.parse_args()
    for pair in options.pairs:
        ratios = {name: [] for name in WAYS}
        with busy_processes(options.busy), tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            _, conditions = ours(folder, pair, options.steps)
            print(f"{pair}, Limbeck with {conditions}. Examples per second:\n\nround  " +
                  "  ".join(f"{column:>12}" for column in (*WAYS, "PyTorch live")))
            for round_number in range(options.rounds):
                mine, _ = ours(folder, pair, options.steps)
                done = subprocess.run([options.python, ROOT / "bench/peers/cifar_kd.py", pair,
                                       "--steps", str(options.steps)],
                                      capture_output=True, text=True, check=True)
                peer = json.loads(done.stdout)["live"]
                for way in WAYS:
                    ratios[way].append(mine[way] / peer)
                print(f"{round_number + 1:>5}  " + "  ".join(f"{value:>12,.1f}" for value in (*mine.values(), peer)),
                      flush=True)
        print(f"\n{'Limbeck / PyTorch':<28} {'min':>6} {'median':>7} {'max':>6}")
        for way, values in ratios.items():
            label = {"live": "teacher at every step", "stored": "outputs stored by view"}[way]
            print(f"{label:<28} {min(values):>6.2f} {statistics.median(values):>7.2f} {max(values):>6.2f}")
        print()


if __name__ == "__main__":
    main()
