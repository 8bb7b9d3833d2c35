"""Networks with random weights and statistics, run by PyTorch: pytorch_networks.py FOLDER

Writes NAME.weights.safetensors (the state_dict) and NAME.outputs.safetensors (inputs, and the logits in evaluation) for
each. Exit code 77: PyTorch or torchvision is not there.
"""
import json
import pathlib
import struct
import sys

try:
    import torch
    import torchvision
    from torch import nn
except ImportError:
    sys.exit(77)


def write_safetensors(path, tensors):
    header, parts, end = {}, [], 0
    for name, tensor in tensors.items():
        parts.append(tensor.detach().contiguous().numpy().tobytes())
        dtype = {torch.float32: "F32", torch.int64: "I64"}[tensor.dtype]
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [end, end + len(parts[-1])]}
        end += len(parts[-1])
    text = json.dumps(header).encode()
    path.write_bytes(b"".join([struct.pack("<Q", len(text)), text, *parts]))


class Residual(nn.Module):
    """A block of the small residual networks."""
    def __init__(self, before, width, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(before, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        if stride > 1 or before != width:
            self.downsample = nn.Sequential(nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return (y + (self.downsample(x) if hasattr(self, "downsample") else x)).relu()


class ResNet20(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*(Residual(16, 16, 1) for _ in range(3)))
        self.layer2 = nn.Sequential(Residual(16, 32, 2), Residual(32, 32, 1), Residual(32, 32, 1))
        self.layer3 = nn.Sequential(Residual(32, 64, 2), Residual(64, 64, 1), Residual(64, 64, 1))
        self.fc = nn.Linear(64, classes)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(self.bn1(self.conv1(x)).relu())))
        return self.fc(x.mean((2, 3)))


class WideBlock(nn.Module):
    def __init__(self, before, width, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(before), nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(width), nn.Conv2d(width, width, 3, 1, 1, bias=False)
        if before != width:
            self.convShortcut = nn.Conv2d(before, width, 1, stride, bias=False)

    def forward(self, x):
        activated = self.bn1(x).relu()
        y = self.conv2(self.bn2(self.conv1(activated)).relu())
        return y + (self.convShortcut(activated) if hasattr(self, "convShortcut") else x)


class Wide(nn.Module):
    """wrn_16_1, whose first group keeps the number of channels."""
    def __init__(self, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        for group, (before, width, stride) in enumerate(((16, 16, 1), (16, 32, 2), (32, 64, 2)), 1):
            holder = nn.Module()
            holder.layer = nn.Sequential(WideBlock(before, width, stride), WideBlock(width, width, 1))
            setattr(self, f"block{group}", holder)
        self.bn1, self.fc = nn.BatchNorm2d(64), nn.Linear(64, classes)

    def forward(self, x):
        x = self.conv1(x)
        for group in (self.block1, self.block2, self.block3):
            x = group.layer(x)
        return self.fc(self.bn1(x).relu().mean((2, 3)))


def shuffled(x, groups):
    n, c, h, w = x.shape
    return x.reshape(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)


class Shuffle1Block(nn.Module):
    def __init__(self, before, out, stride):
        super().__init__()
        middle, self.groups, self.stride = out // 4, 1 if before == 24 else 3, stride
        self.conv1, self.bn1 = nn.Conv2d(before, middle, 1, groups=self.groups, bias=False), nn.BatchNorm2d(middle)
        self.conv2, self.bn2 = nn.Conv2d(middle, middle, 3, stride, 1, groups=middle,
                                         bias=False), nn.BatchNorm2d(middle)
        self.conv3, self.bn3 = nn.Conv2d(middle, out, 1, groups=3, bias=False), nn.BatchNorm2d(out)

    def forward(self, x):
        y = shuffled(self.bn1(self.conv1(x)).relu(), self.groups)
        y = self.bn3(self.conv3(self.bn2(self.conv2(y)).relu()))
        return (y + x if self.stride == 1 else torch.cat([y, nn.functional.avg_pool2d(x, 3, 2, 1)], 1)).relu()


class ShuffleNet1(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 24, 1, bias=False), nn.BatchNorm2d(24)
        before = 24
        for layer, (width, blocks) in enumerate(((240, 4), (480, 8), (960, 4)), 1):
            rest = [Shuffle1Block(width, width, 1) for _ in range(blocks - 1)]
            setattr(self, f"layer{layer}", nn.Sequential(Shuffle1Block(before, width - before, 2), *rest))
            before = width
        self.linear = nn.Linear(960, classes)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(self.bn1(self.conv1(x)).relu())))
        return self.linear(x.mean((2, 3)))


class TfkdUnit(nn.Module):
    def __init__(self, before, out, stride):
        super().__init__()
        half, self.halving = out // 2, stride == 2
        inner = before if self.halving else half

        def filtered():
            return [nn.Conv2d(inner, inner, 3, stride, 1, groups=inner), nn.BatchNorm2d(inner),
                    nn.Conv2d(inner, half, 1), nn.BatchNorm2d(half), nn.ReLU()]
        self.residual = nn.Sequential(nn.Conv2d(inner, inner, 1), nn.BatchNorm2d(inner), nn.ReLU(), *filtered())
        self.shortcut = nn.Sequential(*(filtered() if self.halving else []))

    def forward(self, x):
        kept, other = (x, x) if self.halving else x.chunk(2, 1)
        return shuffled(torch.cat([self.shortcut(kept), self.residual(other)], 1), 2)


class TfkdShuffleNet2(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.pre = nn.Sequential(nn.Conv2d(3, 24, 3, padding=1), nn.BatchNorm2d(24))
        before = 24
        for stage, (width, units) in enumerate(((116, 3), (232, 7), (464, 3)), 2):
            setattr(self, f"stage{stage}",
                    nn.Sequential(TfkdUnit(before, width, 2), *(TfkdUnit(width, width, 1) for _ in range(units))))
            before = width
        self.conv5 = nn.Sequential(nn.Conv2d(464, 1024, 1), nn.BatchNorm2d(1024), nn.ReLU())
        self.fc = nn.Linear(1024, classes)

    def forward(self, x):
        return self.fc(self.conv5(self.stage4(self.stage3(self.stage2(self.pre(x))))).mean((2, 3)))


class TfkdBottleneck(nn.Module):
    def __init__(self, before, out, stride, expansion):
        super().__init__()
        inner, self.adds = before * expansion, stride == 1 and before == out
        self.residual = nn.Sequential(nn.Conv2d(before, inner, 1), nn.BatchNorm2d(inner), nn.ReLU6(),
                                      nn.Conv2d(inner, inner, 3, stride, 1, groups=inner), nn.BatchNorm2d(inner),
                                      nn.ReLU6(), nn.Conv2d(inner, out, 1), nn.BatchNorm2d(out))

    def forward(self, x):
        return self.residual(x) + (x if self.adds else 0)


class TfkdMobileNet2(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.pre = nn.Sequential(nn.Conv2d(3, 32, 1, padding=1), nn.BatchNorm2d(32), nn.ReLU6())
        before, stages = 16, ((24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 1))
        self.stage1 = TfkdBottleneck(32, 16, 1, 1)
        for stage, (width, blocks, stride) in enumerate(stages, 2):
            rest = [TfkdBottleneck(width, width, 1, 6) for _ in range(blocks - 1)]
            setattr(self, f"stage{stage}", nn.Sequential(TfkdBottleneck(before, width, stride, 6), *rest))
            before = width
        self.stage7 = TfkdBottleneck(160, 320, 1, 6)
        self.conv1 = nn.Sequential(nn.Conv2d(320, 1280, 1), nn.BatchNorm2d(1280), nn.ReLU6())
        self.conv2 = nn.Conv2d(1280, classes, 1)

    def forward(self, x):
        for stage in (self.pre, self.stage1, self.stage2, self.stage3, self.stage4, self.stage5, self.stage6,
                      self.stage7, self.conv1):
            x = stage(x)
        return self.conv2(x.mean((2, 3), keepdim=True)).flatten(1)


def main(folder):
    torch.manual_seed(1)
    models = torchvision.models
    networks = {
        "resnet18": (models.resnet18(), 64), "resnet34": (models.resnet34(), 64), "resnet50": (models.resnet50(), 64),
        "resnet20": (ResNet20(100), 32), "wrn_16_1": (Wide(100), 32), "shufflenetv1": (ShuffleNet1(100), 32),
        "tfkd_shufflenetv2": (TfkdShuffleNet2(100), 32), "tfkd_mobilenetv2": (TfkdMobileNet2(100), 32),
    }
    for name, (network, pixels) in networks.items():
        for module in network.modules():  # statistics that show whether they are used
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
                nn.init.uniform_(module.weight, 0.5, 1)
                nn.init.normal_(module.bias, 0, 0.1)
        inputs = torch.rand(2, 3, pixels, pixels)
        with torch.no_grad():
            outputs = {"inputs": inputs, "logits": network.eval()(inputs)}
        write_safetensors(folder / f"{name}.weights.safetensors", network.state_dict())
        write_safetensors(folder / f"{name}.outputs.safetensors", outputs)


main(pathlib.Path(sys.argv[1]))
