#!/usr/bin/env python3
"""Makes a torchvision network and saves it as TorchScript, for Limbeck to distil:

    python3 examples/torchvision_teacher.py --classes 10 --cifar data/cifar-10-batches-bin --epochs 5 --out teacher.pt
    limbeck distill --teacher teacher.pt --student mlp:800,800 --source cifar10 --data data \\
        --teacher-mean 0.4914,0.4822,0.4465 --teacher-std 0.2470,0.2435,0.2616

Without --epochs its weights are random. A network of your own goes the same way; the two lines that matter are the last
two of save(). Script it where you can (--script, the default): a traced program (--trace) has evaluation mode built in,
and can teach but not be trained well.

What the network does to pixels is told to Limbeck, not saved: batches hold pixels in [0, 1], and --teacher-size,
--teacher-mean and --teacher-std, or `input: { size, mean, std }` of the network in a recipe, say what it wants.
"""
import argparse
import pathlib

import torch
import torchvision

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)  # of CIFAR-10's training pixels in [0, 1]


def make(arguments):
    network = torchvision.models.resnet18(num_classes=arguments.classes)
    if arguments.channels != 3:
        network.conv1 = torch.nn.Conv2d(arguments.channels, 64, kernel_size=7, stride=2, padding=3, bias=False)
    return network


def read_cifar(folder):
    """Images [50000, 3, 32, 32] in [0, 1] and labels, from the binary version: a byte of label and 3072 of pixels per
    example."""
    parts = [(pathlib.Path(folder) / f"data_batch_{i}.bin").read_bytes() for i in range(1, 6)]
    rows = torch.frombuffer(bytearray(b"".join(parts)), dtype=torch.uint8).reshape(-1, 3073)
    return rows[:, 1:].reshape(-1, 3, 32, 32).float() / 255, rows[:, 0].long()


def augmented(images, margin=4):
    """Each image cropped at random after a padding with black, and half of them flipped: a teacher is only as good on a
    student's augmented images as it has learned to be, and `limbeck distill` crops and flips pictures by default."""
    count, _, height, width = images.shape
    padded = torch.nn.functional.pad(images, (margin,) * 4)
    rows = torch.randint(2 * margin + 1, (count, 1)) + torch.arange(height)
    columns = torch.randint(2 * margin + 1, (count, 1)) + torch.arange(width)
    columns = torch.where(torch.rand(count, 1) < 0.5, columns, columns.flip(1))
    return padded[torch.arange(count)[:, None, None], :, rows[:, :, None],
                  columns[:, None, :]].permute(0, 3, 1, 2).contiguous()


def train(network, arguments):
    images, labels = read_cifar(arguments.cifar)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    steps = arguments.epochs * -(-len(labels) // 128)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=steps)
    for epoch in range(arguments.epochs):
        network.train()
        hits = 0
        for batch in torch.randperm(len(labels)).split(128):
            logits = network(torchvision.transforms.functional.normalize(augmented(images[batch]), MEAN, STD))
            loss = torch.nn.functional.cross_entropy(logits, labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            hits += int((logits.argmax(1) == labels[batch]).sum())
        print(f"epoch {epoch + 1}: {100 * hits / len(labels):.1f} % of the training examples")


def save(network, arguments):
    network.eval()
    example = torch.rand(2, arguments.channels, arguments.size, arguments.size)
    program = torch.jit.trace(network, example) if arguments.trace else torch.jit.script(network)
    torch.jit.save(program, arguments.out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default="teacher.pt", help="file to write")
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--channels", type=int, default=3, help="1 for grey images")
    parser.add_argument("--size", type=int, default=32, help="of the image that a trace is made with")
    parser.add_argument("--epochs", type=int, default=0, help="of training on CIFAR-10; 0: random weights")
    parser.add_argument("--cifar", help="folder with data_batch_1.bin … data_batch_5.bin")
    parser.add_argument("--seed", type=int, default=1)
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--script", action="store_true", help="torch.jit.script (default)")
    way.add_argument("--trace", action="store_true", help="torch.jit.trace")
    arguments = parser.parse_args()
    if arguments.epochs > 0 and not arguments.cifar:
        parser.error("--epochs needs --cifar")
    torch.manual_seed(arguments.seed)
    network = make(arguments)
    if arguments.epochs > 0:
        train(network, arguments)
    save(network, arguments)


if __name__ == "__main__":
    main()
