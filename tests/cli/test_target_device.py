"""Exported networks where they will run: in the programs of examples/, and in PyTorch, without Limbeck."""
import gzip
import json
import math
import pathlib
import shutil
import struct
import subprocess
import unittest

from serving import make_colour_run
from support import SOURCE, ProgramTest, read_safetensors

try:
    import torch
except ImportError:
    torch = None

RECIPE = """
name: target
data: { source: { digits: { train: 300, test: 20 } } }
networks:
  mlp: { mlp: [16, 12] }
  prepared: { mlp: [8], input: { mean: 0.25, std: 0.5 } }
  residual: resnet8
  pooled: { keras_student: {} }
  pieces: fitnet_mnist
stages:
  - { name: mlp, train: mlp, epochs: 1 }
  - { name: prepared, train: prepared, epochs: 1 }
  - { name: residual, train: residual, epochs: 1 }
  - { name: pooled, train: pooled, epochs: 1 }
  - { name: pieces, train: pieces, epochs: 1 }
"""
STAGES = ("mlp", "prepared", "residual", "pooled", "pieces")
PICTURES = 3
NODE_MODULES = SOURCE / "tests/onnx/node_modules"
HEADER = next((folder / "onnxruntime_cxx_api.h"
               for folder in map(pathlib.Path, ("/usr/include", "/usr/include/onnxruntime", "/usr/local/include"))
               if (folder / "onnxruntime_cxx_api.h").exists()), None)


def softmax(logits):
    powers = [math.exp(logit - max(logits)) for logit in logits]
    return [power / sum(powers) for power in powers]


if torch is not None:
    def module_of(layer):
        """PyTorch's module for a layer with parameters."""
        bias = "bias" in layer["parameters"]
        if layer["operation"] == "linear":
            return torch.nn.Linear(layer["in"], layer["out"], bias)
        if layer["operation"] == "convolution":
            return torch.nn.Conv2d(layer["in"], layer["out"], layer["kernel"], layer["stride"], layer["padding"],
                                   groups=layer["groups"], bias=bias)
        assert layer["operation"] == "batch_norm", layer
        return torch.nn.BatchNorm2d(layer["channels"], layer["epsilon"]) if len(layer["shape"]) == 3 \
            else torch.nn.BatchNorm1d(layer["channels"], layer["epsilon"])

    class Described(torch.nn.Module):
        """The network that a description beside an exported file tells of; its modules have the layers' names."""
        def __init__(self, description):
            super().__init__()
            self.description = description
            for layer in description["layers"]:
                if "parameters" not in layer:
                    continue
                *outer, name = layer["name"].split(".")
                at = self
                for part in outer:
                    if not hasattr(at, part):
                        at.add_module(part, torch.nn.Module())
                    at = getattr(at, part)
                at.add_module(name, module_of(layer))

        def compute(self, layer, x, *others):
            functional = torch.nn.functional
            operation = layer["operation"]
            if "parameters" in layer:
                return self.get_submodule(layer["name"])(x)
            if operation == "normalize":
                mean, deviation = (torch.tensor(layer[key]).reshape(1, -1, 1, 1) for key in ("mean", "deviation"))
                return (x - mean) / deviation
            return {"flatten": lambda: x.flatten(1), "relu": lambda: x.relu(), "dropout": lambda: x,
                    "add": lambda: x + others[0], "leaky_relu": lambda: functional.leaky_relu(x, layer["slope"]),
                    "maxout": lambda: torch.stack(x.chunk(layer["pieces"], 1)).amax(0),
                    "max_pool": lambda: functional.max_pool2d(x, layer["kernel"], layer["stride"], layer["padding"],
                                                              ceil_mode=layer["ceil"]),
                    "average_pool": lambda: functional.avg_pool2d(x, layer["kernel"], layer["stride"],
                                                                  layer["padding"]),
                    "global_average_pool": lambda: x.mean((2, 3)),
                    "slice": lambda: x[:, layer["begin"]:layer["end"]],
                    "concatenate": lambda: torch.cat((x, *others), 1)}[operation]()

        def forward(self, x):
            values = {self.description["input"]["name"]: x}
            for layer in self.description["layers"]:
                values[layer["name"]] = self.compute(layer, *(values[name] for name in layer["inputs"]))
                assert list(values[layer["name"]].shape[1:]) == layer["shape"], layer
            return values[self.description["output"]]


