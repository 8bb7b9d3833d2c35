"""Recordings: from a folder of sound files to word error rates, through the program."""
import json
import unittest

from support import ProgramTest, make_recordings

RECIPE = """
name: speech
data: { source: { recordings: { folder: FOLDER, test_below: 2, states: 3, before: 3, after: 2, string_length: 3 } } }
networks: { small: { mlp: [32] } }
stages:
  - { name: labels, train: small, epochs: 2, align: 2 }
  - { name: ensemble, train: small, epochs: 2, replicas: 2 }
  - { name: distilled, train: small, epochs: 2, teacher: ensemble }
"""


class Speech(ProgramTest):
    def setUp(self):
        super().setUp()
        self.recordings = self.folder / "recordings"
        make_recordings(self.recordings, ("ann", "bob"), 8)
        self.recipe.write_text(RECIPE.replace("FOLDER", str(self.recordings)))

    def run_recipe(self, *arguments, **options):
        return self.limbeck("run", self.recipe, "--out", self.out, "--quiet", *arguments, **options)

    def test_words_are_learned_and_counted(self):
        self.run_recipe()
        results = json.loads((self.out / "results.json").read_text())
        labels, ensemble, distilled = results["stages"]
        self.assertEqual(labels["alignment"]["rounds"], 2)
        self.assertGreater(labels["alignment"]["changed"]["train"], 0)
        for stage in results["stages"]:
            test = stage["evaluations"]["test"]
            self.assertEqual(test["words"]["words"], 12)
            self.assertEqual(test["string_words"]["words"], 12)
            self.assertLessEqual(test["word_error_rate"], 0.1)
        self.assertGreater(distilled["evaluations"]["test"]["accuracy"], 0.6)
        self.assertIn("word errors", self.limbeck("report", self.out).stdout)
        self.assertIn("word errors", (self.out / "report.html").read_text())

    def check_views_are_kept(self, augmentation):
        """Outputs on two views of each frame, in memory and in a store, teach the same."""
        self.recipe.write_text(self.recipe.read_text().replace(
            "teacher: ensemble", f"teacher: {{ network: {{ of: ensemble, views: 2 }} }}, augment: {augmentation}"))
        self.run_recipe()
        stage = next(stage for stage in json.loads((self.out / "results.json").read_text())["stages"]
                     if stage["name"] == "distilled")
        kept = (self.out / "stages/distilled/weights.safetensors").read_bytes()
        self.assertGreater(stage["evaluations"]["test"]["accuracy"], 0.5)
        self.recipe.write_text(self.recipe.read_text().replace(
            "views: 2 }", f"views: 2, store: '{self.folder / 'store.safetensors'}' }}"))
        for _ in range(2):  # fills the store, reads it
            self.run_recipe("--force")
            self.assertEqual((self.out / "stages/distilled/weights.safetensors").read_bytes(), kept)

    def test_masked_frames_are_views_that_a_store_keeps(self):
        self.check_views_are_kept("{ spec_augment: { bands: 5, frames: 2, masks: 2 } }")

    def test_augmented_copies_are_views_that_a_store_keeps(self):
        self.recipe.write_text(self.recipe.read_text().replace(
            "string_length: 3", "string_length: 3, copies: { count: 2, snr: [0, 10], share: 1 }"))
        self.check_views_are_kept("{ copies: 2 }")
        few = self.run_recipe("--force", "--set", "data.source.recordings.copies.count=1", expect=2)
        self.assertIn("draws from 2 copies of each recording, and the data set has 1", few.stderr)

    def test_all_systems_learn_the_same_labels_again_after_a_stop(self):
        self.run_recipe()
        before = (self.out / "stages/distilled/weights.safetensors").read_bytes()
        for file in (self.out / "stages/distilled").iterdir():
            file.unlink()
        self.run_recipe()  # the labels come from the file
        self.assertEqual((self.out / "stages/distilled/weights.safetensors").read_bytes(), before)
        (self.out / "stages/labels/labels.safetensors").unlink()
        self.run_recipe()
        self.assertEqual((self.out / "stages/distilled/weights.safetensors").read_bytes(), before)

    def test_other_labels_are_another_stage(self):
        self.run_recipe()
        lines = self.limbeck("run", self.recipe, "--out", self.out, "--set", "stages.labels.align=1").stdout
        lines += self.limbeck("run", self.recipe, "--out", self.out, "--set", "stages.labels.align=2").stderr
        results = json.loads((self.out / "results.json").read_text())
        self.assertEqual(results["stages"][0]["alignment"]["rounds"], 2)

    def test_a_store_of_a_finished_run_keeps_its_labels(self):
        self.recipe.write_text(self.recipe.read_text().replace("teacher: ensemble",
                                                               "teacher: { network: { of: ensemble, store: "
                                                               "s.safetensors } }"))
        self.run_recipe()
        before = {file: file.read_bytes() for file in self.out.glob("stages/*/weights.safetensors")}
        verified = json.loads(self.limbeck("store", "verify", self.recipe, "--out", self.out, "--json").stdout)
        self.assertLess(verified[0]["difference"], 1e-4)
        self.assertEqual(before, {file: file.read_bytes() for file in self.out.glob("stages/*/weights.safetensors")})

    def test_a_network_is_evaluated_as_the_run_did(self):
        self.run_recipe()
        expected = json.loads((self.out / "results.json").read_text())["stages"][2]["evaluations"]["test"]
        source = (f"{{recordings: {{folder: '{self.recordings}', test_below: 2, states: 3, before: 3, after: 2, "
                  "string_length: 3}}")
        command = ["evaluate", self.out / "stages/distilled/weights.safetensors", "--source", source]
        found = json.loads(self.limbeck(*command, "--labels", self.out / "stages/labels/labels.safetensors",
                                        "--json").stdout)
        self.assertEqual((found["errors"], found["words"], found["string_words"]),
                         (expected["errors"], expected["words"], expected["string_words"]))
        labels = ("--labels", self.out / "stages/labels/labels.safetensors")
        in_noise = self.limbeck(*command[:-1], source.replace(
            "states: 3", "states: 3, copies: {test: true, share: 1, noise: white, snr: [-10, -10]}"), *labels, "--json")
        self.assertGreater(json.loads(in_noise.stdout)["errors"], found["errors"])
        even = self.limbeck(*command)
        self.assertIn("even division", even.stderr)
        self.assertIn("words in strings wrong", even.stdout)
        self.limbeck(*command, "--labels", self.out / "stages/distilled/weights.safetensors", expect=1)
        # as many frames, which say something else
        command[-1] = source.replace("states: 3", "states: 3, normalize: global")
        refused = self.limbeck(*command, "--labels", self.out / "stages/labels/labels.safetensors", expect=1)
        self.assertIn("labels of other recordings", refused.stderr)

    def test_another_decoder_is_another_result(self):
        self.run_recipe()
        rates = [stage["evaluations"]["test"]["string_words"]
                 for stage in json.loads((self.out / "results.json").read_text())["stages"]]
        self.run_recipe("--set", "data.source.recordings.word_penalty=-1000")
        silent = [stage["evaluations"]["test"]["string_words"]
                  for stage in json.loads((self.out / "results.json").read_text())["stages"]]
        self.assertNotEqual(rates, silent)
        self.assertTrue(all(words["deletions"] > words["insertions"] for words in silent), silent)

    def test_bad_input_is_named_before_work(self):
        (self.recordings / "rise_ann_3.wav").write_bytes(b"RIFF")
        self.assertIn("rise_ann_3.wav", self.run_recipe(expect=1).stderr)
        self.assertFalse((self.out / "stages").exists())
        (self.recordings / "rise_ann_3.wav").unlink()
        self.assertIn("no speaker 'anm'",
                      self.run_recipe("--set", "data.source.recordings.held_out=anm", expect=2).stderr)
        self.assertIn("one is for images [channels, height, width]",
                      self.run_recipe("--set", "data.augment={flip: true}", expect=2).stderr)
        self.recipe.write_text("name: d\ndata: {source: {digits: {train: 50, test: 20}}}\nnetworks: {n: {mlp: [4]}}\n"
                               "stages: [{name: a, train: n, align: 2}]\n")
        self.assertIn("'align' is of recordings", self.run_recipe(expect=2).stderr)


if __name__ == "__main__":
    unittest.main()
