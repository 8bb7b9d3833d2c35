"""Limbeck against PyTorch on a GPU, in turn, several rounds: examples per second and ratios as a Markdown table.

Usage: bench/gpu_table.py [--limbeck PROGRAM] [--data DIR] [--rounds N] [--limit SECONDS] [--out FILE.md] ...
       bench/gpu_table.py --rehearse          tiny networks on the processor, in seconds
Limbeck trains each pair with the teacher at every step (live) and with its outputs stored, in each precision, with
CUDA graphs and without; and so for several seeds at once, whose speeds are summed. A figure is the median of its epochs
after the first. The peers are bench/peers/*_kd_gpu.py. torch.compile and several seeds are measured in the first round
alone. Networks have nearly their initial weights, and where --data has no pictures they are random: speed depends on
neither.
"""
import argparse
import collections
import json
import os
import pathlib
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))
import random_pictures  # noqa: E402

COMPILED = "compile_graph,compile,compile_max_graph,compile_max"  # in the order of what is most likely to be best
# By column: who, in which mode.
COLUMNS = {("limbeck", "plain"): "Limbeck `--no-cuda-graphs`", ("limbeck", "graphs"): "Limbeck",
           ("limbeck", "seeds"): "several seeds at once", ("peer", "eager"): "PyTorch eager",
           ("peer", "graph"): "graph", ("peer", "compile"): "compile", ("peer", "compile_max"): "compile max",
           ("peer", "compile_graph"): "compile, graph", ("peer", "compile_max_graph"): "compile max, graph"}
MLPS = {"mnist": ("[1200, 1200]", "[800, 800]"), "tiny": ("[16]", "[8]")}
TITLES = {"mnist": "MNIST 1200² → 800²", "tiny": "MLP 16 → 8"}


class Pair:
    def __init__(self, name, options):
        self.name, self.options = name, options
        self.is_mlp = name in MLPS
        self.title = TITLES.get(name, name.replace("-", " → "))
        self.batch = 128 if self.is_mlp else 64
        if options.rehearse:
            self.batch = 16
        self.examples = 60000 if self.is_mlp else 50000

    def recipe(self, graphs):
        """All stages of one process. Each epoch records its graphs anew, so it is longer where there are some."""
        options = self.options
        steps = options.steps * (2 if graphs else 1)
        if options.rehearse:
            source = f"digits: {{ train: {steps * self.batch}, test: 20 }}"
            fraction, few = 1, 1
        else:
            source = "mnist" if self.is_mlp else "cifar100"
            fraction, few = min(1.0, steps * self.batch / self.examples), 640 / self.examples
        if self.is_mlp:
            teacher, student = (f"{{ mlp: {hidden} }}" for hidden in MLPS[self.name])
            views, temperature, decay = "", 20, 0
            ways = {"live": "outputs: live", "stored": "outputs: kept"}
        else:
            teacher, student = self.name.split("-")
            views, temperature, decay = ", augment: { crop: 4, flip: true }", 4, 0.0005
            ways = {"live": "outputs: live", "stored": "views: 1, type: float16"}
        data = f"{{ source: {{ {source} }}{views} }}" if options.rehearse else f"{{ source: {source}{views} }}"
        text = (f"name: bench\nseed: 1\ndata: {data}\nnetworks: {{ large: {teacher}, small: {student} }}\nstages:\n"
                f"  - {{ name: teacher, train: large, epochs: 1, batch_size: {self.batch}, checkpoint_seconds: 1000, "
                f"examples: {{ fraction: {few} }} }}\n")
        for way in options.ways:
            for precision in options.precisions:
                text += (f"  - {{ name: {way}_{precision}, train: small, epochs: {options.epochs}, "
                         f"batch_size: {self.batch}, precision: {precision}, checkpoint_seconds: 1000, "
                         f"examples: {{ fraction: {fraction} }}, "
                         f"optimizer: {{ sgd: {{ learning_rate: 0.01, weight_decay: {decay} }} }}, "
                         f"teacher: {{ network: {{ of: teacher, {ways[way]} }} }}, "
                         f"loss: [ soft_targets: {{ temperature: {temperature}, weight: 0.9 }}, "
                         f"hard_labels: {{ weight: 0.1 }} ] }}\n")
        return text

    def peer(self, modes, precisions, limit):
        options = self.options
        command = [options.python, str(ROOT / "bench/peers" / ("mnist" if self.is_mlp else "cifar"))]
        command[1] += "_kd_gpu.py"
        if not self.is_mlp:
            command.append(self.name)
        elif self.name == "tiny":
            command += ["--widths", "16,8"]
        command += ["--device", options.device, "--modes", modes, "--ways", ",".join(options.ways), "--precisions",
                    ",".join(precisions), "--batch", str(self.batch), "--limit", str(max(1, int(limit))),
                    "--seconds", str(options.peer_seconds), "--stretches", "3"]
        if options.rehearse:
            command += ["--warm-up", "2", "--examples", "200"]
        return command


