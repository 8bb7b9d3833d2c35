"""Teachers that are no network of the recipe: files, and what goes wrong with them."""
import gzip
import json
import random
import re
import struct
import unittest

from support import ProgramTest, read_safetensors, write_npy

RECIPE = """
name: elsewhere
data: {{ source: mnist }}
networks: {{ small: {{ mlp: [16] }}, large: {{ mlp: [32] }} }}
stages:
  - name: distilled
    train: small
    epochs: 12
    teacher: {teacher}
    loss: [ soft_targets: 2 ]
"""


FEATURES = """
name: features
data: {{ source: {{ digits: {{ train: 60, test: 20 }} }} }}
networks: {{ large: {{ mlp: [32] }}, small: resnet8 }}
stages:
  - {{ name: teacher, train: large, epochs: 1, {teaches} }}
  - {{ name: student, train: small, epochs: 1, teacher: {teacher}, loss: [ {loss}, hard_labels ] }}
"""


class FeaturesOfNetworks(ProgramTest):
    def refused(self, loss, teacher="teacher", teaches=""):
        self.recipe.write_text(FEATURES.format(loss=loss, teacher=teacher, teaches=teaches))
        message = self.limbeck("run", self.recipe, "--out", self.out, expect=2).stderr
        self.assertFalse((self.out / "stages").exists())
        return message

    def test_are_known_before_any_work(self):
        self.assertIn("stage 'student': the network 'small' has no feature 'layr2', which the loss 'fitnet' reads; did "
                      "you mean 'layer2'? It has 'layer1', 'layer2', 'layer3', 'stem', ",
                      self.refused("fitnet: { from: relu1, to: layr2 }"))
        message = self.refused("attention_transfer: [layer3]")
        self.assertIn("the network 'large' has no feature 'layer3', which the loss 'attention_transfer' reads", message)
        self.assertIn("'fc1', 'relu1', 'fc2'", message)
        ensemble = "reads features: an ensemble has none of its own"
        self.assertIn(ensemble, self.refused("fitnet: { from: relu1, to: pool }", teaches="replicas: 2"))
        self.assertIn("reads features: the teacher 'uniform' gives none",
                      self.refused("fitnet: { from: relu1, to: pool }", teacher="uniform"))
        kept = "{ network: { of: teacher, outputs: kept } }"
        self.assertIn(ensemble, self.refused("fitnet: { from: relu1, to: pool }", teacher=kept, teaches="replicas: 2"))

    def test_of_a_vector_and_a_picture_cannot_be_compared(self):
        self.assertIn("stage 'student': the teacher's feature 'relu1' is 32, the student's 'layer2' 32x14x14; expected "
                      "two pictures", self.refused("attention_transfer: { from: relu1, to: layer2 }"))


KEPT = """
name: kept
data: {{ source: {{ digits: {{ train: 60, test: 20 }} }} }}
networks: {{ large: resnet8, small: resnet8 }}
stages:
  - {{ name: teacher, train: large, epochs: 1 }}
  - {{ name: student, train: small, epochs: 4, batch_size: 20, augment: {augment}, optimizer: {{ sgd: {{
      learning_rate: 0.01 }} }}, teacher: {{ network: {{ of: teacher, {outputs} }} }},
      loss: [ attention_transfer, hard_labels ] }}
"""


