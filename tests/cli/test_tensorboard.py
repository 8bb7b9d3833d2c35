"""Event files for TensorBoard, read by a parser of their format alone."""
import json
import signal
import struct
import subprocess
import time
import unittest

from support import LIMBECK, ProgramTest


def crc32c(content):
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def records(content):
    """The messages of a record file; an error where one is cut or its checksum is wrong."""
    def checked(part, mask):
        crc = crc32c(part)
        if mask != ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF:
            raise ValueError("a wrong checksum")
        return part

    messages = []
    while content:
        (length,) = struct.unpack("<Q", checked(content[:8], *struct.unpack("<I", content[8:12])))
        messages.append(checked(content[12:12 + length], *struct.unpack("<I", content[12 + length:16 + length])))
        content = content[16 + length:]
    return messages


def fields(message):
    """[(number, value)] of a protobuf message; texts and messages within it as bytes."""
    at, found = 0, []

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            value = varint()
        else:
            size = {1: 8, 2: None, 5: 4}[key & 7]
            size = varint() if size is None else size
            value = message[at:at + size]
            at += size
        found.append((key >> 3, value))
    return found


def events(folder):
    """[(wall time, step, {tag: value})] of the only event file there."""
    (file,) = folder.iterdir()
    found = []
    for i, message in enumerate(records(file.read_bytes())):
        event = dict(fields(message))
        if i == 0:
            assert event[3] == b"brain.Event:2", event
        scalars = {}
        for _, value in fields(event.get(5, b"")):
            value = dict(fields(value))
            scalars[value[1].decode()] = struct.unpack("<f", value[2])[0]
        found.append((struct.unpack("<d", event[1])[0], event.get(2, 0), scalars))
    return found


def series(folder, tag):
    return [(step, scalars[tag]) for _, step, scalars in events(folder) if tag in scalars]


class TensorBoard(ProgramTest):
    def run_recipe(self, *arguments, out=None):
        self.limbeck("run", self.recipe, "--out", out or self.out, "--quiet", "--tensorboard", *arguments)

    def assert_tells(self, folder, stage):
        """What the event file says is what the run's own files say."""
        lines = [json.loads(line) for line in (stage / "metrics.jsonl").read_text().splitlines()]
        for tag, path in {"loss/train": ("train", "loss"), "accuracy/train": ("train", "accuracy"),
                          "accuracy/validation": ("validation", "accuracy"),
                          "nll/validation": ("validation", "loss"), "learning_rate": ("learning_rate",),
                          "examples_per_second": ("examples_per_second",)}.items():
            told = series(folder, tag)
            self.assertEqual([step for step, _ in told], [line["epoch"] for line in lines], tag)
            for (_, value), line in zip(told, lines):
                for key in path:
                    line = line[key]
                self.assertAlmostEqual(value / line, 1, places=5)
        for name in lines[0]["terms"]:
            self.assertEqual(len(series(folder, f"terms/{name}")), len(lines))
        test = json.loads((stage / "stage.json").read_text())["results"]["evaluations"]["test"]
        self.assertEqual(series(folder, "errors/test"), [(lines[-1]["epoch"], test["errors"])])
        self.assertAlmostEqual(series(folder, "accuracy/test")[0][1], test["accuracy"], places=6)
        times = [time for time, _, _ in events(folder)]
        self.assertLess(abs(times[0] - time.time()), 3600)

    def test_the_checksum_is_the_published_one(self):
        self.assertEqual(crc32c(b"123456789"), 0xE3069283)

    def test_seeds_stand_apart_and_a_finished_run_is_told_as_it_was(self):
        self.recipe.write_text(self.recipe.read_text().replace("augment:", "validation: 200, augment:", 1))
        self.run_recipe("--seeds", 2)
        folders = self.out / "tensorboard"
        self.assertEqual({str(folder.relative_to(folders)) for folder in folders.glob("*/*")},
                         {f"seed-{seed}/{stage}" for seed in (1, 2) for stage in ("teacher", "distilled")})
        for seed in (1, 2):
            for stage in ("teacher", "distilled"):
                self.assert_tells(folders / f"seed-{seed}" / stage, self.out / f"seed-{seed}/stages" / stage)
        self.assertIn("terms/soft_targets",
                      set().union(*(scalars for _, _, scalars in events(folders / "seed-1/distilled"))))
        before = {file: file.read_bytes() for file in folders.rglob("events*")}
        self.run_recipe("--seeds", 2)
        self.assertEqual({file: file.read_bytes() for file in folders.rglob("events*")}, before)

    def test_a_run_without_the_flag_writes_none(self):
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        self.assertFalse((self.out / "tensorboard").exists())

    def test_killed_and_gone_on_no_step_is_missing_or_told_twice(self):
        self.recipe.write_text(self.recipe.read_text().replace("epochs: 6", "epochs: 40"))
        folder = self.out / "tensorboard/teacher"
        checkpoint = self.out / "stages/teacher/checkpoint.safetensors"
        stopped = 0
        for delay in (0.2, 0.5):
            process = subprocess.Popen([LIMBECK, "run", self.recipe, "--out", self.out, "--quiet", "--tensorboard"],
                                       cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            deadline = time.time() + 60
            while time.time() < deadline and process.poll() is None and not checkpoint.exists():
                time.sleep(0.002)
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            stopped += process.wait() != 0
            for file in folder.glob("events*"):  # as a crash of the machine would leave it
                file.write_bytes(file.read_bytes()[:-3])
                with self.assertRaises((ValueError, struct.error)):
                    events(folder)
        self.assertGreaterEqual(stopped, 1)
        self.run_recipe()
        self.assertEqual([step for step, _ in series(folder, "loss/train")], list(range(1, 41)))
        self.assertEqual(len(series(folder, "errors/test")), 1)


if __name__ == "__main__":
    unittest.main()
