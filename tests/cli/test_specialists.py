"""Specialists through the program: what it prints, several processes, mistakes."""
import json
import subprocess
import unittest

from support import LIMBECK, ProgramTest

RECIPE = """
name: specialists
data: { source: { digits: { train: 3000, test: 300 } } }
networks: { n: { mlp: [32] } }
stages:
  - { name: generalist, train: n, epochs: 2 }
  - { name: specialists, train: n, epochs: 30, specialists: { of: generalist, groups: 4, size: 4 } }
  - { name: ensemble, train: n, epochs: 30, replicas: 3 }
"""


class Specialists(ProgramTest):
    def setUp(self):
        super().setUp()
        self.recipe.write_text(RECIPE)

    def weights(self, out):
        return {file.parent.name: file.read_bytes() for file in out.glob("stages/*/weights.safetensors")}

    def test_groups_and_gains_are_told(self):
        told = self.limbeck("run", self.recipe, "--out", self.out)
        self.assertIn("specialists that know the class", told.stderr + told.stdout)
        self.assertRegex(told.stdout, r"4 specialists: accuracy \d+\.\d+ % → \d+\.\d+ %")
        found = json.loads((self.out / "results.json").read_text())["stages"][1]["specialists"]
        self.assertEqual([len(group["classes"]) for group in found["groups"]], [4] * 4)
        self.assertEqual(sum(row["examples"] for row in found["by_coverage"]), 300)

    def test_several_processes_share_the_members_and_leave_the_same_bits(self):
        alone = self.folder / "alone"
        self.limbeck("run", self.recipe, "--out", alone, "--quiet", "--threads", "1")
        # what is left is no longer what is wanted
        only = ["--set", "stages.specialists.epochs=1", "--set", "stages.ensemble.epochs=1"]
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet", "--threads", "1", *only)
        command = [LIMBECK, "run", self.recipe, "--out", self.out, "--quiet", "--threads", "1"]
        processes = [subprocess.Popen([*command, *extra], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                     for extra in ([], ["--help-along"], ["--help-along"])]
        told = []
        for process in processes:
            output, errors = process.communicate(timeout=200)
            self.assertEqual(process.returncode, 0, errors)
            told.append(output)
        self.assertTrue(any(not text.startswith("0 members") for text in told[1:]), told)
        self.assertEqual(self.weights(self.out), self.weights(alone))

    def test_helping_before_there_is_a_generalist_does_nothing_for_specialists(self):
        helped = json.loads(self.limbeck("run", self.recipe, "--out", self.out, "--help-along", "--json",
                                         "--quiet").stdout)
        self.assertEqual(helped["trained"], 3)  # the ensemble's members need nothing
        self.assertFalse((self.out / "stages/specialists.1").exists())
        self.assertFalse((self.out / "results.json").exists())

    def test_a_generalist_with_specialists_is_evaluated_and_predicts(self):
        common = "name: used\ndata: { source: { digits: { train: 600, test: 300, seed: 7 } } }\n"
        options = "train: n, epochs: 3, specialists: { of: generalist, groups: 3, size: 4, top: 2"
        self.recipe.write_text(common + f"""
networks: {{ n: {{ mlp: [12] }} }}
stages:
  - {{ name: generalist, train: n, epochs: 2 }}
  - {{ name: dustbin, {options}, divergence: reverse }} }}
  - {{ name: full, {options}, targets: full }}, teacher: generalist,
      loss: [ hard_labels: {{}}, soft_targets: {{ temperature: 2, examples: unlabelled }} ] }}
""")
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        self.measured_again(self.out, "dustbin", "full")
        self.limbeck("data", "synthesize", "--out", "digits", "--train", 100, "--test", 20)
        images = "digits/t10k-images-idx3-ubyte.gz"
        found = {name: json.loads(self.limbeck("predict", self.out / name, images, "--json").stdout)
                 for name in ("generalist", "dustbin", "full")}
        for name in ("dustbin", "full"):
            self.assertNotEqual(found[name], found["generalist"])
            for row in found[name]:
                self.assertEqual(sorted(row["probabilities"]), list("0123456789"))
                self.assertAlmostEqual(sum(row["probabilities"].values()), 1, 4)

        given = self.folder / "given"
        weights = self.folder / "generalist.safetensors"
        weights.write_bytes((self.out / "stages/generalist/weights.safetensors").read_bytes())
        self.recipe.write_text(common + f"""
networks: {{ n: {{ mlp: [12] }}, generalist: {{ mlp: [12], weights: {weights} }} }}
stages:
  - {{ name: dustbin, {options} }} }}
""")
        self.limbeck("run", self.recipe, "--out", given, "--quiet")
        self.measured_again(given, "dustbin")
        weights.unlink()
        message = self.limbeck("evaluate", given / "dustbin", expect=1).stderr
        self.assertIn("'dustbin' answers with 'generalist', which is not there any more", message)

    def measured_again(self, run, *stages):
        results = {stage["name"]: stage["evaluations"]["test"]
                   for stage in json.loads((run / "results.json").read_text())["stages"]}
        for name in stages:
            found = json.loads(self.limbeck("evaluate", run / name, "--json").stdout)
            self.assertEqual((found["errors"], round(found["nll"], 5)),
                             (results[name]["errors"], round(results[name]["nll"], 5)))

    def test_mistakes_have_a_place(self):
        self.recipe.write_text(RECIPE.replace("of: generalist", "of: generalits"))
        message = self.limbeck("check", self.recipe, expect=2).stderr
        self.assertRegex(message,
                         r"\.yaml:7:\d+: stages\[1\]\.specialists\.of: no earlier stage 'generalits'; "
                         r"did you mean 'generalist'")


if __name__ == "__main__":
    unittest.main()
