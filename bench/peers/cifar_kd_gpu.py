"""The peer on a GPU: distillation on CIFAR-100's shapes at batch 64, crops by 4 pixels and flips, T = 4, 0.9 and 0.1.

Prints a line of JSON for each pair, mode, precision, and way of having the teacher's outputs (gpu_loop.py says what
they are): examples per second, the median of several stretches; or why it was skipped. The networks are the usual
CIFAR ResNets (6n + 2 layers; x4: four times the width).
Usage: cifar_kd_gpu.py [PAIR...] [--device cuda|cpu] [--modes eager,graph,...] [--precisions float32,tf32,bfloat16]
                       [--ways live,stored] [--seconds S] [--stretches N] [--limit SECONDS]
PAIR: resnet56-resnet20, resnet32x4-resnet8x4, or any other two of resnet(6n+2)[x4]
"""
import functools
import re
import sys

import torch
from torch.nn import functional as F

import gpu_loop
from cifar_networks import resnet

EXAMPLES, PADDING, SIDE = 50000, 4, 32
PAIRS = ("resnet56-resnet20", "resnet32x4-resnet8x4")
MEAN, DEVIATION = (0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761)


def resnet_named(name):
    found = re.fullmatch(r"resnet(\d+)(x4)?", name)
    if found is None or (int(found[1]) - 2) % 6 != 0:
        sys.exit(f"'{name}' is no ResNet of 6n + 2 layers, such as resnet20 or resnet8x4")
    return resnet(int(found[1]), 4 if found[2] else 1)


class Cifar(gpu_loop.Task):
    weight_decay = 5e-4
    classes = 100
    layout = torch.channels_last

    def __init__(self, pair, batch):
        super().__init__(pair, batch)
        self.pair = pair.split("-")
        if len(self.pair) != 2:
            sys.exit(f"'{pair}' is no pair, such as {PAIRS[0]}")

    def networks(self):
        return [resnet_named(name) for name in self.pair]

    def data(self, count, device):
        self.ramp = torch.arange(SIDE, device=device)
        self.mean = torch.tensor(MEAN, device=device) * 255
        self.inverse = 1 / (torch.tensor(DEVIATION, device=device) * 255)
        pictures = torch.randint(256, (count, SIDE, SIDE, 3), dtype=torch.uint8, device=device)
        return (F.pad(pictures, (0, 0, PADDING, PADDING, PADDING, PADDING)),  # [N, 40, 40, 3], zeros around
                torch.randint(self.classes, (count,), device=device))

    def draw(self, device):
        return (torch.randint(2 * PADDING + 1, (2, self.batch, 1), device=device),
                torch.rand(self.batch, 1, device=device))

    def view(self, pictures, index, offsets, chance):
        rows = self.ramp + offsets[0]
        columns = torch.where(chance < 0.5, SIDE - 1 - self.ramp, self.ramp) + offsets[1]
        views = pictures[index[:, None, None], rows[:, :, None], columns[:, None, :]]
        return ((views.float() - self.mean) * self.inverse).permute(0, 3, 1, 2)  # channels-last in memory


def main():
    parser = gpu_loop.parser_of(__doc__)
    parser.add_argument("pairs", nargs="*", default=PAIRS)
    options = parser.parse_args()
    return gpu_loop.measure([functools.partial(Cifar, pair, options.batch or 64) for pair in options.pairs], options,
                            EXAMPLES)


if __name__ == "__main__":
    sys.exit(main())
