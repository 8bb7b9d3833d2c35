"""results.json says what it is of; check knows what a run will say; what is unusual is told before."""
import json
import math
import struct
import unittest
import zlib

from support import ProgramTest

DIGITS = "data.source={digits: {train: 300, test: 50}}"


def write_png(path, side, shade):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    rows = b"".join(b"\0" + bytes([shade]) * 3 * side for _ in range(side))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Results(ProgramTest):
    def test_say_what_they_are_of(self):
        arguments = ["run", self.recipe, "--out", self.out, "--quiet", "--set", DIGITS, "--set", "data.validation=50",
                     "--set", "stages.teacher.epochs=2"]
        self.limbeck(*arguments)
        results = json.loads((self.out / "results.json").read_text())
        self.assertEqual(results["command"][1:], [str(argument) for argument in arguments])
        self.assertRegex(results["commit"], "^([0-9a-f]{12})?$")
        self.assertIn("Linux", results["environment"]["system"])
        self.assertRegex(results["environment"]["memory"], r"^\d+\.\d GB$")
        self.assertRegex(results["data"]["fingerprint"], "^[0-9a-f]{16,}$")
        teacher = results["stages"][0]
        self.assertEqual([point["epoch"] for point in teacher["curves"]], [1, 2])
        metrics = [json.loads(line) for line in (self.out / "stages/teacher/metrics.jsonl").read_text().splitlines()]
        for point, line in zip(teacher["curves"], metrics):
            self.assertEqual((point["train"], point["validation"]), (line["train"], line["validation"]))
        # Wilson's interval, by its defining equation: |p − q| = z √(q(1 − q)/n) at both ends.
        for split in ("test", "validation", "train"):
            numbers = teacher["evaluations"][split]
            n, p = numbers["examples"], 1 - numbers["errors"] / numbers["examples"]
            for end in teacher["intervals"][split]["accuracy"].values():
                self.assertAlmostEqual(abs(p - end), 1.959964 * math.sqrt(end * (1 - end) / n), places=6)
            self.assertAlmostEqual(teacher["intervals"][split]["errors"]["low"],
                                   n * (1 - teacher["intervals"][split]["accuracy"]["high"]))
        # Means over seeds have deviations instead; each seed has its own.
        self.limbeck(*arguments[:3], self.folder / "seeds", *arguments[4:], "--seeds", 2)
        combined = json.loads((self.folder / "seeds/results.json").read_text())
        self.assertNotIn("intervals", combined["stages"][0])
        self.assertIn("intervals", json.loads((self.folder / "seeds/seed-1/results.json").read_text())["stages"][0])

    def test_check_knows_the_size_of_the_data(self):
        for settings, message in ((("data.validation=60000",), "60000 examples cannot be held out"),
                                  (("data.source={digits: {train: 100}}", "data.validation=100"),
                                   "'digits' has 100 for training"),
                                  (("data.source=mnist", "data.validation=70000", "data.augment=none"),
                                   "'mnist' has 60000 for training"),
                                  (("data.source=cifar10", "data.validation=50000"),
                                   "'cifar10' has 50000 for training"),
                                  (("stages.teacher.examples={without: [10]}", "data.source=digits"),
                                   "class 10 does not exist")):
            flags = [flag for setting in (["data.source=digits", *settings]) for flag in ("--set", setting)]
            told = self.limbeck("check", self.recipe, *flags, expect=2,
                                environment={"LIMBECK_DATA": str(self.folder),
                                             "XDG_CACHE_HOME": str(self.folder)}).stderr
            self.assertIn(message, told)
        place = json.loads(self.limbeck("check", self.recipe, "--set", "data.validation=60000",
                                        "--json", expect=2).stdout)[0]
        self.assertEqual(place["path"], "data.validation")
        self.limbeck("check", self.recipe, "--set", "data.source=digits", "--set", "data.validation=59999")

    def test_check_looks_at_the_files_that_are_there(self):
        self.limbeck("data", "synthesize", "--out", self.folder / "few", "--train", 40, "--test", 10)
        mnist = ("--set", "data.source=mnist", "--set", "data.validation=40", "--data", self.folder / "few")
        self.assertIn("'mnist' has 40 for training", self.limbeck("check", self.recipe, *mnist, expect=2).stderr)
        for name, shade in (("dark", 10), ("light", 240)):
            for i in range(4):
                for split in ("train", "test"):
                    write_png(self.folder / "pictures" / split / name / f"{i}.png", 8, shade + i)
        self.recipe.write_text(self.recipe.read_text().replace("augment: { shift: 1 }", "augment: none"))
        pictures = ("--set", f"data.source={{images: {{folder: {self.folder}/pictures, size: 8}}}}",
                    "--set", "data.validation=8")
        self.assertIn("'images' has 8 for training", self.limbeck("check", self.recipe, *pictures, expect=2).stderr)

    def test_pictures_that_grow_are_told_before_they_are_read(self):
        for name, shade in (("dark", 10), ("light", 240)):
            for i in range(4):
                for split in ("train", "test"):
                    write_png(self.folder / "pictures" / split / name / f"{i}.png", 32, shade + i)
        distill = ("distill", "--teacher", "mlp:4", "--student", "mlp:4", "--data", self.folder / "pictures",
                   "--epochs", 1, "--teacher-epochs", 1, "--augment", "none", "--out", self.out)
        told = self.limbeck(*distill).stderr
        self.assertIn("about 32x32 pixels and are brought to 224x224, which takes 49 times", told)
        self.assertIn("--size 32", told)
        self.assertLess(told.index("--size 32"), told.index("teacher: "))
        self.assertNotIn("pixels and are brought",
                         self.limbeck(*distill[:-1], self.folder / "small", "--size", 32).stderr)
        self.assertIn("--size 32", self.limbeck("data", "images", self.folder / "pictures", "--size", 224).stderr)

    def test_very_few_steps_are_told_before(self):
        few = ("--set", DIGITS, "--set", "stages.teacher.epochs=2", "--set", "stages.teacher.batch_size=30",
               "--set", "stages.distilled.epochs=50")
        told = self.limbeck("run", self.recipe, "--out", self.out, *few).stderr
        self.assertIn("stage 'teacher': 2 epochs of 10 steps (300 examples, batches of 30): too few to learn much",
                      told)
        self.assertIn("--set stages.teacher.epochs=100", told)
        self.assertLess(told.index("too few"), told.index("\nteacher: 2 epochs"))
        self.assertNotIn("stage 'distilled': ", told)
        # it is trained already
        self.assertNotIn("too few", self.limbeck("run", self.recipe, "--out", self.out, *few).stderr)


if __name__ == "__main__":
    unittest.main()
