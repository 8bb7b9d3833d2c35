"""Values of losses with parameters and state of their own, in float64 by NumPy, from the formulas of the papers:
trained_losses.json.

    python3 tests/golden/trained_losses.py   # writes the file again
"""
import json
import math
import pathlib

import numpy

from feature_losses import of_one_size, pooled

RNG = numpy.random.default_rng(11)


def drawn(*shape):
    return numpy.round(RNG.normal(size=shape), 2)


def relu(x):
    return numpy.maximum(x, 0)


def sigmoid(x):
    return 1 / (1 + numpy.exp(-x))


def softmax(z):
    powers = numpy.exp(z - z.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def as_map(feature):
    return feature[:, :, None, None] if feature.ndim == 2 else feature


def convolution(x, weight, bias=None):
    """Of 1x1 or 3x3 kernels, at the size of x."""
    size = weight.shape[2]
    padded = numpy.pad(x, ((0, 0), (0, 0), (size // 2, size // 2), (size // 2, size // 2)))
    out = numpy.zeros((len(x), len(weight), *x.shape[2:]))
    for i in range(size):
        for j in range(size):
            out += numpy.einsum("oi,nihw->nohw", weight[:, :, i, j],
                                padded[:, :, i:i + x.shape[2], j:j + x.shape[3]])
    return out if bias is None else out + bias[None, :, None, None]


def batch_norm(x, weight, bias):
    mean, variance = x.mean(axis=(0, 2, 3), keepdims=True), x.var(axis=(0, 2, 3), keepdims=True)
    return (x - mean) / numpy.sqrt(variance + 1e-5) * weight[None, :, None, None] + bias[None, :, None, None]


class Parameters(dict):
    """Parameters of a loss, drawn where they are first asked for."""

    def of(self, name, *shape):
        if name not in self:
            self[name] = drawn(*shape)
        return self[name]

    def convolution(self, name, x, out, size=1):
        return convolution(x, self.of(f"{name}.weight", out, x.shape[1], size, size), self.of(f"{name}.bias", out))

    def normalized(self, name, x, out, size=1):
        x = convolution(x, self.of(f"{name}.convolution.weight", out, x.shape[1], size, size))
        return batch_norm(x, self.of(f"{name}.norm.weight", out), self.of(f"{name}.norm.bias", out))


def prefix(i, pairs):
    return "" if pairs == 1 else f"{i + 1}."


def vid(pairs, parameters, layers=3):
    value = 0
    for i, (student, teacher) in enumerate(pairs):
        before = prefix(i, len(pairs))
        x, t = of_one_size(as_map(student), as_map(teacher))
        for layer in range(layers):
            x = parameters.convolution(f"{before}mean{layer + 1}", relu(x) if layer else x, t.shape[1])
        variance = numpy.log1p(numpy.exp(parameters.of(f"{before}rho", t.shape[1]))) + 1e-5
        logs = [(t[:, c] - x[:, c]) ** 2 / (2 * variance[c]) + math.log(variance[c]) / 2 for c in range(t.shape[1])]
        value += numpy.mean(logs)
    return value


def simkd(student, teacher, parameters, reduction=2):
    x, t = of_one_size(student, teacher)
    between = max(t.shape[1] // reduction, 1)
    for layer, (out, size) in enumerate(((between, 1), (between, 3), (t.shape[1], 1))):
        x = relu(parameters.normalized(f"projector{layer + 1}", x, out, size))
    return ((x - t) ** 2).mean()


def nearest(x, height, width):
    rows = [i * x.shape[2] // height for i in range(height)]
    columns = [j * x.shape[3] // width for j in range(width)]
    return x[:, :, rows][:, :, :, columns]


def reviewkd(pairs, parameters, channels=512):
    channels = min(channels, pairs[-1][0].shape[1])
    value, deeper = 0, None
    for i in reversed(range(len(pairs))):
        before, student, teacher = prefix(i, len(pairs)), as_map(pairs[i][0]), as_map(pairs[i][1])
        x = parameters.normalized(f"{before}in", student, channels)
        if deeper is not None:
            y = nearest(deeper, *x.shape[2:])
            both = sigmoid(parameters.convolution(f"{before}attention", numpy.concatenate([x, y], axis=1), 2))
            x = x * both[:, :1] + y * both[:, 1:]
        deeper = nearest(x, *teacher.shape[2:])
        o = parameters.normalized(f"{before}out", deeper, teacher.shape[1], 3)
        terms = [(1, ((o - teacher) ** 2).mean())]
        for size in (4, 2, 1):
            if size < min(teacher.shape[2:]):
                squares = (pooled(o, size, size) - pooled(teacher, size, size)) ** 2
                terms.append((terms[-1][0] / 2, squares.mean()))
        value += sum(weight * term for weight, term in terms) / sum(weight for weight, _ in terms)
    return value


def factor_transfer(student, teacher, parameters, form, p, epochs, paraphraser_epochs, k=0.5):
    def network(name, x, *channels):
        for layer, out in enumerate(channels):
            x = parameters.normalized(f"{name}{layer + 1}", x, out, 3)
            x = numpy.where(x > 0, x, 0.1 * x)
        return x

    theirs, ours = teacher.shape[1], student.shape[1]
    code = int(k * theirs)
    factors = network("encoder", teacher, theirs, code, code)
    decoded = network("decoder", factors, code, theirs, theirs)
    translated = network("translator", student, ours, code, code)
    if epochs < paraphraser_epochs:
        return ((decoded - teacher) ** 2).mean()
    total, count = 0, 0
    for own, other in zip(*of_one_size(translated, factors)):
        u = [((f ** 2).mean(axis=0) if form == "map" else f).ravel() for f in (own, other)]
        powers = numpy.abs(u[0] / numpy.linalg.norm(u[0]) - u[1] / numpy.linalg.norm(u[1])) ** p
        total += powers.sum() ** (1 / p) if form == "norm" else powers.sum()
        count += 1 if form == "norm" else powers.size
    return total / count


def ctkd(student, teacher, parameters, form, lowest=1, width=20, hidden=64):
    """`teacher`: logits [N, C], or [M, N, C] of several networks."""
    members = teacher if teacher.ndim == 3 else teacher[None]
    total = 0
    for n, z in enumerate(student):
        if form == "global":
            theta = parameters.of("theta", 1)[0]
        else:
            v = teacher[n] if teacher.ndim == 2 else numpy.log(softmax(members[:, n]).mean(axis=0))
            given = numpy.concatenate([z, v])
            units = relu(parameters.of("1.weight", hidden, given.size) @ given + parameters.of("1.bias", hidden))
            theta = (parameters.of("2.weight", 1, hidden) @ units + parameters.of("2.bias", 1))[0]
        temperature = lowest + width * sigmoid(theta)
        p, q = softmax(members[:, n] / temperature).mean(axis=0), softmax(z / temperature)
        total += temperature ** 2 * (p * numpy.log(p / q)).sum()
    return total / len(student)


def unit(rows):
    return rows / numpy.linalg.norm(rows, axis=-1, keepdims=True)


def crd(student, teacher, ids, labels, parameters, state, negatives, dimension, temperature, momentum):
    """The value; `state` becomes that of the next step."""
    embedded = {}
    for whose, feature in (("student", student), ("teacher", teacher)):
        x = feature.mean(axis=(2, 3)) if feature.ndim == 4 else feature
        embedded[whose] = unit(x @ parameters.of(f"{whose}.weight", dimension, x.shape[1]).T +
                               parameters.of(f"{whose}.bias", dimension))
    examples = len(state["order"])
    drawn_ids = [int(state["order"][(int(state["counter"][0]) + k) % examples]) for k in range(negatives)]
    state["counter"] = numpy.array([(state["counter"][0] + negatives) % examples])
    for i, label in zip(ids, labels):
        state["labels"][i] = label
    chosen = [[j for j in drawn_ids if j != i and not (label >= 0 and state["labels"][j] == label)]
              for i, label in zip(ids, labels)]
    value = 0
    for side, (whose, other) in enumerate((("student", "teacher"), ("teacher", "student"))):
        memory = state[f"memory.{other}"]
        similar = [[math.exp(e @ memory[j] / temperature) for j in (i, *chosen[n])]
                   for n, (i, e) in enumerate(zip(ids, embedded[whose]))]
        if state["constants"][side] == 0:
            state["constants"][side] = numpy.mean(sum(similar, [])) * examples
        for n, row in enumerate(similar):
            own, *others = [x / state["constants"][side] for x in row]
            c = len(others) / examples
            value -= math.log(own / (own + c)) + sum(math.log(c / (x + c)) for x in others)
    for whose, rows in embedded.items():
        for i, row in zip(ids, rows):
            state[f"memory.{whose}"][i] = unit(momentum * state[f"memory.{whose}"][i] + (1 - momentum) * row)
    return value / len(ids)


def tensors(named):
    return {name: {"shape": numpy.shape(value), "values": numpy.ravel(value).tolist()} for name, value in named.items()}


def main():
    cases = []

    def add(loss, pairs, value, parameters, **more):
        cases.append({"loss": loss, "student": tensors({f"f{i + 1}": pair[0] for i, pair in enumerate(pairs)}),
                      "teacher": tensors({f"f{i + 1}": pair[1] for i, pair in enumerate(pairs)}),
                      "parameters": tensors(parameters), "value": value, **more})

    equal, wide = (drawn(2, 3, 4, 4), drawn(2, 4, 4, 4)), (drawn(3, 2, 5, 3), drawn(3, 4, 3, 4))
    vectors, last = (drawn(2, 3), drawn(2, 4)), (drawn(2, 2, 2, 2), drawn(2, 4, 2, 2))
    for pairs in ([equal], [wide], [vectors], [last, (drawn(2, 3, 1, 1), drawn(2, 2))]):
        parameters = Parameters()
        names = ", ".join(f"f{i + 1}" for i in range(len(pairs)))
        add(f"{{vid: {{from: [{names}]}}}}", pairs, vid(pairs, parameters), parameters)
    parameters = Parameters()
    add("{vid: {from: [f1], layers: 1}}", [equal], vid([equal], parameters, layers=1), parameters)

    for pair in (equal, wide):
        parameters = Parameters()
        add("{simkd: {from: [f1]}}", [pair], simkd(*pair, parameters), parameters)
    parameters = Parameters()
    add("{simkd: {from: [f1], reduction: 9}}", [last], simkd(*last, parameters, reduction=9), parameters)

    stages = [(drawn(2, 2, 5, 4), drawn(2, 3, 5, 5)), (drawn(2, 3, 3, 3), drawn(2, 2, 3, 2)), vectors]
    for pairs in ([equal], stages, stages[:2]):
        parameters = Parameters()
        names = ", ".join(f"f{i + 1}" for i in range(len(pairs)))
        add(f"{{reviewkd: {{from: [{names}]}}}}", pairs, reviewkd(pairs, parameters), parameters)
    parameters = Parameters()
    add("{reviewkd: {from: [f1, f2], channels: 2}}", stages[:2], reviewkd(stages[:2], parameters, channels=2),
        parameters)

    for form in ("norm", "mean", "map"):
        for p in (1, 2):
            for pair, epochs in ((last, 30), (wide, 41.5), (last, 29.5)):
                if (pair is wide) != (p == 2) or (epochs < 30 and form != "norm"):
                    continue
                parameters = Parameters()
                value = factor_transfer(*pair, parameters, form, p, epochs, 30)
                add(f"{{factor_transfer: {{from: [f1], form: {form}, p: {p}}}}}", [pair], value, parameters,
                    epochs=epochs)

    logits = drawn(3, 5), 2 * drawn(3, 5)
    for form, hidden in (("global", 64), ("instance", 3)):
        for teacher in (logits[1], drawn(2, 3, 5)):
            parameters = Parameters()
            value = ctkd(logits[0], teacher, parameters, form, hidden=hidden)
            add(f"{{ctkd: {{form: {form}, hidden: {hidden}}}}}", [], value, parameters, epochs=4,
                logits=tensors({"student": logits[0], "teacher": teacher}))

    for pair, labels, negatives in (((drawn(3, 4), drawn(3, 2)), (0, 2, -1), 4),
                                    ((drawn(2, 3, 2, 2), drawn(2, 4)), (1, 0), 9),
                                    ((drawn(1, 2), drawn(1, 2)), (1,), 1)):
        examples, dimension = 7, 3
        parameters = Parameters()
        state = {"memory.student": unit(drawn(examples, dimension)), "memory.teacher": unit(drawn(examples, dimension)),
                 "order": RNG.permutation(examples), "counter": numpy.array([5]),
                 "labels": numpy.array([1, -1, 0, -1, -1, 0, 2]), "constants": numpy.zeros(2)}
        ids = RNG.permutation(examples)[:len(labels)]
        before = tensors(state)
        steps = [crd(*pair, ids, labels, parameters, state, min(negatives, examples), dimension, 0.5, 0.25)
                 for _ in range(2)]
        options = f"from: [f1], negatives: {negatives}, dimension: {dimension}, temperature: 0.5, momentum: 0.25"
        add(f"{{crd: {{{options}}}}}", [pair], steps[0], parameters, examples=examples,
            targets=tensors({"ids": ids, "labels": labels}), state=before, then=steps[1], state_then=tensors(state))
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
