"""No block of code in the documents goes unchecked: each is run here or by a test that is named here, or stands in a
list with the reason why not."""
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import unittest

from serving import ServeTest
from support import SOURCE, ProgramTest, blocks, commands_of, fenced, pages, statements

try:
    import torch
except ImportError:
    torch = None
try:
    import torchvision
except ImportError:
    torchvision = None

# Commands of shell blocks that no test runs as they stand. Their scripts, arguments and presets are looked at.
NOT_RUN = {
    "scripts/demo.sh": "builds the program, and trains for a minute",
    "scripts/test.sh": "runs this test",
    "bench/methods.py tune --out runs/methods": "trains for an hour",
    "bench/methods.py run --out runs/methods": "trains for an hour",
    "bench/methods.py speed --out runs/methods": "trains for some minutes",
    "bench/methods.py table --out runs/methods --plot docs/results/methods.svg": "needs these runs",
    "bench/scale.py store --examples 1281167 --decode 1000 --teacher 36 --bytes 98": "reckons a table of the page",
    "bench/scale.py train --step 0.0043 --weak --megabytes 1.1 --link 200 --latency 5": "reckons a table of the page",
    "bench/ranks.py --rounds 3": "trains for minutes",
    "bench/ranks.py --rounds 2 --link 1gbit": "trains for minutes, as root",
    "torchrun --no_python --nproc_per_node 2 limbeck run recipe.yaml": "test_ranks runs it with Debian 12's flags",
    "srun limbeck run recipe.yaml": "needs Slurm",
    "srun limbeck store build recipe.yaml": "needs Slurm; test_store starts ranks",
    "sbatch --array=1-8 --wrap limbeck store build recipe.yaml --shard $SLURM_ARRAY_TASK_ID/8": "needs Slurm",
    "python3 examples/write_store.py logits.npy --out outputs.safetensors --shards 4 && limbeck store index "
    "outputs.safetensors outputs-*.safetensors": "test_store runs both",
    "mpirun -np 2 limbeck run recipe.yaml": "test_ranks runs it",
    "RANK=0 WORLD_SIZE=2 MASTER_ADDR=host1 MASTER_PORT=29500 limbeck run recipe.yaml": "test_ranks starts both ranks",
    "python3 examples/exported_teacher.py --model resnet18 --out teacher.onnx":
        "takes a minute; test_models_from_elsewhere makes smaller ones",
    "scripts/bootstrap.sh program && scripts/build.sh limbeck": "installs packages and builds the program",
    "scripts/bootstrap.sh && scripts/build.sh": "installs packages and builds everything",
    "export LIMBECK_TORCH=~/libtorch": "needs another LibTorch",
    "export LIMBECK_TORCH=$(python3 -c import torch; print(torch.__path__[0]))": "needs another LibTorch",
    "scripts/gpu.sh": "needs a GPU",
    "scripts/gpu.sh build": "needs a GPU",
    "scripts/gpu.sh collect": "is of use to a machine with a GPU",
    "LIMBECK_BUILD=build/release scripts/gpu.sh test bench": "needs a GPU",
    "scripts/bootstrap.sh program && scripts/build.sh limbeck limbeck_library": "installs packages and builds",
    "scripts/build.sh limbeck limbeck_library": "builds the program and the library",
    "scripts/debian13.sh /var/tmp/trixie scripts/packages.sh": "makes a Debian 13",
    "scripts/debian13.sh /var/tmp/trixie scripts/try_packages.sh": "makes a Debian 13",
    "scripts/bootstrap.sh headless": "installs packages",
    "cmake --preset headless && cmake --build --preset headless": "builds the program once more",
}
# Those that a test runs elsewhere.
RUN_ELSEWHERE = {
    "scripts/gpu.sh --rehearse": "test_gpu_script.py",
    "scripts/docs.sh": "tests/source/test_docs_site.py",
    "cmake --install build/release --prefix ~/limbeck": "test_consumer.py",
    "scripts/packages.sh": "test_packages.py",
}
# Blocks without a language, by their first line: what is printed, which tests here compare, and what is no output.
PRINTED = {
    "docs/quickstart.md": ["stage ", "limbeck: my.yaml:29:25:"],
    "docs/tutorial.md": ["network "],
    "docs/how-to/export.md": ["Wrote student.onnx:"],
    "docs/how-to/measure-cost.md": ["in LibTorch "],
}
DRAWN = {
    "docs/architecture.md": ["recipe.yaml ─ recipe"],
    "docs/tutorial.md": ["pictures/train/CLASS/*"],
}
OTHER_TESTS = {
    "yaml": "test_documents: test_recipes_of_the_documents_are_valid",
    "cpp": "test_consumer: test_the_pages_code_is_that_of_the_programs_or_compiles",
    "bash": "test_completion, which sources the scripts",
    "lua": "nothing: these are settings of Neovim; test_schema looks at the schema that they name",
    "cmake": "test_consumer: test_the_pages_code_is_that_of_the_programs_or_compiles",
}


