"""Nothing is written over that the program did not write, or that it reads; and what a changed run replaces is kept."""
import json
import unittest

from support import ProgramTest

DIGITS = "{digits: {train: 300, test: 50}}"
QUICK = ("--quiet", "--set", f"data.source={DIGITS}", "--set", "stages.teacher.epochs=1",
         "--set", "stages.distilled.epochs=1")


class Overwriting(ProgramTest):
    def refused(self, *arguments, saying="--force"):
        """That the command refuses, says how to go on, and touches nothing."""
        before = {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file() and path.name != ".lock"}
        message = self.limbeck(*arguments, expect=2).stderr
        self.assertIn(saying, message)
        after = {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file() and path.name != ".lock"}
        self.assertEqual(after, before)
        return message

    def trained(self):
        self.limbeck("run", self.recipe, "--out", self.out, *QUICK)
        return self.out / "stages/distilled/weights.safetensors"

    def test_a_run_does_not_replace_the_recipe_that_it_reads(self):
        self.limbeck("init", "mine.yaml")
        (self.folder / "mine.yaml").rename(self.folder / "recipe.yaml")
        self.refused("run", "recipe.yaml", "--out", ".", *QUICK)
        self.limbeck("run", self.recipe, "--out", self.out, *QUICK, "--set", "data.validation=0")
        own = self.out / "recipe.yaml"
        self.limbeck("run", own, "--out", self.out, "--quiet")  # as the run left it: nothing is lost
        own.write_text("# mine\n" + own.read_text())
        self.assertIn("would write its own recipe", self.refused("run", own, "--out", self.out, "--quiet"))

    def test_a_folder_of_others_is_not_taken_for_a_run(self):
        self.out.mkdir()
        for name in ("results.json", "report.html", "sweep.json"):
            file = self.out / name
            file.write_text("mine")
            command = ("sweep", self.recipe,
                       "--over", "stages.teacher.epochs=1,2") if name == "sweep.json" else ("run", self.recipe)
            self.refused(*command, "--out", self.out)
            file.unlink()
        (self.out / "notes.txt").write_text("mine")  # is not in the way
        self.limbeck("run", self.recipe, "--out", self.out, *QUICK)
        self.assertEqual((self.out / "notes.txt").read_text(), "mine")
        self.limbeck("run", self.recipe, "--out", self.out, *QUICK)
        (self.folder / "foreign").mkdir()
        (self.folder / "foreign/results.json").write_text("mine")
        self.limbeck("run", self.recipe, "--out", self.folder / "foreign", "--force", *QUICK)

    def test_a_network_that_the_run_reads_is_not_written_over(self):
        weights = self.trained()
        recipe = self.folder / "next.yaml"
        recipe.write_text(f"name: next\ndata: {{ source: {DIGITS} }}\n"
                          f"networks: {{ old: {{ mlp: [8], weights: {weights} }}, small: {{ mlp: [4] }} }}\n"
                          "stages: [ { name: distilled, train: small, teacher: old, epochs: 1 } ]\n")
        self.refused("run", recipe, "--out", self.out, saying="choose another --out")

    def test_digits_are_not_drawn_over_the_files_of_others(self):
        digits = self.folder / "digits"
        drawn = ("data", "synthesize", "--out", digits, "--train", 20, "--test", 10)
        self.limbeck(*drawn)
        self.limbeck(*drawn, "--seed", 2)  # its own
        (digits / "train-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8b the real ones")
        self.refused(*drawn)
        self.limbeck(*drawn, "--force")

    def test_export_spares_its_model_and_what_others_wrote(self):
        weights = self.trained()
        self.refused("export", weights, "--out", weights, saying="give another name")
        self.refused("export", weights, "--out", weights, "--force", saying="give another name")
        (self.folder / "x.json").write_text('{"mine": 1}')
        self.refused("export", weights, "--out", self.folder / "x.safetensors")
        (self.folder / "x.json").unlink()
        for name in ("x.safetensors", "x.onnx", "x.pt"):
            self.limbeck("export", weights, "--out", self.folder / name)
            self.limbeck("export", weights, "--out", self.folder / name)  # its own
            (self.folder / name).write_bytes(b"of another program")
            self.refused("export", weights, "--out", self.folder / name)
            self.limbeck("export", weights, "--out", self.folder / name, "--force")

    def test_a_page_is_not_written_into_the_site_of_others(self):
        weights, site = self.trained(), self.folder / "site"
        site.mkdir()
        (site / "index.html").write_text("mine")
        self.refused("export", weights, "--page", site)
        self.limbeck("export", weights, "--page", self.folder / "page")
        self.limbeck("export", weights, "--page", self.folder / "page")

    def test_predictions_do_not_replace_what_they_are_of(self):
        weights = self.trained()
        self.limbeck("data", "synthesize", "--out", self.folder / "digits", "--train", 20, "--test", 10)
        images = self.folder / "digits/t10k-images-idx3-ubyte.gz"
        self.refused("predict", weights, images, "--out", images, saying="give another name")
        self.refused("predict", weights, images, "--out", weights, saying="give another name")
        (self.folder / "notes.csv").write_text("mine")
        self.refused("predict", weights, images, "--out", self.folder / "notes.csv")
        for extra in ((), ("--json",)):
            self.limbeck("predict", weights, images, "--out", self.folder / "told.csv", *extra)
            self.limbeck("predict", weights, images, "--out", self.folder / "told.csv", *extra)

    def test_a_changed_run_says_so_and_keeps_what_was_there(self):
        weights = self.trained()
        done = self.limbeck("run", self.recipe, "--out", self.out, *QUICK)
        before, results = weights.read_bytes(), (self.out / "results.json").read_text()
        self.assertEqual(done.stderr, "")
        self.assertFalse((self.out / "previous").exists())
        done = self.limbeck("run", self.recipe, "--out", self.out, *QUICK, "--set", "stages.distilled.epochs=2")
        self.assertIn("stage 'distilled' runs again: epochs was 1, is 2", done.stderr)
        self.assertIn("previous/1", done.stderr)
        kept = self.out / "previous/1"
        self.assertEqual((kept / "results.json").read_text(), results)
        self.assertEqual((kept / "stages/distilled/weights.safetensors").read_bytes(), before)
        for name in ("report.html", "recipe.yaml", "examples.json", "stages/distilled/stage.json",
                     "stages/distilled/metrics.jsonl"):
            self.assertTrue((kept / name).exists(), name)
        self.assertFalse((kept / "stages/teacher").exists())  # which did not run again
        self.limbeck("report", kept)

    def test_several_seeds_keep_the_results_of_one(self):
        self.trained()
        results = (self.out / "results.json").read_text()
        done = self.limbeck("run", self.recipe, "--out", self.out, *QUICK, "--seeds", 2)
        self.assertIn("previous/1", done.stderr)
        self.assertEqual((self.out / "previous/1/results.json").read_text(), results)
        self.limbeck("run", self.recipe, "--out", self.out, *QUICK, "--seeds", 2)
        self.assertFalse((self.out / "previous/2").exists())

    def test_distill_leaves_the_runs_of_others_alone(self):
        def distill(*more):
            return self.limbeck("distill", "--teacher", "mlp:16", "--student", "mlp:8", "--source", DIGITS,
                                "--epochs", 1, "--teacher-epochs", 1, "--quiet", *more)
        distill()
        first = (self.folder / "runs/distill/results.json").read_bytes()
        distill()
        self.assertFalse((self.folder / "runs/distill-2").exists())
        done = distill("--temperature", 8)
        self.assertIn("runs/distill-2", done.stderr)
        self.assertEqual(json.loads((self.folder / "runs/distill/results.json").read_text())["stages"],
                         json.loads(first)["stages"])
        # The teacher is the same, and was not trained again.
        self.assertEqual(*[(self.folder / run / "stages/teacher/stage.json").read_bytes()
                           for run in ("runs/distill", "runs/distill-2")])
        self.assertEqual(distill("--temperature", 8).stderr.count("runs/distill-2"), 1)
        self.assertFalse((self.folder / "runs/distill-3").exists())

    def test_a_gradient_does_not_replace_what_it_is_of(self):
        from support import write_npy
        write_npy(self.folder / "z.npy", [[1.0, 2.0], [0.5, -1.0]])
        write_npy(self.folder / "v.npy", [[1.0, 2.0], [0.5, -1.0]])
        for name in ("z.npy", "v.npy"):
            self.refused("loss", "soft_targets", "--student", "z.npy", "--teacher", "v.npy", "--gradient", name,
                         saying="give another name")

    def test_a_bench_does_not_replace_the_plots_of_others(self):
        weights, out = self.trained(), self.folder / "bench"
        out.mkdir()
        measured = ("bench", weights, "--out", out, "--seconds", 0.01, "--batch", 1)
        for name in ("pareto.svg", "bench.json"):
            (out / name).write_text("mine")
            self.refused(*measured)
            (out / name).unlink()
        self.limbeck(*measured)
        self.limbeck(*measured)


if __name__ == "__main__":
    unittest.main()
