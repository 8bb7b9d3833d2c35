"""`limbeck serve`: the run as it trains, predictions, the API; and requests that mean no good."""
import gzip
import json
import math
import signal
import socket
import subprocess
import time
import unittest

from serving import LIMBECK, ServeTest, make_colour_run, make_run

try:
    import PIL
    import torch
except ImportError:
    torch = None


class Serve(ServeTest):
    def examples(self):
        return json.loads((self.out / "examples.json").read_text())["examples"]

    def test_pages_and_api_of_a_finished_run(self):
        make_run(self)
        self.serve(self.out)
        status, headers, page = self.ask("GET", "/", headers={"Accept-Encoding": "gzip"})
        self.assertEqual((status, headers["Content-Encoding"]), (200, "gzip"))
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        self.assertNotIn("unsafe-inline", headers["Content-Security-Policy"])
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        for path in ("/app.js", "/app.css", "/playground.js", "/report.css", "/report.js",
                     "/ort-wasm-simd-threaded.wasm"):
            self.assertEqual(self.ask("GET", path)[0], 200, path)
        (entry,) = self.get("/api/runs")["runs"]
        stages = json.loads((self.out / "results.json").read_text())["stages"]
        self.assertEqual({key: entry[key]
                          for key in ("id", "name", "state", "stages", "stages_done", "share", "stage", "data",
                                      "seeds")},
                         {"id": "out", "name": "small", "state": "done", "stages": 2, "stages_done": 2, "share": 1,
                          "stage": "distilled", "data": "digits", "seeds": 1})
        self.assertEqual(entry["accuracy"], stages[1]["evaluations"]["test"]["accuracy"])
        self.assertEqual(entry["parameters"], stages[1]["network"]["parameters"])
        self.assertAlmostEqual(entry["seconds"], sum(stage["seconds"] for stage in stages))
        self.assertRegex(entry["date"], r"^20\d\d-")
        run = self.get("/api/runs/out")
        self.assertEqual([(stage["name"], stage["state"]) for stage in run["stages"]],
                         [("teacher", "done"), ("distilled", "done")])
        html = "".join(section["html"] for section in run["sections"])
        self.assertIn("<svg", html)
        self.assertIn("soft_targets", html)
        self.assertEqual(self.get("/api/runs/out/results"), json.loads((self.out / "results.json").read_text()))
        lines = (self.out / "stages/distilled/metrics.jsonl").read_text().splitlines()
        metrics = {stage["name"]: stage["epochs"] for stage in self.get("/api/runs/out/metrics")["stages"]}
        self.assertEqual(metrics["distilled"], [json.loads(line) for line in lines])
        status, headers, report = self.ask("GET", "/report/out")
        self.assertEqual(status, 200)
        self.assertIn(b"Soft targets", report)
        self.assertIn("sandbox", headers["Content-Security-Policy"])

    def test_a_body_of_many_keys_is_refused_at_once(self):
        make_run(self)
        self.serve(self.out)
        body = json.dumps({f"k{i}": 0 for i in range(200_000)})
        start = time.monotonic()
        self.assertIn("unknown key 'k0'", self.predict(body, expect=400)["error"])
        self.assertLess(time.monotonic() - start, 15)  # was 40 s on a quiet machine

    def test_pages_are_packed_for_those_alone_who_ask_for_it(self):
        make_run(self)
        self.serve(self.out)
        _, packed_headers, packed = self.ask("GET", "/", headers={"Accept-Encoding": "deflate, GZIP;q=0.5"})
        self.assertEqual(packed_headers["Content-Encoding"], "gzip")
        self.assertEqual(packed_headers["Vary"], "Accept-Encoding")
        for accepted in (None, "", "identity", "gzip;q=0", "gzip; q=0.000, *", "br, *;q=0", "gzipped"):
            _, headers, plain = self.ask("GET", "/", headers={} if accepted is None else {"Accept-Encoding": accepted})
            self.assertNotIn("Content-Encoding", headers, accepted)
            self.assertEqual(plain, gzip.decompress(packed), accepted)
            self.assertNotEqual(headers["ETag"], packed_headers["ETag"])
        self.assertEqual(self.ask("GET", "/", headers={"Accept-Encoding": "*"})[1]["Content-Encoding"], "gzip")

    def test_the_list_tells_of_the_part_of_the_gap(self):
        self.recipe.write_text(self.recipe.read_text() + "  - { name: alone, train: small, epochs: 1 }\n")
        make_run(self)
        self.serve(self.folder)
        errors = {stage["name"]: stage["evaluations"]["test"]["errors"]
                  for stage in json.loads((self.out / "results.json").read_text())["stages"]}
        (entry,) = self.get("/api/runs")["runs"]
        self.assertEqual(entry["stage"], "distilled")
        self.assertAlmostEqual(entry["kept"],
                               (errors["alone"] - errors["distilled"]) / (errors["alone"] - errors["teacher"]))

    def test_a_sweep_is_a_sweep_and_an_empty_folder_no_run(self):
        sweep = self.folder / "sweep"
        self.limbeck("sweep", self.recipe, "--out", sweep, "--quiet",
                     "--over", "stages.distilled.loss.soft_targets.temperature=2,4",
                     "--set", "data.validation=50", "--set", "stages.distilled.loss=[soft_targets: {}]")
        (self.folder / "failed").mkdir()
        (self.folder / "failed/.lock").touch()
        self.serve(self.folder)
        listed = self.get("/api/runs")
        self.assertEqual(listed["runs"], [])
        (entry,) = listed["sweeps"]
        self.assertEqual((entry["id"], entry["state"], entry["points"], entry["points_done"], entry["over"]),
                         ("sweep", "done", 2, 2, ["temperature"]))
        self.assertRegex(entry["best"], r"^temperature [24] has the lowest errors on validation: ")
        status, headers, page = self.ask("GET", "/sweep/sweep/")
        self.assertEqual(status, 200)
        self.assertIn("sandbox", headers["Content-Security-Policy"])
        self.assertIn(b'href="points/0001/report.html"', page)
        status, _, report = self.ask("GET", "/sweep/sweep/points/0001/report.html")
        self.assertEqual(status, 200)
        self.assertIn(b"Soft targets", report)
        for path in ("/sweep/sweep/points/0003/report.html", "/sweep/sweep/points/../report.html",
                     "/sweep/sweep/sweep.json", "/sweep/nowhere/"):
            self.assertEqual(self.ask("GET", path)[0], 404, path)
        results = json.loads((sweep / "sweep.json").read_text())
        results["points"][1]["status"] = "pending"
        (sweep / "sweep.json").write_text(json.dumps(results))
        (entry,) = self.get("/api/runs")["sweeps"]
        self.assertEqual((entry["state"], entry["points_done"]), ("stopped", 1))
        (sweep / "sweep.json").write_text("{")
        (entry,) = self.get("/api/runs")["sweeps"]
        self.assertIn("sweep.json", entry["trouble"])

    def test_runs_side_by_side_have_their_curves_and_what_differs_in_their_recipes(self):
        make_run(self)
        self.limbeck("run", self.recipe, "--out", self.folder / "longer", "--quiet",
                     "--set", "stages.distilled.epochs=4", "--set", "networks.small.mlp=[16]")
        self.serve(self.folder)
        compared = self.get("/api/compare?run=longer&run=out")
        self.assertEqual(compared["recipes"], [{"key": "networks.small.mlp.hidden", "values": ["[16]", "[8]"]},
                                               {"key": "stages.distilled.epochs", "values": ["4", "3"]}])
        self.assertEqual(compared["curves"].count("<svg"), 2)
        self.assertLess(compared["curves"].index("<figcaption>distilled"),
                        compared["curves"].index("<figcaption>teacher"))
        self.assertEqual(self.get("/api/compare?run=out")["curves"], "")

    def test_unchanged_answers_are_not_sent_again(self):
        make_run(self)
        self.serve(self.out)
        for path in ("/api/runs/out", "/app.js"):
            _, headers, _ = self.ask("GET", path)
            status, _, body = self.ask("GET", path, headers={"If-None-Match": headers["ETag"]})
            self.assertEqual((status, body), (304, b""))
            self.assertEqual(self.ask("GET", path, headers={"If-None-Match": '"other"'})[0], 200)

    def test_predictions_are_the_networks(self):
        make_run(self)
        self.serve(self.out)
        example = self.examples()[0]
        pixels = [byte / 255 for byte in example["pixels"]]
        rows = [pixels[i:i + 28] for i in range(0, 784, 28)]
        for temperature in (1, 4):
            exponents = [math.exp(logit / temperature) for logit in example["logits"]["distilled"]]
            expected = [value / sum(exponents) for value in exponents]
            answer = self.predict({"model": "distilled", "temperature": temperature, "inputs": [pixels, rows, [rows]]})
            self.assertEqual(answer["classes"], [str(digit) for digit in range(10)])
            for prediction in answer["predictions"]:
                for found, wanted in zip(prediction["probabilities"], expected, strict=True):
                    self.assertAlmostEqual(found, wanted, delta=1e-4)
                self.assertEqual(prediction["class"], str(expected.index(max(expected))))

    def test_mistakes_in_predictions_are_named(self):
        make_run(self)
        self.serve(self.out)
        good = [0] * 784
        for request, status, message in (
                ("{", 400, "not valid JSON"),
                ("[]", 400, "expected an object"),
                ({"inputs": [good]}, 400, "no 'model'"),
                ({"model": "distiled", "inputs": [good]}, 404, "did you mean 'distilled'"),
                ({"model": "../../stages/distilled", "inputs": [good]}, 404, "no trained model"),
                ({"model": "distilled", "run": "nowhere", "inputs": [good]}, 404, "no run"),
                ({"model": "distilled"}, 400, "'inputs' is missing"),
                ({"model": "distilled", "inputs": good}, 400, "inputs[0] is a number; expected a list of 784"),
                ({"model": "distilled", "inputs": [good[:-1]]}, 400, "inputs[0] has 783 entries; expected 784"),
                ({"model": "distilled", "inputs": [good, [[0] * 28] * 27]}, 400,
                 "inputs[1] has 27 entries; expected 28"),
                ({"model": "distilled", "inputs": [[[0] * 27] * 28]}, 400, "inputs[0][0] has 27 entries"),
                ({"model": "distilled", "inputs": [good[:-1] + ["x"]]}, 400, "inputs[0][783] is a string"),
                ({"model": "distilled", "inputs": [good[:-1] + [1e300]]}, 400, "float32"),
                ({"model": "distilled", "inputs": [good[:-1] + [None]]}, 400, "inputs[0][783] is null"),
                (json.dumps({"model": "distilled", "inputs": [good[:-1] + [float("nan")]]}), 400, "not valid JSON"),
                (json.dumps({"model": "distilled", "inputs": [good]}).replace("[0,", "[1e999,"), 400, "not valid JSON"),
                ({"model": "distilled", "inputs": [good], "temperature": 0}, 400, "'temperature' is 0"),
                ({"model": "distilled", "inputs": [good], "temprature": 2}, 400, "did you mean 'temperature'"),
                ({"model": "distilled", "inputs": [good] * 1001}, 413, "at most 1000"),
                ("[" * 100000, 400, "nested")):
            with self.subTest(message=message):
                self.assertIn(message, self.predict(request, status)["error"])
        self.assertEqual(len(self.predict({"model": "distilled", "inputs": [good]})["predictions"]), 1)

    def test_onnx_files_of_the_models(self):
        make_run(self)
        self.serve(self.out)
        models = self.get("/api/models")["models"]
        self.assertEqual([(model["model"], model["onnx"]) for model in models],
                         [("distilled", "/models/out/distilled.onnx"), ("teacher", "/models/out/teacher.onnx")])
        status, _, content = self.ask("GET", models[0]["onnx"])
        self.assertEqual(status, 200)
        self.assertIn(b"logits", content)
        playground = self.get("/api/runs/out/playground")
        self.assertEqual(playground["input"], [1, 28, 28])
        self.assertEqual(len(playground["examples"]), len(self.examples()))
        self.assertEqual({model["name"]: model["teacher"] for model in playground["models"]},
                         {"teacher": "", "distilled": "teacher"})

    @unittest.skipIf(torch is None, "needs PyTorch and Pillow")
    def test_a_program_without_an_onnx_form_is_computed_here(self):
        network = make_colour_run(self)
        self.serve(self.out)
        models = {model["model"]: model["onnx"] for model in self.get("/api/models")["models"]}
        self.assertEqual(models, {"teacher": "/models/out/teacher.onnx", "program": None})
        self.assertIn("aten::logcumsumexp", self.ask("GET", "/models/out/program.onnx")[2].decode())
        playground = self.get("/api/runs/out/playground")
        self.assertEqual({model["name"]: model["onnx"] is None for model in playground["models"]},
                         {"teacher": False, "program": True})
        pixels = torch.tensor([example["pixels"] for example in playground["examples"]], dtype=torch.float32) / 255
        answer = self.predict({"model": "program", "temperature": 2, "inputs": pixels.tolist()})
        self.assertEqual(answer["classes"], ["sea", "wood"])
        with torch.no_grad():
            expected = torch.softmax(network(pixels.reshape(-1, 3, 12, 12)) / 2, 1)
        found = torch.tensor([prediction["probabilities"] for prediction in answer["predictions"]])
        self.assertLess(float((found - expected).abs().max()), 1e-5)

    @unittest.skipIf(torch is None, "needs PyTorch and Pillow")
    def test_a_teacher_that_was_given_and_an_ensemble_stand_beside_the_student(self):
        make_colour_run(self)
        given = self.folder / "given.pt"
        torch.manual_seed(2)
        torch.jit.save(torch.jit.script(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(432, 2)).eval()),
                       str(given))
        network = torch.jit.load(str(given))
        recipe = self.folder / "given.yaml"
        recipe.write_text(f"""
name: given
data: {{ source: {{ images: {{ folder: {self.folder}/pictures, size: 12 }} }}, normalize: none }}
networks:
  large: {{ torchscript: {given}, input: {{ mean: 0.5, std: 0.25 }} }}
  small: {{ mlp: [8] }}
stages:
  - {{ name: ensemble, train: small, epochs: 2, replicas: {{ count: 3, mean: arithmetic }} }}
  - {{ name: student, train: small, epochs: 2, teacher: large }}
""")
        self.limbeck("run", recipe, "--out", self.folder / "given", "--quiet")
        self.serve(self.folder / "given")
        playground = self.get("/api/runs/given/playground")
        self.assertEqual([(model["name"], model["teacher"]) for model in playground["models"]],
                         [("large", ""), ("ensemble", ""), ("ensemble.1", ""), ("ensemble.2", ""), ("ensemble.3", ""),
                          ("student", "large")])
        for model in playground["models"]:  # an arithmetic mean of distributions is no softened one of logits
            self.assertEqual(model["onnx"],
                             None if model["name"] == "ensemble" else f"/models/given/{model['name']}.onnx")
            self.assertIn(b"logits", self.ask("GET", f"/models/given/{model['name']}.onnx")[2])
        pixels = torch.rand(4, 3, 12, 12)
        def shares(model, temperature=1):
            answer = self.predict({"model": model, "temperature": temperature, "inputs": pixels.flatten(1).tolist()})
            return torch.tensor([prediction["probabilities"] for prediction in answer["predictions"]])
        with torch.no_grad():
            expected = torch.softmax(network((pixels - 0.5) / 0.25) / 3, 1)
        self.assertLess(float((shares("large", 3) - expected).abs().max()), 1e-5)
        for temperature in (1, 5):
            mean = sum(shares(f"ensemble.{member}", temperature) for member in (1, 2, 3)) / 3
            self.assertLess(float((shares("ensemble", temperature) - mean).abs().max()), 1e-5)
        given.unlink()  # the student is still there
        self.assertEqual([model["name"] for model in self.get("/api/runs/given/playground")["models"]],
                         ["ensemble", "ensemble.1", "ensemble.2", "ensemble.3", "student"])

    @unittest.skipIf(torch is None, "needs PyTorch and Pillow")
    def test_networks_that_were_given_are_what_they_were_in_the_run(self):
        make_colour_run(self)
        torch.manual_seed(3)
        torch.jit.save(torch.jit.script(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(432, 2)).eval()),
                       str(self.folder / "given.pt"))
        network = torch.jit.load(str(self.folder / "given.pt"))
        weights = self.out / "stages/teacher/weights.safetensors"  # of a network that takes pixels as they are
        (self.folder / "given.yaml").write_text(f"""
name: given
data: {{ source: {{ images: {{ folder: {self.folder}/pictures, size: 12 }} }}, normalize: {{ mean: 0.5, std: 0.25 }} }}
networks:
  plain: {{ torchscript: given.pt }}
  scaled: {{ torchscript: given.pt, input: {{ mean: 0.25, std: 0.125 }} }}
  sized: {{ torchscript: given.pt, input: {{ size: [12, 12] }} }}
  whole: {{ mlp: [16], weights: {weights} }}
  small: {{ mlp: [8], input: {{ mean: 0, std: 1 }} }}
  student: {{ mlp: [8] }}
stages:
  - {{ name: first, train: small, epochs: 1, teacher: plain }}
  - {{ name: second, train: student, epochs: 1, teacher: scaled }}
  - {{ name: third, train: student, epochs: 1, teacher: sized }}
  - {{ name: whole, train: student, epochs: 1, teacher: {{ network: whole }} }}
""")
        self.limbeck("run", "given.yaml", "--out", "given", "--quiet")
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        self.folder, folder = elsewhere, self.folder  # relative names are those of the run's place
        self.serve(folder / "given")
        self.folder = folder
        names = [model["model"] for model in self.get("/api/models")["models"]]
        # the stage `whole` has that name
        self.assertEqual(names, ["plain", "scaled", "sized", "first", "second", "third", "whole"])
        pixels = torch.rand(4, 3, 12, 12)
        for name, mean, deviation in (("plain", 0.5, 0.25), ("scaled", 0.25, 0.125), ("sized", 0.5, 0.25)):
            answer = self.predict({"model": name, "inputs": pixels.flatten(1).tolist()})
            found = torch.tensor([prediction["probabilities"] for prediction in answer["predictions"]])
            with torch.no_grad():
                expected = torch.softmax(network((pixels - mean) / deviation), 1)
            self.assertLess(float((found - expected).abs().max()), 1e-5, name)
        (self.folder / "given.pt").unlink()
        (self.folder / "given.pt").mkdir()
        self.assertEqual([model["model"] for model in self.get("/api/models")["models"]],
                         ["first", "second", "third", "whole"])

    def test_a_run_that_is_under_way_with_several_seeds_and_members(self):
        self.recipe.write_text("""
name: growing
data: { source: { digits: { train: 1500, test: 100 } }, validation: 100 }
networks: { large: { mlp: [64] }, small: { mlp: [8] } }
stages:
  - { name: ensemble, train: large, epochs: 3, replicas: 2 }
  - { name: distilled, train: small, epochs: 400, teacher: ensemble }
""")
        self.out.mkdir()
        self.serve(self.folder)
        self.assertEqual(self.get("/api/runs")["runs"], [])
        run = subprocess.Popen([LIMBECK, "run", self.recipe, "--out", self.out, "--seeds", "2", "--quiet"],
                               cwd=self.folder)
        try:
            deadline = time.time() + 120
            state = {}
            while time.time() < deadline:
                if self.get("/api/runs")["runs"]:
                    state = self.get("/api/runs/out")
                    if len(state["stages"]) == 2 and state["stages"][1]["epoch"] >= 3:
                        break
                time.sleep(0.05)
            self.assertEqual(state["state"], "training")
            ensemble, distilled = state["stages"]
            self.assertEqual((ensemble["name"], ensemble["parts"] % 3), ("ensemble", 0))
            self.assertEqual((distilled["state"], distilled["under_way"], distilled["epochs"]),
                             ("training", "seed 1", 400))
            self.assertGreater(distilled["seconds_left"], 0)
            self.assertFalse((self.out / "results.json").exists())
            html = "".join(section["html"] for section in state["sections"])
            self.assertIn("training", html)
            self.assertIn("soft_targets", html)     # the term's curve
            self.assertIn("each network", html + "each network" * html.count("each seed"))
            models = [model["model"] for model in self.get("/api/models")["models"]]
            self.assertIn("seed-1/ensemble.1", models)
        finally:
            run.send_signal(signal.SIGKILL)
            run.wait()
        self.assertEqual(self.get("/api/runs/out")["state"], "stopped")
        # What a crash cut is left out.
        metrics = self.out / "seed-1/stages/distilled/metrics.jsonl"
        with metrics.open("a") as file:
            file.write('{"epoch": 77, "ep')
        self.assertEqual(self.get("/api/runs/out")["stages"][1]["state"], "stopped")

    def test_runs_side_by_side(self):
        make_run(self)
        self.limbeck("run", self.recipe, "--out", self.folder / "wider", "--quiet", "--set", "networks.small.mlp=[16]")
        self.serve(self.folder)
        self.assertEqual([run["id"] for run in self.get("/api/runs")["runs"]], ["out", "wider"])
        compared = self.get("/api/compare?run=out&run=wider")
        self.assertEqual({stage["run"] for stage in compared["stages"]}, {"out", "wider"})
        self.assertEqual(compared["comparisons"][-1]["verdict"], "too few seeds")
        self.assertIn({"key": "accuracy", "label": "accuracy"}, compared["metrics"])
        self.assertIn("%", self.get("/api/compare?run=out&run=wider&metric=accuracy")["stages"][0]["text"])
        self.assertIn("did you mean 'accuracy'", self.get("/api/compare?run=out&metric=acuracy", expect=400)["error"])
        self.get("/api/compare", expect=400)
        # Several runs: a prediction must say of which.
        self.assertIn("'run'", self.predict({"model": "distilled", "inputs": [[0] * 784]}, 400)["error"])
        self.predict({"run": "wider", "model": "distilled", "inputs": [[0] * 784]})

    def test_playground_as_a_folder(self):
        make_run(self)
        page = self.folder / "page"
        self.limbeck("export", self.out / "stages/distilled/weights.safetensors", "--page", page,
                     "--beside", self.out / "stages/teacher/weights.safetensors")
        description = json.loads((page / "playground.json").read_text())
        self.assertEqual([model["onnx"] for model in description["models"]], ["distilled.onnx", "teacher.onnx"])
        self.assertEqual(len(description["examples"]), len(self.examples()))
        for name in ("index.html", "static.js", "playground.js", "app.css", "report.css", "distilled.onnx",
                     "teacher.onnx"):
            self.assertTrue((page / name).stat().st_size > 0, name)
        self.assertEqual((page / "ort-wasm-simd-threaded.wasm").read_bytes()[:4], b"\0asm")
        self.limbeck("export", self.out / "stages/distilled/weights.safetensors", expect=2)

    @unittest.skipIf(torch is None, "needs PyTorch")
    def test_playground_as_a_folder_beside_a_program_of_others(self):
        make_run(self)
        torch.jit.save(torch.jit.script(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10)).eval()),
                       str(self.folder / "given.pt"))
        page = self.folder / "page"
        self.limbeck("export", self.out / "stages/distilled/weights.safetensors", "--page", page,
                     "--beside", self.folder / "given.pt")
        models = json.loads((page / "playground.json").read_text())["models"]
        self.assertEqual([(model["name"], model["onnx"], model["parameters"]) for model in models],
                         [("distilled", "distilled.onnx", 784 * 8 + 8 + 8 * 10 + 10), ("given", "given.onnx", 7850)])
        self.assertIn(b"logits", (page / "given.onnx").read_bytes())
        torch.jit.save(torch.jit.script(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 7)).eval()),
                       str(self.folder / "seven.pt"))
        failed = self.limbeck("export", self.out / "stages/distilled/weights.safetensors",
                              "--page", self.folder / "other", "--beside", self.folder / "seven.pt", expect=1)
        self.assertIn("tells 7 classes apart, but the data has 10", failed.stderr)
        self.assertFalse((self.folder / "other").exists())

    def test_port_in_use_and_missing_folders_are_errors(self):
        self.out.mkdir()
        self.serve(self.out)
        done = self.limbeck("serve", self.out, "--port", self.port, expect=1)
        self.assertIn(f"port {self.port}: Address already in use", done.stderr)
        self.assertIn("there is no folder", self.limbeck("serve", self.folder / "nowhere", expect=1).stderr)

    def test_ctrl_c_stops_it_at_once(self):
        self.out.mkdir()
        process = self.serve(self.out)
        with socket.create_connection(("127.0.0.1", self.port)) as idle:
            idle.sendall(b"GET / HT")
            start = time.time()
            self.stop()
            self.assertLess(time.time() - start, 4.5)  # an open connection is given 5 s
        self.assertEqual(process.returncode, 0)


