"""Killed at any moment and run again: the same bits."""
import json
import signal
import subprocess
import time
import unittest

from support import LIMBECK, ProgramTest, read_safetensors


IMAGES = """
name: images
data: { source: { digits: { train: 200, test: 50 } }, augment: { crop: 2, rotation: 10 } }
networks: { large: resnet14, small: resnet8 }
stages:
  - { name: teacher, train: large, epochs: 3, batch_size: 20, checkpoint_seconds: 0.05 }
  - { name: distilled, train: small, epochs: 6, batch_size: 20, checkpoint_seconds: 0.05,
      teacher: { network: { of: teacher, views: 2 } } }
"""

HINTS = """
name: hints
data: { source: { digits: { train: 200, test: 50 } }, augment: { crop: 2 } }
networks: { large: resnet14, small: resnet8 }
stages:
  - { name: teacher, train: large, epochs: 2, batch_size: 20, checkpoint_seconds: 0.05 }
  - name: hinted
    train: small
    epochs: 6
    batch_size: 20
    checkpoint_seconds: 0.05
    teacher: teacher
    loss:
      - fitnet: { from: layer2, reduction: mean, weight: 10 }
      - attention_transfer: { from: [layer1, layer3], form: mean, weight: 1000 }
      - hard_labels
"""