class KeptFeatures(ProgramTest):
    def setUp(self):
        super().setUp()
        self.store = self.folder / "outputs.safetensors"

    def write(self, outputs, augment="none"):
        self.recipe.write_text(KEPT.format(outputs=outputs, augment=augment))

    def student(self, outputs, augment="none"):
        """The numbers of the student's weights, trained in a folder of its own, and what was told."""
        self.write(outputs, augment)
        out = self.folder / f"run{len(list(self.folder.glob('run*')))}"
        first = self.folder / "run0"
        told = self.limbeck("run", self.recipe, "--out", out, *(["--reuse", first] if first.exists() else [])).stderr
        content = b"".join(data for dtype, _, data in self.weights("student", out).values() if dtype == "F32")
        return struct.unpack(f"<{len(content) // 4}f", content), told

    def assert_near(self, weights, expected):
        self.assertEqual(len(weights), len(expected))
        self.assertLess(max(abs(a - b) for a, b in zip(weights, expected)), 1e-4)

    def test_train_the_student_that_live_ones_train(self):
        live, told = self.student("outputs: live")
        self.assertNotIn("teacher outputs", told)
        automatic, told = self.student("outputs: auto")
        self.assertEqual(automatic, live)
        self.assertNotIn("teacher outputs", told)
        kept, told = self.student("outputs: kept")
        self.assert_near(kept, live)
        # layer1 to layer3 of 60 examples: 60 · 4 · (16·28·28 + 32·14·14 + 64·7·7 + 10) bytes
        self.assertIn("teacher outputs 5 MB", told)
        self.assertIn("compares features of teacher -> student: layer1", told)

    def test_in_a_store_are_those_of_the_views(self):
        views = "views: 2, store: outputs.safetensors"
        filled, told = self.student(views, "{ shift: 2 }")
        self.assertRegex(told, r"store: the teacher's outputs of stage 'student' will take 11 MB in '.*outputs.safeten"
                               r"sors', 100 % of it for features")
        tensors, _ = read_safetensors(self.store)
        self.assertEqual(tensors["feature.layer2"][:2], ("F32", [60, 2, 32, 14, 14]))
        memory, told = self.student("views: 2", "{ shift: 2 }")
        self.assertEqual(memory, filled)
        self.assertIn("teacher outputs 11 MB", told)
        self.store.unlink()
        self.write(views, "{ shift: 2 }")
        self.limbeck("store", "build", self.recipe, "--out", self.folder / "run0", "--quiet")
        verified = json.loads(self.limbeck("store", "verify", self.recipe, "--out", self.folder / "run0",
                                           "--json").stdout)
        self.assertLess(verified[0]["difference"], 1e-4)
        built = self.store.read_bytes()
        built_student, told = self.student(views, "{ shift: 2 }")
        self.assertNotIn("will take", told)  # it is there
        self.assert_near(built_student, filled)
        self.assertEqual(self.store.read_bytes(), built)
        other, _ = self.student("views: 2", "none")
        self.assertGreater(max(abs(a - b) for a, b in zip(other, filled)), 1e-3)

    def test_are_filled_ahead_by_name(self):
        views = "views: 2, store: outputs.safetensors"
        self.write(views, "{ shift: 2 }")
        with_logits = self.recipe.read_text()
        self.recipe.write_text(with_logits.replace("loss: [ attention_transfer, hard_labels ]",
                                                   "loss: [ soft_targets: 4 ]"))
        build = ("store", "build", self.recipe, "--out", self.out)
        self.assertIn("the network 'large' has no feature 'layr2', which --feature names; did you mean 'layer2'?",
                      self.limbeck(*build, "--feature", "layr2", expect=2).stderr)
        self.assertFalse((self.out / "stages").exists())
        told = self.limbeck(*build, "--feature", "layer2", "--feature", "pool").stderr
        self.assertIn("10 logits and the features layer2 (32x14x14), pool (64) of each of 2 views, float32", told)
        self.assertIn("the features layer2 (32x14x14), pool (64)", self.limbeck("store", "info", self.store).stdout)
        info = json.loads(self.limbeck("store", "info", self.store, "--json").stdout)
        self.assertEqual(info["features"], {"layer2": [32, 14, 14], "pool": [64]})
        self.assertEqual((info["filled"], info["outputs"]), (120, 120))
        verify = ("store", "verify", self.recipe, "--out", self.out)
        self.assertIn("of the largest logit or number of a feature", self.limbeck(*verify).stdout)
        # a loss reads some of them, or none
        before = self.store.read_bytes()
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        self.recipe.write_text(with_logits.replace("attention_transfer,", "attention_transfer: [layer2],"))
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        self.assertEqual(self.store.read_bytes(), before)
        # or one that is not there
        lacking = ("outputs.safetensors' holds the features 'layer2', 'pool' of the teacher, and the feature 'layer1' "
                   "is needed: name another file")
        self.recipe.write_text(with_logits)
        done = self.limbeck("run", self.recipe, "--out", self.folder / "other", expect=2)
        self.assertIn("stage 'student': '", done.stderr)
        self.assertIn(lacking, done.stderr)
        self.assertFalse((self.folder / "other/stages").exists())
        self.recipe.write_text(with_logits.replace("attention_transfer, ", ""))
        self.assertIn(lacking, self.limbeck(*build, "--feature", "layer1", expect=2).stderr)

    def test_that_two_stages_read_from_one_store_are_there(self):
        self.write("store: outputs.safetensors")
        first = "  - { name: first, train: small, epochs: 1, teacher: { network: { of: teacher, store: "\
                "outputs.safetensors } }, augment: none }\n"
        self.recipe.write_text(self.recipe.read_text().replace("  - { name: student", first + "  - { name: student"))
        message = self.limbeck("run", self.recipe, "--out", self.out, expect=2).stderr
        self.assertIn("stage 'student': stage 'first' makes the store 'outputs.safetensors' without the feature "
                      "'layer1', which this stage reads", message)
        self.assertFalse((self.out / "stages").exists())


