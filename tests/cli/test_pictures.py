"""The engineer who ships: a PyTorch teacher, a folder of pictures, a small student, from the command line; and stores
of its outputs."""
import csv
import json
import random
import subprocess
import sys
import unittest

from support import PICTURE_PAGES, SOURCE, ProgramTest, commands_of, read_safetensors

try:
    from PIL import Image, ImageDraw
except ImportError:
    Image = None
try:
    import torch
except ImportError:
    torch = None

RECIPE = """
name: stores
data: { source: { digits: { train: 200, test: 100 } }, augment: { shift: 1 } }
networks: { large: { mlp: [32] }, small: { mlp: [8] } }
stages:
  - { name: teacher, train: large, epochs: 1, augment: none }
  - { name: distilled, train: small, epochs: 4,
      teacher: { network: { of: teacher, VIEWS, store: outputs.safetensors } } }
"""


def draw_pictures(folder, count):
    """Discs and bars in random colours and places: PNG and JPEG, in folders of their classes."""
    chance = random.Random(1)
    for split, number in (("train", count), ("test", count // 2)):
        for kind in ("bar", "disc"):
            (folder / split / kind).mkdir(parents=True)
            for i in range(number):
                picture = Image.new("RGB", (40, 36), tuple(chance.randrange(90) for _ in range(3)))
                x, y = chance.randrange(20), chance.randrange(16)
                colour = tuple(chance.randrange(150, 256) for _ in range(3))
                draw = ImageDraw.Draw(picture)
                if kind == "disc":
                    draw.ellipse((x, y, x + 15, y + 15), fill=colour)
                else:
                    draw.rectangle((x, y, x + 19, y + 4), fill=colour)
                picture.save(folder / split / kind / f"{i}.{'png' if i % 2 else 'jpg'}")


@unittest.skipIf(torch is None or Image is None, "python3-torch, python3-torchvision or python3-pil is not installed")
class Pictures(ProgramTest):
    def setUp(self):
        super().setUp()
        self.pictures = self.folder / "pictures"
        draw_pictures(self.pictures, 30)
        self.teacher = self.folder / "teacher.pt"

    def make_teacher(self, *flags):
        subprocess.run([sys.executable, SOURCE / "examples/torchvision_teacher.py", "--classes", "2",
                        "--out", self.teacher, *flags], check=True)

    def distil(self, *flags, expect=0):
        return self.limbeck("distill", "--teacher", self.teacher, "--data", self.pictures, "--student", "resnet8",
                            "--size", 32, "--epochs", 2, "--batch-size", 20, "--out", self.out, *flags, expect=expect)

    def test_a_scripted_and_a_traced_teacher_teach_from_a_folder(self):
        for way in ("--script", "--trace"):
            self.make_teacher(way)
            done = self.distil("--baseline", "--json")
            results = json.loads(done.stdout)
            self.assertEqual([stage["name"] for stage in results["stages"]], ["baseline", "distilled"])
            distilled = results["stages"][1]["evaluations"]["test"]
            self.assertEqual(distilled["examples"], 30)
            self.assertIsNotNone(distilled["agreement"])
            self.assertEqual(results["data"]["classes"], ["bar", "disc"])
            rows = {row["name"]: row for row in results["deployment"]}
            self.assertEqual(set(rows), {"teacher", "baseline", "distilled"})
            self.assertEqual(rows["teacher"]["parameters"], 11177538)  # torchvision's resnet18 with two classes
            self.assertLess(rows["distilled"]["bytes"], rows["teacher"]["bytes"] / 50)
            self.assertLess(rows["distilled"]["multiply_adds"], rows["teacher"]["multiply_adds"] / 2)
            # On a busy machine not always below the teacher's.
            self.assertGreater(rows["distilled"]["latency"]["median"], 0)

    def test_commands_of_the_tutorial_do_what_it_says(self):
        self.make_teacher()
        images, distill, predict = commands_of("docs/tutorial.md")
        self.assertIn("bar", self.limbeck(*images).stdout)
        self.assertIn("distilled", self.limbeck(*distill).stdout)
        for file in ("student.onnx", "student_int8.onnx"):
            self.assertTrue((self.folder / "runs/resnet8" / file).exists(), file)
        self.assertEqual(len(self.limbeck(*predict).stdout.splitlines()), 31)

    def test_commands_of_other_pages_on_pictures_run(self):
        self.make_teacher()
        for page in PICTURE_PAGES[1:]:
            commands = commands_of(page)
            self.assertTrue(commands, page)
            for command in commands:
                self.assertTrue(self.limbeck(*command).stdout, command)

    def test_the_table_says_what_each_network_costs(self):
        self.make_teacher()
        text = self.distil().stdout
        for word in ("smaller", "latency", "faster", "agreement"):
            self.assertIn(word, text)

    def test_the_teacher_may_see_other_pixels_than_the_student(self):
        self.make_teacher()
        agreements = []
        for flags in (("--teacher-size", "48", "--teacher-mean", "0.5,0.5,0.5", "--teacher-std", "0.25,0.25,0.25",
                       "--views", "2"), ()):
            results = json.loads(self.distil("--json", *flags).stdout)
            agreements.append(results["stages"][0]["evaluations"]["test"]["teacher_kl"])
        # the teacher says something else of other pixels
        self.assertNotAlmostEqual(agreements[0], agreements[1], places=5)
        self.assertIn("views: 2", self.distil("--views", "2", "--print-recipe").stdout)

    def test_the_student_classifies_files_and_folders(self):
        self.make_teacher()
        results = json.loads(self.distil("--json").stdout)
        weights = self.out / "stages/distilled/weights.safetensors"
        (self.pictures / "test/disc").rename(self.pictures / 'test/"disc", again')
        found = json.loads(self.limbeck("predict", weights, self.pictures / "test", "--json").stdout)
        self.assertEqual(len(found), 30)
        errors = sum(("disc" in row["id"]) != (row["class"] == "disc") for row in found)
        self.assertEqual(errors, results["stages"][0]["evaluations"]["test"]["errors"])
        rows = list(csv.reader(self.limbeck("predict", weights, self.pictures / "test").stdout.splitlines()))
        self.assertEqual(rows[0], ["id", "class", "probability", "p(bar)", "p(disc)"])
        self.assertEqual([row[:2] for row in rows[1:]], [[row["id"], row["class"]] for row in found])
        one = self.pictures / "test/bar/0.jpg"
        self.assertEqual(json.loads(self.limbeck("predict", weights, one, "--json").stdout)[0]["id"], str(one))
        (self.pictures / "test/bar/0.jpg").write_bytes(b"")
        self.assertIn("bar/0.jpg' is empty", self.limbeck("predict", weights, self.pictures / "test", expect=1).stderr)

    def test_what_does_not_fit_is_said_before_training(self):
        self.make_teacher("--channels", "1")
        self.assertIn("teacher.pt", self.distil(expect=1).stderr)
        self.make_teacher()
        (self.pictures / "train/disc/0.jpg").write_bytes((self.pictures / "train/disc/0.jpg").read_bytes()[:300])
        self.assertIn("train/disc/0.jpg", self.distil(expect=1).stderr)
        for picture in (self.pictures / "train/disc").iterdir():
            picture.unlink()
        self.assertIn("disc", self.distil(expect=1).stderr)
        self.assertFalse((self.out / "results.json").exists())
        there, self.teacher = self.teacher, self.folder / "none.pt"
        self.assertIn(f"there is no file '{self.teacher}'", self.distil(expect=1).stderr)
        self.teacher = there
        self.pictures = self.folder / "empty"
        self.pictures.mkdir()
        self.assertIn("holds no pictures", self.distil(expect=2).stderr)  # and nothing is downloaded into it

    def test_pictures_that_cannot_be_read_are_left_out_where_asked(self):
        self.make_teacher()
        (self.pictures / "train/disc/0.jpg").write_bytes(b"")
        Image.new("RGB", (9, 9)).save(self.pictures / "train/disc/a.bmp")
        self.assertIn("`corrupt: skip` leaves them out", self.distil(expect=1).stderr)
        told = self.distil("--corrupt", "skip").stderr
        self.assertIn("Left out: 1 of 90 pictures cannot be read", told)
        self.assertIn("a.bmp', are left out: convert them", told)


class Stores(ProgramTest):
    def build(self, views="views: 3", expect=0, **options):
        self.recipe.write_text(RECIPE.replace("VIEWS", views))
        return self.limbeck("store", "build", self.recipe, "--out", self.out, expect=expect, **options)

    def test_a_store_is_built_told_of_verified_and_used(self):
        self.build()
        store = self.folder / "outputs.safetensors"
        info = json.loads(self.limbeck("store", "info", store, "--json").stdout)
        self.assertEqual((info["examples"], info["views"], info["filled"]), (200, 3, 600))
        self.assertIn("600 of 600 outputs", self.limbeck("store", "info", store).stdout)
        verified = json.loads(self.limbeck("store", "verify", self.recipe, "--out", self.out, "--json").stdout)
        self.assertLess(verified[0]["difference"], 1e-4)
        before = store.read_bytes()
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        self.assertEqual(store.read_bytes(), before)
        tensors, metadata = read_safetensors(store)
        self.assertEqual(tensors["logits"][:2], ("F32", [200, 3, 10]))

    def test_a_store_that_is_not_there_is_not_made_by_verifying(self):
        self.recipe.write_text(RECIPE.replace("VIEWS", "views: 3"))
        message = self.limbeck("store", "verify", self.recipe, "--out", self.out, expect=1).stderr
        self.assertIn("there is no store", message)
        self.assertFalse((self.folder / "outputs.safetensors").exists())
        self.assertFalse((self.out / "stages").exists())

    def test_verifying_trains_and_changes_nothing(self):
        self.build()
        weights = self.out / "stages/teacher/weights.safetensors"
        before = weights.read_bytes()
        for flags in (["--out", self.folder / "another"], ["--out", self.out, "--set", "stages.teacher.epochs=2"]):
            self.assertIn("stage 'teacher' is not finished in",
                          self.limbeck("store", "verify", self.recipe, *flags, expect=2).stderr)
        self.assertEqual(weights.read_bytes(), before)
        self.assertFalse((self.folder / "another/stages").exists())

    def test_mistakes_are_found_before_the_teacher_is_trained(self):
        (self.folder / "junk.safetensors").write_text("no store")
        for store, message in (("top: 20, store: o.safetensors", "top: 20 logits of 10 classes"),
                               ("store: junk.safetensors", "junk.safetensors' is not a valid")):
            self.recipe.write_text(RECIPE.replace("VIEWS, store: outputs.safetensors", "views: 3, " + store))
            error = self.limbeck("run", self.recipe, "--out", self.out, expect=2 if "top" in store else 1).stderr
            self.assertIn("stage 'distilled'", error)
            self.assertIn(message, error)
            self.assertFalse((self.out / "stages").exists())

    def test_what_cannot_be_kept_is_found_without_data(self):
        self.recipe.write_text(RECIPE.replace("VIEWS", "views: 3")
                               .replace("augment: { shift: 1 }", "augment: { shift: 1, mixup: 0.2 }"))
        message = self.limbeck("check", self.recipe, expect=2).stderr
        self.assertRegex(message, r"\.yaml:\d+:\d+: stages\[1\]\.teacher: .*mixup")

    def test_training_fills_what_is_not_there(self):
        self.recipe.write_text(RECIPE.replace("VIEWS", "views: 3"))
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")  # four epochs see all three drawings
        self.assertEqual(json.loads(self.limbeck("store", "info", self.folder / "outputs.safetensors",
                                                 "--json").stdout)["filled"], 600)

    def test_stored_and_live_outputs_train_the_same_student(self):
        self.recipe.write_text(RECIPE.replace("VIEWS, store: outputs.safetensors", "outputs: live"))
        self.limbeck("run", self.recipe, "--out", self.folder / "live", "--quiet")
        self.recipe.write_text(RECIPE.replace("VIEWS, ", ""))  # all nine views of a shift by one pixel
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet", "--reuse", self.folder / "live")
        results = [json.loads((out / "results.json").read_text())["stages"][1]["evaluations"]["test"]
                   for out in (self.out, self.folder / "live")]
        self.assertAlmostEqual(results[0]["nll"], results[1]["nll"], delta=1e-3)

    def test_a_changed_store_is_noticed(self):
        self.build("views: 2, type: float16")
        store = self.folder / "outputs.safetensors"
        content = bytearray(store.read_bytes())
        content[-4000] ^= 64
        store.write_bytes(content)
        self.assertIn("damaged", self.limbeck("run", self.recipe, "--out", self.out, expect=1).stderr)
        store.write_bytes(content[:-1])
        self.assertIn("outputs.safetensors", self.limbeck("run", self.recipe, "--out", self.out, expect=1).stderr)

    def test_a_recipe_without_a_store_is_told_so(self):
        self.recipe.write_text(RECIPE.replace("VIEWS, store: outputs.safetensors", "outputs: live"))
        self.assertIn("store: FILE", self.limbeck("store", "build", self.recipe, "--out", self.out, expect=2).stderr)


if __name__ == "__main__":
    unittest.main()
