#!/usr/bin/env python3
"""All methods of recipes/cifar10/methods on one task: weights chosen on validation examples with equal effort, three
seeds, cost of a step. Makes the tables and the plot of docs/results/methods.md.

    bench/methods.py tune  --out runs/methods    # one seed: the usual weight, a third, and three times it
    bench/methods.py run   --out runs/methods    # three seeds at the weight with the fewest errors on validation
    bench/methods.py speed --out runs/methods    # with nothing beside: the time of a step, on the built-in digits
    bench/methods.py table --out runs/methods --plot docs/results/methods.svg

A run that is there is not run again. Teachers are trained once, one for each seed.
"""
import argparse
import concurrent.futures
import json
import math
import pathlib
import shutil
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
SEEDS = (1, 2, 3)
FACTORS = (1, 1 / 3, 3)
# Of each method the term that is weighed and its usual weight: the one published for CIFAR-100, or of that size.
METHODS = {
    "kd": ("soft_targets", 0.9), "kd_standardized": ("soft_targets", 9), "dkd": ("dkd", 1), "dist": ("dist", 1),
    "ttm": ("ttm", 4), "wttm": ("wttm", 4), "nkd": ("nkd", 1), "mlkd": ("mlkd", 1), "ctkd": ("ctkd", 0.9),
    "dot": ("soft_targets", 0.9), "sigmoid_targets": ("sigmoid_targets", 1),
    "logit_regression": ("logit_regression", 0.1), "mixup": ("soft_targets", 1), "cutmix": ("soft_targets", 1),
    "fitnet": ("fitnet", 100), "attention_transfer": ("attention_transfer", 1000),
    "similarity_preserving": ("similarity_preserving", 3000), "rkd": ("rkd", 1), "pkt": ("pkt", 30000),
    "cc": ("cc", 0.02), "vid": ("vid", 1), "nst": ("nst", 50), "fsp": ("fsp", 50), "ab": ("ab", 0.003),
    "ofd": ("ofd", 0.001), "factor_transfer": ("factor_transfer", 200), "reviewkd": ("reviewkd", 1),
    "crd": ("crd", 0.8), "ickd": ("ickd", 2.5), "simkd": ("simkd", 1), "mutual": ("mutual", 1)}
TWO_PHASES = ("fsp", "ab")  # features first, then labels: the first phase's term is weighed
WITHOUT_TEACHER = ("labels", "mutual")
PEAK = "peak_memory_kib"
ALL = ("labels", *METHODS)


