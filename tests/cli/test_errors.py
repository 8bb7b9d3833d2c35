"""Bad input: a clear message, exit code 1 or 2, and nothing lost."""
import json
import os
import resource
import signal
import struct
import subprocess
import time
import unittest

from support import LIMBECK, SOURCE, ProgramTest


class Errors(ProgramTest):
    def test_usage_and_recipe_mistakes_exit_with_2(self):
        self.limbeck(expect=2)
        self.limbeck("rum", expect=2)
        self.limbeck("run", self.folder / "none.yaml", expect=1)
        mistakes = self.limbeck("check", SOURCE / "tests/bad_recipes/ten_mistakes.yaml", expect=2).stderr
        self.assertGreaterEqual(len(mistakes.splitlines()), 10)
        self.limbeck("run", self.recipe, "--set", "stages.teacher.epocs=3", expect=2)
        if not os.path.exists("/dev/nvidia0"):
            self.limbeck("run", self.recipe, "--device", "cuda", "--out", self.out, expect=2)
        self.limbeck("run", self.recipe, "--device", "cpu", "--cuda-graphs", "--out", self.out, expect=2)
        self.assertFalse(self.out.exists())

    def test_missing_data_says_which_files_to_put_where(self):
        self.recipe.write_text("name: m\ndata: {source: mnist}\nnetworks: {n: {mlp: [4]}}\n"
                               "stages: [{name: a, train: n}]\n")
        empty = self.folder / "empty"
        empty.mkdir()
        environment = {"LIMBECK_DATA": "", "XDG_CACHE_HOME": str(self.folder / "cache"),
                       "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
        message = self.limbeck("run", self.recipe, "--out", self.out, "--data", empty, expect=1,
                               environment=environment).stderr
        self.assertIn("mnist/train-images-idx3-ubyte.gz", message)
        self.assertIn(str(empty), message)

    def test_damaged_data_is_named(self):
        digits = self.folder / "digits"
        self.limbeck("data", "synthesize", "--out", digits, "--train", 50, "--test", 20)
        images = digits / "train-images-idx3-ubyte.gz"
        images.write_bytes(images.read_bytes()[:-100])
        self.recipe.write_text("name: m\ndata: {source: mnist}\nnetworks: {n: {mlp: [4]}}\n"
                               "stages: [{name: a, train: n}]\n")
        message = self.limbeck("run", self.recipe, "--out", self.out, "--data", digits, expect=1).stderr
        self.assertIn("train-images-idx3-ubyte.gz' is truncated", message)

    def test_an_unwritable_folder_is_an_error_before_any_work(self):
        (self.folder / "file").write_text("x")
        message = self.limbeck("run", self.recipe, "--out", self.folder / "file" / "below", expect=1).stderr
        self.assertIn("cannot make the folder", message)

    def test_pipes_and_devices_are_not_waited_for(self):
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet", "--set", "stages.teacher.epochs=1",
                     "--set", "stages.distilled.epochs=1")
        for name in ("results.json", "recipe.yaml", "examples.json"):
            kept = (self.out / name).read_bytes()
            (self.out / name).unlink()
            os.mkfifo(self.out / name)
            done = subprocess.run([LIMBECK, "report", self.out], capture_output=True, text=True, timeout=60)
            if name == "results.json":  # a report can do without the others
                self.assertEqual(done.returncode, 1, name)
                self.assertIn("is a pipe; expected a file", done.stderr)
            (self.out / name).unlink()
            (self.out / name).write_bytes(kept)
        (self.out / "stages/teacher/weights.safetensors").unlink()
        (self.out / "stages/teacher/weights.safetensors").symlink_to("/dev/zero")
        done = self.limbeck("evaluate", self.out / "stages/teacher/weights.safetensors",
                            "--source", "{digits: {train: 50, test: 20}}", expect=1)
        self.assertIn("is a device; expected a file", done.stderr)

    def test_a_name_of_a_megabyte_is_not_repeated(self):
        text = json.dumps({"x" * (1 << 20): {"dtype": "Q8", "shape": [], "data_offsets": [0, 0]}}).encode()
        (self.folder / "long.safetensors").write_bytes(struct.pack("<Q", len(text)) + text)
        for arguments in (("evaluate", "long.safetensors", "--source", "{digits: {train: 50, test: 20}}"),
                          ("loss", "soft_targets", "--student", "long.safetensors", "--teacher", "long.safetensors")):
            self.assertLess(len(self.limbeck(*arguments, expect=1).stderr), 3000)

    def test_a_full_disk_loses_nothing(self):
        """Files may not grow beyond 20 kB: the first checkpoint fails; later the run goes on from what was there."""
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet", "--set", "stages.teacher.epochs=2")
        before = (self.out / "stages/teacher/weights.safetensors").read_bytes()

        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

        done = subprocess.run([LIMBECK, "run", self.recipe, "--out", self.out, "--quiet"], capture_output=True,
                              text=True, preexec_fn=small_files, restore_signals=False, timeout=120)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("cannot write", done.stderr)
        self.assertEqual(before, (self.out / "previous/1/stages/teacher/weights.safetensors").read_bytes())
        self.assertEqual(list(self.out.rglob("*.part")), [])
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")

    def test_a_damaged_checkpoint_is_named(self):
        checkpoint = self.out / "stages/teacher/checkpoint.safetensors"
        process = subprocess.Popen([LIMBECK, "run", self.recipe, "--out", self.out, "--quiet"],
                                   stderr=subprocess.DEVNULL)
        while process.poll() is None and not checkpoint.exists():
            time.sleep(0.002)
        process.kill()
        process.wait()
        if not checkpoint.exists():
            self.skipTest("the stage was done before the kill")
        content = bytearray(checkpoint.read_bytes())
        content[-5] ^= 1
        checkpoint.write_bytes(content)
        message = self.limbeck("run", self.recipe, "--out", self.out, expect=1).stderr
        self.assertIn(str(checkpoint), message)
        self.assertIn("remove the file", message)

    def test_two_runs_do_not_share_a_folder(self):
        long = subprocess.Popen([LIMBECK, "run", self.recipe, "--out", self.out, "--quiet", "--set",
                                 "stages.teacher.epochs=100000"], stderr=subprocess.DEVNULL)
        while long.poll() is None and not (self.out / "stages/teacher/checkpoint.safetensors").exists():
            time.sleep(0.002)
        message = self.limbeck("run", self.recipe, "--out", self.out, expect=1).stderr
        long.kill()
        long.wait()
        self.assertIn("in use by another run", message)


if __name__ == "__main__":
    unittest.main()
