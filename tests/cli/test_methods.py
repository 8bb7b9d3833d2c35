"""Methods that are more than a loss on logits, as a user runs them: features that are chosen, the teacher's classifier,
two phases, an optimizer that separates gradients."""
import json
import unittest

from support import ProgramTest

RECIPE = """name: methods
seed: 1
data: {{ source: {{ digits: {{ train: 200, test: 40 }} }}, validation: 40, augment: none }}
networks:
  large: {{ resnet: 14 }}
  small: {small}
stages:
  - {{ name: teacher, train: large, epochs: 1, batch_size: 40 }}
  - {{ name: student, train: small, teacher: teacher, epochs: 2, batch_size: 40, {stage} }}
"""


class Methods(ProgramTest):
    def run_stage(self, stage, small="{ resnet: 8 }", *flags, expect=0):
        self.recipe.write_text(RECIPE.format(stage=stage, small=small))
        return self.limbeck("run", self.recipe, "--out", self.out, *flags, expect=expect)

    def results(self):
        return json.loads((self.out / "results.json").read_text())["stages"][1]

    def test_features_are_chosen_and_told(self):
        done = self.run_stage("loss: [ at, fitnet: { weight: 0.1 }, sp, crd: { negatives: 20 }, hard_labels ]")
        told = done.stdout + done.stderr
        self.assertIn("'attention_transfer' compares features of teacher -> student: layer1 (16x28x28) -> layer1 "
                      "(16x28x28), layer2 (32x14x14) -> layer2 (32x14x14), layer3 (64x7x7) -> layer3 (64x7x7)", told)
        self.assertIn("'fitnet' compares features of teacher -> student: layer2 (32x14x14) -> layer2 (32x14x14)", told)
        self.assertIn("'crd' compares features of teacher -> student: pool (64) -> pool (64)", told)
        stage = self.results()
        self.assertIn("0.1 fitnet (from layer2)", stage["objective"])
        self.assertEqual(stage["loss_parameters"], 32 * 32 + 32 + 2 * (64 * 128 + 128))
        self.assertFalse([name for name in self.weights("student") if "crd" in name or "fitnet" in name])
        again = self.limbeck("run", self.recipe, "--out", self.out)
        self.assertNotIn("compares features", again.stdout + again.stderr)  # nothing is left to do

    def test_features_that_do_not_correspond_are_refused_before_work(self):
        message = self.run_stage("loss: [ attention_transfer ]", small="{ mlp: [ 8 ] }", expect=2).stderr
        self.assertIn("stage 'student':", message)
        self.assertIn("expected two pictures [channels, height, width]", message)
        self.assertFalse((self.out / "stages/teacher/weights.safetensors").exists())

    def test_the_teachers_classifier_is_reused(self):
        reused = "{ reused_classifier: { student: resnet8, channels: 64 } }"
        self.run_stage("classifier: teacher, loss: [ simkd: { to: projector, from: layer3, projector: none } ]",
                       reused)
        teacher, student = self.weights("teacher"), self.weights("student")
        for ours, theirs in (("classifier.weight", "fc.weight"), ("classifier.bias", "fc.bias")):
            self.assertEqual(student[ours], teacher[theirs])
        self.assertIn("projector.0.weight", student)
        self.assertNotIn("loss_parameters", self.results())
        narrow = reused.replace("64", "32")
        message = self.run_stage("classifier: teacher, loss: [ hard_labels ]", narrow, expect=2).stderr
        self.assertIn("the classifier of 'teacher' is 10x64, that of 'small' 10x32", message)

    def test_an_optimizer_that_separates_gradients_needs_both(self):
        self.run_stage("loss: [ soft_targets, hard_labels ], optimizer: { dot: { learning_rate: 0.01 } }")
        for loss, has in (("soft_targets", "those of the teacher alone"), ("hard_labels", "none of the teacher")):
            message = self.run_stage(f"loss: [ {loss} ], optimizer: dot", expect=2).stderr
            self.assertIn(f"the optimizer 'dot' keeps the gradient of the teacher's terms apart from that of the "
                          f"others, and the loss has {has}", message)

    def test_only_losses_on_logits_are_standardized(self):
        self.run_stage("loss: [ kd: { standardize: population }, hard_labels ]")
        message = self.run_stage("loss: [ sp: { standardize: population }, hard_labels ]", expect=2).stderr
        self.assertIn("does not compare logits of teacher and student, which 'standardize' is of", message)


if __name__ == "__main__":
    unittest.main()
