"""What needs no tensors starts without LibTorch, whose loading takes a second; the engine does the rest."""

import os
import shutil
import subprocess
import unittest

from support import LIMBECK, ProgramTest

ENGINE = os.path.join(os.path.dirname(LIMBECK), "limbeck-engine")
RECIPE = """
name: small
data: { source: { digits: { train: 200, test: 100 } } }
networks: { net: { mlp: [4] } }
stages:
  - { name: one, train: net, epochs: 1 }
  - { name: two, train: net, epochs: 2 }
"""


class Start(ProgramTest):
    def loads_libtorch(self, *arguments, expect=0):
        """Whether the program, or what it becomes, maps a library of LibTorch."""
        trace = self.folder / "trace"
        environment = dict(os.environ, LD_DEBUG="files", LD_DEBUG_OUTPUT=str(trace))
        done = subprocess.run([LIMBECK, *map(str, arguments)], env=environment, cwd=self.folder, capture_output=True,
                              text=True)
        self.assertEqual(done.returncode, expect, done.stderr)
        loaded = "".join(path.read_text(errors="replace") for path in self.folder.glob("trace*"))
        for path in self.folder.glob("trace*"):
            path.unlink()
        self.assertIn("libfmt", loaded)  # so libraries are seen
        return "libtorch" in loaded

    def test_what_needs_no_tensors_does_without_libtorch(self):
        self.recipe.write_text(RECIPE)
        recipe = self.recipe
        self.limbeck("run", recipe, "--out", self.out, "-q")
        broken = self.folder / "broken.yaml"
        broken.write_text("name: [")
        for arguments, code in (
                (["--help"], 0), (["--version"], 0), (["-V"], 0), (["help"], 0), (["help", "data", "fetch"], 0),
                (["help", "--man"], 0), (["completion", "bash"], 0), (["completion", "zsh"], 0),
                (["run", "--help"], 0),
                (["store", "build", "--help"], 0), (["init", "new.yaml"], 0), (["report", self.out], 0),
                (["report", "--json", self.out], 0),
                (["compare", self.out], 0), ([], 2), (["rnu"], 2), (["run"], 2), (["run", recipe, "--thread", "1"], 2),
                (["check", broken], 2), (["run", broken], 2), (["sweep", broken, "--over", "seed=1,2"], 2),
                (["store", "build", broken], 2),
                (["check", "nowhere.yaml"], 1), (["run", "nowhere.yaml"], 1), (["report", "nowhere"], 1)):
            with self.subTest(arguments):
                self.assertFalse(self.loads_libtorch(*arguments, expect=code))
        self.assertTrue(self.loads_libtorch("check", recipe))

    def test_the_engine_says_the_same_as_the_program(self):
        for arguments in (["--help"], ["--version"], ["distill", "--help"], ["rnu"], ["help", "--man"],
                          ["predict", "--resize", "up", "a", "b"]):
            done = [subprocess.run([program, *arguments], capture_output=True, text=True)
                    for program in (LIMBECK, ENGINE)]
            self.assertEqual(done[0].stdout, done[1].stdout)
            self.assertEqual(done[0].stderr, done[1].stderr)
            self.assertEqual(done[0].returncode, done[1].returncode)

    def test_process_lists_know_it_by_its_name(self):
        self.out.mkdir()
        process = subprocess.Popen([LIMBECK, "serve", str(self.out), "--port", "0"], stdout=subprocess.PIPE, text=True)
        with process:
            begun = process.stdout.readline()
            with open(f"/proc/{process.pid}/comm", encoding="ascii") as comm:
                name = comm.read()
            process.terminate()
        self.assertIn("Serving", begun)
        self.assertEqual(name, "limbeck\n")

    def test_the_engine_is_looked_for_beside_the_program_and_in_libexec(self):
        place = self.folder / "installed/bin"
        place.mkdir(parents=True)
        program = place / "limbeck"
        shutil.copy(LIMBECK, program)
        alone = subprocess.run([program, "list"], capture_output=True, text=True)
        self.assertEqual(alone.returncode, 1)
        self.assertIn("there is no limbeck-engine in", alone.stderr)
        self.assertIn("libexec/limbeck", alone.stderr)
        libexec = self.folder / "installed/libexec/limbeck"
        libexec.mkdir(parents=True)
        os.symlink(ENGINE, libexec / "limbeck-engine")
        link = self.folder / "link"
        os.symlink(program, link)
        for start in (program, link):
            self.assertIn("losses", subprocess.run([start, "list"], capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    unittest.main()
