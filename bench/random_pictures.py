"""Random pictures in the files of CIFAR-100 and MNIST, to measure speed where the data sets are not.

Usage: bench/random_pictures.py FOLDER [--sets cifar100,mnist] [--train N] [--test N]
Files that are there already are left alone, so that a folder with the real data stays what it is.
"""
import argparse
import pathlib
import random
import struct

SIZES = {"cifar100": (50000, 10000), "mnist": (60000, 10000)}


def noise(chance, count):
    """Random bytes, in parts: Python makes at most 256 MiB at once."""
    part = 1 << 24
    return bytearray().join(chance.randbytes(min(part, count - at)) for at in range(0, count, part))


def labels(chance, count, classes):
    """As many of each class as of any other, shuffled."""
    values = [i % classes for i in range(count)]
    chance.shuffle(values)
    return bytes(values)


def write(path, content):
    """False where there is a file already."""
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(content)
    beside.rename(path)
    return True


def cifar100(folder, chance, counts):
    folder = folder / "cifar-100-binary"
    for name, count in zip(("train", "test"), counts):
        if (folder / f"{name}.bin").exists():
            continue
        record = 2 + 3 * 32 * 32
        content, fine = noise(chance, count * record), labels(chance, count, 100)
        content[0::record], content[1::record] = bytes(label // 5 for label in fine), fine
        write(folder / f"{name}.bin", content)
    write(folder / "fine_label_names.txt", "".join(f"class{i}\n" for i in range(100)).encode())
    write(folder / "coarse_label_names.txt", "".join(f"group{i}\n" for i in range(20)).encode())


def mnist(folder, chance, counts):
    folder = folder / "mnist"
    for name, count in zip(("train", "t10k"), counts):
        for kind, header, content in (
                ("images-idx3", struct.pack(">4i", 0x803, count, 28, 28), lambda n: noise(chance, n * 784)),
                ("labels-idx1", struct.pack(">2i", 0x801, count), lambda n: labels(chance, n, 10))):
            file = folder / f"{name}-{kind}-ubyte"
            if not file.exists() and not file.with_name(file.name + ".gz").exists():
                write(file, header + bytes(content(count)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--sets", default="cifar100,mnist")
    parser.add_argument("--train", type=int, default=0, help="examples; 0: as many as were published")
    parser.add_argument("--test", type=int, default=0)
    options = parser.parse_args()
    for name in options.sets.split(","):
        train, test = SIZES[name]
        globals()[name](options.folder, random.Random(1), (options.train or train, options.test or test))


if __name__ == "__main__":
    main()
