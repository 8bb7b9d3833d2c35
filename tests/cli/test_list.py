"""Every key that a recipe may have is documented."""
import json
import re
import unittest

from support import ProgramTest

WHOLE = """
name: whole
zzzzzzzzzz: 1
data:
  source: digits
  validation: 10
  zzzzzzzzzz: 1
  examples: { zzzzzzzzzz: 1 }
  normalize: { mean: 0.5, std: 0.5, zzzzzzzzzz: 1 }
networks:
  small: { mlp: [4], zzzzzzzzzz: 1, input: { size: 28, zzzzzzzzzz: 1 } }
stages:
  - name: a
    train: small
    zzzzzzzzzz: 1
    examples: { zzzzzzzzzz: 1 }
    stop: { epoch: 1, zzzzzzzzzz: 1 }
    replicas: { count: 1, zzzzzzzzzz: 1 }
    loss: [ { hard_labels: { weight: { from: 1, to: 1, epochs: 1, zzzzzzzzzz: 1 }, zzzzzzzzzz: 1 } } ]
  - { name: b, train: small, specialists: { of: a, zzzzzzzzzz: 1 } }
  - { name: c, train: small, quantize: { of: a, zzzzzzzzzz: 1 } }
  - { name: d, calibrate: a, classes: [1], zzzzzzzzzz: 1 }
paper: { a: { errors: 1, zzzzzzzzzz: 1 } }
plots: [ { lines: { first: { 1: a } }, zzzzzzzzzz: 1 } ]
"""

SECTIONS = {"": "recipe", "data": "data", "data.examples": "examples", "data.normalize": "normalize",
            "networks.small": "networks", "networks.small.input": "input",
            "stages[0]": "stages", "stages[0].examples": "examples", "stages[0].stop": "stop",
            "stages[0].replicas": "replicas",
            "stages[0].loss[0].hard_labels.weight": "weight", "stages[1].specialists": "specialists",
            "stages[2].quantize": "quantize", "stages[3]": "calibrate", "paper.a": "paper", "plots[0]": "plots"}


class List(ProgramTest):
    def documented(self, what):
        return json.loads(self.limbeck("list", what, "--json").stdout)

    def test_every_key_that_is_read_is_documented(self):
        self.recipe.write_text(WHOLE)
        mistakes = json.loads(self.limbeck("check", self.recipe, "--json", expect=2).stdout)
        sections = {section["name"]: section for section in self.documented("recipe")}
        found = {}
        for mistake in mistakes:
            path, _, key = mistake["path"].rpartition(".")
            if (key or path) == "zzzzzzzzzz" or mistake["path"] == "zzzzzzzzzz":
                found[path] = set(re.findall(r"'([^']+)'", mistake["message"].split("expected", 1)[1]))
        loss = found.pop("stages[0].loss[0].hard_labels")
        self.assertEqual(set(found), set(SECTIONS))
        for path, read in found.items():
            keys = {key["name"].split(".")[0] for key in sections[SECTIONS[path]]["options"]}
            self.assertEqual(read, keys, path)
        (hard_labels,) = self.documented("hard_labels")
        self.assertEqual(loss,
                         {option["name"] for option in hard_labels["options"]} |
                         {key["name"] for key in sections["loss"]["options"]})
        for section in sections.values():
            self.assertTrue(section["summary"], section["name"])
            for key in section["options"]:
                self.assertTrue(key["meaning"] and key["type"], key)

    def test_what_there_is(self):
        told = self.limbeck("list").stdout
        for word in ("recipe", "stages", "losses", "soft_targets", "batch_size", "optimizers", "sgd", "augmentations",
                     "crop"):
            self.assertIn(word, told)
        overview = json.loads(self.limbeck("list", "--json").stdout)
        self.assertIn("batch_size", overview["stages"])
        self.assertIn("digits", overview["data"])

    def test_a_name_is_explained_wherever_it_stands(self):
        self.assertIn("examples per step", self.limbeck("list", "batch_size").stdout)
        self.assertIn("batch_size", self.limbeck("list", "stages").stdout)
        self.assertIn("Hinton", self.limbeck("list", "soft_targets").stdout)
        self.assertIn("temperature", self.limbeck("list", "temperature").stdout)
        self.assertIn("differ in initialization", self.limbeck("list", "replicas").stdout)
        self.assertIn("did you mean 'batch_size'?", self.limbeck("list", "batchsize", expect=2).stderr)
        self.limbeck("list", "nothing_of_the_kind", expect=2)

    def test_a_listing_fits_the_terminal(self):
        for what in ((), ("recipe",), ("losses",), ("data",)):
            told = self.limbeck("list", *what, environment={"COLUMNS": "80"}).stdout
            lines = [line for line in told.splitlines() if " " in line.strip()]
            self.assertLessEqual(max(map(len, lines)), 80)


if __name__ == "__main__":
    unittest.main()
