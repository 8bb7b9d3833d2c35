"""The pages of `limbeck serve` and `limbeck export --page`, clicked through in headless Chromium
(web/tests/click_through.mjs)."""
import functools
import http.server
import json
import os
import shutil
import signal
import subprocess
import threading
import time
import unittest

from serving import LIMBECK, ServeTest, make_colour_run, make_run
from support import SOURCE

try:
    import PIL
    import torch
except ImportError:
    torch = None

NODE = shutil.which("node") or shutil.which("nodejs")


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Web(ServeTest):
    def click(self, step, port):
        """Runs a step; LIMBECK_PICTURES: a folder for pictures of the pages."""
        done = subprocess.run([NODE, SOURCE / "web/tests/click_through.mjs", step, f"http://127.0.0.1:{port}/",
                               *filter(None, [os.environ.get("LIMBECK_PICTURES")])], capture_output=True, text=True,
                              timeout=400)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def test_the_page_of_a_run(self):
        make_run(self)
        self.serve(self.out)
        self.click("run", self.port)

    def test_a_run_as_it_trains(self):
        self.recipe.write_text(self.recipe.read_text().replace("epochs: 3", "epochs: 100000"))
        self.out.mkdir()
        self.serve(self.folder)
        run = subprocess.Popen([LIMBECK, "run", self.recipe, "--out", self.out, "--quiet"], cwd=self.folder)
        try:
            deadline = time.time() + 120
            while time.time() < deadline and not (self.out / "stages/distilled/metrics.jsonl").exists():
                time.sleep(0.1)
            self.click("live", self.port)
        finally:
            run.send_signal(signal.SIGKILL)
            run.wait()

    def test_the_playground_says_what_the_server_says(self):
        make_run(self)
        self.serve(self.out)
        seen = self.click("playground", self.port)
        self.assertEqual(sorted(seen), ["another", "example", "file", "keyboard", "mouse", "softer"])

    @unittest.skipIf(torch is None, "needs PyTorch and Pillow")
    def test_the_playground_of_colours_and_of_a_program_that_the_server_computes(self):
        make_colour_run(self)
        self.serve(self.out)
        self.assertEqual(sorted(self.click("program", self.port)), ["another", "here", "softer", "there"])

    def test_the_playground_of_an_ensemble(self):
        self.recipe.write_text("""
name: ensemble
data: { source: { digits: { train: 600, test: 100 } } }
networks: { large: { mlp: [12] }, small: { mlp: [8] } }
stages:
  - { name: ensemble, train: large, epochs: 1, replicas: 10 }
  - { name: distilled, train: small, epochs: 2, teacher: ensemble }
""")
        make_run(self)
        self.serve(self.out)
        self.assertEqual(sorted(self.click("ensemble", self.port)), ["mean"])

    def test_the_playground_in_a_folder(self):
        make_run(self)
        page = self.folder / "page"
        self.limbeck("export", self.out / "stages/distilled/weights.safetensors", "--page", page,
                     "--beside", self.out / "stages/teacher/weights.safetensors")
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                             functools.partial(QuietHandler, directory=page)) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                self.click("static", server.server_address[1])
            finally:
                server.shutdown()

    def test_runs_side_by_side(self):
        make_run(self)
        self.limbeck("run", self.recipe, "--out", self.folder / "wider", "--quiet", "--set", "networks.small.mlp=[16]")
        self.serve(self.folder)
        self.assertEqual(self.click("compare", self.port)["columns"], ["stage", "out", "wider"])


if __name__ == "__main__":
    unittest.main()