class Table:
    def __init__(self, options):
        self.options, self.begin = options, time.monotonic()
        self.figures = collections.defaultdict(dict)  # by (pair, way, precision) and (who, mode), by round
        self.notes, self.commands, self.environment, self.peer = [], [], {}, ""

    def left(self):
        return self.options.limit - (time.monotonic() - self.begin)

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)
            print(text, file=sys.stderr, flush=True)

    def add(self, pair, way, precision, who, mode, number, value):
        self.figures[pair.name, way, precision].setdefault((who, mode), {})[number] = value
        row = {"round": number, "who": who, "pair": pair.name, "way": way, "precision": precision, "mode": mode,
               "examples_per_second": round(value, 1)}
        print(json.dumps(row), file=sys.stderr, flush=True)
        if self.options.json:
            with open(self.options.json, "a") as file:
                file.write(json.dumps(row) + "\n")

    def run(self, command, what, log, most=None):
        """The exit code; None where there was no time."""
        seconds = min(most or self.options.each, self.left())
        if seconds < 3:
            self.note(f"{what}: no time left")
            return None
        shown = shlex.join(str(word) for word in command)
        if shown not in self.commands:
            self.commands.append(shown)
        with open(log, "w") as file:
            try:
                return subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, timeout=seconds).returncode
            except subprocess.TimeoutExpired:
                self.note(f"{what}: stopped after {seconds:.0f} s")
                return -1

    def command(self, pair, graphs, out):
        """The recipe is written beside `out`."""
        recipe = out.parent / f"{pair.name}-{'graphs' if graphs else 'plain'}.yaml"
        recipe.write_text(pair.recipe(graphs))
        shutil.rmtree(out, ignore_errors=True)
        command = [self.options.limbeck, "run", recipe, "--out", out, "--device", self.options.device, "--quiet"]
        if self.options.data:
            command += ["--data", self.options.data]
        if self.options.threads:
            command += ["--threads", self.options.threads]
        if not graphs and self.options.device != "cpu":
            command.append("--no-cuda-graphs")
        return [str(word) for word in command]

    def tell_failure(self, what, code, log):
        if code:
            lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
            self.note(f"{what}: exit code {code}: {' '.join(lines[-2:])[:200]}")

    def limbeck(self, pair, graphs, number, folder):
        what, out = f"Limbeck, {pair.title}{'' if graphs else ', --no-cuda-graphs'}", folder / "run"
        log = folder / "limbeck.log"
        code = self.run(self.command(pair, graphs, out), what, log)
        if code is None:
            return
        self.tell_failure(what, code, log)
        for line in log.read_text(errors="replace").splitlines():
            if "could not be recorded" in line:
                self.note(f"{what}: {line.strip()}")
        if (out / "results.json").exists():
            self.environment = self.environment or json.loads((out / "results.json").read_text()).get("environment", {})
        for way in self.options.ways:
            for precision in self.options.precisions:
                epochs = epochs_of(out / "stages" / f"{way}_{precision}")
                if len(epochs) > 1:
                    self.add(pair, way, precision, "limbeck", "graphs" if graphs else "plain", number, speed(epochs))

    def seeds(self, pair, graphs, number, folder):
        """Several seeds in one process, which trains them side by side on a GPU."""
        what, log, out = f"Limbeck, {pair.title}, {self.options.seeds} seeds", folder / "seeds.log", folder / "seeds"
        code = self.run([*self.command(pair, graphs, out), "--seeds", str(self.options.seeds)], what, log)
        if code is None:
            return
        self.tell_failure(what, code, log)
        seeds = sorted(out.glob("seed-*"))
        for way in self.options.ways:
            for precision in self.options.precisions:
                stages = [seed / "stages" / f"{way}_{precision}" for seed in seeds]
                epochs = [epochs_of(stage) for stage in stages]
                if not stages or any(len(of_seed) < 2 for of_seed in epochs):
                    continue
                spans = [span(stage, of_seed) for stage, of_seed in zip(stages, epochs)]
                if self.options.device != "cpu" and not together(spans):
                    self.note(f"{what}, {way}, {precision}: the seeds were not trained at the same time")
                    continue
                self.add(pair, way, precision, "limbeck", "seeds", number, sum(map(speed, epochs)))

    def peers(self, pair, modes, precisions, seconds, number, folder):
        what, log = f"PyTorch, {pair.title}, {modes}", folder / "peer.log"
        command = pair.peer(modes, precisions, min(seconds, self.left()) * 0.8)
        if self.run(command, what, log, seconds) is None:
            return
        rows = 0
        for line in log.read_text(errors="replace").splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            rows += 1
            self.peer = row["peer"]
            name = f"PyTorch, {pair.title}, {row['way']}, {row['precision']}, {row['mode']}"
            if "examples_per_second" in row:
                self.add(pair, row["way"], row["precision"], "peer", row["mode"], number, row["examples_per_second"])
            elif "error" in row:
                self.note(f"{name}: {row['error']}")
            elif self.options.device == "cuda":
                self.note(f"{name}: {row['skipped']}")
        if rows == 0:
            self.note(f"{what}: {log.read_text(errors='replace').strip().splitlines()[-1:]}")

    def measure(self, pairs):
        with tempfile.TemporaryDirectory(prefix="limbeck_gpu_") as name:
            folder = pathlib.Path(name)
            for number in range(1, self.options.rounds + 1):
                for pair in pairs:
                    for graphs in self.options.graphs:
                        self.limbeck(pair, graphs == "on", number, folder)
                    self.peers(pair, "eager,graph", self.options.peer_precisions, self.options.each, number, folder)
                    if self.options.seeds and number == 1:
                        self.seeds(pair, self.options.graphs[-1] == "on", number, folder)
                if number == 1 and self.options.compile:
                    for pair in pairs:
                        self.peers(pair, COMPILED, self.options.compile_precisions, self.options.compile, number,
                                   folder)

    def median(self, key, column):
        return statistics.median(self.figures[key].get(column, {}).values() or [0]) or None

    def ratio(self, keys, mine):
        """(median, least, most) over the rounds of our best by theirs; None where either is missing."""
        def best(who, number):
            values = [of_round.get(number, of_round[min(of_round)] if "compile" in column[1] else 0)
                      for key in keys for column, of_round in self.figures[key].items()
                      if (column in mine if who == "limbeck" else column[0] == "peer")]
            return max(values, default=0)
        ratios = [best("limbeck", number) / best("peer", number) for number in range(1, self.options.rounds + 1)
                  if best("limbeck", number) and best("peer", number)]
        return (statistics.median(ratios), min(ratios), max(ratios)) if ratios else None

    def markdown(self, pairs):
        alone, seeds = [("limbeck", "plain"), ("limbeck", "graphs")], [("limbeck", "seeds")]
        keys = [(pair.name, way, precision) for pair in pairs for way in self.options.ways
                for precision in ("float32", "tf32", "bfloat16") if (pair.name, way, precision) in self.figures]
        asked = [alone[1]] + (seeds if self.options.seeds else [])
        used = [column for column in COLUMNS if column in asked or any(column in self.figures[key] for key in keys)]
        titles = {pair.name: pair.title for pair in pairs}
        rows = [["pair, teacher", "precision", *(COLUMNS[column] for column in used), "Limbeck / PyTorch",
                 "several seeds / PyTorch"]]
        for key in keys:
            rows.append([f"{titles[key[0]]}, {key[1]}", key[2], *(count(self.median(key, column)) for column in used),
                         shown(self.ratio([key], alone)), shown(self.ratio([key], seeds))])
        text = "Examples per second of training\n\n" + table(rows, 2)
        best = [["pair, teacher", "Limbeck", "PyTorch", "Limbeck / PyTorch", "several seeds / PyTorch"]]
        for pair in pairs:
            for way in self.options.ways:
                of = [key for key in keys if key[:2] == (pair.name, way)]
                most = lambda who: max((self.median(key, column) or 0 for key in of for column in used
                                        if column[0] == who and column not in seeds), default=0)
                best.append([f"{pair.title}, {way}", count(most("limbeck")), count(most("peer")),
                             shown(self.ratio(of, alone)), shown(self.ratio(of, seeds))])
        text += "\nThe best of all precisions and modes\n\n" + table(best, 1)
        text += "\n" + "".join(f"- {note}\n" for note in self.notes)
        if self.options.seeds:
            text += f"- several seeds at once: {self.options.seeds}, in one process\n"
        return text + "\nCommands:\n\n" + "".join(f"    {command}\n" for command in self.commands)

    def about(self):
        """Where and with what this was measured."""
        lines = [("date", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())),
                 ("command", shlex.join(["bench/gpu_table.py", *sys.argv[1:]])), ("device", device(self.options)),
                 ("LibTorch", self.environment.get("torch", "not known")), ("peer", self.peer or "none"),
                 ("system", self.environment.get("system", "not known")),
                 ("rounds", f"{self.options.rounds}, {self.options.epochs} epochs of {self.options.steps} steps")]
        return "".join(f"- {name}: {value}\n" for name, value in lines)