class Bench:
    def __init__(self, arguments):
        self.out, self.jobs, self.program = arguments.out, arguments.jobs, arguments.limbeck
        self.rounds = arguments.rounds

    def run(self, method, seed, out, settings=(), reuse=None):
        """Runs a recipe with one thread; leaves the peak memory beside its results."""
        command = ["/usr/bin/time", "-f", "%M", self.program, "run", ROOT / f"recipes/cifar10/methods/{method}.yaml",
                   "--out", out, "--threads", "1", "--seed", str(seed), "--quiet"]
        for setting in settings:
            command += ["--set", setting]
        if reuse is not None and method not in WITHOUT_TEACHER:
            command += ["--reuse", reuse]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{method}: {done.stderr}")
        (out / PEAK).write_text(done.stderr.split()[-1])
        print(f"{out} done", flush=True)

    def teachers(self, seed):
        folder = self.out / f"teachers/seed-{seed}"
        if not (folder / "results.json").exists():
            self.run("kd", seed, folder)
        return folder

    def in_parallel(self, tasks, work):
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            list(pool.map(work, tasks))

    @staticmethod
    def weight_setting(method, weight):
        stage = "first" if method in TWO_PHASES else "distilled"
        return f"stages.{stage}.loss.{METHODS[method][0]}.weight={weight}"

    def tuned_folder(self, method, factor):
        return self.out / "tune" / f"{method}-{METHODS[method][1] * factor:.4g}"

    def validation_errors(self, method, factor):
        results = self.tuned_folder(method, factor) / "results.json"
        return evaluation(results, "validation")["errors"] if results.exists() else None

    def tune(self):
        reuse = self.teachers(SEEDS[0])

        def work(task):
            method, factor = task
            if self.validation_errors(method, factor) is None:
                self.run(method, SEEDS[0], self.tuned_folder(method, factor),
                         [self.weight_setting(method, f"{METHODS[method][1] * factor:.4g}")], reuse)

        self.in_parallel([(method, factor) for factor in FACTORS[:2] for method in METHODS], work)
        self.in_parallel([(method, FACTORS[2]) for method in METHODS
                          if self.validation_errors(method, FACTORS[1]) >= self.validation_errors(method, 1)], work)
        best = {}
        for method in METHODS:
            tried = [(self.validation_errors(method, factor), factor) for factor in FACTORS]
            _, factor = min((errors, factor) for errors, factor in tried if errors is not None)
            best[method] = float(f"{METHODS[method][1] * factor:.4g}")
        (self.out / "tuned.json").write_text(json.dumps(best, indent=1))

    def final(self):
        tuned = json.loads((self.out / "tuned.json").read_text())
        reuse = {seed: self.teachers(seed) for seed in SEEDS}

        def work(task):
            method, seed = task
            folder = self.out / "final" / method / f"seed-{seed}"
            if not (folder / "results.json").exists():
                settings = [self.weight_setting(method, f"{tuned[method]:.4g}")] if method in METHODS else []
                self.run(method, seed, folder, settings, reuse[seed])

        self.in_parallel([(method, seed) for seed in SEEDS for method in ALL], work)

    def speed(self):
        """In turns, so that whatever else the machine does hits all methods; the fastest of a method counts."""
        rates = {method: [] for method in ALL}
        small = ["data.source={digits: {train: 2560, test: 50}}", "data.validation=0"]
        teacher = self.out / "speed/teacher"
        for _ in range(self.rounds):
            for method in ALL:
                folder, stage = self.out / f"speed/{method}", "first" if method in TWO_PHASES else "distilled"
                shutil.rmtree(folder, ignore_errors=True)
                stages = {stage, "distilled"} | ({"teacher"} if method not in WITHOUT_TEACHER else set())
                settings = small + [f"stages.{name}.{key}=1" for name in sorted(stages)
                                    for key in ("epochs", "evaluate_every")]
                settings += [f"stages.{name}.examples.fraction=1" for name in sorted(stages - {"teacher"})]
                self.run(method, SEEDS[0], folder, settings, teacher if teacher.exists() else None)
                if method == "kd" and not teacher.exists():
                    shutil.copytree(folder, teacher)
                rates[method].append(stage_of(folder / "results.json", stage)["examples_per_second"])
        (self.out / "speed.json").write_text(json.dumps(rates, indent=1))

    def table(self, plot):
        tuned = json.loads((self.out / "tuned.json").read_text())
        final, rates = self.out / "final", json.loads((self.out / "speed.json").read_text())
        rows = {method: [evaluation(final / method / f"seed-{seed}/results.json", "test") for seed in SEEDS]
                for method in ALL}
        accuracy = {method: [100 * row["accuracy"] for row in rows[method]] for method in ALL}
        order = sorted(ALL, key=lambda method: -statistics.mean(accuracy[method]))
        print("| method | weight | accuracy | against `kd` | NLL | ECE | agrees | step | memory |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        for method in order:
            mean = {key: statistics.mean(row[key] or 0 for row in rows[method])
                    for key in ("nll", "ece", "agreement") if key in rows[method][0]}
            agrees = f"{100 * mean['agreement']:.1f} %" if mean.get("agreement") else ""
            step = max(rates["kd"]) / max(rates[method])
            memory = max(int((final / method / f"seed-{seed}" / PEAK).read_text()) for seed in SEEDS) / 1024
            weight = f"{tuned[method]:g}" if method in tuned else ""
            print(f"| {method} | {weight} | {with_deviation(accuracy[method])} % | "
                  f"{difference(accuracy[method], accuracy['kd']) if method != 'kd' else ''} | {mean['nll']:.2f} | "
                  f"{100 * mean['ece']:.1f} % | {agrees} | {step:.2f} | {memory:.0f} MiB |")
        if plot:
            plot.write_text(drawn(order, accuracy))


def stage_of(results, name):
    return next(stage for stage in json.loads(results.read_text())["stages"] if stage["name"] == name)


def evaluation(results, split):
    return stage_of(results, "distilled")["evaluations"][split]


def with_deviation(values):
    return f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}"


