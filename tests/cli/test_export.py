"""Exported files, run where they are meant to run: onnxruntime and PyTorch."""
import gzip
import json
import os
import pathlib
import shutil
import struct
import subprocess
import unittest

from support import SOURCE, ProgramTest, read_safetensors

try:
    import torch
    import torchvision
except ImportError:
    torch = None

MNIST = pathlib.Path(os.environ.get("LIMBECK_DATA", "/nonexistent")) / "mnist/t10k-images-idx3-ubyte.gz"
NODE = shutil.which("node") or shutil.which("nodejs")
DIGITS = "{digits: {train: 2000, test: 200}}"


def digits(count):
    """Random pictures; which do not matter."""
    generator = torch.Generator().manual_seed(1)
    return torch.rand(count, 1, 28, 28, generator=generator)


class OnnxTest(ProgramTest):
    def run_onnx(self, cases):
        """{name: (file, inputs)} → {name: outputs [N, …]}, by onnxruntime."""
        folder = self.folder / "onnx"
        folder.mkdir(exist_ok=True)
        described = []
        for name, (file, inputs) in cases.items():
            shutil.copy(file, folder / f"{name}.onnx")
            (folder / f"{name}.input").write_bytes(inputs.contiguous().numpy().tobytes())
            described.append({"name": name, "type": str(inputs.dtype).removeprefix("torch."),
                              "shape": list(inputs.shape)})
        (folder / "cases.json").write_text(json.dumps(described))
        subprocess.run([NODE, SOURCE / "tests/onnx/run.mjs", folder], check=True, timeout=300)
        outputs = {}
        for name, (_, inputs) in cases.items():
            error = folder / f"{name}.error"
            self.assertFalse(error.exists(), name + (error.read_text() if error.exists() else ""))
            values = torch.frombuffer(bytearray((folder / f"{name}.output").read_bytes()), dtype=torch.float32)
            outputs[name] = values.reshape(len(inputs), -1)
        return outputs

    def assert_close(self, given, expected, what):
        self.assertEqual(given.shape, expected.shape, what)
        self.assertLess((given - expected).abs().max().item(), 1e-4 * expected.abs().max().item(), what)