def others():
    """(page, words) of each command of a shell block that is no call of the program."""
    for page in pages():
        for block in blocks(page, "sh"):
            yield from ((page, words) for words in statements(block) if words[0] != "limbeck")


def heads(table):
    """The columns' names of each table in a text: the lines above a line of ───."""
    lines = table.splitlines()
    return [re.split(r"\s{2,}", above.strip()) for above, line in zip(lines, lines[1:]) if line.startswith("───")]


class Blocks(ProgramTest):
    def test_every_block_is_run_or_has_a_reason_why_not(self):
        run_here = {("docs/tutorial.md", "python3"), ("docs/how-to/serve.md", "python3"),
                    ("docs/how-to/serve.md", "curl")}
        unknown, seen = [], set()
        for page, words in others():
            command = " ".join(words)
            seen.add(command)
            if command not in NOT_RUN and command not in RUN_ELSEWHERE and (page, words[0]) not in run_here:
                unknown.append(f"{page}: {command}")
        for page in pages():
            for language, text in fenced(page):
                first = [*PRINTED.get(page, []), *DRAWN.get(page, [])]
                if language not in ("sh", "python", "json", *OTHER_TESTS) and not (
                        language == "" and text.startswith(tuple(first))):
                    unknown.append(f"{page}: ```{language}: {text.splitlines()[0]}")
        self.assertEqual(unknown, [], "no test runs these; run them, or say in this file's lists why none can")
        self.assertEqual([command for command in NOT_RUN if command not in seen], [], "no document has these any more")

    def test_commands_that_are_not_run_name_what_is_there(self):
        presets = json.loads((SOURCE / "CMakePresets.json").read_text())
        known = subprocess.run([SOURCE / "scripts/bootstrap.sh", "nonsense"], capture_output=True, text=True).stderr
        for command in [*NOT_RUN, *RUN_ELSEWHERE]:
            words = command.split()
            for before, word in zip([""] + words, words):
                if word.startswith("scripts/"):
                    self.assertTrue(os.access(SOURCE / word, os.X_OK), word)
                    subprocess.run(["bash", "-n", SOURCE / word], check=True)
                elif before == "scripts/bootstrap.sh" and word != "&&":
                    self.assertRegex(known, rf"none of .*\b{word}\b")
                elif before == "--preset":
                    for kind in ("configurePresets", "buildPresets"):
                        self.assertIn(word, [preset["name"] for preset in presets[kind]])

    def test_json_blocks_are_json(self):
        found = [json.loads(block) for page in pages() for block in blocks(page, "json")]
        self.assertTrue(found)

    @unittest.skipIf(torch is None, "python3-torch is not installed")
    def test_python_blocks_save_a_teacher(self):
        found = [(page, block) for page in pages() for block in blocks(page, "python")]
        self.assertTrue(found)
        for page, block in found:
            with self.subTest(page=page):
                program = f"import torch\nmodel = torch.nn.Linear(4, 2)\n{block}"
                subprocess.run([sys.executable, "-c", program], cwd=self.folder, check=True, timeout=120)
                logits = torch.jit.load(str(self.folder / "teacher.pt"))(torch.zeros(3, 4))
                self.assertEqual(tuple(logits.shape), (3, 2))
                (self.folder / "teacher.pt").unlink()

    @unittest.skipIf(torchvision is None, "python3-torchvision is not installed")
    def test_the_tutorial_s_teacher_is_trained_and_saved(self):
        data = self.folder / "cifar-10-batches-bin"
        data.mkdir()
        for i in range(1, 6):
            (data / f"data_batch_{i}.bin").write_bytes(b"".join(
                struct.pack("B", (i + row) % 10) + bytes([20 * row]) * 3072 for row in range(4)))
        (self.folder / "examples").symlink_to(SOURCE / "examples")
        (command,) = [words for page, words in others() if page == "docs/tutorial.md"]
        self.assertEqual(command[0], "python3")
        subprocess.run([sys.executable, *command[1:]], cwd=self.folder, check=True, timeout=300)
        logits = torch.jit.load(str(self.folder / "teacher.pt"))(torch.zeros(2, 3, 32, 32))
        self.assertEqual(tuple(logits.shape), (2, 10))

    def test_mistakes_are_told_as_the_quickstart_shows(self):
        self.limbeck("init", "my.yaml")
        recipe = self.folder / "my.yaml"
        recipe.write_text(recipe.read_text().replace("{ temperature", "{ temprature").replace("- hard_labels",
                                                                                             "- hard_lables"))
        told = self.limbeck("check", "my.yaml", expect=2).stderr
        self.assertIn(told, blocks("docs/quickstart.md", ""))

    def test_printed_tables_have_the_columns_that_the_documents_show(self):
        self.limbeck("run", self.recipe, "--out", "runs/demo", "--quiet")
        (command,) = commands_of("docs/how-to/measure-cost.md")
        small = ["--source", "{digits: {train: 100, test: 20}}"]
        distilled = ["distill", "--teacher", "mlp:8", "--student", "mlp:4", "--baseline", "--epochs", "1", *small]
        for page, arguments in (("docs/quickstart.md", ["report", "runs/demo"]), ("docs/tutorial.md", distilled),
                                ("docs/how-to/measure-cost.md", command)):
            with self.subTest(page=page):
                printed = heads(self.limbeck(*arguments).stdout)
                shown = heads("".join(blocks(page, "")))
                self.assertTrue(shown)
                for _, *columns in shown:  # the first says whether there is an onnxruntime to measure with, too
                    self.assertTrue(any(columns == row[1:len(columns) + 1] for row in printed), (columns, printed))

    def test_exports_are_told_as_the_document_shows(self):
        self.limbeck("run", self.recipe, "--out", "runs/demo", "--quiet")
        exports = [command for command in commands_of("docs/how-to/export.md") if "student.safetensors" not in command]
        told = "".join(self.limbeck(*command).stdout for command in exports)
        shown = blocks("docs/how-to/export.md", "")[0]
        numbers = re.compile(r"[\d.,]+( k?B)?")
        self.assertEqual(numbers.sub("#", told), numbers.sub("#", shown))


