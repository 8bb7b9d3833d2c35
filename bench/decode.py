"""Decoding and resizing a folder of JPEGs: Limbeck against Pillow in two processes, in turn, several times over.

Usage: bench/decode.py [--pictures 10000] [--rounds 5] [--width 320] [--height 240] [--size 64]
                       [--python /usr/bin/python3]      (needs the build, and Pillow for that Python)
The pictures, noise under shapes, are made in a temporary folder. Limbeck runs as `limbeck data images FOLDER`, whose
time is that of listing, decoding, resizing and dividing, without the start of the program; Pillow's is that of
Image.open, convert("RGB") and resize(BILINEAR) of all files by a pool of two processes that stand ready. Both stretch,
so that both do the same. Limbeck's `--jpeg reduced` decodes at a fraction of the size where that leaves twice the
target; Pillow's counterpart is draft(). Processor seconds are told beside, since on a busy machine the time on the
clock says more about the other work; Limbeck's are those of the whole program less those of the same command on a
folder of 20 pictures.
"""
import argparse
import json
import multiprocessing
import pathlib
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMBECK = ROOT / "build/release/limbeck"


def make(job):
    """One JPEG: a smooth ground, shapes, and a little noise, which is what a photograph costs to decode."""
    from PIL import Image, ImageDraw
    file, seed, width, height = job
    chance = random.Random(seed)
    ground = Image.frombytes("RGB", (8, 6), chance.randbytes(8 * 6 * 3)).resize((width, height), Image.BICUBIC)
    draw = ImageDraw.Draw(ground)
    for _ in range(12):
        x, y, r = chance.randrange(width), chance.randrange(height), chance.randrange(5, height // 4)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=tuple(chance.randbytes(3)))
    noise = Image.frombytes("RGB", (width, height), chance.randbytes(width * height * 3))
    Image.blend(ground, noise, 0.08).save(file, quality=85)


def pillow(job):
    from PIL import Image
    file, size, draft = job
    start = time.process_time()
    image = Image.open(file)
    if draft:
        image.draft("RGB", (2 * size, 2 * size))
    assert len(image.convert("RGB").resize((size, size), Image.BILINEAR).tobytes()) == size * size * 3
    return time.process_time() - start


def time_of_pillow(pool, files, size, draft):
    start = time.perf_counter()
    processor = sum(pool.imap_unordered(pillow, ((file, size, draft) for file in files), chunksize=64))
    return time.perf_counter() - start, processor


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def time_of_limbeck(folder, size, detail):
    start = processor_seconds()
    done = subprocess.run([LIMBECK, "data", "images", folder, "--size", str(size), "--resize", "stretch",
                           "--jpeg", detail, "--threads", "2", "--json"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["seconds"], processor_seconds() - start


def main():
    parser = argparse.ArgumentParser()
    for name, value in (("pictures", 10000), ("rounds", 5), ("width", 320), ("height", 240), ("size", 64)):
        parser.add_argument("--" + name, type=int, default=value)
    parser.add_argument("--python", default="/usr/bin/python3", help="a Python with Pillow")
    options = parser.parse_args()
    if pathlib.Path(sys.executable).resolve() != pathlib.Path(options.python).resolve():
        return subprocess.call([options.python, __file__, *sys.argv[1:]])
    details = ("full", "reduced")
    ratios = {(detail, what): [] for detail in details for what in ("clock", "processor")}
    with tempfile.TemporaryDirectory() as name, multiprocessing.Pool(2) as pool:
        folder, few = pathlib.Path(name) / "all", pathlib.Path(name) / "few"
        files = [folder / f"class{i % 10}" / f"{i}.jpg" for i in range(options.pictures)]
        for i in range(10):
            (folder / f"class{i}").mkdir(parents=True)
            (few / f"class{i}").mkdir(parents=True)
        pool.map(make, [(file, i, options.width, options.height) for i, file in enumerate(files)], chunksize=64)
        for file in files[:20]:
            shutil.copy(file, few / file.relative_to(folder))
        bytes_each = statistics.mean(file.stat().st_size for file in files[:100])
        print(f"{options.pictures} JPEGs of {options.width} x {options.height}, {bytes_each / 1024:.0f} KiB each, "
              f"to {options.size} x {options.size}; seconds on the clock / of processors:\n")
        print("round     Limbeck full         reduced     Pillow full           draft")
        for round_number in range(options.rounds):
            _, idle = time_of_limbeck(few, options.size, "full")
            ours, theirs = {}, {}
            for detail in details:
                clock, processor = time_of_limbeck(folder, options.size, detail)
                ours[detail] = clock, processor - idle
                theirs[detail] = time_of_pillow(pool, files, options.size, detail == "reduced")
                for what, mine, other in zip(("clock", "processor"), ours[detail], theirs[detail]):
                    ratios[detail, what].append(other / mine)
            print(f"{round_number + 1:>5}  " + "  ".join(f"{clock:>6.2f} /{processor:>6.2f}" for clock, processor in
                                                        (*ours.values(), *theirs.values())), flush=True)
    print(f"\n{'Pillow / Limbeck, times as fast':<36} {'min':>6} {'median':>7} {'max':>6}")
    for (detail, what), values in ratios.items():
        words = f"{'full' if detail == 'full' else 'reduced against draft'}, {what}"
        print(f"{words:<36} {min(values):>6.2f} {statistics.median(values):>7.2f} {max(values):>6.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
