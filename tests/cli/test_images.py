"""Folders of pictures, compared with Pillow, which decodes and resizes them in its own way."""
import json
import os
import random
import unittest

from support import ProgramTest, read_safetensors

try:
    from PIL import Image, ImageDraw
except ImportError:
    Image = None


def picture(seed, width, height, mode="RGB"):
    """Slopes, shapes and noise; the same for the same seed."""
    chance = random.Random(seed)
    image = Image.new("RGB", (width, height))
    image.putdata([(x * 255 // width, y * 255 // height, chance.randrange(256)) for y in range(height)
                   for x in range(width)])
    draw = ImageDraw.Draw(image)
    for _ in range(6):
        box = sorted(chance.randrange(width) for _ in range(2)), sorted(chance.randrange(height) for _ in range(2))
        draw.ellipse((box[0][0], box[1][0], box[0][1], box[1][1]), fill=tuple(chance.randrange(256) for _ in range(3)))
    return image.convert(mode)


def cropped(image, size):
    """torchvision's Resize(size) and CenterCrop(size)."""
    width, height = image.size
    new = (size, int(size * height / width)) if width <= height else (int(size * width / height), size)
    image = image.resize(new, Image.BILINEAR)
    left, top = int(round((new[0] - size) / 2.0)), int(round((new[1] - size) / 2.0))
    return image.crop((left, top, left + size, top + size))


def planes(image):
    return b"".join(band.tobytes() for band in image.split())


@unittest.skipIf(Image is None, "needs Pillow")
class Images(ProgramTest):
    def setUp(self):
        super().setUp()
        self.pictures = self.folder / "pictures"
        self.store = self.folder / "store.safetensors"
        for name in ("a", "b"):
            (self.pictures / name).mkdir(parents=True)

    def count(self, *arguments):
        return json.loads(self.limbeck("data", "images", self.pictures, "--json", *arguments).stdout)

    def decode(self, *arguments, size=24):
        """The bytes of each picture, in the order of the store, and what the program says of them."""
        self.store.unlink(missing_ok=True)
        counts = self.count("--size", size, "--store", self.store, *arguments)
        tensors, _ = read_safetensors(self.store)
        _, shape, data = tensors["pictures"]
        each = len(data) // shape[0]
        decoded = [data[i * each:(i + 1) * each] for i in range(shape[0])]
        return decoded, counts

    def compare(self, files, convert, *arguments, size=24):
        """Every decoded picture is one of Pillow's, whatever the order of the splits; and each of Pillow's is there."""
        decoded, _ = self.decode(*arguments, size=size)
        expected = {}
        for file in files:
            with Image.open(file) as image:
                expected[planes(convert(image.convert("RGB"), size))] = file
        self.assertEqual(len(decoded), len(files))
        self.assertEqual(set(decoded), set(expected))

    def save(self, name, image, **options):
        file = self.pictures / "ab"[len(list(self.pictures.glob("*/*"))) % 2] / name
        image.save(file, **options)
        return file

    def mixed(self):
        files = []
        sizes = [(320, 240), (61, 97), (24, 24), (33, 400), (500, 25), (17, 9), (25, 24), (256, 255)]
        for seed, (width, height) in enumerate(sizes):
            files.append(self.save(f"{seed}.png", picture(seed, width, height)))
            files.append(self.save(f"{seed}.jpg", picture(seed + 100, width, height), quality=85))
        files.append(self.save("grey.jpg", picture(1, 90, 70, "L")))
        files.append(self.save("cmyk.jpg", picture(2, 90, 70, "CMYK")))
        files.append(self.save("progressive.jpeg", picture(3, 90, 70), progressive=True))
        files.append(self.save("444.JPG", picture(4, 91, 71), subsampling=0, format="JPEG"))
        files.append(self.save("grey.png", picture(5, 90, 70, "L")))
        files.append(self.save("bits.png", picture(6, 90, 70, "1")))
        files.append(self.save("palette.png", picture(7, 90, 70, "P")))
        alpha = picture(8, 90, 70, "RGBA")
        alpha.putalpha(picture(9, 90, 70, "L"))
        files.append(self.save("alpha.png", alpha))
        files.append(self.save("grey_alpha.png", alpha.convert("LA")))
        files.append(self.save("really_a_png.jpg", picture(10, 90, 70), format="PNG"))
        return files

    def test_cropped_pictures_are_pillows_to_the_bit(self):
        self.compare(self.mixed(), cropped)

    def test_stretched_pictures_are_pillows_to_the_bit(self):
        self.compare(self.mixed(), lambda image, size: image.resize((size, size), Image.BILINEAR),
                     "--resize", "stretch", size=31)

    def test_grey_pictures_are_pillows_to_the_bit(self):
        self.compare(self.mixed(), lambda image, size: cropped(image, size).convert("L"), "--channels", 1)

    def test_reduced_decoding_is_near(self):
        files = [self.save(f"{seed}.jpg", picture(seed, 640, 480).resize((1280, 960)), quality=85) for seed in range(4)]
        decoded, _ = self.decode("--jpeg", "reduced")
        for file in files:
            with Image.open(file) as image:
                expected = planes(cropped(image, 24))
            difference = min(sum(abs(a - b) for a, b in zip(expected, other)) / len(expected) for other in decoded)
            self.assertLess(difference, 2)  # grey levels, on average

    def test_counts_and_damaged_files_are_told(self):
        files = self.mixed()
        (self.pictures / "a" / "broken.jpg").write_bytes(files[1].read_bytes()[:500])
        (self.pictures / "b" / "empty.png").write_bytes(b"")
        refused = self.limbeck("data", "images", self.pictures, expect=1)
        self.assertIn("2 of 28 pictures cannot be read", refused.stderr)
        self.assertIn("broken.jpg' is damaged", refused.stderr)
        self.assertIn("empty.png' is empty", refused.stderr)
        decoded, counts = self.decode("--corrupt", "skip")
        self.assertEqual(len(decoded), 26)
        self.assertEqual(counts["pictures"], 26)
        self.assertEqual(len(counts["corrupt"]), 2)
        self.assertEqual(counts["shape"], [3, 24, 24])
        self.assertEqual(sum(row["train"] + row["test"] for row in counts["classes"]), 26)
        self.assertTrue(self.count("--size", 24, "--store", self.store, "--corrupt", "skip")["reused"])
        self.assertIn("a second", self.limbeck("data", "images", self.pictures, "--corrupt", "skip").stdout)

    def test_a_pipe_is_no_picture(self):
        self.mixed()
        os.mkfifo(self.pictures / "a" / "pipe.png")
        self.assertIn("pipe.png", self.limbeck("data", "images", self.pictures, expect=1).stderr)

    def test_unlabelled_pictures_may_lie_beside_the_classes(self):
        for folder in ("train/a", "train/b", "train/unlabelled", "test/a", "test/b", "unlabelled"):
            (self.pictures / folder).mkdir(parents=True)
            Image.new("RGB", (20, 16), (60, 90, 120)).save(self.pictures / folder / "1.png")
        told = json.loads(self.limbeck("data", "images", self.pictures, "--json").stdout)
        self.assertEqual(told["pictures"], 6)

    def test_a_run_trains_on_a_folder(self):
        for seed in range(12):
            for name, shade in (("a", 60), ("b", 200)):
                Image.new("RGB", (20, 16), (shade, shade + seed, shade)).save(self.pictures / name / f"{seed}.png")
        self.recipe.write_text("name: pictures\ndata: {source: {images: {size: 8, holdout: 0.25}}}\n"
                               "networks: {n: {mlp: [16]}}\n"
                               "stages: [{name: only, train: n, epochs: 20, "
                               "optimizer: {sgd: {learning_rate: 0.05}}}]\n")
        self.limbeck("run", self.recipe, "--out", self.out, "--data", self.pictures, "--threads", 1, "--quiet")
        results = json.loads((self.out / "results.json").read_text())
        self.assertEqual(results["data"]["splits"], {"train": 18, "validation": 0, "test": 6})
        self.assertEqual(results["stages"][0]["evaluations"]["test"]["errors"], 0)


if __name__ == "__main__":
    unittest.main()