def difference(ours, theirs):
    """Seed by seed; with a star where the 95 % interval of three seeds' mean (Student's t, 2 degrees) is without 0."""
    each = [a - b for a, b in zip(ours, theirs)]
    mean, half = statistics.mean(each), 4.303 * statistics.stdev(each) / math.sqrt(len(each))
    return f"{mean:+.1f} ± {statistics.stdev(each):.1f}{' *' if abs(mean) > half else ''}"


def drawn(order, accuracy):
    """A dot for each seed, a line at the mean of plain distillation and of labels alone."""
    left, right, row, top = 170, 20, 16, 48
    values = [value for method in order for value in accuracy[method]]
    low, high = 5 * math.floor(min(values) / 5), 5 * math.ceil(max(values) / 5)
    width, height = 560, top + row * len(order) + 30
    x = lambda value: left + (value - low) / (high - low) * (width - left - right)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
             f'height="{height}" role="img" aria-label="Accuracy on test by method, three seeds each">\n<style>',
             'svg{background:#fcfcfb;font-family:system-ui,sans-serif}text{font-size:12px;fill:#5c5b57}'
             '.title{font-size:14px;font-weight:600;fill:#1a1a19}.end{text-anchor:end}.middle{text-anchor:middle}'
             '.grid{stroke:#e9e8e4}.mark{stroke:#b8480a;stroke-dasharray:4 3}.dot{fill:#2f6fde;opacity:.75}'
             '.mean{stroke:#1a1a19;stroke-width:2}',
             '@media screen and (prefers-color-scheme:dark){svg{background:#1a1a19}text{fill:#b9b8b0}'
             '.title{fill:#f3f2ee}.grid{stroke:#32322f}.mark{stroke:#e0622a}.dot{fill:#8fb6ff}'
             '.mean{stroke:#f3f2ee}}', '</style>',
             '<text class="title" x="10" y="20">Accuracy on test, three seeds; lines: labels alone, plain KD</text>']
    bottom = top + row * len(order)
    for value in range(low, high + 1, 5):
        parts.append(f'<path class="grid" d="M{x(value):.1f} {top - 6}V{bottom}"/>'
                     f'<text class="middle" x="{x(value):.1f}" y="{bottom + 18}">{value} %</text>')
    for method in ("labels", "kd"):
        at = x(statistics.mean(accuracy[method]))
        parts.append(f'<path class="mark" d="M{at:.1f} {top - 6}V{bottom}"/>'
                     f'<text class="middle" x="{at:.1f}" y="{top - 10}">{method}</text>')
    for i, method in enumerate(order):
        y = top + row * i + row / 2
        at = x(statistics.mean(accuracy[method]))
        parts.append(f'<text class="end" x="{left - 10}" y="{y + 4}">{method}</text>'
                     f'<path class="mean" d="M{at:.1f} {y - 5}V{y + 5}"/>')
        parts += [f'<circle class="dot" cx="{x(value):.1f}" cy="{y}" r="3.5"/>' for value in accuracy[method]]
    return "\n".join([*parts, "</svg>"]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("tune", "run", "speed", "table"))
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for everything that is run")
    parser.add_argument("--limbeck", default=ROOT / "build/release/limbeck", help="the program")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time, one thread each")
    parser.add_argument("--rounds", type=int, default=2, help="of speed: how often each method is measured")
    parser.add_argument("--plot", type=pathlib.Path, help="of table: SVG file to write")
    arguments = parser.parse_args()
    bench = Bench(arguments)
    if arguments.step == "table":
        bench.table(arguments.plot)
    else:
        {"tune": bench.tune, "run": bench.final, "speed": bench.speed}[arguments.step]()


if __name__ == "__main__":
    main()
