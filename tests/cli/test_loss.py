"""`limbeck loss`: every value against its formula in plain Python, on files that other programs could have written."""
import json
import math
import pathlib
import re
import struct
import unittest

from support import CODES, SOURCE, ProgramTest, flat, read_safetensors, shape_of, write_npy

DTYPES = {"F64": "d", "F32": "f", "F16": "e", "I64": "q"}

PICTURES = [[[[n + c + 0.5 * i * j for j in range(3)] for i in range(3)] for c in range(2)] for n in range(4)]
STUDENT = [[1.5, -0.25, 0.75], [0.0, 2.0, -1.0], [0.5, 0.25, -3.0], [-1.0, 4.0, 1.0]]
TEACHER = [[4.0, 1.0, -2.0], [0.5, 3.5, 1.0], [2.0, 2.5, -6.0], [-2.0, 1.0, 5.0]]
SECOND = [[1.0, 0.0, 3.0], [-1.0, 2.0, 2.0], [0.0, 5.0, 1.0], [2.0, -1.0, 0.5]]
LABELS = [0, 1, -1, 2]


def read_npy(path):
    """(code, shape, numbers)"""
    content = path.read_bytes()
    (length,) = struct.unpack("<H", content[8:10])
    header = eval(content[10:10 + length])
    data = content[10 + length:]
    size = struct.calcsize(CODES[header["descr"]])
    return header["descr"], header["shape"], list(struct.unpack(f"<{len(data) // size}{CODES[header['descr']]}", data))


