#!/usr/bin/env python3
"""Writes teacher outputs that any program computed as shards of a store, with NumPy alone.

From a file of logits [examples, classes], or [examples, views, classes], row i those of training example i:

    python3 examples/write_store.py logits.npy --out outputs.safetensors --shards 4 --top 20
    limbeck store index outputs.safetensors outputs-*.safetensors

Then `teacher: { stored: { file: outputs.safetensors.index.json } }` in a recipe. In a Ray or Spark job, each task calls
write_shard() with the ids and logits of its examples, in any order, and any name for its file:

    import write_store                                                   # Ray Data
    dataset.map_batches(lambda batch: write_store.write_shard(
        f"/shared/outputs-{uuid.uuid4()}.safetensors", batch["id"], model(batch["image"])) or {"id": batch["id"]})

    def write(rows):                                                     # Spark
        rows = list(rows)
        write_store.write_shard(f"/shared/outputs-{TaskContext.get().partitionId():05}.safetensors",
                                [row.id for row in rows], model([row.image for row in rows]))
    examples.foreachPartition(write)

docs/store-format.md describes the files.
"""
import argparse
import json
import os
import pathlib

import numpy

DTYPES = {"float32": "F32", "float16": "F16", "int64": "I64", "int16": "I16"}


def write_safetensors(path, tensors, metadata):
    """Writes beside `path` and renames, so that nobody reads half a file."""
    header, offset = {"__metadata__": metadata}, 0
    for name, array in tensors.items():
        header[name] = {"dtype": DTYPES[array.dtype.name], "shape": array.shape,
                        "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    beside = pathlib.Path(f"{path}.{os.getpid()}.part")
    with beside.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in tensors.values():
            file.write(numpy.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes())
    beside.replace(path)


def largest(logits, count):
    """The `count` largest logits in order and one for all others, log of the mean of their exponentials; and their
    classes."""
    order = numpy.argsort(-logits, axis=-1, kind="stable")
    ordered = numpy.take_along_axis(logits, order, axis=-1)
    others = ordered[..., count:]
    rest = numpy.full(logits.shape[:-1] + (1,), -numpy.inf)
    if others.shape[-1] > 0:
        highest = others.max(axis=-1, keepdims=True)
        rest = highest + numpy.log(numpy.exp(others - highest).mean(axis=-1, keepdims=True))
    return numpy.concatenate([ordered[..., :count], rest], axis=-1), order[..., :count].astype(numpy.int16)


def write_shard(path, ids, logits, views=None, top=0, dtype=numpy.float32):
    """One shard: ids [n], places in the published training split; logits [n, C], or [n, S, C] of all S views of each
    example, in the order of their numbers. `views`: the augmentation as the store's readers describe it; None: the
    examples as they are."""
    ids = numpy.asarray(ids, dtype=numpy.int64)
    logits = numpy.asarray(logits, dtype=numpy.float64)
    if logits.ndim == 2:
        logits = logits[:, None, :]
    examples, slots, classes = logits.shape
    if len(ids) != examples:
        raise ValueError(f"{len(ids)} ids and {examples} rows of logits")
    if not numpy.isfinite(logits).all():
        raise ValueError("a logit is not finite")
    if dtype == numpy.float16 and abs(logits).max() > numpy.finfo(numpy.float16).max:
        raise ValueError("a logit is larger than float16 can hold")
    tensors = {"ids": ids, "views": numpy.tile(numpy.arange(1, slots + 1, dtype=numpy.int64), (examples, 1))}
    if top > 0:
        values, tensors["classes"] = largest(logits, top)
        tensors["top"] = values.astype(dtype)
    else:
        tensors["logits"] = logits.astype(dtype)
    metadata = {"format": "limbeck teacher outputs 2", "classes": str(classes)}
    if views is not None:
        metadata["views"] = views
    write_safetensors(path, tensors, metadata)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logits", help=".npy file, [examples, classes] or [examples, views, classes]")
    parser.add_argument("--ids", help=".npy file of the rows' ids (default: row i is example i)")
    parser.add_argument("--out", required=True, help="name of the store, as outputs.safetensors")
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--views", help="description of the augmentation (default: the examples as they are)")
    parser.add_argument("--top", type=int, default=0, help="store only the K largest logits (default: all)")
    parser.add_argument("--float16", action="store_true")
    given = parser.parse_args()
    logits = numpy.load(given.logits, mmap_mode="r")
    ids = numpy.load(given.ids) if given.ids else numpy.arange(len(logits))
    out = pathlib.Path(given.out)
    for shard, rows in enumerate(numpy.array_split(numpy.arange(len(logits)), given.shards), 1):
        name = out.with_name(f"{out.stem}-{shard:05}-of-{given.shards:05}{out.suffix}")
        write_shard(name, ids[rows], logits[rows], views=given.views, top=given.top,
                    dtype=numpy.float16 if given.float16 else numpy.float32)
        print(name)


if __name__ == "__main__":
    main()