class OutputsFromElsewhere(ProgramTest):
    def setUp(self):
        super().setUp()
        self.limbeck("data", "synthesize", "--out", "mnist", "--train", 1000, "--test", 200)
        labels = gzip.open(self.folder / "mnist" / "train-labels-idx1-ubyte.gz").read()[8:]
        self.logits = [[4.0 if c == label else 0.1 * c for c in range(10)] for label in labels]

    def distil(self, teacher, expect=0, *arguments):
        self.recipe.write_text(RECIPE.format(teacher=teacher))
        return self.limbeck("run", self.recipe, "--out", self.out, "--data", self.folder, "--quiet",
                            "--json", *arguments, expect=expect)

    def test_teach_whatever_program_wrote_them(self):
        write_npy(self.folder / "logits.npy", self.logits, "<f4")
        stage = json.loads(self.distil("{ stored: logits.npy }").stdout)["stages"][0]
        self.assertEqual(stage["teacher"], "stored")
        self.assertGreater(stage["evaluations"]["test"]["accuracy"], 0.5)
        self.assertIsNone(stage["evaluations"]["test"]["agreement"])

        order = list(range(1000))
        random.Random(1).shuffle(order)
        write_npy(self.folder / "shuffled.npy", [self.logits[i] for i in order], "<f4")
        write_npy(self.folder / "ids.npy", order, "<i8")
        weights = self.weights("distilled")
        self.distil("{ stored: { file: shuffled.npy, ids: ids.npy } }")
        self.assertEqual(self.weights("distilled"), weights)  # joined by id, the order of the rows does not matter

        # Other numbers in a file of the same name are another teacher.
        write_npy(self.folder / "shuffled.npy",
                  [[-number / 9 if number < 4 else 4.0 for number in self.logits[i]] for i in order], "<f4")
        self.distil("{ stored: { file: shuffled.npy, ids: ids.npy } }")
        self.assertNotEqual(self.weights("distilled"), weights)

    def test_that_do_not_fit_are_refused_before_anything_is_trained(self):
        write_npy(self.folder / "few.npy", self.logits[:999])
        self.assertIn("has 999 rows, the training split 1000 examples", self.distil("{ stored: few.npy }", 1).stderr)
        write_npy(self.folder / "narrow.npy", [row[:9] for row in self.logits])
        self.assertIn("a column for each class", self.distil("{ stored: narrow.npy }", 1).stderr)
        random.Random(1).shuffle(self.logits)
        write_npy(self.folder / "order.npy", self.logits)
        self.assertIn("in a random order", self.distil("{ stored: order.npy }", 1).stderr)
        (self.folder / "cut.npy").write_bytes((self.folder / "few.npy").read_bytes()[:-5])
        self.assertIn("cut.npy", self.distil("{ stored: cut.npy }", 1).stderr)
        self.assertIn("nothing.npy", self.distil("{ stored: nothing.npy }", 1).stderr)
        self.assertFalse((self.out / "stages").exists())

    def test_a_store_of_another_teacher_is_refused_and_kept(self):
        recipe = """
name: store
data: { source: { digits: { train: 300, test: 60 } } }
networks: { large: { mlp: [32] }, small: { mlp: [8] } }
stages:
  - { name: first, train: large, epochs: 1 }
  - { name: second, train: large, epochs: 2 }
  - { name: distilled, train: small, epochs: 1, teacher: { network: { of: first, store: outputs.safetensors } } }
"""
        self.recipe.write_text(recipe)
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        store = (self.folder / "outputs.safetensors").read_bytes()
        self.limbeck("run", self.recipe, "--out", self.folder / "again", "--quiet")
        self.recipe.write_text(recipe.replace("of: first", "of: second"))
        done = self.limbeck("run", self.recipe, "--out", self.folder / "other", "--quiet", expect=1)
        self.assertIn("holds the outputs of another teacher", done.stderr)
        self.recipe.write_text(recipe.replace("train: 300", "train: 310"))
        self.limbeck("run", self.recipe, "--out", self.folder / "data", "--quiet", expect=1)
        # of a teacher that is given, it is known before anything is trained
        weights = self.out / "stages/second/weights.safetensors"
        given = f"given: {{ mlp: [32], weights: {weights} }}"
        self.recipe.write_text(recipe.replace("large: { mlp: [32] }", "large: { mlp: [32] }, " + given)
                               .replace("of: first", "of: given"))
        done = self.limbeck("run", self.recipe, "--out", self.folder / "given", "--quiet", expect=1)
        self.assertIn("stage 'distilled': 'outputs.safetensors' holds the outputs of another teacher", done.stderr)
        self.assertFalse((self.folder / "given/stages").exists())
        self.assertEqual((self.folder / "outputs.safetensors").read_bytes(), store)