def write_safetensors(path, tensors):
    """tensors: {name: (dtype, values)}"""
    header, data = {}, b""
    for name, (dtype, values) in tensors.items():
        numbers = flat(values)
        packed = struct.pack(f"<{len(numbers)}{DTYPES[dtype]}", *numbers)
        header[name] = {"dtype": dtype, "shape": shape_of(values), "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def nested(values, shape):
    """Lists of lists of these numbers."""
    if len(shape) == 1:
        return list(values)
    size = len(values) // shape[0]
    return [nested(values[i * size:(i + 1) * size], shape[1:]) for i in range(shape[0])]


def softmax(row, temperature=1.0):
    top = max(row)
    exponentials = [math.exp((value - top) / temperature) for value in row]
    return [value / sum(exponentials) for value in exponentials]


def divergence(teacher, student, temperature):
    """T^2 KL(p, q), a mean over the rows; the teacher is given as distributions."""
    total = 0.0
    for p, z in zip(teacher, student):
        q = softmax(z, temperature)
        total += sum(a * (math.log(a) - math.log(b)) for a, b in zip(p, q))
    return temperature ** 2 * total / len(student)


def mean_distribution(networks, temperature):
    rows = zip(*[[softmax(row, temperature) for row in network] for network in networks])
    return [[sum(values) / len(values) for values in zip(*row)] for row in rows]


class LossOnFiles(ProgramTest):
    def setUp(self):
        super().setUp()
        self.files = {}
        for name, values, code in (("student", STUDENT, "<f8"), ("teacher", TEACHER, "<f8"), ("labels", LABELS, "<i8"),
                                   ("peers", [STUDENT, SECOND], "<f8")):
            self.files[name] = self.folder / f"{name}.npy"
            write_npy(self.files[name], values, code)

    def value(self, loss, *inputs, **options):
        """The printed number; `inputs` are names of files that setUp wrote."""
        flags = [flag for name in inputs for flag in (f"--{name}", self.files[name])]
        flags += [flag for key, value in options.items() for flag in ("--set", f"{key}={value}")]
        printed = self.limbeck("loss", loss, *flags).stdout
        self.assertRegex(printed, r"^\S+\n$")
        return float(printed)

    def test_soft_targets(self):
        for temperature in (1.0, 4.0, 20.0):
            teacher = [softmax(row, temperature) for row in TEACHER]
            self.assertAlmostEqual(self.value("soft_targets", "student", "teacher", temperature=temperature),
                                   divergence(teacher, STUDENT, temperature), delta=1e-12)
        mean = self.value("soft_targets", "student", "teacher", temperature=4, reduction="mean")
        self.assertAlmostEqual(3 * mean, divergence([softmax(row, 4) for row in TEACHER], STUDENT, 4), delta=1e-12)

    def test_an_ensemble_teaches_its_mean_distribution(self):
        write_npy(self.files["teacher"], [TEACHER, SECOND])
        for temperature in (1.0, 5.0):
            self.assertAlmostEqual(self.value("soft_targets", "student", "teacher", temperature=temperature),
                                   divergence(mean_distribution([TEACHER, SECOND], temperature), STUDENT, temperature),
                                   delta=1e-12)

    def test_losses_of_labels_leave_out_the_unlabelled(self):
        rows = [(softmax(row), label) for row, label in zip(STUDENT, LABELS) if label >= 0]
        expected = -sum(math.log(q[label]) for q, label in rows) / len(rows)
        self.assertAlmostEqual(self.value("hard_labels", "student", "labels"), expected, delta=1e-12)
        smoothed = -sum(0.7 * math.log(q[label]) + 0.3 * sum(map(math.log, q)) / 3 for q, label in rows) / len(rows)
        self.assertAlmostEqual(self.value("label_smoothing", "student", "labels", amount=0.3), smoothed, delta=1e-12)
        for code in ("<i4", "<i2", "|i1"):
            write_npy(self.files["labels"], LABELS, code)
            self.assertAlmostEqual(self.value("hard_labels", "student", "labels"), expected, delta=1e-12)
        write_npy(self.files["labels"], [-1, -1, -1, -1], "<i8")
        self.assertEqual(self.value("hard_labels", "student", "labels"), 0)

    def test_regression_of_logits(self):
        expected = sum((z - v) ** 2 for z, v in zip(flat(STUDENT), flat(TEACHER))) / (2 * len(STUDENT))
        self.assertAlmostEqual(self.value("logit_regression", "student", "teacher"), expected, delta=1e-12)
        total = 0.0
        for z, v in zip(zip(*STUDENT), zip(*TEACHER)):
            mean = sum(v) / len(v)
            variance = sum((value - mean) ** 2 for value in v) / len(v)
            total += sum((a - b) ** 2 for a, b in zip(z, v)) / variance
        self.assertAlmostEqual(self.value("logit_regression", "student", "teacher", normalize="true"),
                               total / (2 * len(STUDENT)), delta=1e-12)

    def test_community(self):
        expected = divergence(mean_distribution([STUDENT, SECOND], 2.0), STUDENT, 2.0)
        self.assertAlmostEqual(self.value("community", "student", "peers", temperature=2), expected, delta=1e-12)

    def test_every_loss_takes_files_that_it_does_not_read(self):
        picture = self.folder / "picture.npy"
        write_npy(picture, PICTURES)
        for loss in json.loads(self.limbeck("list", "losses", "--json").stdout):
            flags = [flag for name in ("student", "teacher", "labels", "peers")
                     for flag in (f"--{name}", self.files[name])]
            flags += [flag for whose in ("student", "teacher") for flag in (f"--{whose}-feature", f"layer1={picture}")]
            if "from" in {option["name"] for option in loss["options"]}:
                flags += ["--set", "from=[layer1,layer1]" if loss["name"] == "fsp" else "from=layer1"]
            self.assertTrue(math.isfinite(float(self.limbeck("loss", loss["name"], *flags).stdout)), loss["name"])

    def golden(self, loss):
        """The cases of tests/golden whose loss is this one, with their features as files."""
        cases = json.loads((SOURCE / "tests/golden/feature_losses.json").read_text())
        for number, case in enumerate(cases):
            if not case["loss"].startswith("{" + loss + ":"):
                continue
            flags = []
            for whose in ("student", "teacher"):
                for name, feature in case[whose].items():
                    file = self.folder / f"{whose}-{name}-{number}.npy"
                    write_npy(file, nested(feature["values"], feature["shape"]))
                    flags += [f"--{whose}-feature", f"{name}={file}"]
            options = re.findall(r"(\w+): (\[.*?\]|\w+)", case["loss"][len(loss) + 3:])
            yield case, flags + [flag for key, value in options for flag in ("--set", f"{key}={value}")]

    def test_features(self):
        cases = list(self.golden("attention_transfer"))
        self.assertEqual(len(cases), 6)
        for case, flags in cases:
            self.assertAlmostEqual(float(self.limbeck("loss", "attention_transfer", *flags).stdout), case["value"],
                                   delta=1e-12, msg=case["loss"])

    def test_parameters_of_a_loss_are_drawn_from_the_seed(self):
        case, flags = next(self.golden("fitnet"))
        values = [json.loads(self.limbeck("loss", "fitnet", *flags, *more, "--json").stdout)
                  for more in ([], ["--seed", 1], ["--seed", 2])]
        self.assertEqual(values[0], values[1])
        self.assertNotEqual(values[0]["value"], values[2]["value"])
        channels, taught = case["student"]["guided"]["shape"][1], case["teacher"]["hint"]["shape"][1]
        self.assertEqual(values[0]["parameters"], channels * taught + taught)
        self.assertNotIn("classes", values[0])
        self.assertEqual(values[0]["parameter_shapes"], {"bias": [taught], "weight": [taught, channels, 1, 1]})

    def test_parameters_of_a_loss_are_read_from_files(self):
        for case, flags in self.golden("fitnet"):
            for name, parameter in case["parameters"].items():
                file = self.folder / f"{name}.npy"
                write_npy(file, nested(parameter["values"], parameter["shape"]))
                flags = [*flags, "--parameter", f"{name}={file}"]
            self.assertAlmostEqual(float(self.limbeck("loss", "fitnet", *flags).stdout), case["value"],
                                   delta=1e-10 * (1 + case["value"]), msg=case["loss"])
        self.assertIn("the loss has no parameter 'weigt'; did you mean 'weight'?",
                      self.refused("fitnet", *flags, "--parameter", f"weigt={self.folder / 'weight.npy'}"))
        self.assertIn("--parameter bias is", self.refused("fitnet", *flags[:-2], "--parameter",
                                                          f"bias={self.folder / 'weight.npy'}"))

    def test_standardized_logits(self):
        flags = ["--student", self.files["student"], "--teacher", self.files["teacher"]]

        def standardized(rows, count):
            def of(row):
                mean = sum(row) / len(row)
                deviation = math.sqrt(sum((z - mean) ** 2 for z in row) / count(len(row)))
                return [(z - mean) / (deviation + 1e-7) for z in row]
            return [of(row) for row in rows]
        for by, count in (("population", lambda n: n), ("sample", lambda n: n - 1)):
            student, teacher = standardized(STUDENT, count), standardized(TEACHER, count)
            expected = divergence(mean_distribution([teacher], 2.0), student, 2.0)
            self.assertAlmostEqual(self.value("soft_targets", "student", "teacher", temperature=2, standardize=by),
                                   expected, delta=1e-12)
        self.assertIn("'none', 'population' or 'sample'",
                      self.refused("soft_targets", *flags, "--set", "standardize=yes"))
        self.assertIn("does not compare logits of teacher and student",
                      self.refused("hard_labels", *flags, "--labels", self.files["labels"],
                                   "--set", "standardize=sample"))

    def test_gradient_by_a_feature(self):
        case, flags = next(self.golden("attention_transfer"))
        gradient, file = self.folder / "g.npy", pathlib.Path(flags[1].split("=")[1])
        self.limbeck("loss", "attention_transfer", *flags, "--feature-gradient", f"layer1={gradient}")
        code, shape, numbers = read_npy(gradient)
        feature = case["student"]["layer1"]
        self.assertEqual((code, list(shape)), ("<f8", feature["shape"]))
        values, step = [], 1e-5
        for sign in (1, -1):
            moved = list(feature["values"])
            moved[5] += sign * step
            write_npy(file, nested(moved, feature["shape"]))
            values.append(float(self.limbeck("loss", "attention_transfer", *flags).stdout))
        self.assertAlmostEqual((values[0] - values[1]) / (2 * step), numbers[5], delta=1e-8)

    def test_features_that_do_not_fit_are_named(self):
        _, flags = next(self.golden("fitnet"))
        student, teacher, settings = flags[:2], flags[2:4], flags[4:]
        self.assertIn("the loss 'fitnet' reads the teacher's feature 'hint'; give it with --teacher-feature hint=FILE",
                      self.refused("fitnet", *student, *settings))
        named = ["--set", "from=hint", "--set", "to=guided"]
        self.assertEqual(self.limbeck("loss", "fitnet", *student, *teacher).stdout,  # those that are given
                         self.limbeck("loss", "fitnet", *student, *teacher, *named).stdout)
        self.assertIn("the loss 'fitnet' compares features; give them with --student-feature NAME=FILE",
                      self.refused("fitnet"))
        self.assertIn("1 features of the student and 0 of the teacher are given; expected pairs",
                      self.refused("fitnet", *student))
        self.assertIn("expected NAME=FILE", self.refused("fitnet", *settings, "--student-feature", "guided"))
        self.assertIn("'guided' is given twice", self.refused("fitnet", *student, *flags))
        self.assertIn("--gradient is by the student's logits", self.refused("fitnet", *flags, "--gradient", "g.npy"))
        self.assertIn("--feature-gradient hint: give the feature",
                      self.refused("fitnet", *flags, "--feature-gradient", "hint=g.npy"))
        one = self.folder / "one.npy"
        write_npy(one, [[1.0, 2.0]])
        message = self.refused("fitnet", *student, "--teacher-feature", f"hint={one}", *settings)
        self.assertIn("--teacher-feature hint is 1x2; expected 2 examples", message)

    def test_gradient_is_that_of_differences(self):
        step, gradient = 1e-5, self.folder / "g.npy"
        for loss, inputs in (("soft_targets", ("teacher",)), ("hard_labels", ("labels",)), ("community", ("peers",))):
            flags = [flag for name in ("student", *inputs) for flag in (f"--{name}", self.files[name])]
            self.limbeck("loss", loss, *flags, "--gradient", gradient)
            code, shape, numbers = read_npy(gradient)
            self.assertEqual((code, shape), ("<f8", (4, 3)))
            for row, column in ((0, 0), (2, 1), (3, 2)):
                values = []
                for sign in (1, -1):
                    moved = [list(line) for line in STUDENT]
                    moved[row][column] += sign * step
                    write_npy(self.files["student"], moved)
                    values.append(self.value(loss, "student", *inputs))
                write_npy(self.files["student"], STUDENT)
                # Central differences are off by about step^2 and 1e-16 / step.
                self.assertAlmostEqual((values[0] - values[1]) / (2 * step), numbers[3 * row + column], delta=1e-8,
                                       msg=loss)

    def test_types_of_the_logits(self):
        exact = self.value("soft_targets", "student", "teacher")
        gradient = self.folder / "g.npy"
        # The logits are multiples of 1/4: every type holds them exactly, and the arithmetic is that of float32.
        for code, written in (("<f4", "<f4"), ("<f2", "<f2")):
            write_npy(self.files["student"], STUDENT, code)
            self.assertAlmostEqual(self.value("soft_targets", "student", "teacher"), exact, delta=1e-5 * exact)
            self.limbeck("loss", "soft_targets", "--student", self.files["student"], "--teacher", self.files["teacher"],
                         "--gradient", gradient)
            self.assertEqual(read_npy(gradient)[:2], (written, (4, 3)))

    def test_safetensors(self):
        both = self.folder / "both.safetensors"
        write_safetensors(both, {"z": ("F32", STUDENT), "v": ("F64", TEACHER)})
        one = self.folder / "one.safetensors"
        write_safetensors(one, {"anything": ("F64", TEACHER)})
        gradient = self.folder / "g.safetensors"
        values = [self.limbeck("loss", "soft_targets", "--student", f"{both}:z", "--teacher", teacher,
                               "--gradient", gradient).stdout
                  for teacher in (f"{both}:v", one)]
        self.assertEqual(*values)
        self.assertAlmostEqual(float(values[0]), self.value("soft_targets", "student", "teacher"), places=5)
        tensors, _ = read_safetensors(gradient)
        self.assertEqual(tensors["tensor"][:2], ("F32", [4, 3]))
        message = self.limbeck("loss", "soft_targets", "--student", both, "--teacher", one, expect=2).stderr
        self.assertIn("holds 2 tensors; name one of them", message)
        message = self.limbeck("loss", "soft_targets", "--student", f"{both}:zz", "--teacher", one, expect=2).stderr
        self.assertIn("holds no tensor 'zz'; did you mean 'z'?", message)

    def test_json_says_what_was_computed(self):
        result = json.loads(self.limbeck("loss", "soft_targets", "--student", self.files["student"], "--teacher",
                                         self.files["teacher"], "--set", "temperature=3", "--json").stdout)
        self.assertEqual({key: result[key] for key in ("loss", "examples", "classes")},
                         {"loss": "soft_targets", "examples": 4, "classes": 3})
        self.assertEqual(result["options"]["temperature"], 3)
        self.assertEqual(result["value"], self.value("soft_targets", "student", "teacher", temperature=3))

    def test_numbers_that_are_not_finite_are_printed(self):
        write_npy(self.files["student"], [[math.nan, 0.0, 0.0], *STUDENT[1:]])
        self.assertTrue(math.isnan(self.value("hard_labels", "student", "labels")))
        write_npy(self.files["student"], [[-math.inf, 0.0, 0.0], *STUDENT[1:]])
        self.assertEqual(self.value("hard_labels", "student", "labels"), math.inf)

    def refused(self, *arguments, code=2):
        return self.limbeck("loss", *arguments, expect=code).stderr

    def test_what_is_missing_or_does_not_fit_is_named(self):
        student, teacher, labels, peers = (("--" + name, self.files[name])
                                           for name in ("student", "teacher", "labels", "peers"))
        self.assertIn("unknown loss 'soft_target'; did you mean 'soft_targets'?", self.refused("soft_target", *student))
        self.assertIn("--set temprature=4: soft_targets.temprature: unknown key; did you mean 'temperature'?",
                      self.refused("soft_targets", *student, *teacher, "--set", "temprature=4"))
        self.assertIn("0 is out of range; expected a value above 0",
                      self.refused("soft_targets", *student, *teacher, "--set", "temperature=0"))
        self.assertIn("the loss 'soft_targets' reads the teacher's logits; give them with --teacher",
                      self.refused("soft_targets", *student))
        self.assertIn("give them with --labels", self.refused("hard_labels", *student, *teacher))
        self.assertIn("give them with --peers", self.refused("community", *student, *teacher))
        self.assertIn("--student is required", self.refused("hard_labels", *labels))
        self.assertIn("expected FILE.npy", self.refused("hard_labels", *student, "--labels", "labels.csv"))
        self.assertIn("expected FILE.npy", self.refused("hard_labels", *student, *labels, "--gradient", "g.txt"))
        self.assertIn("cannot read",
                      self.refused("hard_labels", *student, "--labels", self.folder / "none.npy", code=1))

        other = self.folder / "other.npy"
        for values, code, flag, message in (
                ([[1, 2, 3]] * 4, "<i4", "--teacher", "--teacher holds I32; expected logits as F64, F32 or F16"),
                (STUDENT[:3], "<f4", "--teacher",
                 "--teacher is 3x3, --student 4x3; expected 4x3, or Mx4x3 of an ensemble"),
                ([STUDENT[:3]] * 2, "<f4", "--teacher", "--teacher is 2x3x3"),
                (STUDENT, "<f4", "--peers", "--peers is 4x3; expected Mx4x3"),
                ([0.0, 1.0, 2.0, 0.0], "<f4", "--labels", "--labels holds F32; expected integers"),
                ([0, 1, 2], "<i4", "--labels", "--labels is 3; expected 4, one label for each row of --student"),
                ([0, 1, 3, 0], "<i4", "--labels", "--labels: label 2 is 3; expected -1 (unlabelled) to 2"),
                ([0, -2, 3, 0], "<i4", "--labels", "--labels: label 1 is -2; expected -1 (unlabelled) to 2")):
            write_npy(other, values, code)
            given = {"--teacher": teacher, "--labels": labels, "--peers": peers, flag: (flag, other)}
            self.assertIn(message,
                          self.refused("soft_targets", *student, *(part for pair in given.values() for part in pair)))
        write_npy(other, [1.0, 2.0, 3.0])
        self.assertIn("--student is 3; expected logits [examples, classes]",
                      self.refused("hard_labels", "--student", other, *labels))
        write_npy(other, [], shape=(0, 3))
        self.assertIn("--student is 0x3", self.refused("hard_labels", "--student", other, *labels))

    def test_a_damaged_file_is_named(self):
        content = self.files["student"].read_bytes()
        self.files["student"].write_bytes(content[:-1])
        message = self.refused("hard_labels", "--student", self.files["student"], "--labels", self.files["labels"],
                               code=1)
        self.assertIn(f"'{self.files['student']}' is not a valid .npy file: the shape (4, 3) of F64 needs 96 bytes, "
                      "95 follow", message)


if __name__ == "__main__":
    unittest.main()
