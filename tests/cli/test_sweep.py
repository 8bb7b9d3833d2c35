"""Sweeps: what is common is trained once, what is done is kept, what goes wrong is told."""
import json
import os
import pathlib
import signal
import subprocess
import time
import unittest

from support import LIMBECK, ProgramTest

RECIPE = """
name: tiny
data: { source: { digits: { train: 300, test: 60 } }, validation: 40 }
networks: { large: { mlp: [24] }, small: { mlp: [8] } }
stages:
  - { name: teacher, train: large, epochs: 3, checkpoint_seconds: 0 }
  - name: distilled
    train: small
    epochs: 2
    checkpoint_seconds: 0
    teacher: teacher
    loss: [ soft_targets: { temperature: 4, weight: 0.9 }, hard_labels: { weight: 0.1 } ]
"""
TEMPERATURE = "stages.distilled.loss.soft_targets.temperature"
GRID = f"{TEMPERATURE}=1,2,4"


def processes_of(folder):
    """The command lines of all processes that name a folder."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes()
        except OSError:
            continue
        if str(folder).encode() in line and entry.parent.name != str(os.getpid()):
            found.append(line)
    return found


class Sweeps(ProgramTest):
    def setUp(self):
        super().setUp()
        self.recipe.write_text(RECIPE)

    def sweep(self, *arguments, out=None, expect=0, **options):
        return self.limbeck("sweep", self.recipe, "--out", out or self.out, *arguments, expect=expect, **options)

    def read(self, out=None):
        return json.loads(((out or self.out) / "sweep.json").read_text())

    def start(self, *arguments):
        return subprocess.Popen([LIMBECK, "sweep", self.recipe, "--out", self.out, *arguments],
                                stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True, cwd=self.folder, start_new_session=True)

    def wait_for(self, condition, process):
        deadline = time.time() + 120
        while not condition():
            self.assertIsNone(process.poll(), "the sweep ended too early")
            self.assertLess(time.time(), deadline)
            time.sleep(0.005)

    def stage(self, run, name):
        return json.loads((self.out / run / "stages" / name / "stage.json").read_text())

    def test_a_grid_trains_the_teacher_once(self):
        done = self.sweep("--over", GRID)
        self.assertEqual(len(done.stderr.splitlines()), 3)
        self.assertRegex(done.stderr,
                         r"point 1 of 3 \(temperature 1\): \d+ errors on validation, [\d.]+ s; about [\d.]+ s left")
        self.assertIn("sweep.html", done.stdout)
        for temperature in ("1", "2", "4"):
            self.assertRegex(done.stdout, rf"(?m)^ +{temperature} +\d+ ")
        for file in ("sweep.html", "sweep.svg"):
            self.assertTrue((self.out / file).exists(), file)

        sweep = self.read()
        self.assertEqual({key: sweep[key] for key in ("name", "keys", "metric", "stage", "chosen_on", "seeds")},
                         {"name": "tiny", "keys": [TEMPERATURE], "metric": "errors", "stage": "distilled",
                          "chosen_on": "validation", "seeds": [1]})
        self.assertEqual([point["values"] for point in sweep["points"]], [{TEMPERATURE: value} for value in (1, 2, 4)])
        for point in sweep["points"]:
            self.assertEqual(point["status"], "done")
            results = json.loads((self.out / point["run"] / "results.json").read_text())
            for split in ("test", "validation"):
                metrics = results["stages"][1]["evaluations"][split]
                for metric in ("errors", "accuracy", "nll", "ece", "agreement", "teacher_kl"):
                    self.assertEqual(point["results"][split][metric],
                                     {"mean": metrics[metric], "deviation": None, "values": [metrics[metric]]})
        # Two trainings would differ in the time that they took.
        teachers = [self.stage(point["run"], "teacher") for point in sweep["points"]]
        self.assertEqual(teachers[0], teachers[1])
        self.assertEqual(teachers[0], teachers[2])
        distilled = [self.stage(point["run"], "distilled")["settings"]["loss"][0]["soft_targets"]["temperature"]
                     for point in sweep["points"]]
        self.assertEqual(distilled, [1, 2, 4])

    def test_stages_of_another_run_are_taken_over(self):
        before = self.folder / "before"
        self.limbeck("run", self.recipe, "--out", before, "--quiet")
        self.sweep("--over", f"{TEMPERATURE}=1,2", "--reuse", before, "--quiet")
        teacher = json.loads((before / "stages" / "teacher" / "stage.json").read_text())
        for point in self.read()["points"]:
            self.assertEqual(self.stage(point["run"], "teacher"), teacher)
        self.assertIn("there is no run folder 'nowhere'",
                      self.sweep("--over", GRID, "--reuse", "nowhere", expect=2).stderr)

    def test_its_report_is_written_again(self):
        done = self.sweep("--over", GRID, "--quiet")
        for file in ("sweep.html", "sweep.svg"):
            (self.out / file).unlink()
        again = self.limbeck("report", self.out)
        self.assertEqual(again.stdout, done.stdout.lstrip("\n"))
        for file in ("sweep.html", "sweep.svg"):
            self.assertTrue((self.out / file).exists(), file)
        self.assertEqual(json.loads(self.limbeck("report", self.out, "--json").stdout), self.read())

    def test_nothing_is_best_within_the_noise(self):
        done = self.sweep("--over", GRID)
        self.assertRegex(done.stdout,
                         r"temperature \d has the lowest errors on validation: [\d,]+, [\d,]+ on test; "
                         r"how much of that is chance cannot be told from one seed")
        self.assertNotIn("best", done.stdout)
        done = self.sweep("--over", f"{TEMPERATURE}=4,4.001", "--seeds", 3)
        self.assertRegex(done.stdout, r"; within the noise of 3 seeds it is no better than temperature [\d.]+\.")
        self.assertIn("within the noise", (self.out / "sweep.html").read_text())

    def test_what_is_done_is_not_run_again(self):
        self.sweep("--over", GRID, "--quiet")
        first = self.read()
        times = {file: file.stat().st_mtime_ns for file in self.out.glob("points/**/*")}
        done = self.sweep("--over", GRID)
        self.assertEqual(done.stderr, "3 of 3 points done before, unchanged\n")
        self.assertEqual(self.read(), first)
        self.assertEqual({file: file.stat().st_mtime_ns for file in self.out.glob("points/**/*")}, times)

        # Another list, the other way round: two points are kept, the new one has a folder of its own.
        done = self.sweep("--over", f"{TEMPERATURE}=4,9,1", "--quiet")
        self.assertEqual(done.stderr, "")
        points = self.read()["points"]
        self.assertEqual([point["run"] for point in points], ["points/0003", "points/0004", "points/0001"])
        self.assertEqual([points[0], points[2]], [first["points"][2], first["points"][0]])
        self.assertEqual(self.stage("points/0004", "teacher"), self.stage("points/0003", "teacher"))

        # A setting of all points changes them all.
        self.sweep("--over", f"{TEMPERATURE}=4", "--set", "stages.distilled.epochs=1", "--quiet")
        self.assertEqual(self.read()["points"][0]["run"], "points/0003")
        self.assertEqual(self.stage("points/0003", "distilled")["settings"]["epochs"], 1)

    def test_several_seeds_and_keys_that_move_together(self):
        over = "stages.distilled.loss.soft_targets.weight,stages.distilled.loss.hard_labels.weight=[0.9,0.1],[0.5,0.5]"
        done = self.sweep("--over", over, "--seeds", 2, "--seed", 4, "--metric", "accuracy", "--stage", "distilled",
                          "--json", "--quiet")
        sweep = json.loads(done.stdout)
        self.assertEqual(sweep, self.read())
        self.assertEqual((sweep["seeds"], sweep["metric"]), ([4, 5], "accuracy"))
        self.assertEqual([list(point["values"].values()) for point in sweep["points"]], [[0.9, 0.1], [0.5, 0.5]])
        for point in sweep["points"]:
            results = json.loads((self.out / point["run"] / "results.json").read_text())
            self.assertEqual(results["seeds"], [4, 5])
            self.assertEqual(point["results"]["test"]["accuracy"],
                             results["stages"][1]["over_seeds"]["test"]["accuracy"])
        for seed in (4, 5):
            teachers = [self.stage(f"{point['run']}/seed-{seed}", "teacher") for point in sweep["points"]]
            self.assertEqual(*teachers)

    def test_random_points_follow_from_the_seed(self):
        arguments = ("--over", f"{TEMPERATURE}=1..20:log", "--over", "stages.distilled.epochs=1..3", "--random", 3,
                     "--quiet")
        drawn = []
        for name, seed in (("a", 7), ("b", 7), ("c", 8)):
            self.sweep(*arguments, "--seed", seed, out=self.folder / name)
            drawn.append([point["values"] for point in self.read(self.folder / name)["points"]])
        self.assertEqual(drawn[0], drawn[1])
        self.assertNotEqual(drawn[0], drawn[2])
        for values in drawn[0] + drawn[2]:
            self.assertTrue(1 <= values[TEMPERATURE] <= 20)
            self.assertIn(values["stages.distilled.epochs"], (1, 2, 3))

    def test_mistakes_are_found_before_any_work(self):
        for arguments, message in (
                (("--over", "stages.distilled.epocs=1,2"),
                 "--over stages.distilled.epocs: stages[1].epocs: unknown key; did you mean 'epochs'?"),
                (("--over", f"{TEMPERATURE}=1,0"), "0 is out of range; expected a value above 0"),
                (("--over", f"{TEMPERATURE}=1..4"), "a range needs --random N"),
                (("--over", f"{TEMPERATURE}=[1,2"), "expected ] at its end"),
                (("--over", GRID, "--stage", "distiled"), "--stage: no stage 'distiled'; did you mean 'distilled'?"),
                (("--over", GRID, "--metric", "error"), "--metric: unknown metric 'error'; did you mean 'errors'?"),
                (("--over", GRID, "--set", "stages.teacher.epocs=2"),
                 "--set stages.teacher.epocs=2: stages[0].epocs: unknown key"),
                ((), "nothing to sweep over; expected --over")):
            self.assertIn(message, self.sweep(*arguments, expect=2).stderr)
        two = self.sweep("--over", f"{TEMPERATURE}=0,1", "--over", "stages.teacher.epochs=none", expect=2).stderr
        self.assertEqual(len(two.splitlines()), 2, two)
        self.assertFalse(self.out.exists())
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        self.assertIn("is the folder of a run", self.sweep("--over", GRID, expect=2).stderr)

    def test_a_point_that_fails_does_not_stop_the_others(self):
        weights = self.folder / "none.safetensors"
        arguments = ("--over", f"networks.large={{mlp: [8]}},{{mlp: [8], weights: {weights}}},{{mlp: [12]}}")
        done = self.sweep(*arguments, expect=1)
        self.assertIn("1 of 3 points failed", done.stderr)
        self.assertIn("sweep.html", done.stdout)
        points = self.read()["points"]
        self.assertEqual([point["status"] for point in points], ["done", "failed", "done"])
        self.assertIn(f"there is no file '{weights}'", points[1]["message"])
        self.assertIn(f"there is no file '{weights}'", (self.out / "points/0002.log").read_text())
        # It is tried again, and can be mended.
        self.sweep("--over", "networks.large={mlp: [8]},{mlp: [12]}", "--quiet")
        self.assertEqual([point["run"] for point in self.read()["points"]], ["points/0001", "points/0003"])

    LONG = ("--over", f"{TEMPERATURE}=1,2,3", "--set", "stages.teacher.epochs=20",
            "--set", "stages.distilled.epochs=120", "--threads", "1")

    def same_as_undisturbed(self):
        """Goes on, and compares with a sweep that nothing disturbed: on one thread, the same bits."""
        self.sweep(*self.LONG, "--quiet")
        other = self.folder / "undisturbed"
        self.sweep(*self.LONG, "--quiet", out=other)
        for point in self.read()["points"]:
            self.assertEqual(point["status"], "done")
            for stage in ("teacher", "distilled"):
                self.assertEqual(self.weights(stage, self.out / point["run"]),
                                 self.weights(stage, other / point["run"]))

    def interrupt(self, number, condition):
        process = self.start(*self.LONG)
        self.wait_for(condition, process)
        # To the whole group, as Ctrl-C on a terminal does: the runs must not get it twice.
        os.killpg(process.pid, number)
        message = process.communicate(timeout=60)[1]
        return process.returncode, message

    def test_a_signal_is_passed_on_and_the_same_command_goes_on(self):
        # In the middle of the second point: the first is done, the third has not begun.
        code, message = self.interrupt(signal.SIGINT,
                                       lambda: (self.out /
                                                "points/0002/stages/distilled/checkpoint.safetensors").exists())
        self.assertEqual(code, 130, message)
        self.assertIn("stopped after 1 of 3 points; everything is saved", message)
        self.assertIn("Give the same command again to resume.", message)
        self.assertEqual(processes_of(self.out), [])
        self.assertEqual([point["status"] for point in self.read()["points"]], ["done", "pending", "pending"])
        self.assertIn("everything is saved", (self.out / "points/0002.log").read_text())
        self.same_as_undisturbed()

    def test_a_sweep_that_was_killed_leaves_no_runs_behind_and_goes_on(self):
        code, _ = self.interrupt(signal.SIGKILL,
                                 lambda: (self.out / "points/0001/stages/teacher/checkpoint.safetensors").exists())
        self.assertEqual(code, -signal.SIGKILL)
        deadline = time.time() + 60
        while processes_of(self.out) and time.time() < deadline:
            time.sleep(0.02)
        self.assertIn("everything is saved", (self.out / "points/0001.log").read_text())
        self.same_as_undisturbed()
        self.assertEqual(processes_of(self.out), [])

    def test_two_sweeps_do_not_share_a_folder(self):
        process = self.start(*self.LONG, "--set", "stages.distilled.batch_size=100")
        self.wait_for(lambda: (self.out / "points/0001").exists(), process)
        message = self.sweep("--over", GRID, expect=1).stderr
        process.terminate()
        process.communicate(timeout=60)
        self.assertIn("in use by another run", message)
        self.assertEqual(process.returncode, 143)


if __name__ == "__main__":
    unittest.main()
