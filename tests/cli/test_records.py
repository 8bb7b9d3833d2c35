"""A stage that is done is what its record says: other weights than those that it left are never taken for it, whatever
stopped a training."""
import json
import shutil
import signal
import subprocess
import time
import unittest

from support import LIMBECK, ProgramTest

STAGES = """
name: small
data: { source: { digits: { train: 600, test: 2000 } }, validation: 100 }
networks: { large: { mlp: [64] }, small: { mlp: [8] } }
stages:
  - { name: teacher, train: large, epochs: 2 }
  - name: distilled
    train: small
    epochs: 2
    teacher: teacher
    loss: [ soft_targets: { temperature: 4, weight: 0.9 }, hard_labels: { weight: 0.1 } ]
"""

EVERY_KIND = """
name: kinds
data: { source: { digits: { train: 600, test: 100 } }, validation: 100 }
networks: { large: { mlp: [24] }, small: { mlp: [8] } }
stages:
  - { name: teacher, train: large, epochs: 1 }
  - { name: base, train: small, epochs: 1 }
  - { name: apart, train: small, epochs: 1, replicas: 2 }
  - { name: together, train: small, epochs: 1, replicas: { count: 2, together: true } }
  - { name: calibrated, calibrate: base, classes: [3] }
  - { name: int8, train: small, quantize: base }
  - { name: experts, train: large, epochs: 1, specialists: { of: teacher, groups: 2, size: 3 } }
"""


