"""A `limbeck serve` of its own for tests: started at a free port, asked over plain sockets, stopped by Ctrl-C."""
import http.client
import json
import os
import re
import signal
import socket
import subprocess

from support import LIMBECK, ProgramTest

RECIPE = """
name: small
data: { source: { digits: { train: 600, test: 100 } } }
networks: { large: { mlp: [48] }, small: { mlp: [8] } }
stages:
  - { name: teacher, train: large, epochs: 2 }
  - { name: distilled, train: small, epochs: 3, teacher: teacher }
"""


class ServeTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.recipe.write_text(RECIPE)

    def serve(self, *arguments):
        """Starts the server and returns once it says where it listens."""
        process = subprocess.Popen([LIMBECK, "serve", *map(str, arguments), "--port", "0"], stdout=subprocess.PIPE,
                                   text=True, stderr=subprocess.PIPE, cwd=self.folder)
        line = process.stdout.readline()
        found = re.search(r"http://\S+:(\d+)/", line)
        self.assertTrue(found, line)
        self.port = int(found.group(1))
        self.server = process
        self.addCleanup(self.stop)
        return process

    def stop(self, expect=0):
        if self.server is None:
            return
        process, self.server = self.server, None
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        self.assertEqual((process.returncode, errors), (expect, ""))

    def ask(self, method, path, body=None, headers=None):
        """(status, headers, body) of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def get(self, path, expect=200):
        status, _, body = self.ask("GET", path)
        self.assertEqual(status, expect, body[:500])
        return json.loads(body)

    def predict(self, request, expect=200):
        body = request if isinstance(request, (bytes, str)) else json.dumps(request)
        status, _, answer = self.ask("POST", "/predict", body, {"Content-Type": "application/json"})
        self.assertEqual(status, expect, answer[:500])
        return json.loads(answer)

    def raw(self, request, timeout=30):
        """The status of a request that is sent as it stands; None where the connection is closed without an answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            connection.settimeout(timeout)
            try:
                connection.sendall(request)
            except OSError:
                pass  # it was refused before it was read
            answer = b""
            try:
                while piece := connection.recv(65536):
                    answer += piece
            except OSError:
                pass
        found = re.match(rb"HTTP/1\.[01] (\d+)", answer)
        return (int(found.group(1)), answer) if found else (None, answer)


def make_run(test, *arguments):
    test.limbeck("run", test.recipe, "--out", test.out, "--quiet", *arguments)


def make_colour_run(test):
    """A run on colour pictures of two classes; the network of its stage `program` is PyTorch's and has no ONNX form.
    Needs Pillow and PyTorch."""
    import torch
    from PIL import Image

    class Cumulative(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.out = torch.nn.Linear(3 * 12 * 12, 2)

        def forward(self, x):
            return self.out(torch.logcumsumexp(x, 3).flatten(1))

    for part, count in (("train", 24), ("test", 8)):
        for name, colour in (("sea", (20, 60, 200)), ("wood", (30, 140, 40))):
            folder = test.folder / "pictures" / part / name
            folder.mkdir(parents=True)
            for number in range(count):
                shifted = tuple(value + 3 * number % 40 for value in colour)
                picture = Image.new("RGB", (16, 12), shifted)
                picture.putpixel((number % 16, number % 12), (255, 255, 255))
                picture.save(folder / f"{number}.png")
    torch.manual_seed(1)
    torch.jit.save(torch.jit.script(Cumulative().eval()), str(test.folder / "cumulative.pt"))
    test.recipe.write_text(f"""
name: colours
data: {{ source: {{ images: {{ folder: {test.folder}/pictures, size: 12 }} }}, normalize: none }}
networks: {{ large: {{ mlp: [16] }}, small: {{ torchscript: {test.folder}/cumulative.pt }} }}
stages:
  - {{ name: teacher, train: large, epochs: 2 }}
  - {{ name: program, train: small, epochs: 2, teacher: teacher }}
""")
    make_run(test)
    return torch.jit.load(str(test.out / "stages/program/model.pt"))


def environment():
    return {key: value for key, value in os.environ.items() if not key.endswith("_proxy")}
