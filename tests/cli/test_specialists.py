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

    def test_mistakes_have_a_place(self):
        self.recipe.write_text(RECIPE.replace("of: generalist", "of: generalits"))
        message = self.limbeck("check", self.recipe, expect=2).stderr
        self.assertRegex(message,
                         r"\.yaml:7:\d+: stages\[1\]\.specialists\.of: no earlier stage 'generalits'; "
                         r"did you mean 'generalist'")


if __name__ == "__main__":
    unittest.main()