def epochs_of(stage):
    file = stage / "metrics.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def speed(epochs):
    """Examples per second, without the epoch in which everything is made."""
    return statistics.median(epoch["examples_per_second"] for epoch in epochs[1:])


def span(stage, epochs):
    """When the stage was trained, by the clock of the file system."""
    end = (stage / "metrics.jsonl").stat().st_mtime
    return end - sum(epoch["seconds"] for epoch in epochs), end


def together(spans):
    """Whether all overlap, by half of the shortest at least."""
    common = min(end for _, end in spans) - max(begin for begin, _ in spans)
    return common > 0.5 * min(end - begin for begin, end in spans)


def device(options):
    if options.device != "cuda":
        return "processor"
    asked = subprocess.run(["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"],
                           capture_output=True, text=True)
    return asked.stdout.strip().replace("\n", "; ").replace(", ", ", driver ") or "not known"


def count(value):
    return f"{value:,.0f}" if value else "–"


def shown(ratio):
    if ratio is None:
        return "–"
    middle, least, most = ratio
    return f"{middle:.2f}" + (f" ({least:.2f} to {most:.2f})" if f"{least:.2f}" != f"{most:.2f}" else "")


def table(rows, left):
    """As Markdown; the first `left` columns are words."""
    rule = ["---"] * left + ["---:"] * (len(rows[0]) - left)
    return "".join("| " + " | ".join(row) + " |\n" for row in [rows[0], rule, *rows[1:]])


