"""Models of other frameworks' formats, ONNX and torch.export: teachers, students, features, shapes that do not match.
PyTorch writes the ONNX files, and computes what they must give."""
import json
import unittest
import zipfile

from support import ProgramTest

try:
    import numpy
    import torch
except ImportError:
    torch = None

DIGITS = "{digits: {train: 300, test: 60}}"

if torch is not None:
    class Net(torch.nn.Module):
        """Everything that has a mode, and an operation on shapes."""
        def __init__(self, channels=1, classes=10, head=None):
            super().__init__()
            self.conv = torch.nn.Conv2d(channels, 6, 3, stride=2)
            self.norm = torch.nn.BatchNorm2d(6)
            self.drop = torch.nn.Dropout(0.3)
            self.out = torch.nn.Linear(6, classes)
            self.head = head

        def forward(self, x):
            x = torch.relu(self.norm(self.conv(x)))
            x = self.drop(x.mean((2, 3)).view(x.size(0), -1))
            logits = self.out(x)
            return logits if self.head is None else self.head(logits)

    class Heads(Net):
        def forward(self, x):
            logits = super().forward(x)
            return logits[:, :2], logits

    class ChannelsLast(torch.nn.Module):
        """As of TensorFlow, and with blue first."""
        def __init__(self, network, is_bgr=False):
            super().__init__()
            self.network, self.is_bgr = network, is_bgr

        def forward(self, x):
            x = x.permute(0, 3, 1, 2)
            return self.network(x.flip(1) if self.is_bgr else x)


