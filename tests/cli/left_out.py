"""A program without some of its parts trains as the whole one does, and says of the others that it was built without
them."""

import os
import unittest

from support import ProgramTest

LEFT_OUT = os.environ.get("LIMBECK_LEFT_OUT", "").split()


class LeftOut(ProgramTest):
    def refused(self, part, what, *arguments):
        if part in LEFT_OUT:
            done = self.limbeck(*arguments, expect=1, environment={"LIMBECK_DATA": str(self.folder)})
            self.assertIn(f"this limbeck was built without {what} (LIMBECK_{part}=OFF)", done.stderr)

    def test_the_version_lists_them(self):
        self.assertTrue(self.limbeck("--version").stdout.endswith(", without " + " ".join(LEFT_OUT).lower() + "\n"))

    def test_a_run_needs_none_of_them(self):
        self.recipe.write_text(self.recipe.read_text() + "  - { name: int8, train: small, quantize: distilled }\n")
        self.limbeck("run", self.recipe, "--out", self.out)
        model = self.out / "stages" / "distilled" / "weights.safetensors"
        self.assertTrue((self.out / "report.html").exists())
        self.limbeck("evaluate", model)
        self.limbeck("bench", self.out, "--seconds", 0.05, "--out", self.folder / "bench")
        self.limbeck("export", model, "--out", self.folder / "student.pt")
        self.refused("ONNX", "ONNX", "export", model, "--out", self.folder / "student.onnx")
        self.refused("SERVE", "serve and its pages", "export", model, "--page", self.folder / "page")
        self.refused("SERVE", "serve and its pages", "serve", self.out, "--port", 0)

    def test_files_of_other_kinds_are_refused(self):
        for name in ("cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png"):
            picture = self.folder / "pictures" / name
            picture.parent.mkdir(parents=True, exist_ok=True)
            picture.write_bytes(b"\x89PNG\r\n\x1a\n")
        self.refused("PICTURES", "JPEG and PNG files", "data", "images", self.folder / "pictures", "--size", 8)
        self.refused("DOWNLOADS", "downloads", "data", "fetch", "mnist", "--data", self.folder)
        (self.folder / "model.onnx").write_bytes(b"\x08\x07\x12\x07limbeck" + bytes(100))
        self.refused("ONNX", "ONNX", "evaluate", self.folder / "model.onnx", "--source", "digits")


if __name__ == "__main__":
    unittest.main()
