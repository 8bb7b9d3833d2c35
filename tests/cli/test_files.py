"""What is written is what other programs read."""
import json
import struct
import unittest

from support import ProgramTest, read_safetensors


class WrittenFiles(ProgramTest):
    def test_safetensors_are_what_python_reads(self):
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        tensors, metadata = read_safetensors(self.out / "stages/distilled/weights.safetensors")
        self.assertEqual({name: (dtype, shape) for name, (dtype, shape, _) in tensors.items()},
                         {"fc1.weight": ("F32", [8, 784]), "fc1.bias": ("F32", [8]),
                          "fc2.weight": ("F32", [10, 8]), "fc2.bias": ("F32", [10])})
        self.assertEqual(metadata["format"], "pt")
        for _, shape, data in tensors.values():
            count = 1
            for extent in shape:
                count *= extent
            values = struct.unpack(f"<{count}f", data)
            self.assertTrue(all(abs(value) < 100 for value in values))

    def test_predictions_follow_from_the_weights_alone(self):
        """The network computed in plain Python gives the program's probabilities."""
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        self.limbeck("data", "synthesize", "--out", self.folder / "digits", "--train", 10, "--test", 3)
        weights = self.out / "stages/distilled/weights.safetensors"
        images = self.folder / "digits/t10k-images-idx3-ubyte.gz"
        predictions = json.loads(self.limbeck("predict", weights, images, "--json").stdout)
        self.assertEqual(len(predictions), 3)
        import gzip
        import math
        pixels = gzip.decompress(images.read_bytes())[16:]
        tensors, _ = read_safetensors(weights)
        floats = {name: struct.unpack(f"<{len(data) // 4}f", data) for name, (_, _, data) in tensors.items()}
        for index, prediction in enumerate(predictions):
            h = [pixel / 255 for pixel in pixels[index * 784:(index + 1) * 784]]
            for layer, last in (("fc1", False), ("fc2", True)):
                weight, bias = floats[layer + ".weight"], floats[layer + ".bias"]
                n = len(h)
                z = [sum(weight[i * n + j] * h[j] for j in range(n)) + b for i, b in enumerate(bias)]
                h = z if last else [max(value, 0) for value in z]
            total = sum(math.exp(value - max(h)) for value in h)
            for label, value in enumerate(h):
                expected = math.exp(value - max(h)) / total
                self.assertAlmostEqual(prediction["probabilities"][str(label)], expected, places=5)

    def test_synthesized_digits_are_idx_files_that_a_run_reads(self):
        digits = self.folder / "digits"
        self.limbeck("data", "synthesize", "--out", digits, "--train", 50, "--test", 20, "--seed", 3)
        self.recipe.write_text("name: idx\ndata: {source: mnist}\nnetworks: {n: {mlp: [4]}}\n"
                               "stages: [{name: a, train: n, epochs: 1}]\n")
        self.limbeck("run", self.recipe, "--out", self.out, "--data", digits, "--quiet")
        results = json.loads((self.out / "results.json").read_text())
        self.assertEqual(results["data"]["splits"], {"train": 50, "validation": 0, "test": 20})
        evaluation = json.loads(self.limbeck("evaluate", self.out / "stages/a/weights.safetensors", "--data", digits,
                                             "--json").stdout)
        self.assertEqual(evaluation["errors"], results["stages"][0]["evaluations"]["test"]["errors"])
        self.assertEqual(sum(map(sum, evaluation["confusion"])), 20)

    def test_a_run_that_fails_before_it_writes_leaves_no_folder(self):
        without_data = ["--set", "data.source={images: {folder: nowhere}}", "--quiet"]
        self.limbeck("run", self.recipe, "--out", self.folder / "deep/er/out", *without_data, expect=1)
        self.assertFalse((self.folder / "deep").exists())
        self.out.mkdir()  # what was there stays
        self.limbeck("run", self.recipe, "--out", self.out, *without_data, expect=1)
        self.assertTrue(self.out.exists())

    def test_report_is_one_file_without_addresses(self):
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        page = (self.out / "report.html").read_text()
        self.assertIn("distilled", page)
        self.assertNotIn("src=\"http", page)
        self.limbeck("compare", self.out, self.out)


if __name__ == "__main__":
    unittest.main()
