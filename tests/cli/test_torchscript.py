"""Networks that PyTorch wrote: teachers, members of ensembles, students. The files are made by PyTorch, and read by it
again."""
import gzip
import json
import signal
import struct
import subprocess
import sys
import time
import typing
import unittest
import zipfile

from support import LIMBECK, SOURCE, ProgramTest, read_safetensors

try:
    import torch
except ImportError:
    torch = None

DIGITS = "{digits: {train: 300, test: 60}}"

if torch is not None:
    class Tuple(torch.nn.Module):
        def __init__(self, classes=10):
            super().__init__()
            self.hidden = torch.nn.Linear(784, 20)
            self.out = torch.nn.Linear(20, classes)

        def forward(self, x):
            h = torch.relu(self.hidden(x.flatten(1)))
            return self.out(h), h

    class Dict(Tuple):
        def forward(self, x):
            h = torch.relu(self.hidden(x.flatten(1)))
            return {"hidden": h, "logits": self.out(h)}

    class Named(typing.NamedTuple):
        probabilities: torch.Tensor
        logits: torch.Tensor

    class NamedFields(Tuple):
        def forward(self, x) -> Named:
            logits = self.out(torch.relu(self.hidden(x.flatten(1))))
            return Named(torch.softmax(logits, 1), logits)

    class Softened(Tuple):
        def forward(self, x):
            return torch.softmax(self.out(torch.relu(self.hidden(x.flatten(1)))), 1)

    class WithoutGradient(Tuple):
        def forward(self, x):
            with torch.no_grad():
                return self.out(torch.relu(self.hidden(x.flatten(1))))

    class WithoutGradientInTraining(Tuple):
        def forward(self, x):
            logits = self.out(torch.relu(self.hidden(x.flatten(1))))
            return logits.detach() if self.training else logits

    class GradientInTrainingAlone(Tuple):
        def forward(self, x):
            logits = self.out(torch.relu(self.hidden(x.flatten(1))))
            return logits if self.training else logits.detach()

    class Flat(torch.nn.Module):
        """No logits: it gives its input back."""
        def forward(self, x):
            return x

    class Normalising(torch.nn.Module):
        """What is told of the input of another network, built in."""
        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, x):
            return self.network((x - 0.25) / 0.5)

    def student(channels=1):
        """Everything that has a mode: batch norm, whose buffers change in training, and dropout."""
        nn = torch.nn
        return nn.Sequential(nn.Conv2d(channels, 6, 3, stride=2), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout(0.3),
                             nn.Flatten(), nn.Linear(6 * 13 * 13, 10))