@unittest.skipIf(torch is None, "python3-torchvision is not installed")
class Export(OnnxTest):
    def train(self):
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        return self.out / "stages/distilled/weights.safetensors"

    def test_one_network_in_every_form(self):
        weights = self.train()
        inputs = digits(20)
        tensors, _ = read_safetensors(weights)
        own = {name: torch.tensor(struct.unpack(f"<{len(data) // 4}f", data)).reshape(shape)
               for name, (_, shape, data) in tensors.items()}
        hidden = torch.relu(inputs.flatten(1) @ own["fc1.weight"].T + own["fc1.bias"])
        expected = hidden @ own["fc2.weight"].T + own["fc2.bias"]
        for out, flags in {"s.onnx": [], "p.onnx": ["--softmax"], "b.onnx": ["--bytes"], "s.pt": [],
                           "i.onnx": ["--int8"], "i.pt": ["--int8"]}.items():
            self.limbeck("export", weights, "--out", out, *flags)
        script = torch.jit.load(str(self.folder / "s.pt"))
        self.assert_close(script(inputs).detach(), expected, "TorchScript")
        self.assertEqual(set(script.state_dict()), set(own))
        pixels = (inputs * 255).to(torch.uint8)
        outputs = self.run_onnx({"s": (self.folder / "s.onnx", inputs), "p": (self.folder / "p.onnx", inputs),
                                 "b": (self.folder / "b.onnx", pixels), "i": (self.folder / "i.onnx", inputs)})
        self.assert_close(outputs["s"], expected, "ONNX")
        self.assert_close(outputs["p"], torch.softmax(expected, 1), "probabilities")
        self.assert_close(outputs["b"], script(pixels.float() / 255).detach(), "bytes")
        rounded = torch.jit.load(str(self.folder / "i.pt"))(inputs).detach()
        self.assertLess((outputs["i"] - rounded).abs().max().item(), 0.02 * expected.abs().max().item())
        self.assertGreater((rounded - expected).abs().max().item(), 0)
        # a small network
        self.assertLess((self.folder / "i.onnx").stat().st_size, 0.6 * (self.folder / "s.onnx").stat().st_size)

    def test_distil_leaves_the_student_to_ship(self):
        done = self.limbeck("distill", "--teacher", "mlp:32", "--student", "mlp:8", "--source", DIGITS, "--epochs", 2,
                            "--teacher-epochs", 2, "--int8", "--out", self.out)
        self.assertIn("student.onnx", done.stdout)
        self.assertIn("as ONNX file", done.stdout)
        inputs = digits(20)
        outputs = self.run_onnx({name: (self.out / f"{name}.onnx", inputs) for name in ("student", "student_int8")})
        self.assertLess((outputs["student"] - outputs["student_int8"]).abs().max().item(),
                        0.1 * outputs["student"].abs().max().item())
        self.assertEqual([stage["name"] for stage in json.loads((self.out / "results.json").read_text())["stages"]],
                         ["teacher", "distilled", "int8"])
        rows = {row["name"]: row for row in json.loads((self.out / "results.json").read_text())["deployment"]}
        self.assertEqual(list(rows), ["teacher", "distilled", "int8"])
        self.assertEqual(rows["int8"]["onnxruntime"]["bytes"], (self.out / "student_int8.onnx").stat().st_size)
        self.assertIn("As ONNX files, in onnxruntime", (self.out / "report.html").read_text())

    @unittest.skipUnless(MNIST.exists(), "LIMBECK_DATA has no MNIST")
    def test_all_test_digits_of_mnist_are_named_the_same(self):
        self.recipe.write_text(self.recipe.read_text().replace("{ digits: { train: 2000, test: 200 } }", "mnist")
                               .replace("epochs: 6", "epochs: 1"))
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        results = json.loads((self.out / "results.json").read_text())
        images = torch.frombuffer(bytearray(gzip.decompress(MNIST.read_bytes())[16:]),
                                  dtype=torch.uint8).reshape(-1, 1, 28, 28)
        labels = gzip.decompress(MNIST.with_name("t10k-labels-idx1-ubyte.gz").read_bytes())[8:]
        labels = torch.frombuffer(bytearray(labels), dtype=torch.uint8)
        cases = {}
        for stage in ("teacher", "distilled"):
            self.limbeck("export", self.out / f"stages/{stage}/weights.safetensors", "--out", f"{stage}.onnx",
                         "--bytes")
            cases[stage] = (self.folder / f"{stage}.onnx", images)
        outputs = self.run_onnx(cases)
        for stage in results["stages"]:
            errors = outputs[stage["name"]].argmax(1).ne(labels).sum().item()
            self.assertEqual(errors, stage["evaluations"]["test"]["errors"])

    def test_metadata_tells_what_it_is(self):
        weights = self.train()
        self.limbeck("export", weights, "--out", "s.onnx")
        content = (self.folder / "s.onnx").read_bytes()
        for key in (b"limbeck.classes", b"limbeck.fingerprint", b"limbeck.network", b"limbeck.scale"):
            self.assertIn(key, content)

    def test_a_stage_of_bytes_is_written_as_it_was_trained(self):
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        text = self.recipe.read_text() + "  - { name: int8, train: small, augment: none, quantize: distilled }\n"
        self.recipe.write_text(text)
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        weights = self.out / "stages/int8/weights.safetensors"
        self.limbeck("export", weights, "--out", "i.onnx")
        self.limbeck("export", weights, "--out", "i.pt")
        inputs = digits(20)
        script = torch.jit.load(str(self.folder / "i.pt"))(inputs).detach()
        outputs = self.run_onnx({"i": (self.folder / "i.onnx", inputs)})
        self.assertLess((outputs["i"] - script).abs().max().item(), 0.02 * script.abs().max().item())

    def test_programs_of_torchvision(self):
        models = {"resnet18": {}, "mobilenet_v2": {}, "mobilenet_v3_small": {}, "densenet121": {},
                  "googlenet": {"init_weights": False, "aux_logits": False},
                  "squeezenet1_1": {}, "shufflenet_v2_x0_5": {}, "efficientnet_b0": {}, "vgg11_bn": {},
                  "mnasnet0_5": {}, "regnet_y_400mf": {}, "convnext_tiny": {}}
        inputs = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
        cases, expected = {}, {}
        for name, options in models.items():
            torch.manual_seed(1)
            network = getattr(torchvision.models, name)(num_classes=10, **options).eval()
            for kind in ("script", "trace"):
                program = torch.jit.script(network) if kind == "script" else torch.jit.trace(network, inputs)
                file = f"{name}_{kind}.pt"
                torch.jit.save(program, str(self.folder / file), _extra_files={
                    "limbeck.network": json.dumps({"torchscript": {"file": file}}), "limbeck.input": "[3, 32, 32]",
                    "limbeck.classes": json.dumps([str(i) for i in range(10)]), "limbeck.scale": "0.00392156862745098"})
                self.limbeck("export", file, "--out", f"{name}_{kind}.onnx")
                cases[f"{name}_{kind}"] = (self.folder / f"{name}_{kind}.onnx", inputs)
                expected[f"{name}_{kind}"] = network(inputs).detach()
        outputs = self.run_onnx(cases)
        for name, logits in expected.items():
            self.assert_close(outputs[name], logits, name)

    def test_programs_that_change_values_in_place_or_ask_for_the_number_of_examples(self):
        class Residual(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = torch.nn.Conv2d(3, 8, 3, padding="same")
                self.classifier = torch.nn.Linear(8, 10)

            def ending(self, x):
                return self.classifier(x.flatten(2).mean(2))

        class Dropped(Residual):  # in evaluation, dropout returns the tensor itself
            def forward(self, x):
                x = self.conv(x)
                y = torch.nn.functional.relu(torch.nn.functional.dropout(x, 0.5, self.training), inplace=True)
                return self.ending(x + y)

        class Viewed(Residual):
            def forward(self, x):
                x = self.conv(x)
                x.flatten(2).relu_()
                return self.ending(x)

        class Token(Residual):  # a vision transformer's
            def __init__(self):
                super().__init__()
                self.token = torch.nn.Parameter(torch.randn(1, 8, 1))

            def forward(self, x):
                x = self.conv(x).flatten(2)
                return self.classifier(torch.cat([self.token.expand(x.size(0), -1, -1), x], 2).mean(2))

        class Part(Residual):
            def forward(self, x):
                x = self.conv(x)
                x[:, 0] *= 3.0
                return self.ending(x)

        class Whole(Residual):
            def forward(self, x):
                return self.ending(self.conv((x * 4).to(torch.int32).float()))

        class Rounded(Residual):
            def forward(self, x):
                return self.ending(self.conv(torch.div(x, 0.25, rounding_mode="floor")))

        class Share(Residual):
            def forward(self, x):
                return self.ending(self.conv(x)) / x.size(0)

        class Softened(Residual):  # its logits are the logarithms
            def forward(self, x):
                return torch.softmax(self.ending(self.conv(x)), 1)

        inputs = torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(1))
        refusals = {Part: "shares memory", Whole: "makes values of Int", Rounded: "rounds its quotients",
                    Share: "how many examples"}
        cases, expected = {}, {}
        for kind in (Dropped, Viewed, Token, Softened, *refusals):
            torch.manual_seed(1)
            name, network = kind.__name__, kind().eval()
            torch.jit.save(torch.jit.script(network), str(self.folder / f"{name}.pt"), _extra_files={
                "limbeck.network": json.dumps({"torchscript": {"file": f"{name}.pt"}}), "limbeck.input": "[3, 8, 8]",
                "limbeck.classes": json.dumps([str(i) for i in range(10)]), "limbeck.scale": "1"})
            done = self.limbeck("export", f"{name}.pt", "--out", f"{name}.onnx", expect=2 if kind in refusals else 0)
            if kind in refusals:
                self.assertIn(refusals[kind], done.stderr)
                self.assertFalse((self.folder / f"{name}.onnx").exists())
                continue
            cases[name] = (self.folder / f"{name}.onnx", inputs)
            expected[name] = network(inputs).detach()
        outputs = self.run_onnx(cases)
        expected["Softened"] = expected["Softened"].log()
        for name, logits in expected.items():
            self.assert_close(outputs[name], logits, name)

    def test_every_form_is_evaluated_and_predicts(self):
        """An ONNX file is run by onnxruntime, which the tests have."""
        weights = self.train()
        for out, flags in {"s.onnx": (), "p.onnx": ("--softmax",), "b.onnx": ("--bytes",), "i.onnx": ("--int8",),
                           "s.pt": (), "s.safetensors": ()}.items():
            self.limbeck("export", weights, "--out", out, *flags)
        self.limbeck("data", "synthesize", "--out", "digits", "--train", 10, "--test", 20)
        images = self.folder / "digits/t10k-images-idx3-ubyte.gz"
        source = ("--source", DIGITS, "--json")
        expected = json.loads(self.limbeck("evaluate", weights, *source).stdout)
        predicted = json.loads(self.limbeck("predict", weights, images, "--json").stdout)
        for model in ("s.onnx", "p.onnx", "b.onnx", "i.onnx", "s.pt", "s.safetensors", "s.json",
                      self.out / "stages/distilled", self.out / "distilled"):
            found = json.loads(self.limbeck("evaluate", model, *source).stdout)
            self.assertAlmostEqual(found["nll"], expected["nll"], delta=0.05 if model == "i.onnx" else 1e-4, msg=model)
            if model != "i.onnx":
                self.assertEqual(found["errors"], expected["errors"], model)
            again = json.loads(self.limbeck("predict", model, images, "--json").stdout)
            for one, other in zip(predicted, again, strict=True):
                for label, value in one["probabilities"].items():
                    self.assertAlmostEqual(other["probabilities"][label], value,
                                           delta=0.1 if model == "i.onnx" else 1e-4, msg=model)
        taught = self.limbeck("evaluate", "s.json", "--teacher", self.out / "teacher", *source)
        self.assertIsNotNone(json.loads(taught.stdout)["agreement"])
        self.limbeck("export", self.out / "distilled", "--out", "again.onnx")
        self.limbeck("distill", "--teacher", self.out / "teacher", "--student", "mlp:4", "--source", DIGITS,
                     "--epochs", 1, "--out", "again", "-q")

    def test_what_a_command_does_not_take_is_named(self):
        weights = self.train()
        self.limbeck("export", weights, "--out", self.out / "student.onnx")
        student = self.out / "student.onnx"
        said = self.limbeck("export", student, "--out", "x.pt", expect=2).stderr
        self.assertIn("is an ONNX file", said)
        self.assertIn(str(weights), said)  # it was made from
        missing = {"LIMBECK_ONNXRUNTIME": str(self.folder / "nowhere")}
        alone, with_runtime = (json.loads(self.limbeck("evaluate", student, "--source", DIGITS, "--json",
                                                       environment=environment).stdout)
                               for environment in (missing, {}))
        self.assertEqual(alone["errors"], with_runtime["errors"])
        given = f"given: {{ mlp: [8], weights: {student} }}, "
        self.recipe.write_text(self.recipe.read_text().replace("large: { mlp: {", given + "large: { mlp: {")
                               .replace("teacher: teacher", "teacher: given"))
        self.assertIn("it is an ONNX file", self.limbeck("run", self.recipe, "--out", "other", expect=1).stderr)
        several = self.limbeck("predict", self.out, self.folder, expect=2).stderr
        self.assertIn(f"'{self.out}/distilled' or '{self.out}/teacher'", several)
        (self.folder / "other.json").write_text("{}")
        self.assertIn("no description of a network",
                      self.limbeck("predict", "other.json", self.folder, expect=1).stderr)

    def test_a_program_of_elsewhere_is_exported_with_its_shape_and_classes(self):
        torch.manual_seed(1)
        network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 3)).eval()
        torch.jit.save(torch.jit.script(network), str(self.folder / "elsewhere.pt"))
        refused = self.limbeck("export", "elsewhere.pt", "--out", "e.onnx", expect=1).stderr
        self.assertIn("--shape 3x32x32", refused)
        self.limbeck("export", "elsewhere.pt", "--out", "e.onnx", "--shape", "3x4x4",
                     "--input", "{mean: [0.5, 0.4, 0.3], std: [0.2]}", "--classes", "a,b,c")
        inputs = torch.rand(5, 3, 4, 4, generator=torch.Generator().manual_seed(1))
        mean = torch.tensor([0.5, 0.4, 0.3]).reshape(3, 1, 1)
        outputs = self.run_onnx({"e": (self.folder / "e.onnx", inputs)})
        self.assert_close(outputs["e"], network((inputs - mean) / 0.2).detach(), "normalised within")
        self.assertIn(b'["a","b","c"]', (self.folder / "e.onnx").read_bytes())
        for flags, message in ((("--shape", "3x0x4"), "expected extents"), (("--shape", "3,4,4"), "expected extents"),
                               (("--input", "{size: 8}"), "--shape too"), (("--classes", "a,b"), "--shape")):
            self.assertIn(message, self.limbeck("export", "elsewhere.pt", "--out", "f.onnx", *flags, expect=2).stderr)
        row = json.loads(self.limbeck("bench", "elsewhere.pt", "--shape", "3x4x4", "--seconds", 0.05, "--batch", 1,
                                      "--json", "-q").stdout)["models"][0]
        self.assertGreater(row["onnxruntime"]["latency"]["median"], 0)

    def test_what_cannot_be_written_says_why(self):
        weights = self.train()
        self.assertIn(".onnx, .pt or .safetensors",
                      self.limbeck("export", weights, "--out", "x.tflite", expect=2).stderr)
        self.assertIn("--softmax", self.limbeck("export", weights, "--out", "x.pt", "--softmax", expect=2).stderr)
        alone = shutil.copy(weights, self.folder / "alone.safetensors")
        self.assertIn("--source", self.limbeck("export", alone, "--out", "x.onnx", "--int8", expect=2).stderr)
        self.limbeck("export", alone, "--out", "x.onnx", "--int8", "--source", DIGITS)
        cut = self.folder / "cut.safetensors"
        cut.write_bytes(weights.read_bytes()[:-100])
        self.assertIn("cut.safetensors", self.limbeck("export", cut, "--out", "z.onnx", expect=1).stderr)
        self.assertFalse((self.folder / "z.onnx").exists())

        class Odd(torch.nn.Module):
            def forward(self, x):
                return torch.cumprod(x.flatten(1)[:, :10], 1)
        torch.jit.save(torch.jit.script(Odd()), str(self.folder / "odd.pt"), _extra_files={
            "limbeck.network": "{}", "limbeck.input": "[1, 28, 28]", "limbeck.classes": json.dumps(list("0123456789")),
            "limbeck.scale": "1"})
        self.assertIn("aten::cumprod", self.limbeck("export", "odd.pt", "--out", "odd.onnx", expect=2).stderr)


if __name__ == "__main__":
    unittest.main()
