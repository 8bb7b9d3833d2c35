"""Every command, as the documentation shows it."""
import json
import re
import subprocess
import unittest

from support import SOURCE, ProgramTest, make_recordings, read_safetensors, write_npy


# Of recipes/cifar10/methods, those that are more than another loss, or whose loss has layers or state.
RUN_METHODS = {"ab", "crd", "ctkd", "cutmix", "dot", "factor_transfer", "kd_standardized", "mutual", "ofd", "reviewkd",
               "simkd"}
# at more than 200 million products
HEAVY = {"resnet110", "resnet32x4", "wrn_40_2", "resnet18", "resnext29", "densenet121", "googlenet"}


class Commands(ProgramTest):
    def test_init_writes_a_recipe_that_runs(self):
        self.limbeck("init", "mine.yaml")
        self.limbeck("init", "mine.yaml", expect=2)
        self.limbeck("check", "mine.yaml")
        done = self.limbeck("run", "mine.yaml", "--out", self.out,
                            "--set", "data.source={digits: {train: 6000, test: 100}}",
                            "--set", "stages.teacher.epochs=1", "--set", "stages.baseline.epochs=1",
                            "--set", "stages.distilled.epochs=1")
        self.assertIn("distilled", done.stdout)
        self.assertIn("report.html", done.stdout)

    def test_distill_is_a_recipe_from_flags(self):
        self.limbeck("distill", "--teacher", "mlp:32", "--student", "mlp:8",
                     "--source", "{digits: {train: 500, test: 50}}",
                     "--epochs", 1, "--teacher-epochs", 1, "--baseline", "--out", self.out, "--quiet")
        weights = self.out / "stages/teacher/weights.safetensors"
        again = self.folder / "again"
        done = self.limbeck("distill", "--teacher", weights, "--student", "mlp:8", "--source",
                            "{digits: {train: 500, test: 50}}", "--epochs", 1, "--out", again, "--json", "--quiet")
        results = json.loads(done.stdout)
        self.assertEqual([stage["name"] for stage in results["stages"]], ["distilled"])
        self.assertEqual(results["stages"][0]["teacher"], "teacher")
        given = self.limbeck("distill", "--teacher", f"{{ mlp: [32], weights: {weights} }}", "--student", "mlp:8",
                             "--print-recipe").stdout
        self.assertNotIn("name: teacher, train", given)
        for flags, message in ((("--teacher-epochs", 3), "--teacher-epochs is of a teacher that is trained first"),
                               (("--learning-rate", -1), "--learning-rate"),
                               (("--size", 64), "of the pictures in --data"),
                               (("--corrupt", "skip"), "of the pictures in --data"),
                               (("--views", 3), "--views is of augmented examples")):
            self.assertIn(message,
                          self.limbeck("distill", "--teacher", weights, "--student", "mlp:8", "--source", "digits",
                                       *flags, "--print-recipe", expect=2).stderr)
        for source, augment in (("cifar10", "crop: 4, flip: true"),
                                ("{cifar100: {labels: coarse}}", "crop: 4, flip: true"), ("digits", "augment: none")):
            self.assertIn(augment,
                          self.limbeck("distill", "--teacher", weights, "--student", "mlp:8", "--source", source,
                                       "--print-recipe").stdout)
        bytes_mean = self.limbeck("distill", "--teacher", "mlp:4", "--student", "{mlp: [4]}",
                                  "--source", "{digits: {train: 20, test: 20}}", "--set",
                                  "networks.student.input={mean: 125, std: 60}", "--out", again, expect=2).stderr
        self.assertIn("pixels are from 0 to 1 here, not to 255", bytes_mean)
        self.assertIn('name: "a # b"',
                      self.limbeck("distill", "--teacher", weights, "--student", "mobilenetv2:0.5", "--name", "a # b",
                                   "--print-recipe").stdout)
        recipe = self.limbeck("distill", "--teacher", "mlp:32", "--student", "mlp:8", "--print-recipe").stdout
        (self.folder / "printed.yaml").write_text(recipe)
        self.limbeck("check", "printed.yaml")

    def test_list_documents_everything(self):
        for kind in ("losses", "networks", "data", "teachers", "optimizers", "schedules", "augmentations"):
            listed = json.loads(self.limbeck("list", kind, "--json").stdout)
            self.assertTrue(listed and all(entry["summary"] for entry in listed), kind)
        self.assertIn("temperature", self.limbeck("list", "losses").stdout)

    def test_every_command_explains_itself(self):
        commands = self.limbeck("--help").stdout
        for command in ("run", "distill", "sweep", "evaluate", "predict", "export", "loss", "store", "bench", "report",
                        "compare", "check", "list", "data", "init", "completion", "help"):
            self.assertIn(command, commands)
            self.assertIn("Usage", self.limbeck(command, "--help").stdout)

    def test_shipped_recipes_are_checked_and_run_scaled_down(self):
        recipes = sorted((SOURCE / "recipes").rglob("*.yaml"))
        self.assertTrue(recipes)
        recordings = self.folder / "recordings"
        make_recordings(recordings, ("ann",), 30)  # of which 3 % are one of each word
        for recipe in recipes:
            resolved = json.loads(self.limbeck("check", recipe, "--json").stdout)
            spoken = resolved["data"]["source"].get("spoken_digits")
            fraction = min(stage.get("examples", {}).get("fraction", 1) for stage in resolved["stages"])
            images = 800  # one of each class in 1 %
            if "cifar" in str(resolved["data"]["source"]):
                images = 400 if fraction < 1 or resolved["data"]["validation"] else 20
            settings = [f"data.source={{recordings: {{folder: '{recordings}', test_below: 2, string_length: 2, "
                        f"copies: {{count: {spoken['copies']['count']}}}}}}}"
                        if spoken
                        else f"data.source={{digits: {{train: {images}, test: 50}}}}"]
            settings += [f"networks.{name}.shallow_cnn.hidden=50" for name, network in resolved["networks"].items()
                         if "shallow_cnn" in network]
            if any(name in HEAVY for network in resolved["networks"].values() for name in network):
                continue  # checked; each of its networks learns in the tests of architectures
            if recipe.parent.parent.name == "cifar100" or (recipe.parent.name == "methods" and
                                                           recipe.stem not in RUN_METHODS):
                continue  # checked; each loss learns in the tests of losses
            if resolved["data"]["validation"]:
                settings.append("data.validation=50")
            trained = [stage for stage in resolved["stages"] if "train" in stage]
            settings += [f"stages.{stage['name']}.epochs=1" for stage in trained]
            settings += [f"stages.{stage['name']}.replicas.count=2" for stage in trained if "replicas" in stage]
            settings += [f"stages.{stage['name']}.specialists.{key}" for stage in trained if "specialists" in stage
                         for key in ("groups=2", "size=3")]
            flags = [flag for setting in settings for flag in ("--set", setting)]
            out = self.folder / recipe.parent.name / recipe.stem
            self.limbeck("run", recipe, "--out", out, "--quiet", *flags)
            published = {key for numbers in resolved.get("paper", {}).values() for key in numbers}
            plots = len(resolved.get("plots", []))
            # beside ours they are one more
            plots += bool(published & {"errors", "member_errors", "class_errors", "accuracy"})
            self.assertEqual(len(list((out / "plots").glob("*.svg"))), plots, recipe)

    def test_the_demo_draws_errors_on_examples_that_nobody_learns_from(self):
        self.limbeck("run", SOURCE / "recipes/demo.yaml", "--out", self.out, "--quiet",
                     "--set", "data.source={digits: {train: 400, test: 50}}",
                     "--set", "data.validation=100",
                     *(flag for stage in ("teacher", "baseline", "distilled")
                       for flag in ("--set", f"stages.{stage}.epochs=2")))
        self.assertGreater(json.loads(self.limbeck("check", SOURCE / "recipes/demo.yaml",
                                                   "--json").stdout)["data"]["validation"], 0)
        report = (self.out / "report.html").read_text()
        self.assertIn("<figcaption>Error on held-out examples", report)
        self.assertNotIn("no measure of a student", report)

    def test_export_multiplies_the_bottleneck_out(self):
        self.recipe.write_text("""
name: wide
data: { source: { digits: { train: 300, test: 60 } } }
networks: { wide: { mlp: { hidden: [50], bottleneck: 20 } } }
stages: [ { name: wide, train: wide, epochs: 1 } ]
""")
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        weights = self.out / "stages/wide/weights.safetensors"
        told = {}
        for fold in ("auto", "always", "never"):
            file = self.folder / f"{fold}.safetensors"
            told[fold] = json.loads(self.limbeck("export", weights, "--out", file, "--fold", fold, "--json").stdout)
            self.assertLess(told[fold]["difference"], 1e-5)
            tensors, _ = read_safetensors(file)
            self.assertEqual("bottleneck.weight" in tensors, fold != "always")
        self.assertEqual(told["auto"]["parameters"], 784 * 20 + 20 * 50 + 50 + 510)
        self.assertEqual(told["always"]["parameters"], 784 * 50 + 50 + 510)
        source = ["--source", "{digits: {train: 300, test: 60}}", "--json"]
        errors = {json.loads(self.limbeck("evaluate", file, *source).stdout)["errors"]
                  for file in (weights, self.folder / "always.safetensors", self.folder / "never.safetensors")}
        self.assertEqual(len(errors), 1)
        self.limbeck("export", weights, "--out", "wide.txt", expect=2)

    def test_compare_lays_the_stages_of_one_run_side_by_side(self):
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet", "--seeds", 2, "--set", "stages.teacher.epochs=1",
                     "--set", "stages.distilled.epochs=1")
        text = self.limbeck("compare", self.out).stdout
        self.assertIn("distilled", text)
        self.assertIn("95 % interval", text)
        compared = json.loads(self.limbeck("compare", self.out, "--against", "distilled", "--metric", "accuracy",
                                           "--json").stdout)
        self.assertTrue(compared)
        self.assertIn("did you mean 'distilled'",
                      self.limbeck("compare", self.out, "--against", "distiled", expect=2).stderr)

    def test_precision_is_of_the_whole_stage_and_is_told(self):
        weights, told = {}, {}
        for name in ("auto", "float32"):
            settings = [flag for stage in ("teacher", "distilled")
                        for flag in ("--set", f"stages.{stage}.precision={name}")]
            out = self.folder / name
            results = json.loads(self.limbeck("run", self.recipe, "--out", out, "--quiet", "--json", *settings).stdout)
            told[name] = [stage["conditions"][0].split(", ", 1)[1] for stage in results["stages"]]
            weights[name] = [self.weights(stage, out) for stage in ("teacher", "distilled")]
        self.assertEqual(told["float32"], ["float32", "float32"])
        rounds = subprocess.run(["grep", "-qw", "avx512_bf16", "/proc/cpuinfo"]).returncode == 0
        if not rounds:
            message = self.limbeck("run", self.recipe, "--set", "stages.teacher.precision=bfloat16", expect=2).stderr
            self.assertIn("precision bfloat16 needs", message)
            self.assertEqual(weights["auto"], weights["float32"])
            return
        self.assertEqual(told["auto"], ["bfloat16", "float32, teacher in bfloat16"])
        self.assertNotEqual(weights["auto"][0], weights["float32"][0])
        # The small student rounds nothing itself: from the same teacher, only the teacher's pass can differ.
        weights = self.folder / "float32/stages/teacher/weights.safetensors"
        teacher = f"{{mlp: {{hidden: [96], dropout: {{hidden: 0.2}}}}, weights: {weights}}}"
        students = []
        for name in ("auto", "float32"):
            recipe = self.folder / f"student_{name}.yaml"
            recipe.write_text(f"""
name: student
data: {{ source: {{ digits: {{ train: 2000, test: 200 }} }} }}
networks: {{ large: {teacher}, small: {{ mlp: [8] }} }}
stages: [ {{ name: distilled, train: small, epochs: 1, teacher: large, precision: {name} }} ]
""")
            out = self.folder / f"student_{name}"
            self.limbeck("run", recipe, "--out", out, "--quiet")
            students.append(self.weights("distilled", out))
        self.assertNotEqual(*students)

    def test_what_a_student_learns_from_is_all_that_differs(self):
        """A student with a teacher of which it learns nothing is the baseline, to the last bit, whatever the teacher's
        pass is computed in."""
        self.recipe.write_text("""
name: alike
data: { source: { digits: { train: 1000, test: 100 } } }
networks: { large: { mlp: [200] }, small: { mlp: [8] }, middle: { mlp: [100] } }
stages:
  - { name: teacher, train: large, epochs: 1 }
  - { name: baseline, train: small, epochs: 2 }
  - { name: distilled, train: small, epochs: 2, teacher: teacher, stream: baseline,
      loss: [ soft_targets: { weight: 0 }, hard_labels: { weight: 1 } ] }
  - { name: larger_baseline, train: middle, epochs: 2 }
  - { name: larger_distilled, train: middle, epochs: 2, teacher: teacher, stream: larger_baseline,
      loss: [ soft_targets: { weight: 0 }, hard_labels: { weight: 1 } ] }
""")
        results = json.loads(self.limbeck("run", self.recipe, "--out", self.out, "--quiet", "--json").stdout)
        self.assertEqual(self.weights("baseline"), self.weights("distilled"))
        self.assertEqual(self.weights("larger_baseline"), self.weights("larger_distilled"))
        own = [stage["conditions"][0].split(", ")[1] for stage in results["stages"]]
        self.assertEqual(own[1:], [own[1], own[1], own[3], own[3]])
        shown = re.findall(r"<tr><td>training of ([^<]*)</td><td>([^<]*)</td></tr>",
                           (self.out / "report.html").read_text())
        told = {stage["name"]: stage["conditions"][0] for stage in results["stages"]}
        self.assertEqual({name: conditions for names, conditions in shown for name in names.split(", ")}, told)

    def test_json_is_all_that_is_printed(self):
        done = self.limbeck("run", self.recipe, "--out", self.out, "--quiet", "--json")
        self.assertEqual(json.loads(done.stdout), json.loads((self.out / "results.json").read_text()))
        self.assertEqual(done.stderr, "")
        self.limbeck("report", self.out)


if __name__ == "__main__":
    unittest.main()