def with_pictures(options, folder):
    """The data folder; where it lacks a set, one of random pictures."""
    wanted = {"mnist": "mnist/train-images-idx3-ubyte", "cifar100": "cifar-100-binary/train.bin"}
    sets = {"mnist" if name == "mnist" else "cifar100" for name in options.pairs}
    given = pathlib.Path(options.data) if options.data else None
    if given and all((given / wanted[name]).exists() or (given / (wanted[name] + ".gz")).exists() for name in sets):
        return str(given)
    print(f"random pictures in {folder}", file=sys.stderr, flush=True)
    subprocess.run([sys.executable, random_pictures.__file__, folder, "--sets", ",".join(sorted(sets))], check=True)
    return str(folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--limbeck", default=os.environ.get("LIMBECK", str(ROOT / "build/release/limbeck")))
    parser.add_argument("--python", default=sys.executable, help="with PyTorch")
    parser.add_argument("--data", default=os.environ.get("LIMBECK_DATA", ""))
    parser.add_argument("--pictures", type=pathlib.Path, default=ROOT / "build/gpu-pictures",
                        help="where random pictures go if --data has none")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--pairs", default="mnist,resnet56-resnet20,resnet32x4-resnet8x4")
    parser.add_argument("--ways", default="live,stored")
    parser.add_argument("--precisions", default="float32,bfloat16", help="Limbeck's")
    parser.add_argument("--peer-precisions", default="float32,tf32,bfloat16")
    parser.add_argument("--graphs", default="off,on", help="of Limbeck; the last is taken for several seeds")
    parser.add_argument("--seeds", type=int, default=3, help="how many run at once; 0: none do")
    parser.add_argument("--compile", type=float, default=60, help="seconds of a pair for torch.compile; 0: none")
    parser.add_argument("--compile-precisions", default="bfloat16")
    parser.add_argument("--peer-seconds", type=float, default=0.3, help="of each of three stretches")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=120, help="of an epoch; twice as many with graphs")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--limit", type=float, default=600, help="seconds for everything")
    parser.add_argument("--each", type=float, default=120, help="seconds for one process")
    parser.add_argument("--out", type=pathlib.Path, help="the table, too")
    parser.add_argument("--json", type=pathlib.Path, help="a line for each figure is added to it")
    parser.add_argument("--rehearse", action="store_true")
    options = parser.parse_args()
    if options.rehearse:
        options.device, options.pairs, options.graphs, options.threads = "cpu", "tiny,resnet8-resnet8", "on", 1
        options.rounds, options.steps, options.epochs, options.compile, options.peer_seconds = 1, 4, 2, 0, 0.02
        options.seeds = min(options.seeds, 2)
    for name in ("pairs", "ways", "precisions", "peer_precisions", "compile_precisions", "graphs"):
        setattr(options, name, [word for word in getattr(options, name).split(",") if word])
    if not options.rehearse:
        options.data = with_pictures(options, options.pictures)
    measured = Table(options)
    pairs = [Pair(name, options) for name in options.pairs]
    measured.measure(pairs)
    text = measured.about() + "\n" + measured.markdown(pairs)
    print(text)
    if options.out:
        options.out.write_text(text)
    return 0 if any(column[0] == "limbeck" for columns in measured.figures.values() for column in columns) else 1


if __name__ == "__main__":
    sys.exit(main())
