"""scripts/gpu.sh and scripts/full_strength.sh, rehearsed on the processor: the table of bench has its rows, and a
recipe in slices comes to the same weights as in one run."""
import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

from support import LIMBECK, SOURCE, ProgramTest

PAIRS = {"tiny": "MLP 16 → 8", "resnet8-resnet8": "resnet8 → resnet8"}


def rows_of(markdown):
    """By table, its rows as {column: cell}; the first cells of a row name it."""
    tables, names = [], None
    for line in markdown.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            names = None
        elif names is None:
            names = cells
            tables.append([])
        elif not set(line) <= set("|-: "):
            tables[-1].append(dict(zip(names, cells)))
    return tables


class GpuScript(ProgramTest):
    def script(self, name, *arguments, expect=0, **environment):
        done = subprocess.run([SOURCE / "scripts" / name, *map(str, arguments)], capture_output=True, text=True,
                              cwd=self.folder, timeout=300, env={**os.environ, "OMP_NUM_THREADS": "1", **environment})
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done

    def rehearse(self, *parts, **options):
        return self.script("gpu.sh", "--rehearse", *parts, OUT=str(self.out), PYTHON=sys.executable,
                           LIMBECK_BUILD=str(pathlib.Path(LIMBECK).parent), **options)

    @unittest.skipIf(importlib.util.find_spec("torch") is None, "python3-torch is not installed")
    def test_bench_leaves_a_table_with_a_row_for_each_pair_way_and_precision(self):
        self.rehearse("bench")
        text = (self.out / "bench.md").read_text()
        for name in ("date", "command", "device", "driver", "LibTorch", "peer"):
            self.assertRegex(text, rf"(?m)^- {name}: \S")
        figures, best = rows_of(text)
        self.assertEqual([(row["pair, teacher"], row["precision"]) for row in figures],
                         [(f"{title}, {way}", precision) for title in PAIRS.values() for way in ("live", "stored")
                          for precision in ("float32", "bfloat16")])
        for row in figures:
            self.assertIn("several seeds at once", row)
            mine, theirs = (float(row[column].replace(",", "")) for column in ("Limbeck", "PyTorch eager"))
            self.assertAlmostEqual(float(row["Limbeck / PyTorch"]), mine / theirs, delta=0.006 + 0.01 * mine / theirs)
        self.assertEqual([row["pair, teacher"] for row in best],
                         [f"{title}, {way}" for title in PAIRS.values() for way in ("live", "stored")])
        lines = [json.loads(line) for line in (self.out / "bench.jsonl").read_text().splitlines()]
        self.assertEqual({line["pair"] for line in lines}, set(PAIRS))
        self.assertTrue(all(line["examples_per_second"] > 0 for line in lines))

    def test_train_lays_both_precisions_side_by_side(self):
        self.rehearse("build", "train")
        (rows,) = rows_of((self.out / "train.md").read_text())
        self.assertEqual([row["stage"] for row in rows], ["teacher", "baseline", "distilled"])
        for row in rows:
            self.assertRegex(row["float32"], r"^\d+\.\d\d %$")
            self.assertRegex(row["difference, points"], r"^[+-]\d+\.\d\d$")

    def test_a_part_that_fails_does_not_hold_up_the_next(self):
        told = self.script("gpu.sh", "--rehearse", "build", "bench", "train", expect=1, OUT=str(self.out),
                           PYTHON=sys.executable, LIMBECK_BUILD=str(self.folder / "nowhere")).stdout
        self.assertIn("failed: build bench train", told)
        self.assertIn("is no part", self.script("gpu.sh", "dance", expect=2).stderr)

    def test_random_pictures_have_the_files_of_the_data_sets(self):
        subprocess.run([sys.executable, SOURCE / "bench/random_pictures.py", "data", "--train", "200", "--test", "20"],
                       cwd=self.folder, check=True)
        data = self.folder / "data"
        self.assertEqual((data / "cifar-100-binary/train.bin").stat().st_size, 200 * 3074)
        shutil.rmtree(data / "cifar-100-binary")  # of which the reader wants all that were published
        self.recipe.write_text("name: noise\ndata: { source: mnist }\nnetworks: { n: { mlp: [4] } }\n"
                               "stages: [ { name: teacher, train: n, epochs: 1 } ]\n")
        self.limbeck("run", self.recipe, "--out", "noise", "--data", "data", "--quiet")
        results = json.loads((self.folder / "noise/results.json").read_text())
        self.assertEqual(results["stages"][0]["evaluations"]["test"]["examples"], 20)

    def test_a_recipe_in_slices_comes_to_the_same_weights(self):
        self.recipe.write_text("name: sliced\ndata: { source: { digits: { train: 2000, test: 50 } } }\n"
                               "networks: { large: { mlp: [64] }, small: { mlp: [8] } }\nstages:\n"
                               "  - { name: teacher, train: large, epochs: 700 }\n"
                               "  - { name: distilled, train: small, epochs: 20, teacher: teacher }\n")
        self.limbeck("run", self.recipe, "--out", "whole", "--threads", 1, "--quiet")
        sliced = self.folder / "sliced"
        flags = ("--out", sliced, "--threads", 1, "--quiet")
        for seconds in (1, 2, 4, 8, 16):  # the first may end before anything has begun
            told = self.slice(seconds, flags, expect=3)
            self.assertRegex(told, r"(?m)^(teacher|distilled): (\d+ of \d+ epochs done|\d+ epochs, not begun)")
            if list(sliced.glob("stages/*/*.safetensors")):
                break
        elsewhere = self.folder / "elsewhere"
        sliced.rename(elsewhere)
        shutil.copytree(elsewhere, sliced)
        shutil.rmtree(elsewhere)
        told = self.slice(100, flags, expect=0, LIMBECK_SLICE_FILE_MB="0.1")
        self.assertIn("sliced: done", told)
        self.assertTrue(re.search(r"teacher/weights.safetensors: 0.2 MB, more than 0.1 MB", told), told)
        for stage in ("teacher", "distilled"):
            self.assertEqual(self.weights(stage, sliced), self.weights(stage, self.folder / "whole"))
        self.script("full_strength.sh", self.recipe, expect=2)

    def slice(self, seconds, flags, expect, **environment):
        return self.script("full_strength.sh", self.recipe, seconds, *flags, expect=expect, LIMBECK=LIMBECK,
                           **environment).stdout


if __name__ == "__main__":
    unittest.main()
