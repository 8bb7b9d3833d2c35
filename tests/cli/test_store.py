"""Stores of teacher outputs in several files: filled by several processes, or written by another program."""
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import unittest

from support import LIMBECK, SOURCE, ProgramTest, read_safetensors, write_npy

try:
    import numpy
except ImportError:
    numpy = None

RECIPE = """name: shards
data: {{ source: {{ digits: {{ train: {train}, test: 100 }} }}, augment: {augment} }}
networks: {{ big: {{ mlp: [{big}] }}, small: {{ mlp: [12] }} }}
stages:
  - {{ name: teacher, train: big, epochs: 6 }}
  - {{ name: student, train: small, epochs: {epochs}, teacher: {teacher} }}
"""
NETWORK = "{ network: { of: teacher, store: outputs.safetensors } }"


class Shards(ProgramTest):
    def setUp(self):
        super().setUp()
        self.store = self.folder / "outputs.safetensors"
        self.write()

    def write(self, teacher=NETWORK, augment="{ shift: 1 }", train=403, big=32, epochs=3):
        self.recipe.write_text(RECIPE.format(teacher=teacher, augment=augment, train=train, big=big, epochs=epochs))

    def assert_near(self, weights, expected):
        """But for the last bits, which depend on which examples are computed together."""
        self.assertEqual(weights.keys(), expected.keys())
        for name, (dtype, shape, content) in weights.items():
            if dtype != "F32":
                continue
            self.assertEqual(shape, expected[name][1])
            numbers = [struct.unpack(f"<{len(part) // 4}f", part) for part in (content, expected[name][2])]
            self.assertLess(max(abs(a - b) for a, b in zip(*numbers, strict=True)), 1e-4, name)

    def train_teacher(self):
        """The run's folder, in which the teacher is trained and the student is not; and the student's weights where one
        file is the store."""
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        student = self.weights("student")
        shutil.rmtree(self.out / "stages" / "student")
        self.store.unlink()
        return student

    def build(self, *flags, expect=0):
        return self.limbeck("store", "build", self.recipe, "--out", self.out, *flags, expect=expect)

    def shard(self, number, count):
        return self.folder / f"outputs-{number:05}-of-{count:05}.safetensors"

    def info(self):
        return json.loads(self.limbeck("store", "info", self.store, "--json").stdout)

    def test_are_one_store_for_the_run(self):
        student = self.train_teacher()
        self.build("--shard", "1/3")
        self.assertIn("teacher outputs of 'student', shard 2/3: 134 examples", self.build("--shard", "2/3").stderr)
        self.assertEqual(self.info()["lacking"], ["3/3"])
        self.assertIn("missing or not full: 3/3", self.limbeck("store", "info", self.store).stdout)
        message = self.limbeck("run", self.recipe, "--out", self.out, expect=2).stderr
        self.assertIn("of its 3 shards, 3/3 is missing or not full; `limbeck store build RECIPE`", message)
        self.build("--shard", "1/2", expect=2)
        second = self.shard(2, 3).read_bytes()
        self.build()  # what is missing
        self.assertEqual(self.shard(2, 3).read_bytes(), second)
        self.assertEqual((self.info()["lacking"], self.info()["filled"]), ([], 403 * 9))
        index = json.loads((self.folder / "outputs.safetensors.index.json").read_text())
        self.assertEqual([shard["examples"] for shard in index["shards"]], [134, 134, 135])
        verified = json.loads(self.limbeck("store", "verify", self.recipe, "--out", self.out, "--json").stdout)
        self.assertLess(verified[0]["difference"], 1e-5)
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        self.assert_near(self.weights("student"), student)
        self.assertFalse(self.store.exists())

        content = bytearray(second)
        content[-1] ^= 1
        self.shard(2, 3).write_bytes(content)
        shutil.rmtree(self.out / "stages" / "student")
        self.assertIn("outputs-00002-of-00003.safetensors' is not a valid safetensors file: its content does not match "
                      "its checksum", self.limbeck("run", self.recipe, "--out", self.out, expect=1).stderr)

    def test_are_of_a_trained_teacher(self):
        self.assertIn("stage 'teacher' is not finished", self.build("--shard", "1/2", expect=2).stderr)
        self.assertIn("'0/2' is not a shard; expected K/N with K from 1 to N",
                      self.build("--shard", "0/2", expect=2).stderr)
        self.assertFalse((self.out / "stages").exists())

    def test_are_filled_by_ranks_side_by_side(self):
        student = self.train_teacher()
        ranks = []
        for rank in range(3):
            own = {**os.environ, "RANK": str(rank), "WORLD_SIZE": "3", "MASTER_ADDR": "127.0.0.1",
                   "MASTER_PORT": "29500"}
            ranks.append(subprocess.Popen([LIMBECK, "store", "build", str(self.recipe), "--out", str(self.out)],
                                          env=own, cwd=self.folder, stderr=subprocess.PIPE, text=True))
        for rank, process in enumerate(ranks):
            told = process.communicate(timeout=200)[1]
            self.assertEqual(process.returncode, 0, told)
            self.assertIn(f"shard {rank + 1}/3", told)
        self.assertTrue(all(self.shard(number, 3).exists() for number in (1, 2, 3)))
        self.assertTrue((self.folder / "outputs.safetensors.index.json").exists())
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        self.assert_near(self.weights("student"), student)

    def test_of_a_killed_process_are_resumed(self):
        self.write(augment="{ shift: 5 }", train=4000, big="512, 512", epochs=1)
        self.train_teacher()
        building = subprocess.Popen([LIMBECK, "store", "build", str(self.recipe), "--out", str(self.out), "--shard",
                                     "1/2", "--quiet"], cwd=self.folder)
        self.addCleanup(building.kill)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and building.poll() is None:
            if self.shard(1, 2).exists() and self.info()["filled"] > 2000:
                break
            time.sleep(0.01)
        building.send_signal(signal.SIGKILL)
        building.wait()
        killed = self.info()
        self.assertGreater(killed["filled"], 2000)
        self.assertLess(killed["filled"], 2000 * 121)
        self.assertEqual(killed["lacking"], ["1/2", "2/2"])
        self.build("--shard", "1/2")
        self.assertEqual(self.info()["lacking"], ["2/2"])
        self.build("--shard", "2/2")
        self.assertEqual((self.info()["lacking"], self.info()["filled"]), ([], 4000 * 121))
        verified = json.loads(self.limbeck("store", "verify", self.recipe, "--out", self.out, "--json").stdout)
        self.assertLess(verified[0]["difference"], 1e-5)

    @unittest.skipIf(numpy is None, "NumPy is not installed")
    def test_of_another_program_teach_the_same(self):
        for augment, views in (("none", None), ("{ shift: 1 }", "")):
            self.write(augment=augment)
            student = self.train_teacher()
            self.build()
            tensors, metadata = read_safetensors(self.store)
            _, shape, content = tensors["logits"]
            logits = numpy.frombuffer(content, "<f4").reshape(shape)
            order = numpy.random.default_rng(1).permutation(len(logits))
            numpy.save(self.folder / "logits.npy", logits[order])
            numpy.save(self.folder / "ids.npy", order)
            self.store.unlink()
            flags = [] if views is None else ["--views", metadata["views"]]
            files = subprocess.run([sys.executable, SOURCE / "examples" / "write_store.py", "logits.npy", "--ids",
                                    "ids.npy", "--out", "outputs.safetensors", "--shards", "4", *flags],
                                   cwd=self.folder, check=True, capture_output=True, text=True).stdout.split()
            self.assertEqual(len(files), 4)
            told = self.limbeck("store", "index", self.store, *[self.folder / file for file in files]).stdout
            self.assertIn("4 shards, 403 examples", told)
            stored = "{ stored: { file: outputs.safetensors.index.json } }"
            self.write(teacher=stored, augment=augment)
            self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
            self.assert_near(self.weights("student"), student)
            if views is None:
                self.write(teacher=stored, augment="{ shift: 1 }")
                self.assertIn('its metadata need \'views\': \'{"shift":{"pixels":1}}\'',
                              self.limbeck("run", self.recipe, "--out", self.out, expect=2).stderr)
            for file in self.folder.glob("outputs*"):
                file.unlink()
            shutil.rmtree(self.out)

    @unittest.skipIf(numpy is None, "NumPy is not installed")
    def test_of_largest_logits_by_another_program(self):
        """What NumPy makes of logits is what the store of the network has."""
        top = "{ network: { of: teacher, top: 4, store: outputs.safetensors } }"
        self.write(augment="none")
        self.train_teacher()
        self.build()
        tensors, _ = read_safetensors(self.store)
        numpy.save(self.folder / "logits.npy", numpy.frombuffer(tensors["logits"][2], "<f4").reshape(403, 1, 10))
        self.store.unlink()
        self.write(augment="none", teacher=top)
        self.build()
        own, _ = read_safetensors(self.store)
        subprocess.run([sys.executable, SOURCE / "examples" / "write_store.py", "logits.npy", "--out",
                        "given.safetensors", "--top", "4"], cwd=self.folder, check=True, capture_output=True)
        given, _ = read_safetensors(self.folder / "given-00001-of-00001.safetensors")
        for name in ("ids", "views", "classes"):
            self.assertEqual(given[name], own[name])
        mine, theirs = (numpy.frombuffer(tensors["top"][2], "<f4") for tensors in (given, own))
        self.assertLess(abs(mine - theirs).max(), 1e-5)

    def test_that_do_not_belong_together_get_no_index(self):
        write_npy(self.folder / "x.npy", [[1.0]])
        self.assertIn("x.npy", self.limbeck("store", "index", self.store, self.folder / "x.npy", expect=1).stderr)
        missing = self.folder / "none.safetensors"
        self.assertIn(f"there is no file '{missing}'",
                      self.limbeck("store", "index", self.store, missing, expect=2).stderr)
        self.assertFalse((self.folder / "outputs.safetensors.index.json").exists())


if __name__ == "__main__":
    unittest.main()
