"""The peer: distillation on CIFAR-100 as the PyTorch repositories write it, with their usual input pipeline.

Each picture is cropped, flipped, made a tensor and normalised on its own, in two worker processes; batch 64, SGD with
momentum and weight decay, T = 4, weights 0.9 and 0.1. Prints examples per second as JSON, with the teacher run at every
step. PyTorch is used as it comes: no setting is touched. The networks are the usual CIFAR ResNets (6n + 2 layers; x4:
four times the width).
Usage: cifar_kd.py PAIR [--steps N] [--data DIR]      PAIR: resnet56-resnet20 or resnet32x4-resnet8x4
"""
import argparse
import json
import os
import pathlib
import time

import torch
from PIL import Image
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from cifar_networks import resnet

BATCH, TEMPERATURE, HARD_WEIGHT = 64, 4.0, 0.1
MEAN, DEVIATION = (0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761)
PAIRS = {"resnet56-resnet20": ((56, 1), (20, 1)), "resnet32x4-resnet8x4": ((32, 4), (8, 4))}


class Cifar100(Dataset):
    def __init__(self, folder, transform):
        content = (pathlib.Path(folder) / "cifar-100-binary/train.bin").read_bytes()
        records = torch.frombuffer(bytearray(content), dtype=torch.uint8).reshape(-1, 3074)
        self.labels = records[:, 1].long().tolist()
        self.images = records[:, 2:].reshape(-1, 3, 32, 32).permute(0, 2, 3, 1).contiguous().numpy()
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.transform(Image.fromarray(self.images[index])), self.labels[index], index


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pair", choices=PAIRS)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--data", default=os.environ.get("LIMBECK_DATA", "."))
    options = parser.parse_args()
    torch.manual_seed(1)
    pipeline = transforms.Compose([transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip(),
                                   transforms.ToTensor(), transforms.Normalize(MEAN, DEVIATION)])
    loader = DataLoader(Cifar100(options.data, pipeline), batch_size=BATCH, shuffle=True, num_workers=2)
    (teacher, student) = (resnet(*size) for size in PAIRS[options.pair])
    teacher.eval()
    optimizer = torch.optim.SGD(student.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    warm_up, start = 3, None
    for step, (inputs, labels, _) in enumerate(loader):
        if step == warm_up:
            start = time.perf_counter()
        if step == warm_up + options.steps:
            break
        with torch.no_grad():
            teacher_logits = teacher(inputs)
        logits = student(inputs)
        soft = F.kl_div(F.log_softmax(logits / TEMPERATURE, 1), F.softmax(teacher_logits / TEMPERATURE, 1),
                        reduction="batchmean") * TEMPERATURE ** 2
        loss = (1 - HARD_WEIGHT) * soft + HARD_WEIGHT * F.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(json.dumps({"live": options.steps * BATCH / (time.perf_counter() - start)}))


if __name__ == "__main__":
    main()