@unittest.skipIf(torch is None, "python3-torch is not installed")
class ModelsFromElsewhere(ProgramTest):
    def setUp(self):
        super().setUp()
        torch.manual_seed(1)
        torch.set_num_threads(1)

    def network(self, kind, *arguments, **options):
        network = kind(*arguments, **options)
        for module in network.modules():  # statistics that are none of a new network
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.uniform_(-0.2, 0.2)
                module.running_var.uniform_(0.5, 1.5)
        return network.eval()

    def onnx(self, network, name="teacher.onnx", example=None, outputs=("logits",), batch=True, **options):
        example = torch.rand(2, 1, 28, 28) if example is None else example
        file = self.folder / name
        axes = {key: {0: "batch"} for key in ("input", *outputs)} if batch else None
        torch.onnx.export(network, (example,), str(file), input_names=["input"], output_names=list(outputs),
                          dynamic_axes=axes, opset_version=13, **options)
        return file

    def trainable(self, network, name="student.onnx"):
        return self.onnx(network, name, do_constant_folding=False, training=torch.onnx.TrainingMode.PRESERVE)

    def save(self, tensor, name="x.npy"):
        numpy.save(self.folder / name, tensor.numpy())
        return self.folder / name

    def forward(self, model, inputs, *flags):
        out = self.folder / "y.npy"
        self.limbeck("forward", model, "--inputs", self.save(inputs), "--out", out, *flags)
        return torch.from_numpy(numpy.load(out))

    def assert_near(self, ours, theirs):
        self.assertEqual(ours.shape, theirs.shape)
        self.assertLess(float((ours - theirs).abs().max()), 1e-4 * float(theirs.abs().max()))

    def distill(self, *flags, expect=0):
        epochs = [] if "--epochs" in flags else ["--epochs", 1]
        done = self.limbeck("distill", "--source", DIGITS, *epochs, "--out", self.out, "--quiet", "--json", *flags,
                            expect=expect)
        return json.loads(done.stdout)["stages"] if expect == 0 else done.stderr

    def run_recipe(self, networks, stage="{ name: s, train: small, teacher: big, epochs: 1 }", source=DIGITS, expect=0):
        self.recipe.write_text(f"name: door\ndata: {{ source: {source} }}\n"
                               f"networks: {{ {networks}, small: {{ mlp: [8] }} }}\nstages: [ {stage} ]\n")
        done = self.limbeck("run", self.recipe, "--out", self.out, "--quiet", "--json", expect=expect)
        return json.loads(done.stdout)["stages"] if expect == 0 else done.stderr

    def test_an_onnx_file_gives_what_pytorch_gives(self):
        network, inputs = self.network(Net), torch.rand(7, 1, 28, 28)
        file = self.onnx(network)
        with torch.no_grad():
            self.assert_near(self.forward(file, inputs), network(inputs))
            hidden = torch.relu(network.norm(network.conv(inputs)))
        listed = json.loads(self.limbeck("forward", file, "--inputs", self.folder / "x.npy", "--list-features",
                                         "--json").stdout)
        (name,) = [name for name, shape in listed.items() if shape == [6, 13, 13] and "Relu" in name]
        self.forward(file, inputs, "--feature", f"{name}={self.folder / 'f.npy'}")
        self.assert_near(torch.from_numpy(numpy.load(self.folder / "f.npy")), hidden)

    def test_an_onnx_teacher_is_the_torchscript_one(self):
        network = self.network(Net)
        file = self.onnx(network)
        torch.jit.save(torch.jit.script(network), str(self.folder / "teacher.pt"))
        told = []
        for teacher in (file, self.folder / "teacher.pt"):
            (stage,) = self.distill("--teacher", teacher, "--student", "mlp:8")
            told.append(stage["evaluations"]["test"]["teacher_errors"])
        stages = self.distill("--teacher", f"{{ onnx: {{ file: {file}, returns: logits }} }}", "--student", "mlp:8")
        self.assertEqual([stage["name"] for stage in stages], ["distilled"])  # the teacher is not trained first
        told.append(stages[0]["evaluations"]["test"]["teacher_errors"])
        self.assertIsNotNone(told[0])
        self.assertEqual(told[0], told[2])
        self.assertEqual(told[0], told[1])

    def test_an_onnx_student_is_trained_and_exported_again(self):
        network = self.network(Net)
        file = self.trainable(network)
        (stage,) = self.distill("--teacher", self.onnx(network), "--student", file)
        saved = self.out / "stages/distilled"
        before, after = network.state_dict(), torch.jit.load(str(saved / "model.pt")).state_dict()
        self.assertEqual(len([name for name in after if name.endswith("running_mean")]), 1)
        for name in ("conv.weight", "norm.running_mean", "out.bias"):
            self.assertGreater(float((after[name] - before[name]).abs().max()), 0, name)
        inputs = torch.rand(5, 1, 28, 28)
        ours = self.forward(saved, inputs)
        with torch.no_grad():
            self.assert_near(ours, torch.jit.load(str(saved / "model.pt")).eval()(inputs))
        self.limbeck("export", saved, "--out", self.folder / "again.onnx")
        prepared = self.forward(saved, inputs, "--prepared")
        self.assert_near(self.forward(self.folder / "again.onnx", inputs), prepared)

    def test_fresh_norms_are_trained_apart(self):
        """PyTorch writes the zeros of all biases and running means as one tensor."""
        class Norms(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.first, self.second = torch.nn.BatchNorm1d(8), torch.nn.BatchNorm1d(8)
                self.enter, self.out = torch.nn.Linear(784, 8), torch.nn.Linear(8, 10)

            def forward(self, x):
                return self.out(self.second(torch.relu(self.first(self.enter(x.flatten(1))))))

        file = self.trainable(Norms().eval())
        self.distill("--teacher", "mlp:8", "--teacher-epochs", 1, "--student", file)
        saved = self.out / "stages/distilled"
        module = torch.jit.load(str(saved / "model.pt"))
        self.assertEqual(len(list(module.parameters())), 8)
        states = [buffer for name, buffer in module.named_buffers() if buffer.shape == (8,)]
        self.assertEqual(len(states), 4)
        self.assertEqual(len({tuple(buffer.tolist()) for buffer in states}), 4)
        self.limbeck("export", saved, "--out", self.folder / "again.onnx")
        inputs = torch.rand(5, 1, 28, 28)
        self.assert_near(self.forward(self.folder / "again.onnx", inputs), self.forward(saved, inputs, "--prepared"))
        self.limbeck("export", saved, "--out", self.folder / "soft.onnx", "--softmax")
        self.assert_near(self.forward(self.folder / "soft.onnx", inputs).softmax(1),
                         self.forward(saved, inputs, "--prepared").softmax(1))

    def test_students_resume_to_the_same_bits(self):
        file = self.trainable(self.network(Net))
        flags = ("--teacher", self.onnx(self.network(Net)), "--student", file, "--epochs", 2)
        whole = self.distill(*flags)
        weights = self.weights("distilled")
        self.assertTrue(whole)
        self.distill(*flags)
        self.assertEqual(self.weights("distilled"), weights)

    def test_outputs_are_chosen_by_name_and_by_place(self):
        network = self.network(Heads)
        file = self.onnx(network, outputs=("coarse", "fine"))
        self.assertIn("tells 2 classes apart", self.run_recipe(f"big: {{ onnx: {file} }}", expect=1))
        for output in ("fine", "1"):
            self.run_recipe(f"big: {{ onnx: {{ file: {file}, output: {output} }} }}")
        self.assertIn("no output 'fin'", self.run_recipe(f"big: {{ onnx: {{ file: {file}, output: fin }} }}", expect=1))
        inputs = torch.rand(3, 1, 28, 28)
        with torch.no_grad():
            self.assert_near(self.forward(f"{{ onnx: {{ file: {file}, output: fine }} }}", inputs), network(inputs)[1])

    def test_the_only_output_has_its_name(self):
        file = self.trainable(self.network(Net))
        self.run_recipe(f"big: {{ onnx: {{ file: {file}, output: logits }} }}",
                        "{ name: s, train: big, epochs: 1 }")
        saved, inputs = self.out / "stages/s", torch.rand(3, 1, 28, 28)
        self.limbeck("evaluate", saved)
        self.limbeck("export", saved, "--out", self.folder / "again.onnx")
        self.assert_near(self.forward(self.folder / "again.onnx", inputs), self.forward(saved, inputs, "--prepared"))
        self.assertIn("no output 'fin'", self.run_recipe(f"big: {{ onnx: {{ file: {file}, output: fin }} }}", expect=1))

    def test_classes_are_matched_by_name(self):
        network = self.network(Net, classes=12)
        file = self.onnx(network)
        names = ["x", "9", "8", "7", "6", "5", "4", "3", "2", "1", "0", "y"]
        self.assertIn("tells 12 classes apart", self.run_recipe(f"big: {{ onnx: {file} }}", expect=1))
        (stage,) = self.run_recipe(f"big: {{ onnx: {file}, classes: {json.dumps(names)} }}")
        measured = json.loads(self.limbeck("bench", self.out, "--seconds", 0.01, "--batch", 1, "--json").stdout)
        self.assertEqual([model["name"] for model in measured["models"]], ["big", "s"])

        class Chosen(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.network = network

            def forward(self, x):
                return self.network(x)[:, 1:11].flip(1)

        (same,) = self.run_recipe(f"big: {{ onnx: {self.onnx(Chosen().eval(), 'chosen.onnx')} }}")
        for key in ("teacher_errors", "errors"):
            self.assertEqual(stage["evaluations"]["test"][key], same["evaluations"]["test"][key])
        self.assertIn("has 12 outputs, and its `classes` names 11",
                      self.run_recipe(f"big: {{ onnx: {file}, classes: {json.dumps(names[1:])} }}", expect=2))
        missing = json.dumps(["x", "nine", *names[2:]])
        self.assertIn("does not know 1 of the data's 10 classes: '9'",
                      self.run_recipe(f"big: {{ onnx: {file}, classes: {missing} }}", expect=2))
        self.assertIn("has `classes`", self.run_recipe(f"big: {{ onnx: {file}, classes: {json.dumps(names)} }}",
                                                       "{ name: s, train: big, epochs: 1 }", expect=2))
        self.assertIn("does not name its classes", self.run_recipe(f"big: {{ onnx: {file}, classes: by_name }}",
                                                                   expect=2))

    def test_sigmoids_and_channels(self):
        network = self.network(Net, head=torch.nn.Sigmoid())
        inputs = torch.rand(3, 1, 28, 28)
        file = self.onnx(network)
        with torch.no_grad():
            logits = torch.logit(network(inputs))
        self.assert_near(self.forward(f"{{ onnx: {{ file: {file}, returns: sigmoid }} }}", inputs), logits)
        three = self.network(Net, channels=3)
        file = self.onnx(three, "three.onnx", torch.rand(2, 3, 28, 28))
        with torch.no_grad():
            self.assert_near(self.forward(f"{{ onnx: {{ file: {file}, channels: gray_to_rgb }} }}", inputs),
                             three(inputs.expand(-1, 3, -1, -1)))
        last = ChannelsLast(three, is_bgr=True).eval()
        file = self.onnx(last, "last.onnx", torch.rand(2, 28, 28, 3))
        inputs = torch.rand(3, 3, 28, 28)
        with torch.no_grad():
            theirs = three(inputs)
        self.assert_near(self.forward(f"{{ onnx: {{ file: {file}, layout: nhwc, channels: bgr }} }}", inputs), theirs)

    def test_a_model_for_one_example_at_a_time_is_evaluated_so(self):
        network = self.network(Net)
        file = self.onnx(network, example=torch.rand(1, 1, 28, 28), batch=False)
        inputs = torch.rand(3, 1, 28, 28)
        with torch.no_grad():
            self.assert_near(self.forward(file, inputs), network(inputs))

    def test_a_program_of_torch_export_teaches(self):
        weight, bias = torch.rand(10, 784) - 0.5, torch.rand(10)
        file = self.folder / "linear.pt2"
        write_linear(file, weight, bias)
        inputs = torch.rand(4, 1, 28, 28)
        self.assert_near(self.forward(file, inputs), inputs.flatten(1) @ weight.T + bias)
        (stage,) = self.distill("--teacher", file, "--student", "mlp:8")
        self.assertIsNotNone(stage["evaluations"]["test"]["teacher_errors"])
        (stage,) = self.distill("--teacher", "mlp:8", "--teacher-epochs", 1, "--student", file)[-1:]
        self.assertIsNotNone(stage["evaluations"]["test"]["agreement"])
        trained = dict(torch.jit.load(str(self.out / "stages/distilled/model.pt")).named_parameters())
        self.assertGreater(float((trained["weight"] - weight).abs().max()), 0)

    def test_what_cannot_be_read_is_refused(self):
        file = self.onnx(self.network(Net))
        content = file.read_bytes()
        (self.folder / "short.onnx").write_bytes(content[:len(content) // 2])
        self.assertIn("short.onnx'", self.distill("--teacher", self.folder / "short.onnx", "--student", "mlp:8",
                                                  expect=1))
        self.assertIn("Write { onnx: FILE } for it", self.run_recipe(f"big: {{ torch_export: {file} }}", expect=1))
        self.assertIn("is an ONNX file", self.run_recipe(f"big: {{ torchscript: {file} }}", expect=1))
        x = self.save(torch.rand(2, 1, 28, 28))
        self.assertIn("nothing to do", self.limbeck("forward", file, "--inputs", x, expect=2).stderr)
        self.assertIn("no feature 'none'", self.limbeck("forward", file, "--inputs", x, "--feature", "none=f.npy",
                                                        expect=2).stderr)
        flat = self.save(torch.rand(2, 5))
        self.assertIn("takes examples of 3 axes", self.limbeck("forward", file, "--inputs", flat, "--out", "y.npy",
                                                               expect=1).stderr)


def write_linear(file, weight, bias):
    """An archive of torch.export.save (PyTorch 2.8 and later) of flatten and linear, by the format's description."""
    def tensor(shape):
        return {"dtype": 7, "sizes": [{"as_int": n} for n in shape], "requires_grad": True,
                "device": {"type": "cpu", "index": None}, "storage_offset": {"as_int": 0}, "layout": 7,
                "strides": [{"as_int": n} for n in ([shape[1], 1] if len(shape) == 2 else [1])]}

    def argument(name, value):
        return {"name": name, "arg": value, "kind": 1}

    def reference(name):
        return {"as_tensor": {"name": name}}

    nodes = [{"target": "torch.ops.aten.flatten.using_ints", "metadata": {}, "outputs": [reference("flat")],
              "inputs": [argument("self", reference("x")), argument("start_dim", {"as_int": 1})]},
             {"target": "torch.ops.aten.linear.default", "metadata": {}, "outputs": [reference("linear")],
              "inputs": [argument("input", reference("flat")), argument("weight", reference("p_w")),
                         argument("bias", reference("p_b"))]}]
    parameters = {"p_w": ("weight", weight), "p_b": ("bias", bias)}
    signature = {"input_specs": [{"parameter": {"arg": {"name": key}, "parameter_name": name}}
                                 for key, (name, _) in parameters.items()] +
                                [{"user_input": {"arg": reference("x")}}],
                 "output_specs": [{"user_output": {"arg": reference("linear")}}]}
    graph = {"inputs": [reference(name) for name in ("p_w", "p_b", "x")], "outputs": [reference("linear")],
             "nodes": nodes, "tensor_values": {}, "sym_int_values": {}, "sym_bool_values": {},
             "is_single_tensor_return": False, "custom_obj_values": {}, "sym_float_values": {}}
    model = {"graph_module": {"graph": graph, "signature": signature, "module_call_graph": [], "metadata": {}},
             "opset_version": {"aten": 10}, "range_constraints": {}, "schema_version": {"major": 8, "minor": 17},
             "verifiers": [], "torch_version": "2.11.0"}
    config = {name: {"path_name": f"weight_{i}", "is_param": True, "use_pickle": False,
                     "tensor_meta": tensor(list(value.shape))}
              for i, (name, value) in enumerate(parameters.values())}
    with zipfile.ZipFile(file, "w") as archive:
        for i, (_, value) in enumerate(parameters.values()):
            archive.writestr(f"m/data/weights/weight_{i}", value.numpy().tobytes())
        archive.writestr("m/data/weights/model_weights_config.json", json.dumps({"config": config}))
        archive.writestr("m/data/constants/model_constants_config.json", json.dumps({"config": {}}))
        archive.writestr("m/models/model.json", json.dumps(model))
        archive.writestr("m/archive_format", "pt2")
        archive.writestr("m/archive_version", "0")
        archive.writestr("m/byteorder", "little")


if __name__ == "__main__":
    unittest.main()