def place_of(path):
    """Of the file in the file system; None while there is none, since the run sets it aside."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def text_of(path):
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


class Records(ProgramTest):
    def setUp(self):
        super().setUp()
        self.recipe.write_text(STAGES)

    def run_recipe(self, *settings, out=None, **options):
        arguments = [flag for setting in settings for flag in ("--set", setting)]
        return self.limbeck("run", self.recipe, "--out", out or self.out, *arguments, **options)

    def stage(self, name, out=None):
        return (out or self.out) / "stages" / name

    def stop_when(self, happened, signal_number, *settings):
        """Runs with these settings until that has happened, and stops it there; False: it was done before."""
        arguments = [flag for setting in settings for flag in ("--set", setting)]
        process = subprocess.Popen([LIMBECK, "run", self.recipe, "--out", self.out, "--quiet", *arguments],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)
        deadline = time.time() + 60
        while process.poll() is None and not happened():
            self.assertLess(time.time(), deadline)
        process.send_signal(signal_number)
        return process.wait() != 0

    def assert_like(self, reference, stages=("teacher", "distilled")):
        """The run has the reference's weights and numbers, and curves of its own trainings."""
        for stage in stages:
            self.assertEqual(self.weights(stage), self.weights(stage, reference), stage)
        numbers = [[stage["evaluations"] for stage in json.loads((folder / "results.json").read_text())["stages"]]
                   for folder in (self.out, reference)]
        self.assertEqual(*numbers)
        losses = [[json.loads(line)["train"]["loss"] for stage in stages
                   for line in (self.stage(stage, folder) / "metrics.jsonl").read_text().splitlines()]
                  for folder in (self.out, reference)]
        self.assertEqual(*losses)

    def test_killed_between_its_weights_and_its_record(self):
        reference = self.folder / "reference"
        self.run_recipe(out=reference)
        killed = 0
        for attempt in range(6):
            shutil.rmtree(self.out, ignore_errors=True)
            self.run_recipe()
            weights = self.stage("teacher") / "weights.safetensors"
            before = place_of(weights)  # a file that is written anew is another one
            killed += self.stop_when(lambda: place_of(weights) not in (before, None), signal.SIGKILL,
                                     "stages.teacher.optimizer.sgd.learning_rate=0.002")
            done = self.run_recipe()
            self.assertNotIn("teacher: done before, unchanged", done.stderr + done.stdout)
            self.assert_like(reference)
            if killed >= 3:
                break
        self.assertGreater(killed, 0)

    def test_stopped_while_another_recipe_trains_it(self):
        reference = self.folder / "reference"
        self.run_recipe(out=reference)
        for number in (signal.SIGINT, signal.SIGKILL):
            self.run_recipe()
            metrics = self.stage("teacher") / "metrics.jsonl"
            self.stop_when(lambda: '"epochs":5000' in text_of(metrics), number, "stages.teacher.epochs=5000")
            self.assertFalse((self.stage("teacher") / "stage.json").exists())
            self.run_recipe()
            self.assert_like(reference)

    def test_a_checkpoint_of_another_recipe_keeps_no_curves_of_it(self):
        reference = self.folder / "reference"
        self.run_recipe("stages.teacher.epochs=400", out=reference)
        slow = "stages.teacher.checkpoint_seconds=0"
        metrics = self.stage("teacher") / "metrics.jsonl"
        lines = lambda epochs: text_of(metrics).count(f'"epochs":{epochs},')
        self.assertTrue(self.stop_when(lambda: lines(400) >= 3, signal.SIGKILL, "stages.teacher.epochs=400", slow))
        self.assertTrue(self.stop_when(lambda: lines(900) >= 1, signal.SIGKILL, "stages.teacher.epochs=900"))
        self.run_recipe("stages.teacher.epochs=400")
        self.assert_like(reference)

    def test_a_file_copied_over_a_stages_is_found(self):
        other = self.folder / "other"
        self.run_recipe("stages.teacher.optimizer.sgd.learning_rate=0.002", out=other)
        reference = self.folder / "reference"
        self.run_recipe(out=reference)
        for name in ("weights.safetensors", "metrics.jsonl", "evaluation.json"):
            self.run_recipe()
            shutil.copy(self.stage("teacher", other) / name, self.stage("teacher"))
            done = self.run_recipe()
            self.assertIn(f"stage 'teacher' runs again: {name} is not the file that the stage left",
                          done.stderr + done.stdout)
            self.assert_like(reference)
        (self.stage("teacher") / "weights.safetensors").unlink()
        self.assertIn("stage 'teacher' runs again: weights.safetensors is not there", self.run_recipe().stderr)
        self.assert_like(reference)

    def test_a_changed_stage_is_not_taken_over(self):
        other, reference = self.folder / "other", self.folder / "reference"
        self.run_recipe("stages.teacher.optimizer.sgd.learning_rate=0.002", out=other)
        self.run_recipe(out=reference)
        changed = self.folder / "changed"
        shutil.copytree(reference, changed)
        shutil.copy(self.stage("teacher", other) / "weights.safetensors", self.stage("teacher", changed))
        done = self.limbeck("run", self.recipe, "--out", self.out, "--reuse", changed)
        self.assertIn(f"stage 'teacher' of '{changed}' is not taken over: "
                      "weights.safetensors is not the file that the stage left", done.stderr)
        self.assert_like(reference)
        # A record of a version that kept no fingerprints says nothing of its files.
        record = json.loads((self.stage("teacher", reference) / "stage.json").read_text())
        del record["files"]
        (self.stage("teacher", reference) / "stage.json").write_text(json.dumps(record))
        self.assertIn("its record holds no fingerprints of its files", self.run_recipe(out=reference).stderr)

    def test_members_and_stages_without_training_alike(self):
        self.recipe.write_text(EVERY_KIND)
        self.run_recipe()
        before = {file: file.read_bytes() for file in self.out.glob("stages/*/*.safetensors")}
        numbers = [stage["evaluations"] for stage in json.loads((self.out / "results.json").read_text())["stages"]]
        quiet = self.run_recipe()
        self.assertEqual((quiet.stderr + quiet.stdout).count("runs again"), 0)
        for name in ("apart.2", "together.2", "calibrated", "int8", "experts.1"):
            wrong = self.stage(name) / "weights.safetensors"
            wrong.write_bytes(before[self.stage("experts.2" if name == "experts.1" else "apart.1") /
                                     "weights.safetensors"])
            done = self.run_recipe()
            self.assertIn("weights.safetensors is not the file that the stage left", done.stderr, name)
            self.assertEqual(before, {file: file.read_bytes() for file in self.out.glob("stages/*/*.safetensors")},
                             name)
            self.assertEqual(numbers,
                             [stage["evaluations"]
                              for stage in json.loads((self.out / "results.json").read_text())["stages"]], name)

    def test_a_point_of_a_sweep_is_done_as_long_as_its_files_are_its_own(self):
        sweep = ["sweep", self.recipe, "--over", "stages.distilled.loss.soft_targets.temperature=1,4",
                 "--out", self.out]
        self.limbeck(*sweep, "--quiet")
        self.assertEqual(self.limbeck(*sweep).stderr, "2 of 2 points done before, unchanged\n")
        points = json.loads((self.out / "sweep.json").read_text())["points"]
        shutil.copy(self.stage("distilled", self.out / "points/0001") / "weights.safetensors",
                    self.stage("distilled", self.out / "points/0002"))
        self.assertIn("1 of 2 points done before, unchanged", self.limbeck(*sweep).stderr)
        self.assertEqual([point["results"] for point in json.loads((self.out / "sweep.json").read_text())["points"]],
                         [point["results"] for point in points])
        self.limbeck("run", self.recipe, "--out", self.out / "points/0001", "--set", "stages.distilled.epochs=1",
                     "--quiet")
        self.assertIn("1 of 2 points done before, unchanged", self.limbeck(*sweep).stderr)
        self.assertEqual([point["results"] for point in json.loads((self.out / "sweep.json").read_text())["points"]],
                         [point["results"] for point in points])


if __name__ == "__main__":
    unittest.main()
