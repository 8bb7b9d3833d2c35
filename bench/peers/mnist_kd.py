"""The peer: distillation on MNIST's shapes as one would write it in PyTorch, with the tensors in memory.

784-1200-1200-10 teaches 784-800-800-10 at batch 128 with SGD and momentum. Prints examples per second as JSON, with the
teacher run at every step and with its logits computed once. PyTorch is used as it comes: no setting is touched.
Usage: mnist_kd.py [--steps N]
"""
import argparse
import json
import time

import torch
from torch import nn
from torch.nn import functional as F

BATCH, TEMPERATURE, HARD_WEIGHT, EXAMPLES = 128, 20.0, 0.1, 60000


def mlp(width):
    return nn.Sequential(nn.Flatten(), nn.Linear(784, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(),
                         nn.Linear(width, 10))


def distill(student, optimizer, images, labels, soft_targets, steps):
    """Examples per second; soft_targets(inputs, index) gives the teacher's logits."""
    order = torch.randperm(EXAMPLES)
    start = time.perf_counter()
    for step in range(steps):
        index = order[step * BATCH % (EXAMPLES - BATCH):][:BATCH]
        inputs, targets = images[index], labels[index]
        with torch.no_grad():
            teacher_logits = soft_targets(inputs, index)
        logits = student(inputs)
        soft = F.kl_div(F.log_softmax(logits / TEMPERATURE, 1), F.softmax(teacher_logits / TEMPERATURE, 1),
                        reduction="batchmean") * TEMPERATURE ** 2
        loss = (1 - HARD_WEIGHT) * soft + HARD_WEIGHT * F.cross_entropy(logits, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return steps * BATCH / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=300)
    steps = parser.parse_args().steps
    torch.manual_seed(1)
    images = torch.rand(EXAMPLES, 1, 28, 28)
    labels = torch.randint(0, 10, (EXAMPLES,))
    teacher, student = mlp(1200).eval(), mlp(800)
    optimizer = torch.optim.SGD(student.parameters(), lr=0.05, momentum=0.9)
    with torch.no_grad():
        kept = torch.cat([teacher(part) for part in images.split(1000)])
    live = lambda inputs, index: teacher(inputs)
    stored = lambda inputs, index: kept[index]
    for soft_targets in (live, stored):  # warm-up
        distill(student, optimizer, images, labels, soft_targets, 20)
    print(json.dumps({"live": distill(student, optimizer, images, labels, live, steps),
                      "kept": distill(student, optimizer, images, labels, stored, steps)}))


if __name__ == "__main__":
    main()