class Server(ServeTest):
    @unittest.skipIf(shutil.which("curl") is None, "curl is not installed")
    def test_a_prediction_is_asked_for_as_the_document_shows(self):
        self.limbeck("run", self.recipe, "--out", "runs/demo", "--quiet")
        self.assertEqual(commands_of("docs/how-to/serve.md"), [["serve", "runs"]])
        self.serve("runs")
        (block,) = [block for block in blocks("docs/how-to/serve.md", "sh") if "curl" in block]
        self.assertIn("127.0.0.1:8080", block)
        script = block.replace("python3", sys.executable).replace("127.0.0.1:8080", f"127.0.0.1:{self.port}")
        done = subprocess.run(["bash", "-euc", script], cwd=self.folder, capture_output=True, text=True, timeout=60)
        answer = json.loads(done.stdout)
        shown = json.loads(blocks("docs/how-to/serve.md", "json")[0])
        self.assertEqual(list(answer), list(shown))
        for key in ("run", "model", "temperature", "classes"):
            self.assertEqual(answer[key], shown[key])
        self.assertEqual(list(answer["predictions"][0]), list(shown["predictions"][0]))
        self.assertEqual(len(answer["predictions"][0]["probabilities"]), 10)


if __name__ == "__main__":
    unittest.main()