class GivenWeights(ProgramTest):
    RECIPE = """
name: given
data: {{ source: {{ digits: {{ train: 1000, test: 200 }} }} }}
networks: {{ large: {large} }}
stages: [ {{ name: tuned, train: large, epochs: {epochs}, optimizer: {{ sgd: {{ learning_rate: {rate} }} }} }} ]
"""

    def accuracy(self, out, **options):
        self.recipe.write_text(self.RECIPE.format(**options))
        results = json.loads(self.limbeck("run", self.recipe, "--out", self.folder / out, "--quiet", "--json").stdout)
        return results["stages"][0]["evaluations"]["test"]["accuracy"]

    def test_training_goes_on_from_them(self):
        whole = self.accuracy("first", large="{ mlp: [32] }", epochs=5, rate=0.1)
        self.assertGreater(whole, 0.5)
        weights = self.folder / "first/stages/tuned/weights.safetensors"
        given = f"{{ mlp: [32], weights: {weights} }}"
        self.assertEqual(self.accuracy("second", large=given, epochs=1, rate=1e-12), whole)
        settings = json.loads((self.folder / "second/stages/tuned/stage.json").read_text())["settings"]
        self.assertRegex(settings["weights"], "^[0-9a-f]{32}$")  # by content, wherever the file lies
        # Other weights are another stage.
        self.accuracy("third", large="{ mlp: [32] }", epochs=1, rate=0.1)
        weights.write_bytes((self.folder / "third/stages/tuned/weights.safetensors").read_bytes())
        self.assertLess(self.accuracy("second", large=given, epochs=1, rate=1e-12), whole)


    def test_of_the_same_classes_in_another_order_are_refused(self):
        self.accuracy("first", large="{ mlp: [32] }", epochs=1, rate=0.1)
        weights = self.folder / "first/stages/tuned/weights.safetensors"
        content = weights.read_bytes()
        (length,) = struct.unpack("<Q", content[:8])
        header = json.loads(content[8:8 + length])
        header["__metadata__"]["limbeck.classes"] = json.dumps([str(i) for i in (1, 0, 2, 3, 4, 5, 6, 7, 8, 9)])
        del header["__metadata__"]["limbeck.checksum"]
        text = json.dumps(header).encode()
        weights.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + length:])
        refused = "its class 0 is '1', which is class 1 of 'digits'"
        self.assertIn(refused,
                      self.limbeck("evaluate", weights, "--source", "{digits: {train: 10, test: 10}}", expect=1).stderr)
        self.recipe.write_text(self.RECIPE.format(large=f"{{ mlp: [32], weights: {weights} }}", epochs=1, rate=0.1))
        self.assertIn(refused, self.limbeck("run", self.recipe, "--out", self.folder / "second", expect=2).stderr)


