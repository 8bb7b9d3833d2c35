"""Values of losses over logits, in float64 by NumPy, from the formulas of the papers: logit_losses.json.

    python3 tests/golden/logit_losses.py   # writes the file again
"""
import json
import pathlib

import numpy

RNG = numpy.random.default_rng(11)


def logits(*shape):
    return numpy.round(2 * RNG.normal(size=shape), 3)


def softmax(z, temperature):
    powers = numpy.exp(z / temperature)
    return powers / powers.sum(axis=-1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + numpy.exp(-z))


def divergence(p, q):
    return float(numpy.sum(p * numpy.log(p / q)))


class Teacher:
    """Logits [N, C], or [N, M, C] of M networks, whose probabilities are averaged."""

    def __init__(self, values):
        self.values = values

    def averaged(self, probabilities):
        return probabilities if self.values.ndim == 2 else probabilities.mean(axis=1)

    def softmax(self, temperature):
        return self.averaged(softmax(self.values, temperature))

    def sigmoid(self, temperature):
        return self.averaged(sigmoid(self.values / temperature))


def over_labels(targets, of_example):
    """The mean over labelled examples; of_example(n, y) is a number. A mixed example has two labels."""
    total = weight = 0.0
    for n, y in enumerate(targets["labels"]):
        share = targets["mix"][n] if "mix" in targets else 1.0
        for label, part in ((y, share), (targets["partner_labels"][n] if "mix" in targets else -1, 1 - share)):
            if label >= 0:
                total += part * of_example(n, label)
                weight += part
    return total / weight if weight else 0.0


def without(p, y):
    others = numpy.delete(p, y)
    return others / others.sum()


def dkd(z, teacher, targets, temperature=4, alpha=1, beta=8):
    p, q = teacher.softmax(temperature), softmax(z, temperature)

    def of_example(n, y):
        binary = [numpy.array([r[n, y], 1 - r[n, y]]) for r in (p, q)]
        return alpha * divergence(*binary) + beta * divergence(without(p[n], y), without(q[n], y))
    return temperature ** 2 * over_labels(targets, of_example)


def nkd(z, teacher, targets, temperature=1, gamma=1.5):
    def of_example(n, y):
        others = without(teacher.softmax(temperature)[n], y) * numpy.log(without(softmax(z, temperature)[n], y))
        target = teacher.softmax(1)[n, y] * numpy.log(softmax(z, 1)[n, y])
        return -target - gamma * temperature ** 2 * others.sum()
    return over_labels(targets, of_example)


def dist(z, teacher, targets, temperature=1, beta=1, gamma=1):
    p, q = teacher.softmax(temperature), softmax(z, temperature)

    def correlation(x, y):
        x, y = x - x.mean(), y - y.mean()
        return (x @ y) / (numpy.sqrt(x @ x) * numpy.sqrt(y @ y) + 1e-8)
    rows = numpy.mean([correlation(x, y) for x, y in zip(q, p)])
    columns = numpy.mean([correlation(x, y) for x, y in zip(q.T, p.T)])
    return temperature ** 2 * (beta * (1 - rows) + gamma * (1 - columns))


def ttm(z, teacher, targets, temperature=4, weighted=False):
    total = 0.0
    for p, q in zip(teacher.softmax(1), softmax(z, 1)):
        powers = p ** (1 / temperature)
        total += divergence(powers / powers.sum(), q) * (powers.sum() if weighted else 1)
    return total / len(z)


def wttm(z, teacher, targets, temperature=4):
    return ttm(z, teacher, targets, temperature, weighted=True)


def mlkd(z, teacher, targets, temperatures=(2, 3, 4, 5, 6), instance=1, batch=1, **weights):
    total = 0.0
    for temperature in temperatures:
        p, q = teacher.softmax(temperature), softmax(z, temperature)
        total += instance * temperature ** 2 * divergence(p, q) / len(z)
        total += batch * numpy.linalg.norm(q @ q.T - p @ p.T) ** 2 / z.shape[0]
        total += weights.get("class", 1) * numpy.linalg.norm(q.T @ q - p.T @ p) ** 2 / z.shape[1]
    return total


