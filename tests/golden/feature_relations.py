"""Values of losses over relations within features, in float64 by NumPy, from the formulas of the papers:
feature_relations.json.

    python3 tests/golden/feature_relations.py   # writes the file again
"""
import json
import math
import pathlib

import numpy
from feature_losses import of_one_size, tensors

RNG = numpy.random.default_rng(11)
FLOOR = 1e-7  # of probabilities


def feature(*shape):
    return numpy.round(RNG.normal(size=shape), 2)


def flat(array):
    return array.reshape(len(array), -1)


def unit(array):
    """Vectors along the last axis by their lengths; zero stays zero."""
    lengths = numpy.sqrt((array ** 2).sum(axis=-1, keepdims=True))
    return array / numpy.where(lengths > 0, lengths, 1)


def similarity_preserving(student, teacher):
    rows = [unit(flat(x) @ flat(x).T) for x in (student, teacher)]
    return ((rows[0] - rows[1]) ** 2).sum() / len(student) ** 2


def huber(a, b):
    difference = abs(a - b)
    return difference ** 2 / 2 if difference <= 1 else difference - 0.5


def rkd(student, teacher, distance=25, angle=50):
    n = len(student)
    distances, cosines = [], []
    for x in (flat(student), flat(teacher)):
        lengths = numpy.array([[math.sqrt(((x[i] - x[j]) ** 2).sum()) for j in range(n)] for i in range(n)])
        distances.append(lengths / (lengths[lengths > 0].mean() if (lengths > 0).any() else 1))
        own = numpy.zeros((n, n, n))
        for i in range(n):
            for j in range(n):
                for k in range(n):
                    if lengths[i, j] > 0 and lengths[k, j] > 0:
                        own[i, j, k] = (x[i] - x[j]) @ (x[k] - x[j]) / (lengths[i, j] * lengths[k, j])
        cosines.append(own)
    return (distance * numpy.mean([huber(a, b) for a, b in zip(distances[0].ravel(), distances[1].ravel())])
            + angle * numpy.mean([huber(a, b) for a, b in zip(cosines[0].ravel(), cosines[1].ravel())]))


def pkt(student, teacher, form="others"):
    n = len(student)
    total = 0
    kernels = [(unit(flat(x)) @ unit(flat(x)).T + 1) / 2 for x in (student, teacher)]
    for i in range(n):
        among = [j for j in range(n) if form == "all" or j != i]
        q, p = (kernel[i, among] / kernel[i, among].sum() for kernel in kernels)
        total += (p * numpy.log((p + FLOOR) / (q + FLOOR))).sum()
    return total / n ** 2 if form == "all" else total / n


def cc(student, teacher, gamma=0.4, order=2):
    kernels = []
    for x in (student, teacher):
        cosines = unit(flat(x)) @ unit(flat(x)).T
        kernels.append(sum(math.exp(-2 * gamma) * (2 * gamma) ** p / math.factorial(p) * cosines ** p
                           for p in range(order + 1)))
    return ((kernels[0] - kernels[1]) ** 2).mean()


def adjacent(student, teacher, parameters, prefix=""):
    mapped = [flat(x) @ parameters[f"{prefix}{whose}.weight"].T + parameters[f"{prefix}{whose}.bias"]
              for x, whose in ((student, "student"), (teacher, "teacher"))]
    distances = numpy.abs(mapped[0] - mapped[1])
    return sum(distances[i] @ distances[i + 1] for i in range(len(student) - 1)) / (len(student) - 1)


def nst(student, teacher, kernel="polynomial"):
    student, teacher = of_one_size(student, teacher)
    total = 0
    for x, y in zip(student, teacher):
        x, y = unit(flat(x)), unit(flat(y))
        variance = numpy.mean([((a - b) ** 2).sum() for a in x for b in y])

        def value(a, b):
            if kernel == "gaussian":
                return math.exp(-((a - b) ** 2).sum() / (2 * variance))
            return a @ b if kernel == "linear" else (a @ b) ** 2

        total += (numpy.mean([value(a, b) for a in x for b in x]) + numpy.mean([value(a, b) for a in y for b in y])
                  - 2 * numpy.mean([value(a, b) for a in x for b in y]))
    return total / len(student)


