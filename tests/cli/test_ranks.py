"""Several processes that train together: they compute what one does, and say which of them is gone."""
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import unittest

from support import LIMBECK, ProgramTest

try:
    import torch
except ImportError:
    torch = None

HEAD = """name: ranks
data: {{ source: {{ digits: {{ train: {train}, test: 200 }} }}, validation: 50 }}
networks: {{ big: {{ {big} }}, small: {{ {small} }} }}
stages:
  - {{ name: teacher, train: big, epochs: 1, batch_size: 64 }}
  - {{ name: student, train: small, teacher: {teacher}, batch_size: 64, {stage} }}
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Ranks(ProgramTest):
    def write(self, stage="epochs: 2", big="mlp: [32, 16]", small="mlp: [12]", teacher="teacher", train=403):
        self.recipe.write_text(HEAD.format(stage=stage, big=big, small=small, teacher=teacher, train=train))

    def start(self, count, out, *flags, environment=None, ranks=None):
        port = free_port()
        started = []
        for rank in range(count) if ranks is None else ranks:
            own = {**os.environ, "RANK": str(rank), "WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count),
                   "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), **(environment or {})}
            started.append(subprocess.Popen(
                [LIMBECK, "run", str(self.recipe), "--out", str(out), "--threads", "1", "--quiet", *flags], env=own,
                cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
            self.addCleanup(started[-1].kill)
        return started

    def finish(self, started, expect=0):
        said = []
        for process in started:
            out, errors = process.communicate(timeout=200)
            self.assertEqual(process.returncode, expect, out + errors)
            said.append(errors)
        return said

    def run_ranks(self, count, out=None, *flags, **options):
        out = out or self.folder / f"ranks{count}"
        self.finish(self.start(count, out, *flags, **options))
        return out

    def run_one(self):
        out = self.folder / "one"
        shutil.rmtree(out, ignore_errors=True)
        self.limbeck("run", self.recipe, "--out", out, "--threads", 1, "--quiet")
        return out

    def numbers(self, out):
        stages = json.loads((out / "results.json").read_text())["stages"]
        return [stage["evaluations"][split][key] for stage in stages for split in ("test", "validation", "train")
                if split in stage["evaluations"] for key in ("nll", "errors")]

    def epochs(self, out, stage="student"):
        lines = (out / "stages" / stage / "metrics.jsonl").read_text().splitlines()
        return [(epoch["train"]["loss"], epoch["train"]["errors"], epoch["validation"]["loss"],
                 *epoch["terms"].values()) for epoch in map(json.loads, lines)]

    def assert_as_one(self, counts=(2, 4), **recipe):
        self.write(**recipe)
        one = self.run_one()
        for count in counts:
            for file in self.folder.glob("outputs*"):
                file.unlink()
            out = self.run_ranks(count)
            for mine, theirs in zip(self.numbers(out), self.numbers(one)):
                self.assertAlmostEqual(mine, theirs, delta=2e-5 * abs(theirs), msg=f"{count} ranks")
            for mine, theirs in zip(self.epochs(out), self.epochs(one), strict=True):
                for a, b in zip(mine, theirs, strict=True):
                    self.assertAlmostEqual(a, b, delta=2e-5 * abs(b), msg=f"{count} ranks")
            shutil.rmtree(out)

    def test_ranks_compute_what_one_process_does(self):
        """Dropout, views, mixup, labels that not all examples have."""
        self.assert_as_one(small="mlp: { hidden: [12], dropout: { hidden: 0.3 } }",
                           stage="epochs: 2, augment: { shift: 2, mixup: {} }, examples: { unlabelled: 0.4 }, "
                                 "loss: [ soft_targets, hard_labels ]")

    def test_a_teacher_of_every_kind(self):
        store = self.folder / "outputs.bin"
        self.assert_as_one((2,), teacher=f"{{ network: {{ of: teacher, store: {store}, views: 2 }} }}",
                           stage="epochs: 3, augment: { shift: 2 }")
        self.assertFalse(store.exists())  # each rank filled a shard
        self.assertEqual(sorted(file.name for file in self.folder.glob("outputs*")),
                         ["outputs-00001-of-00002.bin", "outputs-00002-of-00002.bin", "outputs.bin.index.json"])
        self.assert_as_one((2,), teacher="{ network: { of: teacher, outputs: kept } }")
        self.assert_as_one((2,), teacher="{ virtual: {} }")
        self.assert_as_one((3,), stage="epochs: 1, replicas: { count: 2, together: true }")

    def test_losses_with_parameters_and_over_relations(self):
        for loss in ("fitnet: { from: relu1, to: relu1 }", "rkd: {}", "crd: {}"):
            self.assert_as_one((3,), stage=f"epochs: 2, loss: [ {loss}, hard_labels ]")

    def test_batch_norm_is_of_each_part_or_of_the_whole(self):
        sizes = {"big": "resnet8: {}", "small": "resnet8: {}", "train": 178}
        self.write(stage="epochs: 1, sync_batch_norm: true", **sizes)
        self.recipe.write_text(self.recipe.read_text().replace("train: big,", "train: big, sync_batch_norm: true,"))
        one = self.run_one()
        whole = self.run_ranks(2)
        self.write(stage="epochs: 1", **sizes)
        parts = self.run_ranks(2, self.folder / "parts")
        def difference(out):
            return max(abs(a - b) / abs(b) for a, b in zip(self.numbers(out)[::2], self.numbers(one)[::2]))
        self.assertLess(difference(whole), 2e-6)
        self.assertGreater(difference(parts), 1e-5)
        self.assertLess(difference(parts), 0.2)

    def test_the_same_number_of_ranks_gives_the_same_bits(self):
        self.write(stage="epochs: 2, loss: [ soft_targets, hard_labels ]")
        first, again = self.run_ranks(2, self.folder / "a"), self.run_ranks(2, self.folder / "b")
        self.assertEqual(self.weights("student", first), self.weights("student", again))

    def test_a_stopped_run_resumes_to_the_same_bits(self):
        self.write(stage="epochs: 400, checkpoint_seconds: 0")
        whole = self.weights("student", self.run_ranks(2, self.folder / "whole"))
        out = self.folder / "stopped"
        started = self.start(2, out)
        checkpoint = out / "stages/student/checkpoint.safetensors"
        self.wait_for(checkpoint.exists, started)
        started[1].send_signal(signal.SIGTERM)  # one is told, and all stop
        for process, said in zip(started, [p.communicate(timeout=60)[1] for p in started]):
            self.assertEqual(process.returncode, 143 if process is started[1] else 128, said)
        self.assertTrue(checkpoint.exists())
        self.assertFalse((out / "stages/student/stage.json").exists())
        self.run_ranks(2, out)
        self.assertEqual(self.weights("student", out), whole)

    def wait_for(self, condition, started, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end)
            self.assertTrue(all(process.poll() is None for process in started), "a rank ended early")
            time.sleep(0.02)

    def test_a_killed_rank_is_named_and_the_run_goes_on(self):
        self.write(stage="epochs: 300, checkpoint_seconds: 0")
        whole = self.weights("student", self.run_ranks(3, self.folder / "whole"))
        for killed in (2, 0):
            out = self.folder / f"killed{killed}"
            started = self.start(3, out)
            self.wait_for((out / "stages/student/checkpoint.safetensors").exists, started)
            started[killed].kill()
            began = time.monotonic()
            for rank, process in enumerate(started):
                errors = process.communicate(timeout=60)[1]
                if rank != killed:
                    self.assertEqual(process.returncode, 1, errors)
                    self.assertRegex(errors, rf"rank {killed}\b.* is gone")
                    self.assertIn("Started again, the run resumes", errors)
            self.assertLess(time.monotonic() - began, 30)
            self.run_ranks(3, out)
            self.assertEqual(self.weights("student", out), whole)

    def test_another_number_of_ranks_goes_on(self):
        self.write(stage="epochs: 200, checkpoint_seconds: 0")
        out = self.folder / "run"
        temporary = self.folder / "tmp"
        temporary.mkdir()
        started = self.start(3, out, environment={"TMPDIR": str(temporary)})
        self.wait_for((out / "stages/student/checkpoint.safetensors").exists, started)
        for process in reversed(started):  # rank 0 last, whose end the others notice
            process.kill()
        for process in started:
            process.communicate()
        self.assertEqual(len(list(temporary.iterdir())), 2)
        self.run_ranks(2, out, environment={"TMPDIR": str(temporary)})
        self.assertEqual(list(temporary.iterdir()), [])  # nor is anything left of those that were killed
        student = json.loads((out / "results.json").read_text())["stages"][1]
        self.assertEqual([said.rpartition(", ")[2] for said in student["conditions"]], ["3 processes", "2 processes"])

    def test_one_rank_writes(self):
        self.write(stage="epochs: 1")
        temporary = self.folder / "tmp"
        temporary.mkdir()
        out = self.run_ranks(2, environment={"TMPDIR": str(temporary)})
        self.assertEqual(list(temporary.iterdir()), [])
        self.assertTrue((out / "report.html").exists())
        metrics = (out / "stages/student/metrics.jsonl").read_text().splitlines()
        self.assertEqual(len(metrics), 1)
        # Another run of the same folder finds it finished.
        self.finish(self.start(2, out, environment={"TMPDIR": str(temporary)}))

    def test_what_does_not_fit_together_is_said(self):
        self.write()
        done = self.limbeck("run", self.recipe, "--out", self.out, environment={"RANK": "0"}, expect=2)
        self.assertIn("RANK is set, and WORLD_SIZE, MASTER_ADDR, MASTER_PORT are not", done.stderr)
        (said,) = self.finish(self.start(3, self.out, environment={"LIMBECK_JOIN_SECONDS": "1"}, ranks=[0]), 1)
        self.assertIn("ranks 1, 2 of 3 did not come in 1 s", said)
        port = {"MASTER_PORT": str(free_port())}
        for flags, what in ((["--set", "stages.student.epochs=5"], "recipe"), (["--seed", "7"], "choice of seeds")):
            first = self.start(2, self.out, environment=port, ranks=[0])
            second = self.start(2, self.out, *flags, environment=port, ranks=[1])
            for said in self.finish(first + second, 2):
                self.assertIn(f"rank 1 has another {what} than rank 0", said)

    @unittest.skipIf(torch is None or shutil.which("torchrun") is None, "there is no torchrun")
    def test_torchrun(self):
        self.write(stage="epochs: 2")
        # Without -r, that of Python 3.11 and PyTorch 1.13 ends with an error of its own.
        done = subprocess.run(["torchrun", "-r", "2", "-t", "2", "--no_python", "--nproc_per_node", "2",
                               "--master_port", str(free_port()), LIMBECK, "run", str(self.recipe), "--out",
                               str(self.out)],
                              capture_output=True, text=True, cwd=self.folder, timeout=200, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("2 processes train together, started by torchrun", done.stderr)
        self.assertEqual(done.stdout.count("Report: "), 1)
        one = self.run_one()
        for mine, theirs in zip(self.numbers(self.out), self.numbers(one), strict=True):
            self.assertAlmostEqual(mine, theirs, delta=2e-5 * abs(theirs))

    @unittest.skipIf(torch is None or shutil.which("torchrun") is None, "there is no torchrun")
    def test_torchrun_restarts_from_the_checkpoint(self):
        self.write(stage="epochs: 120, checkpoint_seconds: 0.05, loss: [ soft_targets, hard_labels ]")
        whole = self.run_ranks(2)
        running = subprocess.Popen(["torchrun", "-r", "2", "-t", "2", "--no_python", "--nproc_per_node", "2",
                                    "--max_restarts", "2", "--master_port", str(free_port()), LIMBECK, "run",
                                    str(self.recipe), "--out", str(self.out), "--threads", "1"],
                                   cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(running.kill)
        checkpoint = self.out / "stages" / "student" / "checkpoint.safetensors"
        deadline = time.monotonic() + 60
        while not checkpoint.exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        ranks = subprocess.run(["pgrep", "-P", str(running.pid), "-f", "limbeck"], capture_output=True, text=True)
        os.kill(int(ranks.stdout.split()[-1]), signal.SIGKILL)
        out, errors = running.communicate(timeout=200)
        self.assertEqual(running.returncode, 0, out + errors)
        self.assertGreater(errors.count("2 processes train together"), 1)
        for stage in ("teacher", "student"):
            self.assertEqual(self.weights(stage), self.weights(stage, whole))

    @unittest.skipIf(shutil.which("mpirun") is None, "there is no mpirun")
    def test_distill(self):
        distill = [LIMBECK, "distill", "--teacher", "mlp:32", "--student", "mlp:8", "--source",
                   "{ digits: { train: 300, test: 50 } }", "--epochs", "2", "--teacher-epochs", "1", "--quiet"]
        run = {"capture_output": True, "text": True, "cwd": self.folder, "timeout": 200, "check": True}
        subprocess.run(["mpirun", "--allow-run-as-root", "--oversubscribe", "-x", f"MASTER_PORT={free_port()}", "-np",
                        "2", *distill, "--out", str(self.out)], **run)
        subprocess.run([*distill, "--out", str(self.folder / "one")], **run)
        for mine, theirs in zip(self.numbers(self.out), self.numbers(self.folder / "one"), strict=True):
            self.assertAlmostEqual(mine, theirs, delta=2e-5 * abs(theirs))

    @unittest.skipIf(shutil.which("mpirun") is None, "there is no mpirun")
    def test_open_mpi(self):
        self.write(stage="epochs: 2")
        done = subprocess.run(["mpirun", "--allow-run-as-root", "--oversubscribe", "-x", f"MASTER_PORT={free_port()}",
                               "-np", "2", LIMBECK, "run", str(self.recipe), "--out", str(self.out)],
                              capture_output=True, text=True, cwd=self.folder, timeout=200, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("2 processes train together, started by Open MPI", done.stderr)
        self.assertEqual(done.stdout.count("Report: "), 1)


if __name__ == "__main__":
    unittest.main()