class HostileRequests(ServeTest):
    def setUp(self):
        super().setUp()
        make_run(self)
        (self.folder / "secret.txt").write_text("SECRET")
        (self.folder / "results.json").write_text('{"secret": "SECRET"}')
        self.serve(self.out)
        self.addCleanup(self.check_alive)

    def check_alive(self):
        if self.server is not None:
            self.assertEqual(self.server.poll(), None)
            self.assertEqual(self.ask("GET", "/api/runs")[0], 200)

    def test_paths_do_not_leave_the_run(self):
        escapes = ["../secret.txt", "%2e%2e/secret.txt", "%2e%2e%2fsecret.txt", "..%2fsecret.txt", "....//secret.txt",
                   "%252e%252e/secret.txt",
                   "%00", "out%00", "..\\secret.txt", "%c0%ae%c0%ae/secret.txt", "/etc/passwd", "%2fetc%2fpasswd"]
        for prefix in ("/", "/api/runs/", "/api/runs/out/", "/api/runs/out/../", "/models/", "/models/out/",
                       "/models/out/../", "/report/"):
            for escape in escapes:
                for suffix in ("", "/results", ".onnx"):
                    path = prefix + escape + suffix
                    status, answer = self.raw(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n".encode())
                    self.assertIn(status, (400, 404), path)
                    self.assertNotIn(b"SECRET", answer, path)
                    self.assertNotIn(b"root:", answer, path)

    def test_links_out_of_the_run_are_not_followed(self):
        elsewhere = self.folder / "elsewhere"
        self.limbeck("run", self.recipe, "--out", elsewhere, "--quiet")
        (self.out / "stages/linked").symlink_to(elsewhere / "stages/teacher")
        self.assertNotIn("linked", str(self.get("/api/models")))
        self.get("/models/out/linked.onnx", expect=404)
        (self.out / "stages/linked").unlink()
        (self.out / "stages/teacher/weights.safetensors").unlink()
        (self.out / "stages/teacher/weights.safetensors").symlink_to(elsewhere / "stages/teacher/weights.safetensors")
        self.get("/models/out/teacher.onnx", expect=404)
        self.predict({"model": "teacher", "inputs": [[0] * 784]}, 404)
        (self.out / "results.json").unlink()
        (self.out / "results.json").symlink_to(self.folder / "results.json")
        for path in ("/api/runs/out/results", "/report/out", "/api/runs/out", "/api/compare?run=out"):
            status, _, body = self.ask("GET", path)
            self.assertGreaterEqual(status, 400, path)
            self.assertNotIn(b"SECRET", body)

    def test_only_its_own_names_reach_it(self):
        for host in ("evil.example", f"evil.example:{self.port}", "127.0.0.1.evil.example", "localhost.evil.example",
                     "10.0.0.1"):
            status, _ = self.raw(f"GET /api/runs HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            self.assertEqual(status, 421, host)
        for host in (f"127.0.0.1:{self.port}", f"localhost:{self.port}", "LOCALHOST", f"[::1]:{self.port}"):
            self.assertEqual(self.raw(f"GET /api/runs HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())[0], 200, host)
        self.assertEqual(self.raw(b"GET /api/runs HTTP/1.1\r\n\r\n")[0], 400)
        self.assertIn(self.raw(b"GET /api/runs HTTP/1.1\r\nHost: \r\n\r\n")[0], (400, 421))
        self.assertEqual(self.raw(b"GET /api/runs HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")[0], 400)

    def test_methods_and_types(self):
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
            self.assertEqual(self.ask(method, "/api/runs")[0], 405, method)
        self.assertEqual(self.ask("GET", "/predict")[0], 405)
        self.assertEqual(self.ask("POST", "/api/runs", "{}", {"Content-Type": "application/json"})[0], 405)
        for method in ("BREW", "get", "TRACE\tX"):
            self.assertIn(self.raw(f"{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())[0], (400, 405), method)
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
            status, _, body = self.ask("POST", "/predict", "{}", {"Content-Type": kind})
            self.assertEqual(status, 415, kind)
            self.assertIn("application/json", json.loads(body)["error"])
        self.assertEqual(self.ask("POST", "/predict", "{}",
                                  {"Content-Type": "application/json", "Content-Encoding": "gzip"})[0], 415)
        self.assertEqual(self.ask("HEAD", "/")[0], 200)

    def test_oversized_requests(self):
        kind = {"Content-Type": "application/json"}
        status, _, body = self.ask("POST", "/predict", b" " * (9 << 20), kind)
        self.assertEqual(status, 413)
        self.assertIn("error", json.loads(body))
        start = f"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
        self.assertEqual(self.raw(start.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 9 + b"0\r\n\r\n")[0],
                         413)
        # More than it is ready to read at all: it may hang up.
        self.assertIn(self.raw(start.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 64)[0],
                      (400, 413, None))
        self.assertIn(self.raw(start.encode() + b"Content-Length: 99999999999999999999\r\n\r\n{}")[0], (400, 413, None))
        self.assertIn(self.raw(b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")[0], (400, 414, None))
        self.assertEqual(self.raw(b"GET /" + b"a" * 2000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")[0], 414)
        self.assertIn(self.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100000 + b"\r\n\r\n")[0],
                      (400, None))
        many = b"".join(b"X-%d: y\r\n" % i for i in range(100000))
        self.assertIn(self.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + many + b"\r\n")[0], (400, None))

    def test_a_refused_body_is_not_taken_for_a_request(self):
        hidden = b"GET /api/runs HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for head in (b"Content-Type: text/plain\r\nContent-Length: %d\r\n" % len(hidden),
                     b"Content-Type: application/json\r\nContent-Length: 0\r\n"):
            _, answer = self.raw(b"POST /predict HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n" + hidden)
            self.assertEqual(answer.count(b"HTTP/1.1 "), 1)

    def test_slow_requests_do_not_keep_others_waiting(self):
        slow = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(40)]
        try:
            for number, connection in enumerate(slow):
                connection.sendall((b"GET / HTTP/1.1\r\nHost: loc",
                                    b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                    b"Content-Length: 100\r\n\r\n{")[number % 2])
            start = time.time()
            self.assertEqual(self.ask("GET", "/api/runs")[0], 200)
            self.assertLess(time.time() - start, 5)
            # One that sends a byte now and then is cut off all the same.
            slow[0].settimeout(30)
            closed = False
            while not closed and time.time() - start < 25:
                try:
                    slow[0].sendall(b"a")
                except OSError:
                    closed = True
                time.sleep(0.5)
            self.assertTrue(closed)
        finally:
            for connection in slow:
                connection.close()

    def test_random_bytes(self):
        import random
        chance = random.Random(1)
        for _ in range(60):
            self.raw(bytes(chance.randrange(256) for _ in range(chance.randrange(1, 400))) + b"\r\n\r\n", timeout=15)


if __name__ == "__main__":
    unittest.main()