class Resume(ProgramTest):
    def start(self, out, *arguments):
        return subprocess.Popen([LIMBECK, "run", self.recipe, "--out", out, "--quiet", *arguments],
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=self.folder)

    def stop_until_done(self, out, delays, signal_number):
        """Starts again and again; each start but the last is stopped after its delay. Returns how many were stopped."""
        stopped = 0
        for delay in delays:
            process = self.start(out)
            # A run counts from its first checkpoint or finished stage, whatever the speed of the machine.
            deadline = time.time() + 60
            while time.time() < deadline and process.poll() is None and not list(out.glob("stages/*/*.safetensors")):
                time.sleep(0.002)
            time.sleep(delay)
            process.send_signal(signal_number)
            process.wait()
            process.stderr.close()
            stopped += process.returncode not in (0,)
        self.limbeck("run", self.recipe, "--out", out, "--quiet")
        return stopped

    def test_kill_at_any_moment(self):
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        killed = self.folder / "killed"
        stopped = self.stop_until_done(killed, [0.0, 0.07, 0.13, 0.31, 0.5, 0.02, 0.9], signal.SIGKILL)
        self.assertGreaterEqual(stopped, 2)
        for stage in ("teacher", "distilled"):
            self.assertEqual(self.weights(stage), self.weights(stage, killed))
        lines = (killed / "stages/teacher/metrics.jsonl").read_text().splitlines()
        self.assertEqual(len(lines), 6)

    def test_kill_of_a_student_whose_losses_learn_too(self):
        self.recipe.write_text(HINTS)
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        killed = self.folder / "killed"
        self.assertGreaterEqual(self.stop_until_done(killed, [0.1, 0.5, 0.9, 0.2], signal.SIGKILL), 2)
        for stage in ("teacher", "hinted"):
            self.assertEqual(self.weights(stage), self.weights(stage, killed))
        stages = json.loads((self.out / "results.json").read_text())["stages"]
        self.assertNotIn("loss_parameters", stages[0])
        self.assertEqual(stages[1]["loss_parameters"], 32 * 32 + 32)
        self.assertIn("loss parameters: 1,056", stages[1]["note"])
        tensors, _ = read_safetensors(self.out / "stages/hinted/weights.safetensors")
        self.assertFalse([name for name in tensors if "fitnet" in name])

    def kill_image_networks(self, recipe):
        self.recipe.write_text(recipe)
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        killed = self.folder / "killed"
        self.assertGreaterEqual(self.stop_until_done(killed, [0.1, 0.5, 0.9, 0.2], signal.SIGKILL), 2)
        for stage in ("teacher", "distilled"):
            self.assertEqual(self.weights(stage), self.weights(stage, killed))

    def test_kill_of_image_networks_with_stored_views(self):
        self.kill_image_networks(IMAGES)

    def test_kill_of_image_networks_with_stored_features(self):
        kept = IMAGES.replace("views: 2 } } }", "views: 2 } },\n      loss: [ attention_transfer, soft_targets ] }")
        self.assertNotEqual(kept, IMAGES)
        self.kill_image_networks(kept)

    def test_a_stage_is_saved_after_its_first_epoch(self):
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet", "--set", "stages.teacher.epochs=60",
                     "--set", "stages.teacher.checkpoint_seconds=1000")
        killed = self.folder / "killed"
        metrics = killed / "stages/teacher/metrics.jsonl"
        process = self.start(killed, "--set", "stages.teacher.epochs=60",
                             "--set", "stages.teacher.checkpoint_seconds=1000")
        while process.poll() is None and not (metrics.exists() and metrics.read_text().count("\n") >= 3):
            time.sleep(0.001)
        process.kill()
        process.communicate()
        self.assertNotEqual(process.returncode, 0)
        self.assertTrue((killed / "stages/teacher/checkpoint.safetensors").exists())
        first = metrics.read_text().splitlines()[0]
        self.limbeck("run", self.recipe, "--out", killed, "--quiet", "--set", "stages.teacher.epochs=60",
                     "--set", "stages.teacher.checkpoint_seconds=1000")
        self.assertEqual(metrics.read_text().splitlines()[0], first)  # with its times: it was not run again
        self.assertEqual(self.weights("teacher"), self.weights("teacher", killed))

    def test_interrupt_saves_and_says_how_to_go_on(self):
        process = self.start(self.out, "--threads", "2")
        while process.poll() is None and not (self.out / "stages/teacher/checkpoint.safetensors").exists():
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        message = process.communicate()[1].decode()
        if process.returncode == 0:
            self.skipTest("the run was done before the signal came")
        self.assertEqual(process.returncode, 130)
        self.assertIn("everything is saved", message)
        self.assertIn("Give the same command again", message)
        # The recipe's settings are the same and so the run goes on, but the last bits depend on the number of threads.
        done = self.limbeck("run", self.recipe, "--out", self.out, "--threads", 3)
        self.assertRegex(done.stderr + done.stdout, r"begun with 2 threads, \w+ and resumes with 3 threads")
        results = json.loads((self.out / "results.json").read_text())["stages"][0]
        self.assertEqual([text.split(",")[0] for text in results["conditions"]], ["2 threads", "3 threads"])

    def test_interrupt_while_the_teacher_is_asked_stops(self):
        self.recipe.write_text("name: asked\ndata: { source: { digits: { train: 60000, test: 20 } } }\n"
                               "networks: { large: resnet110, n: { mlp: [4] } }\n"
                               "stages:\n  - { name: teacher, train: large, epochs: 1, examples: { fraction: "
                               "0.0005 } }\n  - { name: distilled, train: n, epochs: 1, teacher: teacher }\n")
        process = self.start(self.out, "--threads", "1")
        while process.poll() is None and not (self.out / "stages/teacher/evaluation.json").exists():
            time.sleep(0.01)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        message = process.communicate(timeout=60)[1].decode()
        self.assertEqual(process.returncode, 130, message)
        self.assertIn("stopped while the teacher was asked for its outputs; everything is saved", message)

    def test_interrupt_at_any_moment_disturbs_no_product(self):
        """Signals come in the middle of generated code, whose numbers no frame of a handler may overwrite."""
        self.recipe.write_text("name: products\ndata: { source: { digits: { train: 4000, test: 100 } } }\n"
                               "networks: { n: { mlp: [64] } }\n"
                               "stages: [ { name: teacher, train: n, epochs: 4000 } ]\n")
        for trial in range(8):
            out = self.folder / f"trial{trial}"
            process = self.start(out, "--threads", str(1 + trial % 2))
            while process.poll() is None and not (out / "stages/teacher/metrics.jsonl").exists():
                time.sleep(0.002)
            time.sleep(0.02 + 0.013 * trial)
            process.send_signal(signal.SIGINT)
            message = process.communicate()[1].decode()
            self.assertEqual(process.returncode, 130, message)
            self.assertIn("everything is saved", message)


if __name__ == "__main__":
    unittest.main()
