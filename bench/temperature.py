#!/usr/bin/env python3
"""Draws mean energy, free energy and entropy over the temperature, for what a network says of one example of a run.

    bench/temperature.py runs/mnist/examples.json --network teacher --example 4201 > docs/temperature.svg
"""
import argparse
import json
import math
import pathlib

COLDEST, HOTTEST, PLACES = 0.25, 10, 120
MARKS = (0.25, 0.5, 1, 2, 4, 10)
LEFT, RIGHT, WIDTH = 60, 470, 560
STYLE = """svg{background:#fcfcfb;font-family:system-ui,sans-serif}text{font-size:12px;fill:#5c5b57}
.title{font-size:14px;font-weight:600;fill:#1a1a19}.end{text-anchor:end}.middle{text-anchor:middle}
.grid{stroke:#e9e8e4}.line{fill:none;stroke-width:2}.mean{stroke:#2f6fde}.free{stroke:#b8480a}.entropy{stroke:#1f7a4d}
.between{fill:#5c5b57;opacity:.1}
@media screen and (prefers-color-scheme:dark){svg{background:#1a1a19}text{fill:#b9b8b0}.title{fill:#f3f2ee}
.grid{stroke:#32322f}.mean{stroke:#8fb6ff}.free{stroke:#e0622a}.entropy{stroke:#5fc795}.between{fill:#b9b8b0}}"""


def state(logits, temperature):
    """Mean energy and free energy above the lowest energy, and the entropy in bits."""
    highest = max(logits)
    weights = [math.exp((z - highest) / temperature) for z in logits]
    total = sum(weights)
    free = -temperature * math.log(total)
    mean = sum(w * (highest - z) for w, z in zip(weights, logits)) / total
    return mean, free, max(0.0, (mean - free) / temperature / math.log(2))


def panel(parts, top, bottom, low, high, step, title, curves, between=False):
    """curves: (class, name, values at the temperatures)."""
    y = lambda value: bottom - (value - low) / (high - low) * (bottom - top)
    parts.append(f'<text class="title" x="10" y="{top - 14}">{title}</text>')
    value = math.ceil(low / step) * step
    while value <= high:
        parts.append(f'<path class="grid" d="M{LEFT} {y(value):.1f}H{RIGHT}"/><text class="end" x="{LEFT - 8}" '
                     f'y="{y(value) + 4:.1f}">{f"{value:g}".replace("-", "−")}</text>')
        value += step
    for mark in MARKS:
        parts.append(f'<text class="middle" x="{place(mark):.1f}" y="{bottom + 18}">{mark:g}</text>')
    lines = [" ".join(f"{place(at):.1f},{y(value):.1f}" for at, value in zip(temperatures(), values))
             for _, _, values in curves]
    if between:
        parts.append(f'<polygon class="between" points="{lines[0]} {" ".join(reversed(lines[1].split()))}"/>')
        middle = (curves[0][2][-1] + curves[1][2][-1]) / 2
        parts.append(f'<text x="{RIGHT + 8}" y="{y(middle) + 4:.1f}">T · S</text>')
    for (kind, name, values), line in zip(curves, lines):
        parts.append(f'<polyline class="line {kind}" points="{line}"/>')
        parts.append(f'<text x="{RIGHT + 8}" y="{y(values[-1]) + 4:.1f}">{name}</text>')


def temperatures():
    return [COLDEST * (HOTTEST / COLDEST) ** (i / (PLACES - 1)) for i in range(PLACES)]


def place(temperature):
    return LEFT + (RIGHT - LEFT) * math.log(temperature / COLDEST) / math.log(HOTTEST / COLDEST)


def drawn(logits, what):
    means, frees, bits = zip(*(state(logits, at) for at in temperatures()))
    height = 570
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
             f'height="{height}" role="img" aria-label="Mean energy, free energy and entropy by temperature">\n<style>',
             STYLE, "</style>"]
    low, high = min(frees), max(means)
    decade = 10 ** math.floor(math.log10(high - low))
    step = 2 * decade if high - low > 4 * decade else decade
    parts.append(f'<text class="title" x="10" y="22">{what}</text>')
    panel(parts, 70, 300, low, high, step, "Energies above the lowest one, in units of logits",
          [("mean", "⟨E⟩", means), ("free", "F", frees)], between=True)
    panel(parts, 360, 520, 0, math.log2(len(logits)), 1, "Entropy, in bits", [("entropy", "S", bits)])
    parts.append(f'<text class="middle" x="{(LEFT + RIGHT) / 2}" y="{height - 12}">temperature</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("examples", type=pathlib.Path, help="a run's examples.json")
    parser.add_argument("--network", required=True)
    parser.add_argument("--example", type=int, required=True, help="its id")
    parser.add_argument("--title", default="", help="what the example is")
    options = parser.parse_args()
    examples = json.loads(options.examples.read_text())["examples"]
    found = [example for example in examples if example["id"] == options.example]
    if not found:
        raise SystemExit(f"no example {options.example}; the file has {sorted(e['id'] for e in examples)}")
    print(drawn(found[0]["logits"][options.network], options.title or f"Example {options.example}"), end="")


if __name__ == "__main__":
    main()