class TargetDevice(ProgramTest):
    def setUp(self):
        super().setUp()
        self.recipe.write_text(RECIPE)
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        self.limbeck("data", "synthesize", "--out", "digits", "--train", 10, "--test", PICTURES)
        self.images = self.folder / "digits/t10k-images-idx3-ubyte.gz"
        pixels = gzip.decompress(self.images.read_bytes())[16:]
        self.pictures = [pixels[i * 784:(i + 1) * 784] for i in range(PICTURES)]
        for i, picture in enumerate(self.pictures):
            (self.folder / f"{i}.pgm").write_bytes(b"P5\n28 28\n255\n" + picture)
            (self.folder / f"{i}.raw").write_bytes(picture)

    def weights_file(self, stage):
        return self.out / "stages" / stage / "weights.safetensors"

    def export(self, stage, suffix=".safetensors", *flags):
        file = self.folder / (stage + suffix)
        self.limbeck("export", self.weights_file(stage), "--out", file, *flags)
        return file

    def predicted(self, stage):
        """Probabilities of each picture, as the program itself gives them."""
        predictions = json.loads(self.limbeck("predict", self.weights_file(stage), self.images, "--json").stdout)
        return [list(prediction["probabilities"].values()) for prediction in predictions]

    def assert_same(self, scores, probabilities):
        self.assertEqual(len(scores), len(probabilities))
        for given, expected in zip(softmax(scores), probabilities):
            self.assertAlmostEqual(given, expected, delta=2e-5)
            self.assertLess(abs(math.log(given / expected)), 1e-3)

    def run_example(self, *command, expect=0):
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, cwd=self.folder, timeout=120)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done

    def scores_of(self, *command):
        first, *lines = self.run_example(*command).stdout.splitlines()
        names, scores = zip(*(line.split() for line in lines))
        scores = [float(score) for score in scores]
        self.assertEqual(first.split()[-1], names[scores.index(max(scores))])
        return scores

    def test_plain_inference_gives_the_same_logits(self):
        program = self.folder / "classify"
        subprocess.run(["g++", "-std=c++20", "-O2", "-Wall", "-Wextra", "-Werror",
                        SOURCE / "examples/plain_inference/classify.cpp", "-o", program],
                       check=True)
        for stage in STAGES:
            description = self.export(stage).with_suffix(".json")
            for i, probabilities in enumerate(self.predicted(stage)):
                scores = self.scores_of(program, description, f"{i}.pgm")
                self.assert_same(scores, probabilities)
                self.assertEqual(self.scores_of(program, description, f"{i}.raw"), scores)
        (self.folder / "short.raw").write_bytes(b"123")
        self.assertIn("has 3 bytes", self.run_example(program, "mlp.json", "short.raw", expect=1).stderr)
        self.assertIn("cannot read", self.run_example(program, "none.json", "0.pgm", expect=1).stderr)
        whole = self.folder / "mlp.safetensors"
        whole.write_bytes(whole.read_bytes()[:-4])
        self.assertIn("cut short", self.run_example(program, "mlp.json", "0.pgm", expect=1).stderr)
        rounded = self.export("mlp", ".safetensors", "--int8").with_suffix(".json")
        self.assertIn("does not know the layer 'quantize'",
                      self.run_example(program, rounded, "0.pgm", expect=1).stderr)

    def test_the_description_says_what_the_file_holds(self):
        file = self.export("prepared")
        tensors, _ = read_safetensors(file)
        description = json.loads(file.with_suffix(".json").read_text())
        self.assertEqual(description["weights"], "prepared.safetensors")
        self.assertEqual(description["classes"], [str(digit) for digit in range(10)])
        self.assertEqual(description["input"]["shape"], [1, 28, 28])
        self.assertAlmostEqual(description["input"]["scale"], 1 / 255)
        self.assertEqual([layer["operation"] for layer in description["layers"]],
                         ["normalize", "flatten", "linear", "relu", "linear"])
        self.assertEqual(description["layers"][0]["mean"], [0.25])
        named = {name for layer in description["layers"] for name in layer.get("parameters", {}).values()}
        self.assertEqual(named, set(tensors))
        self.assertEqual(description["parameters"], 784 * 8 + 8 + 8 * 10 + 10)
        stage = json.loads((self.out / "stages/prepared/stage.json").read_text())
        self.assertEqual(description["made_from"]["fingerprint"], stage["fingerprint"])

    @unittest.skipIf(torch is None, "python3-torch is not installed")
    def test_pytorch_computes_the_same_from_the_description(self):
        inputs = torch.tensor([list(picture) for picture in self.pictures]).reshape(PICTURES, 1, 28, 28) / 255
        for stage in STAGES:
            file = self.export(stage)
            state = {name: torch.tensor(struct.unpack(f"<{len(data) // 4}f", data)).reshape(shape)
                     for name, (_, shape, data) in read_safetensors(file)[0].items()}
            network = Described(json.loads(file.with_suffix(".json").read_text())).eval()
            network.load_state_dict(state, strict=True)
            with torch.no_grad():
                for scores, probabilities in zip(network(inputs).tolist(), self.predicted(stage)):
                    self.assert_same(scores, probabilities)

    @unittest.skipUnless(shutil.which("node") and NODE_MODULES.exists(),
                         "onnxruntime-node is not installed in tests/onnx")
    def test_onnxruntime_for_node_gives_the_same_logits(self):
        shutil.copy(SOURCE / "examples/onnxruntime/classify.mjs", self.folder)  # which looks for packages beside itself
        (self.folder / "node_modules").symlink_to(NODE_MODULES)
        for stage in ("prepared", "residual"):
            for name, flags in {"bytes": ("--bytes",), "floats": ()}.items():
                model = self.export(stage, f".{name}.onnx", *flags)
                for i, probabilities in enumerate(self.predicted(stage)):
                    self.assert_same(self.scores_of("node", "classify.mjs", model, f"{i}.pgm"), probabilities)

    @unittest.skipUnless(torch is not None and shutil.which("node") and NODE_MODULES.exists(),
                         "needs PyTorch, Pillow and onnxruntime-node")
    def test_colours_of_a_ppm_file_are_taken_one_after_the_other(self):
        make_colour_run(self)
        model = self.export("teacher", ".onnx", "--bytes")
        shutil.copy(SOURCE / "examples/onnxruntime/classify.mjs", self.folder)
        (self.folder / "node_modules").symlink_to(NODE_MODULES)
        planes = [[(17 * colour + 5 * pixel) % 256 for pixel in range(144)] for colour in range(3)]
        (self.folder / "planes.raw").write_bytes(bytes(sum(planes, [])))
        (self.folder / "picture.ppm").write_bytes(b"P6\n12 12\n255\n" +
                                                  bytes(value for pixel in zip(*planes) for value in pixel))
        expected = self.scores_of("node", "classify.mjs", model, "planes.raw")
        self.assertEqual(self.scores_of("node", "classify.mjs", model, "picture.ppm"), expected)

    @unittest.skipIf(HEADER is None, "onnxruntime's C++ headers are not installed")
    def test_onnxruntime_gives_the_same_logits(self):
        program = self.folder / "classify_onnx"
        subprocess.run(["g++", "-std=c++20", "-O2", "-I", HEADER.parent, SOURCE / "examples/onnxruntime/classify.cpp",
                        "-lonnxruntime", "-o", program],
                       check=True)
        model = self.export("mlp", ".onnx", "--bytes")
        for i, probabilities in enumerate(self.predicted("mlp")):
            self.assert_same(self.scores_of(program, model, f"{i}.pgm"), probabilities)


if __name__ == "__main__":
    unittest.main()
