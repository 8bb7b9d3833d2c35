"""Processes of several hosts that share a folder. A host of which nothing is heard is here a file that it left."""
import json
import os
import re
import signal
import subprocess
import time
import unittest

from support import LIMBECK, SOURCE, ProgramTest

RECIPE = """
name: tiny
data: { source: { digits: { train: 300, test: 60 } }, validation: 40 }
networks: { large: { mlp: [24] }, small: { mlp: [8] } }
stages:
  - { name: teacher, train: large, epochs: 10, checkpoint_seconds: 0 }
  - name: distilled
    train: small
    epochs: 60
    checkpoint_seconds: 0
    teacher: teacher
    loss: [ soft_targets: { temperature: 4, weight: 0.9 }, hard_labels: { weight: 0.1 } ]
"""
ENSEMBLE = """
name: ensemble
data: { source: { digits: { train: 300, test: 60 } } }
networks: { n: { mlp: [8] } }
stages: [{ name: ensemble, train: n, epochs: 2, replicas: 3 }]
"""
GRID = ("--over", "stages.distilled.loss.soft_targets.temperature=1,2,3,4", "--threads", "1", "--jobs", "1")


def leave_lease(file, age=0, lasts=60):
    """As a process of another host leaves it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"host": "node7", "process": 12, "kernel": "another", "lasts_seconds": lasts,
                                "token": str(time.time())}))
    os.utime(file, (time.time() - age,) * 2)


class SharedFolders(ProgramTest):
    alone = {}

    def setUp(self):
        super().setUp()
        self.recipe.write_text(RECIPE)
        self.begun = []
        self.addCleanup(self.end)

    def end(self):
        for process in self.begun:
            process.kill()
            process.communicate()

    def start(self, *arguments):
        process = subprocess.Popen([LIMBECK, "sweep", self.recipe, "--out", self.out, *GRID, *arguments],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder,
                                   start_new_session=True)
        self.begun.append(process)
        return process

    def wait_for(self, condition, *processes):
        deadline = time.time() + 120
        while not condition():
            for process in processes:
                self.assertIsNone(process.poll(), "it ended too early")
            self.assertLess(time.time(), deadline)
            time.sleep(0.005)

    def ended(self, process, expect=0):
        output, errors = process.communicate(timeout=200)
        self.assertEqual(process.returncode, expect, output + errors)
        return output, errors

    def points(self):
        return json.loads((self.out / "sweep.json").read_text())["points"]

    def held_by(self, process):
        """The points on which a process has the claim, and has begun to train the student."""
        found = []
        for lease in self.out.glob("points/*.lease"):
            try:
                holder = json.loads(lease.read_text())["process"]
            except (OSError, ValueError):
                continue
            if holder == process.pid and (lease.with_suffix("") / "stages/distilled/checkpoint.safetensors").exists():
                found.append(lease.stem)
        return found

    def weights_of(self, point, out):
        return [self.weights(stage, out / point["run"]) for stage in ("teacher", "distilled")]

    def weights_alone(self, point):
        """Of a sweep that one process ran, for all tests."""
        if not SharedFolders.alone:
            out = self.folder / "alone"
            self.limbeck("sweep", self.recipe, "--out", out, *GRID, "--quiet")
            SharedFolders.alone = {point["run"]: self.weights_of(point, out) for point in self.points()}
        return SharedFolders.alone[point["run"]]

    def check_whole_sweep(self):
        """All points are done, with the bits of a sweep that one process ran, and nothing else is left."""
        self.assertEqual([point["status"] for point in self.points()], ["done"] * 4)
        for point in self.points():
            self.assertEqual(self.weights_of(point, self.out), self.weights_alone(point))
        left = [file.name for file in self.out.rglob("*") if re.search(r"\.(lease|part)$|^\d+\.json", file.name)]
        self.assertEqual(left, [])

    def test_two_processes_share_a_sweep(self):
        leads = self.start()
        self.wait_for((self.out / "sweep.json").exists, leads)
        helps = self.start("--help-along")
        output, errors = self.ended(helps)
        ran = int(re.match(r"(\d+) points? run; the others are done, or other processes run them\n", output)[1])
        self.assertIn(ran, (1, 2, 3))
        self.assertEqual(len(errors.splitlines()), ran)
        output, errors = self.ended(leads)
        self.assertEqual(errors.count("by another process"), ran)
        self.assertEqual(len(errors.splitlines()), 4)
        self.check_whole_sweep()
        # A teacher that is trained twice takes another time.
        records = {(self.out / point["run"] / "stages/teacher/stage.json").read_text() for point in self.points()}
        self.assertEqual(len(records), 1)
        self.assertEqual(json.loads(self.limbeck("sweep", self.recipe, "--out", self.out, *GRID, "--help-along",
                                                 "--json").stdout), {"ran": 0, "failed": 0})

    def test_what_a_helper_ran_is_shown_while_the_leading_process_is_at_work(self):
        grid = (LIMBECK, "sweep", self.recipe, "--out", self.out, "--threads", "1", "--jobs", "1", "--over",
                "stages.teacher.epochs=100000,1")  # points that share no stage
        leads = subprocess.Popen(grid, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.begun.append(leads)
        self.wait_for((self.out / "points/0001/stages/teacher/checkpoint.safetensors").exists, leads)
        self.limbeck(*grid[1:], "--help-along", "--quiet")
        self.wait_for(lambda: self.points()[1]["status"] == "done", leads)
        self.assertFalse((self.out / "points/0002.lease").exists())
        leads.send_signal(signal.SIGTERM)
        self.assertIn("stopped after 1 of 2 points; everything is saved", self.ended(leads, expect=143)[1])

    def test_the_point_of_a_helper_that_was_killed_is_run_by_the_sweep(self):
        leads = self.start("--set", "stages.distilled.epochs=300")
        self.wait_for((self.out / "sweep.json").exists, leads)
        helps = self.start("--help-along", "--set", "stages.distilled.epochs=300")
        self.wait_for(lambda: self.held_by(helps), leads, helps)
        point = self.held_by(helps)[0]
        helps.kill()
        helps.communicate()
        self.assertTrue((self.out / f"points/{point}.lease").exists())
        _, errors = self.ended(leads)
        self.assertNotIn("by another process", errors)
        self.assertEqual([point["status"] for point in self.points()], ["done"] * 4)
        self.assertEqual(list(self.out.rglob("*.lease")), [])

    def test_helpers_finish_what_a_sweep_that_was_killed_began(self):
        leads = self.start()
        self.wait_for((self.out / "points/0001/stages/teacher/checkpoint.safetensors").exists, leads)
        leads.kill()
        leads.communicate()
        told = self.limbeck("sweep", self.recipe, "--out", self.out, *GRID, "--help-along", "--json", "--quiet")
        self.assertEqual(json.loads(told.stdout), {"ran": 4, "failed": 0})
        self.assertEqual([point["status"] for point in self.points()], ["pending"] * 4)
        again = self.limbeck("sweep", self.recipe, "--out", self.out, *GRID)
        self.assertEqual(again.stderr, "4 of 4 points done before, unchanged\n")
        self.check_whole_sweep()

    def test_a_helper_that_is_stopped_leaves_its_points_to_the_sweep(self):
        leads = self.start("--set", "stages.distilled.epochs=300")
        self.wait_for((self.out / "sweep.json").exists, leads)
        helps = self.start("--help-along", "--set", "stages.distilled.epochs=300")
        self.wait_for(lambda: self.held_by(helps), leads, helps)
        os.killpg(helps.pid, signal.SIGINT)
        self.assertIn("the sweep resumes the points that were begun", self.ended(helps, expect=130)[1])
        self.ended(leads)
        self.assertEqual([point["status"] for point in self.points()], ["done"] * 4)

    def test_points_of_another_host_are_left_to_it_while_it_lives(self):
        self.limbeck("sweep", self.recipe, "--out", self.out, *GRID, "--quiet", "--set", "stages.distilled.epochs=1")
        leave_lease(self.out / "points/0002.lease", lasts=6)
        told = self.limbeck("sweep", self.recipe, "--out", self.out, *GRID).stderr
        self.assertEqual(re.findall(r"point (\d) of 4", told), ["1", "3", "4", "2"])
        self.check_whole_sweep()

    def test_a_point_that_fails_is_told_of_and_tried_again_by_the_sweep(self):
        sweep = ("sweep", self.recipe, "--out", self.out, "--quiet", "--over",
                 f"networks.small={{mlp: [8]}},{{mlp: [8], weights: {self.folder / 'none.safetensors'}}}")
        self.limbeck(*sweep, expect=1)
        state = (self.out / "sweep.json").read_text()
        (self.out / "sweep.json").write_text(state.replace('"failed"', '"pending"'))
        told = self.limbeck(*sweep, "--help-along", expect=1)
        self.assertIn("1 point run; the others are done", told.stdout)
        self.assertIn("1 of 1 points failed", told.stderr)
        point = json.loads((self.out / "points/0002.json").read_text())
        self.assertEqual(point["status"], "failed")
        self.assertIn("there is no file", point["message"])
        self.assertIn("0 points run", self.limbeck(*sweep, "--help-along").stdout)
        (self.out / "points/0002.log").unlink()
        self.limbeck(*sweep, expect=1)
        self.assertTrue((self.out / "points/0002.log").exists())
        self.assertFalse((self.out / "points/0002.json").exists())

    def test_tasks_of_a_slurm_array_share_a_sweep(self):
        environment = {**os.environ, "PATH": f"{os.path.dirname(LIMBECK)}:{os.environ['PATH']}",
                       "SLURM_SUBMIT_DIR": str(self.folder), "SLURM_ARRAY_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "1"}
        for task in ("1", "0"):
            self.begun.append(subprocess.Popen(
                ["bash", SOURCE / "examples/slurm_array.sh", self.recipe, *GRID[:2]], stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, env={**environment, "SLURM_ARRAY_TASK_ID": task},
                start_new_session=True))
        self.assertRegex(self.ended(self.begun[0])[0], r"^[1-3] points? run; ")
        self.assertIn("sweep.html", self.ended(self.begun[1])[0])
        self.out = self.folder / "runs/sweep-7"
        self.assertEqual([point["status"] for point in self.points()], ["done"] * 4)

    def test_helping_needs_the_same_sweep(self):
        help_along = ("sweep", self.recipe, "--out", self.out, *GRID, "--help-along")
        message = self.limbeck(*help_along, expect=2).stderr
        self.assertIn(f"there is no sweep in '{self.out}' to help along; start it by the same command without "
                      "--help-along", message)
        self.assertFalse(self.out.exists())
        self.limbeck("sweep", self.recipe, "--out", self.out, *GRID, "--quiet", "--set", "stages.distilled.epochs=1")
        for other, reason in ((("--set", "stages.distilled.epochs=2"),
                               "its point 1 has other settings, data or device"),
                              (("--seeds", "2"), "it has other seeds"),
                              (("--stage", "teacher"), "it shows the stage 'distilled', this command 'teacher'"),
                              (("--over", "stages.teacher.epochs=1,2"), "it has 4 points, this command 8")):
            same = () if "--set" in other else ("--set", "stages.distilled.epochs=1")
            message = self.limbeck(*help_along, *same, *other, expect=2).stderr
            self.assertIn(f"the sweep in '{self.out}' is another: {reason}; expected the command that started it, and "
                          "--help-along", message)

    def test_a_folder_of_another_host_is_refused_while_it_lives(self):
        leave_lease(self.out / ".lease", age=20)
        (self.out / ".lock").touch()
        message = self.limbeck("run", self.recipe, "--out", self.out, "--quiet", expect=1).stderr
        self.assertRegex(message, rf"the folder '{self.out}' is in use by another run on the host 'node7' "
                                  r"\(process 12, last sign of life 2\d s ago\); wait for it or choose another --out\. "
                                  r"If that host is dead, the folder is free in (3\d|40) s")
        self.assertFalse((self.out / "stages").exists())
        leave_lease(self.out / ".lease", age=70)
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet")
        self.assertTrue((self.out / "results.json").exists())
        self.assertFalse((self.out / ".lease").exists())

    def test_members_of_another_host_are_left_to_it_while_it_lives(self):
        self.recipe.write_text(ENSEMBLE)
        leave_lease(self.out / "stages/ensemble.2/.lease")
        (self.out / ".lock").touch()
        helped = self.limbeck("run", self.recipe, "--out", self.out, "--help-along", "--json", "--quiet").stdout
        self.assertEqual(json.loads(helped), {"trained": 2})
        self.assertFalse((self.out / "stages/ensemble.2/stage.json").exists())
        leave_lease(self.out / "stages/ensemble.2/.lease", lasts=6)
        told = self.limbeck("run", self.recipe, "--out", self.out)
        self.assertIn("ensemble: waiting for members that other processes train", told.stderr + told.stdout)
        self.assertTrue((self.out / "stages/ensemble.2/stage.json").exists())
        self.assertEqual(list(self.out.rglob("*.lease")), [])

    def test_a_lease_is_a_number_of_seconds(self):
        for value in ("4", "minute"):
            message = self.limbeck("run", self.recipe, "--out", self.out, expect=2,
                                   environment={"LIMBECK_LEASE_SECONDS": value}).stderr
            self.assertIn(f"LIMBECK_LEASE_SECONDS='{value}'; expected seconds, from 5 to 86400", message)


if __name__ == "__main__":
    unittest.main()