@unittest.skipIf(torch is None, "python3-torch is not installed")
class TorchScript(ProgramTest):
    def setUp(self):
        super().setUp()
        torch.manual_seed(1)
        torch.set_num_threads(1)

    def save(self, module, name, **options):
        file = self.folder / name
        torch.jit.save(torch.jit.script(module.eval()), str(file), **options)
        return file

    def resnet(self, name, *flags):
        file = self.folder / name
        subprocess.run([sys.executable, SOURCE / "examples/torchvision_teacher.py", "--channels", "1", "--size", "28",
                        "--out", file, *flags],
                       check=True)
        return file

    def write_recipe(self, networks, stages):
        self.recipe.write_text(f"name: script\ndata: {{ source: {DIGITS} }}\nnetworks: {{ {networks} }}\n"
                               f"stages: {stages}\n")

    def run_recipe(self, networks, stages, expect=0, out=None):
        self.write_recipe(networks, stages)
        done = self.limbeck("run", self.recipe, "--out", out or self.out, "--quiet", "--json", expect=expect)
        return json.loads(done.stdout)["stages"] if expect == 0 else done.stderr

    def images(self):
        """Test images, as the file that `predict` reads and as PyTorch's input."""
        self.limbeck("data", "synthesize", "--out", "mnist", "--train", 10, "--test", 40)
        file = self.folder / "mnist/t10k-images-idx3-ubyte.gz"
        content = gzip.open(file).read()
        _, count, height, width = struct.unpack(">4I", content[:16])
        pixels = torch.frombuffer(bytearray(content[16:]), dtype=torch.uint8).reshape(count, 1, height, width)
        return file, pixels.float() / 255

    def assert_predicts(self, model, network):
        """Our probabilities are PyTorch's."""
        file, inputs = self.images()
        ours = json.loads(self.limbeck("predict", model, file, "--json").stdout)
        with torch.no_grad():
            theirs = torch.softmax(network.eval()(inputs), 1)
        mine = torch.tensor([list(entry["probabilities"].values()) for entry in ours])
        self.assertLess(float((mine - theirs).abs().max()), 1e-5)

    def test_scripted_and_traced_resnet18_teach(self):
        told = {}
        for way in ("--script", "--trace"):
            file = self.resnet(f"teacher{way}.pt", way)
            self.assert_predicts(file, torch.jit.load(str(file)))
            done = self.limbeck("distill", "--teacher", file, "--student", "mlp:8", "--source", DIGITS, "--epochs", 1,
                                "--out", self.out / way, "--quiet", "--json")
            (stage,) = json.loads(done.stdout)["stages"]
            told[way] = stage["evaluations"]["test"]["teacher_errors"]
            self.assertIsNotNone(told[way])
        self.assertEqual(told["--script"], told["--trace"])
        evaluated = self.limbeck("evaluate", self.folder / "teacher--script.pt",
                                 "--teacher", self.folder / "teacher--trace.pt", "--source", DIGITS, "--json")
        self.assertEqual(json.loads(evaluated.stdout)["errors"], told["--script"])
        self.assertEqual(json.loads(evaluated.stdout)["agreement"], 1.0)

    def test_ensembles_of_programs_and_of_networks_of_both_kinds(self):
        files = [self.save(Tuple(), "tuple.pt"), self.save(Dict(), "dict.pt")]
        networks = (f"a: {{ torchscript: {files[0]} }}, b: {{ torchscript: {files[1]} }}, "
                    "large: { mlp: [32] }, small: { mlp: [8] }")
        stages = self.run_recipe(networks, "[ { name: first, train: large, epochs: 1 }, "
                                 "{ name: programs, train: small, epochs: 1, teacher: { ensemble: [a, b] } }, "
                                 "{ name: both, train: small, epochs: 1, teacher: { ensemble: [b, first] } } ]")
        self.assertEqual([stage["teacher"] for stage in stages], [None, "a, b", "b, first"])
        for stage in stages[1:]:
            self.assertIsNotNone(stage["evaluations"]["test"]["teacher_kl"])

    def test_another_program_of_the_same_name_is_another_teacher(self):
        file = self.save(Tuple(), "t.pt")
        arguments = (f"t: {{ torchscript: {file} }}, small: {{ mlp: [8] }}",
                     "[ { name: s, train: small, epochs: 1, teacher: t } ]")
        first = self.run_recipe(*arguments)
        weights = self.weights("s")
        self.assertEqual(self.run_recipe(*arguments), first)  # nothing runs again
        self.save(Tuple(), "t.pt")
        self.run_recipe(*arguments)
        self.assertNotEqual(self.weights("s"), weights)

    def test_input_is_normalised_as_the_recipe_says(self):
        network = student()
        bare, built_in = self.save(network, "bare.pt"), self.save(Normalising(network), "built_in.pt")
        told = []
        for teacher in (f"{{ torchscript: {bare}, input: {{ mean: 0.25, std: 0.5 }} }}",
                        f"{{ torchscript: {built_in} }}", f"{{ torchscript: {bare} }}"):
            out = self.folder / str(len(told))
            (stage,) = self.run_recipe(f"t: {teacher}, small: {{ mlp: [8] }}",
                                       "[ { name: s, train: small, epochs: 1, teacher: t } ]", out=out)
            told.append(stage["evaluations"]["test"]["teacher_kl"])
        self.assertAlmostEqual(told[0], told[1], places=5)
        self.assertNotAlmostEqual(told[0], told[2], places=5)
        # Outputs that were stored of one input are not those of another.
        self.run_recipe(f"t: {{ torchscript: {bare} }}, small: {{ mlp: [8] }}", "[ { name: s, train: small, epochs: 1, "
                        "teacher: { network: { of: t, store: outputs.safetensors } } } ]", out=self.folder / "first")
        self.assertIn("holds the outputs of another teacher", self.run_recipe(
            f"t: {{ torchscript: {bare}, input: {{ mean: 0.25, std: 0.5 }} }}, small: {{ mlp: [8] }}",
            "[ { name: s, train: small, epochs: 1, "
            "teacher: { network: { of: t, store: outputs.safetensors } } } ]", out=self.folder / "second", expect=1))
        recipe = self.limbeck("distill", "--teacher", bare, "--student", "mlp:8", "--teacher-mean", 0.25,
                              "--teacher-std", 0.5, "--source", DIGITS, "--epochs", 1, "--print-recipe").stdout
        self.assertIn("mean: [0.25]", recipe)
        evaluate = ["evaluate", bare, "--source", DIGITS, "--json", "--teacher", built_in]
        same = json.loads(self.limbeck(*evaluate, "--input", "{ mean: 0.25, std: 0.5 }").stdout)
        self.assertLess(same["teacher_kl"], 1e-6)
        self.assertGreater(json.loads(self.limbeck(*evaluate).stdout)["teacher_kl"], 1e-6)

    def test_what_does_not_fit_is_an_error_before_training(self):
        good = self.save(Tuple(), "good.pt")
        cut = self.folder / "cut.pt"
        cut.write_bytes(good.read_bytes()[:-1000])
        torch.save(Tuple().state_dict(), self.folder / "state.pt")
        frozen = self.folder / "frozen.pt"
        torch.jit.save(torch.jit.freeze(torch.jit.script(Tuple().eval())), str(frozen))
        expected = {
            self.save(Tuple(12), "more.pt"): "more.pt' tells 12 classes apart, but the data has 10",
            self.save(student(3), "colour.pt"): "to have 3 channels, but got 1 channels",
            self.save(Flat(), "flat.pt"): "flat.pt' gives 3x1x28x28 of Float for 3 examples; expected logits [3, 10]",
            cut: "cut.pt' is no whole TorchScript file",
            self.folder / "state.pt": "holds no TorchScript program, but what torch.save wrote",
            self.folder / "none.pt": "there is no file",
        }
        for file, message in expected.items():
            error = self.run_recipe(f"t: {{ torchscript: {file} }}, small: {{ mlp: [8] }}",
                                    "[ { name: first, train: small }, { name: s, train: small, teacher: t } ]",
                                    expect=2 if file.name == "none.pt" else 1)
            self.assertIn(message, error)
            self.assertNotIn("Traceback", error)
        for network in (WithoutGradient(), WithoutGradientInTraining()):
            without = self.save(network, "without.pt")
            self.assertIn("its logits do not depend on its parameters",
                          self.run_recipe(f"t: {{ torchscript: {without} }}", "[ { name: s, train: t } ]", expect=2))
        self.assertIn("has no parameters to train",
                      self.run_recipe(f"t: {{ torchscript: {frozen} }}", "[ { name: s, train: t } ]", expect=2))
        self.assertIn("knows by name can be calibrated", self.run_recipe(
            f"t: {{ torchscript: {good} }}",
            "[ { name: s, train: t }, { name: c, calibrate: s, classes: [1], tuned_on: test } ]", expect=2))
        self.assertIn("input.mean has 3 numbers, but the images of 'digits' have 1 channel", self.run_recipe(
            "small: { mlp: [8], input: { mean: [0, 0, 0], std: [1, 1, 2] } }", "[ { name: s, train: small } ]",
            expect=2))
        self.assertFalse((self.out / "stages").exists())

    def test_a_gradient_in_training_is_enough(self):
        self.run_recipe(f"t: {{ torchscript: {self.save(GradientInTrainingAlone(), 't.pt')} }}",
                        "[ { name: s, train: t, epochs: 1 } ]")

    def test_logits_are_found_by_name(self):
        network = NamedFields()
        plain = Tuple()
        plain.load_state_dict(network.state_dict())
        evaluate = lambda file: json.loads(self.limbeck("evaluate", file, "--source", DIGITS, "--json").stdout)["nll"]
        self.assertEqual(evaluate(self.save(network, "named.pt")), evaluate(self.save(plain, "plain.pt")))

    def test_probabilities_teach_as_the_logits_they_came_from(self):
        logits, probabilities = Tuple(), Softened()
        probabilities.load_state_dict(logits.state_dict())
        told = []
        for network in (logits, probabilities):
            self.write_recipe(f"t: {{ torchscript: {self.save(network, 't.pt')} }}, small: {{ mlp: [8] }}",
                              "[ { name: s, train: small, epochs: 1, teacher: t, loss: [ soft_targets: { temperature: "
                              "4 } ] } ]")
            done = self.limbeck("run", self.recipe, "--out", self.folder / str(len(told)), "--json")
            self.assertEqual("t.pt' gives probabilities; their logarithms are taken as its logits" in done.stderr,
                             network is probabilities)
            told.append(json.loads(done.stdout)["stages"][0]["evaluations"]["test"])
        self.assertAlmostEqual(told[0]["nll"], told[1]["nll"], places=5)
        self.assertAlmostEqual(told[0]["teacher_kl"], told[1]["teacher_kl"], places=5)

    def test_a_program_traced_in_training_mode_is_refused(self):
        torch.manual_seed(1)
        network = student().train()
        torch.jit.save(torch.jit.trace(network, torch.rand(4, 1, 28, 28), check_trace=False), str(self.folder / "t.pt"))
        self.assertIn("Call .eval() before torch.jit.trace",
                      self.run_recipe("t: { torchscript: t.pt }, small: { mlp: [8] }",
                                      "[ { name: s, train: small, teacher: t } ]", expect=1))

    def test_a_changed_bit_of_compressed_code_is_noticed(self):
        whole = self.save(student(), "whole.pt").read_bytes()
        with zipfile.ZipFile(self.folder / "whole.pt") as archive:
            entries = [entry for entry in archive.infolist() if entry.compress_type == zipfile.ZIP_DEFLATED]
        self.assertTrue(entries)
        for entry in entries:
            data = entry.header_offset + 30 + sum(struct.unpack_from("<HH", whole, entry.header_offset + 26))
            changed = bytearray(whole)
            changed[data + entry.compress_size // 2] ^= 4
            (self.folder / "changed.pt").write_bytes(changed)
            error = self.limbeck("evaluate", self.folder / "changed.pt", "--source", DIGITS, expect=1).stderr
            self.assertIn(f"the checksum of '{entry.filename}'", error)

    def test_traced_and_scripted_programs_have_as_many_products(self):
        network = student().eval()
        traced = self.folder / "traced.pt"
        torch.jit.trace(network, torch.rand(2, 1, 28, 28)).save(str(traced))
        found = []
        for file in (traced, self.save(network, "scripted.pt")):
            done = self.limbeck("distill", "--teacher", "mlp:8", "--teacher-epochs", 1, "--student", file,
                                "--source", DIGITS, "--epochs", 1, "--out", self.out / file.stem, "--quiet", "--json")
            results = json.loads(done.stdout)
            # not the student as it was given
            self.assertEqual([row["name"] for row in results["deployment"]], ["teacher", "distilled"])
            self.assertEqual(results["deployment"][1]["bytes"],
                             (self.out / file.stem / "stages/distilled/model.pt").stat().st_size)
            found.append(results["deployment"][1]["multiply_adds"])
        self.assertEqual(found, [6 * 9 * 13 * 13 + 1014 * 10] * 2)

    def test_a_student_is_trained_and_written_back(self):
        file = self.save(student(), "student.pt")
        stages = self.run_recipe(f"n: {{ torchscript: {file}, input: {{ mean: 0.25, std: 0.5 }} }}",
                                 "[ { name: s, train: n, epochs: 2 } ]")
        self.assertEqual(stages[0]["network"]["description"], "torchscript student.pt")
        self.assertEqual(stages[0]["network"]["parameters"], 6 * 9 + 6 + 12 + 1014 * 10 + 10)
        self.assertEqual(stages[0]["network"]["multiply_adds"], 6 * 9 * 13 * 13 + 1014 * 10)
        model = self.out / "stages/s/model.pt"
        extra = {"limbeck.classes": "", "limbeck.input": "", "limbeck.input_options": ""}
        program = torch.jit.load(str(model), _extra_files=extra)
        self.assertEqual(json.loads(extra["limbeck.classes"])[-1], "9")
        self.assertEqual(json.loads(extra["limbeck.input"]), [1, 28, 28])
        self.assertEqual(json.loads(extra["limbeck.input_options"]), {"mean": [0.25], "std": [0.5]})
        self.assertFalse(program.training)
        tensors, _ = read_safetensors(self.out / "stages/s/weights.safetensors")
        state = program.state_dict()
        self.assertEqual(set(state), set(tensors))
        for name, value in state.items():
            self.assertEqual(value.numpy().tobytes(), tensors[name][2], name)
            started = torch.jit.load(str(file)).state_dict()[name]
            self.assertFalse(torch.equal(started, value), name)  # batch norm's buffers too
        self.assert_predicts(model, Normalising(program))
        errors = [json.loads(self.limbeck("evaluate", path, "--source", DIGITS, "--json").stdout)["errors"]
                  for path in (model, self.out / "stages/s/weights.safetensors")]
        self.assertEqual(errors, [stages[0]["evaluations"]["test"]["errors"]] * 2)
        self.limbeck("export", model, "--out", "copy.pt")
        # which normalises its input itself
        self.assert_predicts(self.folder / "copy.pt", torch.jit.load(str(self.folder / "copy.pt")))
        # The student of one run is the teacher of another, with the input that its file tells.
        done = self.limbeck("distill", "--teacher", model, "--student", file, "--source", DIGITS, "--epochs", 1,
                            "--out", self.folder / "next", "--quiet", "--json")
        self.assertEqual(json.loads(done.stdout)["stages"][0]["evaluations"]["test"]["teacher_errors"], errors[0])
        self.assertIn("says itself what its input is",
                      self.limbeck("evaluate", model, "--source", DIGITS, "--input", "{ mean: 0.1, std: 1 }",
                                   expect=2).stderr)
        self.limbeck("run", self.recipe, "--out", self.folder / "reused", "--reuse", self.out, "--quiet")
        self.assertTrue((self.folder / "reused/stages/s/model.pt").exists())
        for teacher in (model, self.folder / "copy.pt"):
            self.run_recipe(f"t: {{ torchscript: {teacher} }}, n: {{ mlp: [4] }}",
                            "[ { name: next, train: n, teacher: t, epochs: 1 } ]", out=self.folder / "again")
            results = json.loads((self.folder / "again/results.json").read_text())
            self.assertEqual(results["stages"][0]["evaluations"]["test"]["teacher_errors"], errors[0], teacher)

    def test_graph_networks_are_written_as_torchscript(self):
        self.run_recipe("n: { mlp: [4] }", "[ { name: s, train: n, epochs: 1 } ]")
        weights = self.out / "stages/s/weights.safetensors"
        self.limbeck("export", weights, "--out", "x.pt")
        written = torch.jit.load(str(self.folder / "x.pt"))
        self.assert_predicts(self.folder / "x.pt", written)
        tensors, _ = read_safetensors(weights)
        self.assertEqual(set(written.state_dict()), set(tensors))

    def test_killed_at_any_moment_it_goes_on_to_the_same_bits(self):
        file = self.save(student(), "student.pt")
        arguments = (f"n: {{ torchscript: {file} }}",
                     "[ { name: s, train: n, epochs: 8, batch_size: 16, checkpoint_seconds: 0.01 } ]")
        self.run_recipe(*arguments)
        killed = self.folder / "killed"
        stopped = 0
        for delay in (0.0, 0.05, 0.15, 0.02):
            process = subprocess.Popen([LIMBECK, "run", self.recipe, "--out", killed, "--quiet"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)
            checkpoint = killed / "stages/s/checkpoint.safetensors"
            before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
            deadline = time.time() + 60
            while time.time() < deadline and process.poll() is None and (not checkpoint.exists() or
                                                                         checkpoint.stat().st_mtime_ns == before):
                time.sleep(0.002)
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            stopped += process.wait() != 0
        self.assertGreaterEqual(stopped, 2)
        self.run_recipe(*arguments, out=killed)
        self.assertEqual(self.weights("s"), self.weights("s", killed))


if __name__ == "__main__":
    unittest.main()
