#!/usr/bin/env python3
"""What several hosts or GPUs would gain, on paper, from what one does: two tables.

    bench/scale.py store --examples 1281167 --decode 1000 --teacher 36 --bytes 98
    bench/scale.py train --step 0.090 --fixed 0 --megabytes 1.1 --link 1.25 --latency 50

store: each of h hosts decodes all pictures once (D a second), or reads what one has decoded, and computes its share of
the teacher's outputs (R a second): T(h) = N / D + N V / (h R).

train: n processes divide each batch. A step of one takes t = f + w, of which f does not shrink with the batch. The sum
of S bytes of gradients goes around a ring: each sends 2 (n - 1) / n S bytes in 2 (n - 1) messages (Patarasuk and Yuan
2009). Not hidden behind the backward pass: T(n) = f + w / n + 2 (n - 1) / n S / link + 2 (n - 1) latency. With --weak,
each process keeps its batch, so that w stays and n batches are done."""
import argparse

COUNTS = (1, 2, 4, 8, 16, 64)


def duration(seconds):
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{1000 * seconds:.2f} ms"


def show(head, rows):
    rows = [head, *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    for row in rows:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths)))


def store(given):
    decoded = given.examples / given.decode if given.decode else 0
    outputs = given.examples * given.views / given.teacher
    rows = []
    for hosts in COUNTS:
        own, shared = decoded + outputs / hosts, (decoded if hosts == 1 else 0) + outputs / hosts
        rows.append((str(hosts), duration(outputs / hosts), duration(own), f"{(decoded + outputs) / own:.1f}",
                     duration(shared)))
    print(f"decoding {duration(decoded)}; outputs {given.examples * given.views * given.bytes / 1e9:.2f} GB")
    show(("hosts", "teacher", "each decodes", "speed-up", "decoded before"), rows)


def train(given):
    size, link = given.megabytes * 1e6, given.link * 1e9
    rows = []
    for count in COUNTS:
        compute = given.step if given.weak else given.fixed + (given.step - given.fixed) / count
        sums = 2 * (count - 1) / count * size / link + 2 * (count - 1) * given.latency * 1e-6
        gain = given.step / (compute + sums) * (count if given.weak else 1)
        rows.append((str(count), duration(compute), duration(sums) if count > 1 else "-", f"{gain:.1f}",
                     f"{100 * gain / count:.0f} %"))
    show(("processes", "compute", "sums", "speed-up", "of ideal"), rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(required=True)
    of_store = kinds.add_parser("store")
    of_store.set_defaults(act=store)
    of_store.add_argument("--examples", type=int, required=True)
    of_store.add_argument("--decode", type=float, default=0, help="pictures a second; 0: nothing is decoded")
    of_store.add_argument("--teacher", type=float, required=True, help="examples a second")
    of_store.add_argument("--views", type=int, default=1)
    of_store.add_argument("--bytes", type=int, required=True, help="of an output")
    of_train = kinds.add_parser("train")
    of_train.set_defaults(act=train)
    of_train.add_argument("--step", type=float, required=True, help="seconds of one process")
    of_train.add_argument("--fixed", type=float, default=0, help="seconds of it that a smaller batch does not save")
    of_train.add_argument("--megabytes", type=float, required=True, help="of gradients")
    of_train.add_argument("--link", type=float, required=True, help="GB/s of each process")
    of_train.add_argument("--latency", type=float, required=True, help="microseconds of a message")
    of_train.add_argument("--weak", action="store_true", help="each process keeps the batch of one")
    given = parser.parse_args()
    given.act(given)


if __name__ == "__main__":
    main()
