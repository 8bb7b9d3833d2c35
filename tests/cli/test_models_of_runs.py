"""A model in the context of its run: data, input, classes and normalisation are those of the run, wherever its files
are read."""
import json
import shutil
import unittest

from test_export import NODE, OnnxTest, torch

RECIPE = """
name: given
data: { source: { digits: { train: 600, test: 300, seed: 7 } }, normalize: { mean: 0.3, std: 0.2 } }
networks:
  large: { torchscript: TEACHER, input: { mean: 0.6, std: 0.1 } }
  plain: { torchscript: PLAIN }
  small: { mlp: [8] }
stages:
  - { name: distilled, train: small, epochs: 2, teacher: large }
  - { name: other, train: small, epochs: 1, teacher: plain }
"""


class ModelsOfRuns(OnnxTest):
    def stage(self, name):
        return self.out / "stages" / name / "weights.safetensors"

    def test_a_model_of_a_run_is_evaluated_on_its_runs_data(self):
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet", "--seeds", 2)
        stages = json.loads((self.out / "seed-2/results.json").read_text())["stages"]
        model = self.out / "seed-2/stages/distilled/weights.safetensors"
        found = json.loads(self.limbeck("evaluate", model, "--json").stdout)
        self.assertEqual(found["errors"], stages[1]["evaluations"]["test"]["errors"])
        self.assertEqual((found["data"], found["split"], found["examples"]), ("digits", "test", 200))
        text = self.limbeck("evaluate", model, "--split", "train").stdout
        self.assertRegex(text, r"^[\d,]+ errors on the train split of digits, 2,000 examples: accuracy ")

    def test_an_ensemble_of_a_run_is_evaluated_teaches_and_predicts(self):
        self.recipe.write_text("""
name: several
data: { source: { digits: { train: 600, test: 300, seed: 7 } } }
networks: { small: { mlp: [8] } }
stages:
  - { name: apart, train: small, epochs: 1, replicas: { count: 3, mean: arithmetic } }
  - { name: together, train: small, epochs: 1, replicas: { count: 2, together: true } }
""")
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        results = {stage["name"]: stage["evaluations"]["test"]
                   for stage in json.loads((self.out / "results.json").read_text())["stages"]}
        for name in ("apart", "together"):
            for model in (self.out / name, self.out / "stages" / name, f"{self.out}/stages/{name}/"):
                found = json.loads(self.limbeck("evaluate", model, "--json").stdout)
                self.assertEqual((found["errors"], round(found["nll"], 5)),
                                 (results[name]["errors"], round(results[name]["nll"], 5)))
        one = json.loads(self.limbeck("evaluate", self.out / "apart.1", "--json").stdout)
        self.assertNotEqual(round(one["nll"], 5), round(results["apart"]["nll"], 5))
        compared = json.loads(self.limbeck("evaluate", self.out / "apart.1", "--teacher", self.out / "apart",
                                           "--json").stdout)
        self.assertGreater(compared["teacher_kl"], 0)
        same = json.loads(self.limbeck("evaluate", self.out / "apart", "--teacher", self.out / "apart",
                                       "--json").stdout)
        self.assertEqual((same["agreement"], round(same["teacher_kl"], 6)), (1, 0))
        self.limbeck("data", "synthesize", "--out", "digits", "--train", 100, "--test", 20)
        images = "digits/t10k-images-idx3-ubyte.gz"
        several = [json.loads(self.limbeck("predict", self.out / name, images, "--json").stdout)
                   for name in ("apart.1", "apart.2", "apart.3", "apart")]
        for rows in zip(*several):
            mean = [sum(member["probabilities"][digit] for member in rows[:3]) / 3 for digit in "0123456789"]
            for digit in "0123456789":
                self.assertAlmostEqual(rows[3]["probabilities"][digit], mean[int(digit)], 5)
        member = self.out / "stages/apart.2/weights.safetensors"
        before = member.read_bytes()
        self.limbeck("predict", self.out / "apart", images, "--out", member, "--force", expect=2)
        self.assertEqual(member.read_bytes(), before)
        # Unfinished: one of its files is not what the stage left.
        member.unlink()
        self.limbeck("evaluate", self.out / "apart", expect=1)

    def test_elsewhere_the_data_must_be_named(self):
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet", "--set", "stages.teacher.epochs=1",
                     "--set", "stages.distilled.epochs=1")
        shutil.copy(self.stage("distilled"), self.folder / "student.safetensors")
        error = self.limbeck("evaluate", "student.safetensors", expect=2).stderr
        self.assertIn("'student.safetensors' does not lie in a run's folder, so say --source, e.g. --source mnist",
                      error)
        named = self.limbeck("evaluate", "student.safetensors", "--source", "{digits: {train: 10, test: 50}}").stdout
        self.assertIn("on the test split of digits, 50 examples", named)

    def test_a_missing_file_is_found_before_any_data_is_looked_for(self):
        for arguments in (["nothing.safetensors"], ["nothing.safetensors", "--source", "mnist"]):
            error = self.limbeck("evaluate", *arguments, "--data", self.folder, expect=1).stderr
            self.assertIn("there is no file 'nothing.safetensors'", error)
        self.assertIn("holds no trained network",
                      self.limbeck("evaluate", self.folder, "--source", "mnist", "--data", self.folder,
                                   expect=1).stderr)
        self.recipe.rename(self.folder / "model.safetensors")
        error = self.limbeck("evaluate", "model.safetensors", "--teacher", "no.pt", "--source", "mnist",
                             "--data", self.folder, expect=1).stderr
        self.assertIn("there is no file 'no.pt'", error)

    @unittest.skipIf(torch is None or NODE is None, "needs PyTorch and node")
    def test_what_a_run_was_given_is_on_the_page_what_it_was_there(self):
        torch.manual_seed(3)
        for name in ("teacher.pt", "plain.pt"):
            torch.jit.save(torch.jit.script(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 20),
                                                                torch.nn.ReLU(), torch.nn.Linear(20, 10)).eval()),
                           str(self.folder / name))
        self.recipe.write_text(RECIPE.replace("TEACHER", str(self.folder / "teacher.pt"))
                               .replace("PLAIN", str(self.folder / "plain.pt")))
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        told = self.limbeck("export", self.stage("distilled"), "--page", "page", "--beside", "teacher.pt",
                            "--beside", "plain.pt")
        self.assertEqual(told.stderr, "")
        page = json.loads((self.folder / "page/playground.json").read_text())
        self.assertEqual([model["name"] for model in page["models"]], ["distilled", "large", "plain"])

        # The page's files say what PyTorch says of pixels that are normalised as the run does it: by the network's own
        # numbers, and by the data's.
        pixels = torch.rand(30, 1, 28, 28)
        outputs = self.run_onnx({name: (self.folder / "page" / f"{name}.onnx", pixels) for name in ("large", "plain")})
        for name, file, mean, deviation in (("large", "teacher.pt", 0.6, 0.1), ("plain", "plain.pt", 0.3, 0.2)):
            with torch.no_grad():
                self.assert_close(outputs[name], torch.jit.load(str(self.folder / file))((pixels - mean) / deviation),
                                  name)

        # So does evaluate, as the run did.
        for name, file in (("distilled", "teacher.pt"), ("other", "plain.pt")):
            test = next(stage for stage in json.loads((self.out / "results.json").read_text())["stages"]
                        if stage["name"] == name)["evaluations"]["test"]
            found = json.loads(self.limbeck("evaluate", self.stage(name), "--teacher", file, "--json").stdout)
            self.assertEqual((found["errors"], found["agreement"]), (test["errors"], test["agreement"]))
            self.assertAlmostEqual(found["teacher_kl"], test["teacher_kl"], places=5)

        # Of a program that the run was not given, nobody knows what it wants.
        shutil.copy(self.folder / "teacher.pt", self.folder / "foreign.pt")
        told = self.limbeck("export", self.stage("distilled"), "--page", "page", "--beside", "foreign.pt").stderr
        self.assertIn("'foreign.pt' does not say what it does to pixels", told)


if __name__ == "__main__":
    unittest.main()
