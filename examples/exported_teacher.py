#!/usr/bin/env python3
"""Writes a torchvision or timm model as .pt2 (torch.export) or ONNX, for Limbeck to distil:

    python3 examples/exported_teacher.py --model resnet18 --pretrained --out teacher.pt2
    python3 examples/exported_teacher.py --model timm/vit_tiny_patch16_224 --pretrained --out teacher.onnx
    limbeck distill --teacher teacher.pt2 --teacher-size 224 --teacher-mean 0.485,0.456,0.406 \\
        --teacher-std 0.229,0.224,0.225 --student mobilenetv2 --data pictures

A network of your own goes the same way: the lines that matter are those of write(). The batch size is left open, so
that batches of any size can be run; and of ONNX, batch norm is kept as it is, so that the model can be trained further.

What the network does to pixels is told to Limbeck, not saved: batches hold pixels in [0, 1].
"""
import argparse
import pathlib

import torch


def make(arguments):
    if arguments.model.startswith("timm/"):
        import timm
        return timm.create_model(arguments.model[5:], pretrained=arguments.pretrained, num_classes=arguments.classes)
    import torchvision
    weights = "DEFAULT" if arguments.pretrained else None
    return torchvision.models.get_model(arguments.model, weights=weights, num_classes=arguments.classes)


def write(network, example, file):
    network.eval()
    if file.suffix == ".pt2":
        batch = torch.export.Dim("batch", min=1, max=4096)
        torch.export.save(torch.export.export(network, (example,), dynamic_shapes=({0: batch},)), file)
    else:
        torch.onnx.export(network, (example,), str(file), input_names=["input"], output_names=["logits"],
                          dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}}, opset_version=17,
                          do_constant_folding=False, training=torch.onnx.TrainingMode.PRESERVE)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="resnet18", help="a name of torchvision, or timm/NAME")
    parser.add_argument("--pretrained", action="store_true", help="with its published weights, which are downloaded")
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--size", type=int, default=224, help="height and width of its input")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="teacher.pt2 or teacher.onnx")
    arguments = parser.parse_args()
    torch.manual_seed(1)
    write(make(arguments), torch.rand(2, 3, arguments.size, arguments.size), arguments.out)


if __name__ == "__main__":
    main()
