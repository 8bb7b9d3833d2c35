"""Values of losses over features, in float64 by NumPy, from the formulas of the papers: feature_losses.json.

    python3 tests/golden/feature_losses.py   # writes the file again
"""
import json
import math
import pathlib

import numpy

RNG = numpy.random.default_rng(7)


def feature(*shape):
    return numpy.round(RNG.normal(size=shape), 3)


def pooled(picture, height, width):
    """Adaptive average pooling: window i covers floor(i H / h) to ceil((i + 1) H / h)."""
    n, c, full_height, full_width = picture.shape
    result = numpy.empty((n, c, height, width))
    for i in range(height):
        rows = slice(i * full_height // height, math.ceil((i + 1) * full_height / height))
        for j in range(width):
            columns = slice(j * full_width // width, math.ceil((j + 1) * full_width / width))
            result[:, :, i, j] = picture[:, :, rows, columns].mean(axis=(2, 3))
    return result


def of_one_size(student, teacher):
    height, width = min(student.shape[2], teacher.shape[2]), min(student.shape[3], teacher.shape[3])
    return pooled(student, height, width), pooled(teacher, height, width)


def fitnet(student, teacher, weight, bias, reduction):
    if student.ndim == 4:
        student, teacher = of_one_size(student, teacher)
        predicted = numpy.einsum("oi,nihw->nohw", weight, student) + bias[None, :, None, None]
    else:
        predicted = student @ weight.T + bias
    squares = (teacher - predicted) ** 2
    return squares.mean() if reduction == "mean" else squares.sum() / 2 / len(squares)


def attention(student, teacher, power, form):
    student, teacher = of_one_size(student, teacher)
    maps = []
    for picture in (student, teacher):
        rows = (numpy.abs(picture) ** power).sum(axis=1).reshape(len(picture), -1)
        maps.append(rows / numpy.sqrt((rows ** 2).sum(axis=1, keepdims=True)))
    difference = maps[0] - maps[1]
    return numpy.sqrt((difference ** 2).sum(axis=1)).mean() if form == "norm" else (difference ** 2).mean()


def tensors(named):
    return {name: {"shape": value.shape, "values": value.ravel().tolist()} for name, value in named.items()}


def main():
    cases = []

    def add(loss, student, teacher, value, parameters=None):
        cases.append({"loss": loss, "student": tensors(student), "teacher": tensors(teacher),
                      "parameters": tensors(parameters or {}), "value": value})

    for student, teacher in ((feature(2, 3, 4, 4), feature(2, 5, 4, 4)), (feature(3, 2, 7, 5), feature(3, 4, 4, 5)),
                             (feature(2, 2, 3, 3), feature(2, 3, 6, 7)), (feature(4, 6), feature(4, 3))):
        weight, bias = feature(teacher.shape[1], student.shape[1]), feature(teacher.shape[1])
        stored = weight.reshape(*weight.shape, 1, 1) if student.ndim == 4 else weight
        for reduction in ("batchmean", "mean"):
            loss = f"{{fitnet: {{from: hint, to: guided, reduction: {reduction}}}}}"
            add(loss, {"guided": student}, {"hint": teacher}, fitnet(student, teacher, weight, bias, reduction),
                {"weight": stored, "bias": bias})
    pairs = [(feature(3, 2, 4, 4), feature(3, 5, 4, 4)), (feature(3, 4, 6, 5), feature(3, 3, 2, 3))]
    students, teachers = ({f"layer{i + 1}": pair[k] for i, pair in enumerate(pairs)} for k in (0, 1))
    for power in (1, 2, 3):
        for form in ("norm", "mean"):
            add(f"{{attention_transfer: {{from: [layer1, layer2], power: {power}, form: {form}}}}}", students, teachers,
                sum(attention(student, teacher, power, form) for student, teacher in pairs))
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
