"""Programs that embed the library, built against an installed tree that was moved; and the code of docs/how-to/embed.md
and the headers' examples."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from support import LIMBECK, SOURCE, blocks

BUILD = pathlib.Path(LIMBECK).parent
CONSUMER = SOURCE / "tests/consumer"
PAGE = "docs/how-to/embed.md"
# What stands around a block of the page that is no whole program.
ENVELOPE = """#include <ATen/ops/huber_loss.h>
#include <limbeck/components.h>
#include <limbeck/dataset.h>
#include <limbeck/export.h>
#include <limbeck/loss.h>
#include <limbeck/run.h>
#include <iostream>
#include <thread>
"""


def run(*command, expect=0, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=900, **options)
    if expect is not None and done.returncode != expect:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def configure(source, build, prefix):
    ccache = shutil.which("ccache")
    run("cmake", "-S", source, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
        f"-DCMAKE_PREFIX_PATH={prefix}",
        *([f"-DCMAKE_CXX_COMPILER_LAUNCHER={ccache}"] if ccache else []))


def unindented(text):
    """Without indentation and without the namespace's name: a page shows what a program has inside of others."""
    return [line.strip().replace("limbeck::", "") for line in text.strip().splitlines() if line.strip()]


@unittest.skipUnless((BUILD / "lib/liblimbeck.so").exists(), "the library is not built")
class Consumer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="limbeck_consumer_"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        run("cmake", "--install", BUILD, "--prefix", cls.folder / "first")
        cls.prefix = cls.folder / "second"
        (cls.folder / "first").rename(cls.prefix)
        cls.build = cls.folder / "build"
        configure(CONSUMER, cls.build, cls.prefix)
        run("cmake", "--build", cls.build)

    def consumer(self, name, *arguments, expect=0):
        return run(self.build / name, *arguments, cwd=self.folder, expect=expect)

    def test_a_loss_of_ones_own_trains(self):
        lines = self.consumer("custom_loss", "loss").stdout.splitlines()
        self.assertEqual([line.rsplit(" ", 1)[0] for line in lines],
                         [f"{stage} {epoch}/6 loss" for stage in ("teacher", "distilled") for epoch in range(1, 7)] +
                         ["teacher accuracy", "distilled accuracy"])
        losses = [float(line.split()[-1]) for line in lines[6:12]]
        self.assertLess(losses[-1], 0.2 * losses[0])
        self.assertGreater(float(lines[-1].split()[-1]), 0.5)

    def test_a_data_set_in_memory_is_distilled_on_stopped_and_resumed(self):
        stopped, *colours, accuracy = self.consumer("custom_data", "data").stdout.splitlines()
        self.assertEqual(stopped, "stopped in stage 'distilled' after 10 of 20 epochs; everything is saved")
        self.assertEqual(colours, ["white", "black"])
        self.assertGreater(float(accuracy.split()[-1]), 0.8)

    def test_a_network_of_ones_own_is_distilled_into_and_exported(self):
        said = self.consumer("custom_network", "network").stdout
        self.assertRegex(said, r"^5178 parameters, accuracy 0\.\d+\n$")
        self.assertGreater(float(said.split()[-1]), 0.3)
        self.assertTrue((self.folder / "network/tiny.onnx").exists())

    def test_pictures_are_predicted(self):
        try:
            from PIL import Image
        except ImportError:
            self.skipTest("Pillow is not installed")
        program = self.prefix / "bin/limbeck"
        self.limbeck_runs(program)
        weights = self.folder / "digits/stages/s/weights.safetensors"
        for name, grey in (("black.png", 0), ("white.png", 255)):
            Image.new("L", (28, 28), grey).save(self.folder / name)
        lines = self.consumer("predict", weights, "black.png", "white.png").stdout.splitlines()
        said = run(program, "predict", weights, self.folder / "black.png").stdout.splitlines()[1].split(",")
        self.assertEqual(len(lines), 2)
        self.assertEqual(lines[0].split()[0], said[1])
        self.assertAlmostEqual(float(lines[0].split()[1]), float(said[2]), places=4)
        self.assertIn("usage:", self.consumer("predict", expect=1).stderr)
        self.assertIn("none.png", self.consumer("predict", weights, "none.png", expect=1).stderr)

    def limbeck_runs(self, program):
        recipe = self.folder / "digits.yaml"
        recipe.write_text("name: d\ndata: {source: {digits: {train: 500, test: 100}}}\nnetworks: {n: {mlp: [16]}}\n"
                          "stages: [{name: s, train: n, epochs: 1}]\n")
        run(program, "run", recipe, "--out", self.folder / "digits", "--quiet")

    def test_the_pages_code_is_that_of_the_programs_or_compiles(self):
        programs = ["\n".join(unindented(file.read_text())) for file in sorted(CONSUMER.glob("*.cpp"))]
        others = []
        for block in blocks(PAGE, "cpp"):
            if not any("\n".join(unindented(block)) in program for program in programs):
                others.append(block)
        self.assertGreater(len(blocks(PAGE, "cpp")), len(others))
        source = ENVELOPE + "".join(f"void block{i}() {{\n{block}}}\n" for i, block in enumerate(others))
        self.compiles(source)
        (said,) = blocks(PAGE, "cmake")
        self.assertIn(said.splitlines()[0], (CONSUMER / "CMakeLists.txt").read_text())
        self.assertIn("limbeck::limbeck", said)

    def test_each_header_compiles_by_itself_and_says_what_it_is(self):
        headers = sorted((self.prefix / "include/limbeck").glob("*.h"))
        self.assertGreater(len(headers), 15)
        for header in headers:
            text = header.read_text()
            self.assertTrue(text.startswith("#pragma once\n// "), header.name)
            for include in re.findall(r'#include "([^"]+)"', text):
                self.assertTrue((self.prefix / "include" / include).exists(), f"{header.name}: {include}")
        # Each first in a unit of its own.
        folder = self.folder / "headers"
        folder.mkdir()
        for header in headers:
            (folder / f"{header.stem}.cpp").write_text(f"#include <limbeck/{header.name}>\n")
        (folder / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(headers LANGUAGES CXX)\nfind_package(limbeck REQUIRED)\n"
            "file(GLOB files *.cpp)\nadd_library(headers OBJECT ${files})\n"
            "target_compile_options(headers PRIVATE -Wall -Wextra -Werror)\n"
            "target_link_libraries(headers PRIVATE limbeck::limbeck)\n")
        configure(folder, folder / "build", self.prefix)
        run("cmake", "--build", folder / "build")

    def compiles(self, source):
        folder = self.folder / "page"
        folder.mkdir()
        (folder / "page.cpp").write_text(source)
        (folder / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(page LANGUAGES CXX)\nfind_package(limbeck REQUIRED)\n"
            "add_library(page OBJECT page.cpp)\ntarget_link_libraries(page PRIVATE limbeck::limbeck)\n")
        configure(folder, folder / "build", self.prefix)
        run("cmake", "--build", folder / "build")

    def test_the_library_exports_what_the_headers_declare(self):
        (library,) = (file for file in self.prefix.rglob("liblimbeck.so.*") if not file.is_symlink())
        symbols = run("nm", "-DC", "--defined-only", library).stdout
        exported = {name for name in re.findall(r" [TVWDBR] (?:vtable for )?limbeck::(\w+)", symbols)}
        self.assertIn("Predictor", exported)
        declared = "".join(header.read_text() for header in (self.prefix / "include/limbeck").glob("*.h"))
        self.assertEqual({name for name in exported if not re.search(rf"\b{name}\b", declared)}, set())
        said = run("readelf", "-d", library).stdout
        version = re.search(r"set\(PACKAGE_VERSION \"(\d+\.\d+)\.\d+\"\)",
                            next(self.prefix.rglob("limbeckConfigVersion.cmake")).read_text())[1]
        self.assertIn(f"[liblimbeck.so.{version}]", said)

    def test_another_version_is_refused(self):
        folder = self.folder / "newer"
        folder.mkdir()
        for version, found in (("0.3", True), ("0.2", False), ("0.4", False), ("1.0", False)):
            (folder / "CMakeLists.txt").write_text(
                "cmake_minimum_required(VERSION 3.25)\nproject(newer LANGUAGES CXX)\n"
                f"find_package(limbeck {version} REQUIRED)\n")
            shutil.rmtree(folder / "build", ignore_errors=True)
            done = run("cmake", "-S", folder, "-B", folder / "build", "-G", "Ninja",
                       f"-DCMAKE_PREFIX_PATH={self.prefix}", expect=None)
            self.assertEqual(done.returncode == 0, found, version + done.stderr)

    def test_another_libtorch_is_refused_with_the_reason(self):
        copy = self.folder / "other"
        shutil.copytree(self.prefix, copy)
        config = next(copy.rglob("limbeckConfig.cmake"))
        config.write_text(re.sub(r'limbeck_torch_version "[^"]+"', 'limbeck_torch_version "9.9.9"', config.read_text()))
        folder = self.folder / "torch"
        folder.mkdir()
        (folder / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(t LANGUAGES CXX)\nfind_package(limbeck REQUIRED)\n")
        done = run("cmake", "-S", folder, "-B", folder / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={copy}",
                   expect=None)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("was built with LibTorch 9.9.9, and found is", " ".join(done.stderr.split()))


if __name__ == "__main__":
    unittest.main()