def max_pooled(maps, height, width):
    full_height, full_width = maps.shape[2:]
    result = numpy.empty((*maps.shape[:2], height, width))
    for i in range(height):
        rows = slice(i * full_height // height, math.ceil((i + 1) * full_height / height))
        for j in range(width):
            columns = slice(j * full_width // width, math.ceil((j + 1) * full_width / width))
            result[:, :, i, j] = maps[:, :, rows, columns].max(axis=(2, 3))
    return result


def fsp(students, teachers, form="sum"):
    total = 0
    for j in range(len(students) - 1):
        matrices = []
        for features in (students, teachers):
            height, width = (min(features[j].shape[k], features[j + 1].shape[k]) for k in (2, 3))
            first, second = (max_pooled(x, height, width) for x in features[j:j + 2])
            matrices.append(numpy.einsum("nahw,nbhw->nab", first, second) / (height * width))
        squares = (matrices[0] - matrices[1]) ** 2
        total += squares.mean() if form == "mean" else squares.sum() / len(squares)
    return total


def connected(student, parameters, prefix=""):
    """A 1×1 convolution, and batch norm by the batch."""
    mapped = numpy.einsum("oi,nihw->nohw", parameters[f"{prefix}convolution.weight"][:, :, 0, 0], student)
    mean, variance = (f(mapped, axis=(0, 2, 3), keepdims=True) for f in (numpy.mean, numpy.var))
    weight, bias = (parameters[f"{prefix}norm.{name}"][None, :, None, None] for name in ("weight", "bias"))
    return (mapped - mean) / numpy.sqrt(variance + 1e-5) * weight + bias


def ickd(student, teacher, parameters, form="product"):
    student, teacher = of_one_size(student, teacher)
    total = 0
    for x, y in zip(connected(student, parameters), teacher):
        products = [flat(f) @ flat(f).T for f in (x, y)]
        if form == "normalized":
            products = [unit(product) for product in products]
        squares = ((products[0] - products[1]) ** 2).sum()
        total += squares / (len(y) if form == "normalized" else len(y) ** 2)
    return total / len(student)


def ab(student, teacher, parameters, margin=1, prefix=""):
    student, teacher = of_one_size(student, teacher)
    total = 0
    for s, t in zip(connected(student, parameters, prefix).ravel(), teacher.ravel()):
        if t > 0 and s < margin:
            total += (s - margin) ** 2
        elif t <= 0 and s > -margin:
            total += (s + margin) ** 2
    return total / len(student)


def ofd(student, teacher, parameters, prefix=""):
    """The margins are those of the first batch."""
    margins = [t[t < 0].mean() if (t < 0).any() else 0 for t in (teacher[:, c] for c in range(teacher.shape[1]))]
    teacher = numpy.maximum(teacher, numpy.array(margins)[None, :, None, None])
    student, teacher = of_one_size(student, teacher)
    total = 0
    for s, t in zip(connected(student, parameters, prefix).ravel(), teacher.ravel()):
        total += 0 if s <= t <= 0 else (t - s) ** 2
    return total / len(student)


def connector(student, teacher, prefix=""):
    channels = teacher.shape[1]
    return {f"{prefix}convolution.weight": feature(channels, student.shape[1], 1, 1),
            f"{prefix}norm.weight": 1 + feature(channels) / 4, f"{prefix}norm.bias": feature(channels) / 2}


def doubling(values):
    return sum(2.0 ** (j - len(values) + 1) * value for j, value in enumerate(values))


class Cases:
    def __init__(self):
        self.all = []

    def add(self, loss, options, students, teachers, value, parameters=None):
        names = {"from": [f"t{i}" for i in range(len(teachers))], "to": [f"s{i}" for i in range(len(students))]}
        yaml = json.dumps({loss: {**names, **options}})
        self.all.append({"loss": yaml, "student": tensors(dict(zip(names["to"], students))),
                         "teacher": tensors(dict(zip(names["from"], teachers))),
                         "parameters": tensors(parameters or {}), "value": value})


def add_examples(cases):
    """Losses that compare the examples of a batch."""
    same, zero = feature(1, 4), numpy.zeros((1, 4))
    pairs = [(feature(4, 6), feature(4, 3)), (feature(3, 2, 3, 2), feature(3, 4, 2, 2)), (feature(1, 3), feature(1, 2)),
             (feature(4, 3), numpy.vstack([same, same, zero, feature(1, 4)]))]
    of = (("similarity_preserving", similarity_preserving, ({},)),
          ("rkd", rkd, ({}, {"distance": 2, "angle": 0}, {"distance": 0, "angle": 3})),
          ("pkt", pkt, ({}, {"form": "all"})), ("cc", cc, ({}, {"gamma": 1.5, "order": 3})))
    for name, function, all_options in of:
        for options in all_options:
            for student, teacher in pairs:
                cases.add(name, options, [student], [teacher], function(student, teacher, **options))
            students, teachers = zip(*pairs[:2])
            cases.add(name, options, students, teachers,
                      sum(function(student, teacher, **options) for student, teacher in pairs[:2]))
    parameters = {}
    for i, (student, teacher) in enumerate(pairs[:2]):
        for whose, x in (("student", student), ("teacher", teacher)):
            parameters |= {f"{i + 1}.{whose}.weight": feature(3, flat(x).shape[1]), f"{i + 1}.{whose}.bias": feature(3)}
    cases.add("cc", {"form": "adjacent", "dimension": 3}, *zip(*pairs[:2]),
              sum(adjacent(*pair, parameters, f"{i + 1}.") for i, pair in enumerate(pairs[:2])), parameters)


def add_channels(cases):
    """Losses that compare channels and numbers of maps."""
    pairs = [(feature(2, 3, 2, 2), feature(2, 4, 2, 2)), (feature(3, 2, 5, 3), feature(3, 2, 2, 4))]
    for kernel in ("polynomial", "linear", "gaussian"):
        for student, teacher in pairs:
            cases.add("nst", {"kernel": kernel}, [student], [teacher], nst(student, teacher, kernel))
        cases.add("nst", {"kernel": kernel}, *zip(*pairs), sum(nst(*pair, kernel) for pair in pairs))
    students = [feature(2, 2, 5, 3), feature(2, 3, 2, 3), feature(2, 2, 2, 2)]
    teachers = [feature(2, 2, 4, 4), feature(2, 3, 4, 4), feature(2, 2, 2, 2)]
    for form in ("sum", "mean"):
        cases.add("fsp", {"form": form}, students, teachers, fsp(students, teachers, form))
    for student, teacher in pairs:
        parameters = connector(student, teacher)
        for form in ("product", "normalized"):
            cases.add("ickd", {"form": form}, [student], [teacher], ickd(student, teacher, parameters, form),
                      parameters)
        cases.add("ab", {"margin": 0.5}, [student], [teacher], ab(student, teacher, parameters, 0.5), parameters)
        cases.add("ofd", {}, [student], [teacher], ofd(student, teacher, parameters), parameters)
    both = connector(*pairs[0], "1.") | connector(*pairs[1], "2.")
    for name, function in (("ab", ab), ("ofd", ofd)):
        values = [function(*pair, both, prefix=f"{i + 1}.") for i, pair in enumerate(pairs)]
        cases.add(name, {}, *zip(*pairs), sum(values), both)
        cases.add(name, {"layers": "doubling"}, *zip(*pairs), doubling(values), both)


def main():
    cases = Cases()
    add_examples(cases)
    add_channels(cases)
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases.all) + "\n]\n")


if __name__ == "__main__":
    main()
