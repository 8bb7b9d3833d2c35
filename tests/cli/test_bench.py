"""limbeck bench: what networks cost, of runs and of files."""
import json
import unittest
import xml.etree.ElementTree

from support import ProgramTest

DIGITS = "{digits: {train: 2000, test: 200}}"
QUICK = ("--seconds", 0.05, "--batch", "1,8", "--quiet")


class Bench(ProgramTest):
    def run_recipe(self, *arguments):
        done = self.limbeck("run", self.recipe, "--out", self.out, "--quiet", "--json",
                            "--set", "stages.teacher.epochs=1", "--set", "stages.distilled.epochs=1", *arguments)
        return json.loads(done.stdout)

    def bench(self, *arguments):
        return json.loads(self.limbeck("bench", *arguments, *QUICK, "--json").stdout)

    def weights_file(self, stage):
        return self.out / "stages" / stage / "weights.safetensors"

    def test_a_run_has_its_teacher_beside_its_student(self):
        results = self.run_recipe()
        found = self.bench(self.out, "--out", "measured", "--threads", 1)
        self.assertEqual(found, json.loads((self.folder / "measured/bench.json").read_text()))
        teacher, student = found["models"]
        self.assertEqual([teacher["name"], student["name"]], ["teacher", "distilled"])
        for model, stage in zip(found["models"], results["stages"]):
            self.assertEqual(model["accuracy"], stage["evaluations"]["test"]["accuracy"])
            self.assertEqual(model["bytes"], self.weights_file(model["name"]).stat().st_size)
            latency = model["latency"]
            self.assertGreater(latency["median"], 0)
            self.assertLessEqual(latency["median"], latency["p95"])
            if latency["p99"] is not None:
                self.assertLessEqual(latency["p95"], latency["p99"])
            self.assertEqual([at["batch"] for at in model["throughput"]], [1, 8])
            self.assertGreater(model["memory"]["peak"], model["memory"]["before"])
            self.assertGreater(model["memory"]["before"], 10e6)
        self.assertEqual(teacher["multiply_adds"], 784 * 96 + 96 * 10)
        self.assertEqual(student["parameters"], 784 * 8 + 8 + 8 * 10 + 10)
        svg = xml.etree.ElementTree.parse(self.folder / "measured/pareto.svg")
        texts = [element.text for element in svg.iter() if element.tag.endswith("text")]
        self.assertIn("teacher", texts)
        self.assertIn("distilled", texts)
        table = self.limbeck("bench", self.out, *QUICK).stdout
        for word in ("multiply-adds", "p99", "examples/s in batches of", "76,224", "On the Pareto front"):
            self.assertIn(word, table)

    def test_what_ships_is_measured_in_onnxruntime(self):
        self.recipe.write_text(self.recipe.read_text() +
                               "  - { name: int8, train: small, augment: none, quantize: distilled }\n")
        self.run_recipe()
        found = self.bench(self.out, "--out", "measured", "--threads", 1)
        rows = {model["name"]: model for model in found["models"]}
        self.assertEqual(list(rows), ["teacher", "distilled", "int8"])
        self.assertRegex(found["environment"]["onnxruntime"], r"^\d+\.\d+")
        self.assertIsNone(rows["int8"]["latency"])  # LibTorch computes its bytes as rounded floats
        for model in rows.values():
            self.assertGreater(model["onnxruntime"]["latency"]["median"], 0)
            self.assertEqual([at["batch"] for at in model["onnxruntime"]["throughput"]], [1, 8])
        self.limbeck("export", self.out / "distilled", "--out", "s.onnx", "--fold", "never")
        self.assertEqual(rows["distilled"]["onnxruntime"]["bytes"], (self.folder / "s.onnx").stat().st_size)
        self.assertLess(rows["int8"]["onnxruntime"]["bytes"], rows["distilled"]["onnxruntime"]["bytes"])
        plot = (self.folder / "measured/pareto.svg").read_text()
        self.assertIn("latency of one example in onnxruntime", plot)
        self.assertIn("int8", plot)
        table = self.limbeck("bench", self.out, *QUICK).stdout
        self.assertIn("in LibTorch", table)
        self.assertIn("as ONNX file", table)
        alone = self.bench("s.onnx", "--source", DIGITS)["models"][0]
        self.assertIsNone(alone["latency"])
        self.assertGreater(alone["memory"]["peak"], alone["memory"]["before"])
        self.assertEqual(alone["parameters"], rows["distilled"]["parameters"])
        missing = {"LIMBECK_ONNXRUNTIME": str(self.folder)}
        without = json.loads(self.limbeck("bench", self.out, *QUICK, "--json", environment=missing).stdout)
        self.assertEqual([model["name"] for model in without["models"]], ["teacher", "distilled"])
        self.assertIn("onnxruntime was not found", " ".join(without["notes"]))

    def test_files_are_named_and_measured_on_data_that_is_named(self):
        self.run_recipe()
        self.limbeck("export", self.weights_file("teacher"), "--out", "a.safetensors")
        self.limbeck("export", self.weights_file("distilled"), "--out", "b.safetensors")
        found = self.bench("a.safetensors", "b.safetensors", self.weights_file("teacher"), "--out", "measured")
        self.assertEqual([model["name"] for model in found["models"]], ["a", "b", "teacher"])
        self.assertEqual([model["accuracy"] is None for model in found["models"]], [True, True, False])
        self.assertIn("2 networks whose accuracy is not known", " ".join(found["notes"]))
        measured = self.bench("a.safetensors", "--source", DIGITS)["models"][0]
        evaluated = json.loads(self.limbeck("evaluate", "a.safetensors", "--source", DIGITS, "--json").stdout)
        self.assertAlmostEqual(measured["accuracy"], evaluated["accuracy"])

    def test_without_accuracies_there_is_no_plot_and_it_says_so(self):
        self.run_recipe()
        self.limbeck("export", self.weights_file("distilled"), "--out", "b.safetensors")
        said = self.limbeck("bench", "b.safetensors", "--out", "measured", *QUICK).stdout
        self.assertIn("there is no plot of accuracy against latency: no network's accuracy is known", said)
        self.assertFalse((self.folder / "measured/pareto.svg").exists())
        self.assertTrue((self.folder / "measured/bench.json").exists())

    def test_an_ensemble_is_one_network(self):
        self.run_recipe("--set", "stages.teacher.replicas=2")
        ensemble = self.bench(self.out)["models"][0]
        self.assertEqual(ensemble["parameters"], 2 * (784 * 96 + 96 + 96 * 10 + 10))
        self.assertEqual(ensemble["bytes"], sum(self.weights_file(f"teacher.{i}").stat().st_size for i in (1, 2)))

    def test_a_run_over_seeds_is_measured_by_its_first(self):
        self.run_recipe("--seeds", 2)
        self.assertEqual([model["name"] for model in self.bench(self.out)["models"]], ["teacher", "distilled"])

    def test_a_run_writes_the_same_rows(self):
        done = self.limbeck("distill", "--teacher", "mlp:32", "--student", "mlp:8", "--source", DIGITS, "--epochs", 1,
                            "--teacher-epochs", 1, "--out", self.out, "--quiet", "--json")
        rows = json.loads(done.stdout)["deployment"]
        self.assertTrue(all(row["onnxruntime"]["latency"]["median"] > 0 for row in rows))
        self.assertEqual(set(rows[0]) | {"on_front", "files"}, set(self.bench(self.out)["models"][0]))

    def test_what_is_no_model_is_an_error(self):
        self.run_recipe()
        whole = self.weights_file("teacher").read_bytes()
        (self.folder / "cut.safetensors").write_bytes(whole[:1000])
        (self.folder / "text.safetensors").write_text("no weights at all")
        (self.folder / "empty").mkdir()
        for arguments, code, message in (
                (("none.safetensors",), 1, "there is no file 'none.safetensors'"),
                (("cut.safetensors",), 1, "cut.safetensors"),
                (("text.safetensors",), 1, "text.safetensors"), (("empty",), 1, "'empty' is no run folder"),
                ((), 2, "models"),
                ((self.out, "--batch", 0), 2, "--batch"), ((self.out, "--batch", "4,x"), 2, "--batch"),
                ((self.out, "--seconds", 0), 2, "--seconds"), ((self.out, "--only", "nobody"), 2, "named 'nobody'")):
            said = self.limbeck("bench", *arguments, expect=code).stderr
            self.assertIn(message, said)
            self.assertNotIn("Exception raised from", said)


if __name__ == "__main__":
    unittest.main()
