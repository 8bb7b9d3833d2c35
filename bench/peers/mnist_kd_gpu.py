"""The peer on a GPU: distillation on MNIST's shapes, 784-1200-1200-10 teaching 784-800-800-10 at batch 128.

Prints a line of JSON for each mode, precision, and way of having the teacher's outputs (gpu_loop.py says what they
are): examples per second, the median of several stretches; or why it was skipped.
Usage: mnist_kd_gpu.py [--device cuda|cpu] [--modes eager,graph,...] [--precisions float32,tf32,bfloat16]
                       [--ways live,stored] [--seconds S] [--stretches N] [--limit SECONDS]
"""
import sys

import torch
from torch import nn

import gpu_loop

EXAMPLES = 60000


def mlp(width):
    return nn.Sequential(nn.Linear(784, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10))


class Mnist(gpu_loop.Task):
    temperature = 20.0

    def __init__(self, batch, widths):
        super().__init__("mnist", batch)
        self.widths = widths

    def networks(self):
        return [mlp(width) for width in self.widths]

    def data(self, count, device):
        return (torch.randint(256, (count, 784), dtype=torch.uint8, device=device),
                torch.randint(10, (count,), device=device))

    def view(self, pictures, index):
        return pictures[index].float() * (1 / 255)


def main():
    parser = gpu_loop.parser_of(__doc__)
    parser.add_argument("--widths", default="1200,800", help="of the teacher and of the student")
    options = parser.parse_args()
    widths = [int(width) for width in options.widths.split(",")]
    return gpu_loop.measure([lambda: Mnist(options.batch or 128, widths)], options, EXAMPLES)


if __name__ == "__main__":
    sys.exit(main())