class InitialWeights(ProgramTest):
    RECIPE = """
name: begun
data: { source: { digits: { train: 1000, test: 200 } } }
networks: { large: { mlp: [32] } }
stages:
  - { name: first, train: large, epochs: 8 }
  - { name: second, train: large, epochs: 1, initial_weights: first, optimizer: { sgd: { learning_rate: 1.0e-12 } } }
  - { name: apart, train: large, epochs: 1, optimizer: { sgd: { learning_rate: 1.0e-12 } } }
"""

    def accuracies(self, *arguments):
        done = self.limbeck("run", self.recipe, "--out", self.out, "--json", *arguments)
        return [stage["evaluations"]["test"]["accuracy"] for stage in json.loads(done.stdout)["stages"]], done.stderr

    def test_a_stage_goes_on_from_an_earlier_one(self):
        self.recipe.write_text(self.RECIPE)
        (first, second, apart), _ = self.accuracies()
        self.assertGreater(first, 0.5)
        self.assertEqual(second, first)
        self.assertLess(apart, 0.3)
        again, told = self.accuracies()
        self.assertEqual(again, [first, second, apart])
        self.assertIn("second: done before, unchanged", told)
        (fewer, second, _), told = self.accuracies("--set", "stages.first.epochs=2")
        self.assertEqual(second, fewer)
        self.assertNotIn("second: done before", told)


class Views(ProgramTest):
    def test_a_teacher_that_has_not_learned_the_views_is_told(self):
        self.recipe.write_text("""
name: views
data: { source: { digits: { train: 1000, test: 100 } } }
networks: { large: { mlp: [64] }, small: { mlp: [16] } }
stages:
  - { name: teacher, train: large, epochs: 6 }
  - { name: seen, train: small, epochs: 1, teacher: teacher, augment: { shift: 1 } }
  - { name: far, train: small, epochs: 1, teacher: teacher, augment: { shift: 6 } }
""")
        told = self.limbeck("run", self.recipe, "--out", self.out).stderr
        self.assertIn("far: the teacher is right on", told)
        self.assertIn("of 500 training examples as they are", told)
        self.assertNotIn("seen: the teacher is right on", told)


class InInt8(ProgramTest):
    RECIPE = """
name: bytes
data: { source: { digits: { train: 1500, test: 200 } } }
networks: { large: resnet8, small: { mlp: [16] }, file: { torchscript: nothing.pt } }
stages:
  - { name: teacher, train: large, epochs: 2, batch_size: 32 }
  - { name: distilled, train: small, epochs: 1, teacher: { network: { of: teacher, outputs: live, precision: int8 } } }
"""

    def test_a_teacher_says_how_well_it_agrees(self):
        self.recipe.write_text(self.RECIPE.replace(", file: { torchscript: nothing.pt }", ""))
        done = self.limbeck("run", self.recipe, "--out", self.out, "--json")
        told = re.search(r"distilled: 'teacher' teaches in int8: its class is that of float32 on ([\d.]+) % of 1024 "
                         r"training examples, and the mean divergence .* is ([\d.e-]+) at T = 1", done.stderr)
        self.assertGreater(float(told[1]), 90)
        self.assertLess(float(told[2]), 0.05)
        self.assertGreater(float(told[2]), 0)
        stages = json.loads(done.stdout)["stages"]
        self.assertIn("teacher in int8", stages[1]["conditions"][0])
        self.assertNotIn("int8", stages[0]["conditions"][0])

    def test_its_outputs_are_another_teachers(self):
        recipe = self.RECIPE.replace("outputs: live", "store: outputs.safetensors")
        recipe = recipe.replace(", file: { torchscript: nothing.pt }", "").replace("train: 1500", "train: 200")
        self.recipe.write_text(recipe)
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        self.recipe.write_text(recipe.replace(", precision: int8", ""))
        done = self.limbeck("run", self.recipe, "--out", self.out, "--quiet", expect=1)
        self.assertIn("outputs.safetensors", done.stderr)

    def test_a_programs_file_is_refused_before_any_work(self):
        recipe = self.RECIPE.replace("train: 1500", "train: 200").replace("epochs: 2", "epochs: 1")
        self.recipe.write_text(recipe.replace(", file: { torchscript: nothing.pt }", ""))
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        self.limbeck("export", self.out / "stages/teacher/weights.safetensors", "--out", self.folder / "nothing.pt")
        self.recipe.write_text(recipe.replace("of: teacher", "of: file"))
        done = self.limbeck("run", self.recipe, "--out", self.folder / "of_file", expect=2)
        self.assertIn("stage 'distilled': 'file' cannot teach in int8: it is a program's file", done.stderr)
        self.assertFalse((self.folder / "of_file/stages").exists())


if __name__ == "__main__":
    unittest.main()