def sigmoid_targets(z, teacher, targets, temperature=1, reduction="batchmean"):
    p, q = teacher.sigmoid(temperature), sigmoid(z / temperature)
    total = temperature ** 2 * (divergence(p, q) + divergence(1 - p, 1 - q))
    return total / (z.size if reduction == "mean" else len(z))


def sigmoid_labels(z, teacher, targets, reduction="batchmean"):
    def of_example(n, y):
        p = sigmoid(z[n])
        wanted = numpy.eye(len(p))[y]
        return -(wanted * numpy.log(p) + (1 - wanted) * numpy.log(1 - p)).sum()
    return over_labels(targets, of_example) / (z.shape[1] if reduction == "mean" else 1)


def logit_regression(z, teacher, targets, distance="squares"):
    d = numpy.abs(z - teacher.values)
    each = {"squares": d ** 2 / 2, "absolute": d, "huber": numpy.where(d <= 1, d ** 2 / 2, d - 0.5)}[distance]
    return each.sum() / len(z)


SETTINGS = [
    (dkd, {}), (dkd, {"temperature": 1, "alpha": 0.5, "beta": 2}), (dkd, {"temperature": 2.5, "beta": 0}),
    (nkd, {}), (nkd, {"temperature": 3, "gamma": 3.5}), (nkd, {"gamma": 0}),
    (dist, {}), (dist, {"temperature": 4, "beta": 2, "gamma": 0.5}),
    (ttm, {}), (ttm, {"temperature": 1}), (ttm, {"temperature": 0.5}),
    (wttm, {}), (wttm, {"temperature": 2}),
    (mlkd, {}), (mlkd, {"temperatures": [1], "instance": 0, "class": 0}),
    (mlkd, {"temperatures": [4, 0.5], "instance": 0.5, "batch": 0, "class": 3}),
    (sigmoid_targets, {}), (sigmoid_targets, {"temperature": 2.5}), (sigmoid_targets, {"reduction": "mean"}),
    (sigmoid_labels, {}), (sigmoid_labels, {"reduction": "mean"}),
    (logit_regression, {"distance": "squares"}), (logit_regression, {"distance": "absolute"}),
    (logit_regression, {"distance": "huber"}),
]


def yaml(value):
    return "[" + ", ".join(map(yaml, value)) + "]" if isinstance(value, list) else str(value)


def tensor(values):
    return {"shape": values.shape, "values": values.ravel().tolist()}


def main():
    one, two, many = {"labels": [2]}, {"labels": [0, 4, -1, 3, 4, 1]}, {"labels": [9, -1, 0, 5]}
    mixed = {"labels": [0, 4, -1, 3, 4, -1], "partner_labels": [3, 4, 2, -1, 0, -1],
             "mix": [0.25, 0.5, 0.875, 0.75, 1.0, 0.125]}
    inputs = [(logits(1, 3), logits(1, 3), one), (logits(6, 5), logits(6, 5), two), (logits(6, 5), logits(6, 5), mixed),
              (logits(6, 5), logits(6, 3, 5), mixed), (logits(4, 10), logits(4, 2, 10), many),
              (logits(3, 2), logits(3, 2), {"labels": [-1, -1, -1]})]
    cases = []
    for function, options in SETTINGS:
        settings = ", ".join(f"{key}: {yaml(value)}" for key, value in options.items())
        for z, v, targets in inputs:
            if function is logit_regression and v.ndim == 3:
                continue  # the mean distribution has no logits
            value = function(z, Teacher(v), targets, **options)
            cases.append({"loss": f"{{{function.__name__}: {{{settings}}}}}", "student": tensor(z),
                          "teacher": tensor(v), **targets, "value": value})
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
