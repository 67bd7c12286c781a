#!/usr/bin/env python3
"""Trains on the same MNIST images in every form that pare reads.

    go build -o bin/ ./cmd/train ./cmd/pare
    scripts/forms/forms.py MNIST DIR [-bin bin]

MNIST is the folder of the four official files, DIR a new folder for the forms and
the runs. The first 2,000 training and 500 test images, ordered by class, then by
name, are written as idx, a folder of PNG files, npz, Parquet by pyarrow in the
layout of Hugging Face (one file, and three shards), and WebDataset. A small
convolutional network is trained on each with one seed. The inputs that the network gets
(pare predict -dump-inputs) must be the pixels of the official files, normalised, and
the trained weights must be the same bytes. Prints one line a form and exits with 1 if
a form differs.

Needs numpy, Pillow and pyarrow.
"""
import argparse
import gzip
import hashlib
import io
import json
import pathlib
import struct
import subprocess
import sys
import tarfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

TRAIN, TEST = 2000, 500

CONFIG = """name: forms
seed: 7
data: {%s, normalize: standard, augment: {crop: 2}}
model: {layers: [conv: {out: 8, kernel: 3}, relu, maxpool: {kernel: 2}, flatten, linear: {out: 32}, relu, linear: {out: 10}]}
train: {epochs: 2, batch: 32, optimizer: {type: adam, lr: 0.003}}
penalties: [{type: group_lasso, on: channels, lambda: 1e-3}, {type: group_lasso, on: neurons, lambda: 1e-3}]
export: {onnx: false}
"""

# Each form with its data section.
FORMS = {
    "idx": "dataset: mnist, dir: idx, download: false",
    "PNG folder": "dataset: images, dir: png, channels: grey",
    "PNG folder, cache": "dataset: images, dir: png, channels: grey, cache: png.cache",
    "PNG folder, from files": "dataset: images, dir: png, channels: grey, memory: 1",
    "npz": "dataset: arrays, file: mnist.npz, x_test: x_test, y_test: y_test",
    "npz, compressed": "dataset: arrays, file: packed.npz, x_test: x_test, y_test: y_test",
    "Parquet": "dataset: parquet, files: train.parquet, test_files: test.parquet, channels: grey",
    "Parquet, 3 shards, zstd": "dataset: parquet, files: 'shards/train-*', test_files: 'shards/test-*', channels: grey",
    "WebDataset": "dataset: webdataset, files: train.tar, test_files: test.tar, channels: grey",
}


def read(mnist, part, count):
    """Images and labels of a part, ordered by class; the number in its file names an image."""
    def values(name, header):
        with gzip.open(mnist / f"{part}-{name}-ubyte.gz") as f:
            return np.frombuffer(f.read(), np.uint8, offset=header)
    images, labels = values("images-idx3", 16).reshape(-1, 28, 28)[:count], values("labels-idx1", 8)[:count]
    order = np.argsort(labels, kind="stable")
    return images[order], labels[order], [f"{i:05d}" for i in order]


def png(pixels):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def write_parquet(path, files, labels, compression):
    """A file in the layout that the datasets library of Hugging Face writes."""
    image = pa.array([{"bytes": data, "path": name + ".png"} for name, data in files],
                     pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    features = {"image": {"_type": "Image"}, "label": {"names": [str(c) for c in range(10)], "_type": "ClassLabel"}}
    table = pa.table({"image": image, "label": pa.array(labels.astype(np.int64))})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path.parent.mkdir(exist_ok=True)
    pq.write_table(table, path, compression=compression, row_group_size=300)


def write_tar(path, files, labels):
    with tarfile.open(path, "w") as archive:
        for (name, data), label in zip(files, labels):
            for ending, content in ("png", data), ("cls", str(label).encode()):
                member = tarfile.TarInfo(f"{label}/{name}.{ending}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))


def write_forms(mnist, out):
    """Writes every form and returns the pixels of both parts."""
    parts = {"train": read(mnist, "train", TRAIN), "test": read(mnist, "t10k", TEST)}
    (out / "idx").mkdir(parents=True)
    for part, (images, labels, names) in parts.items():
        official = {"train": "train", "test": "t10k"}[part]
        (out / "idx" / f"{official}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, *images.shape) + images.tobytes())
        (out / "idx" / f"{official}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, len(labels)) + labels.tobytes())
        files = [(name, png(image)) for name, image in zip(names, images)]
        for (name, data), label in zip(files, labels):
            path = out / "png" / part / str(label) / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        write_parquet(out / f"{part}.parquet", files, labels, "snappy")
        for k, rows in enumerate(np.array_split(np.arange(len(files)), 3)):
            write_parquet(out / "shards" / f"{part}-{k:05d}-of-00003.parquet", [files[i] for i in rows], labels[rows], "zstd")
        write_tar(out / f"{part}.tar", files, labels)
    arrays = {"x": parts["train"][0], "y": parts["train"][1], "x_test": parts["test"][0], "y_test": parts["test"][1]}
    np.savez(out / "mnist.npz", **arrays)
    np.savez_compressed(out / "packed.npz", **arrays)
    return {part: images for part, (images, _, _) in parts.items()}


def run(program, *arguments, cwd):
    done = subprocess.run([program, *map(str, arguments)], cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{program.name} {' '.join(map(str, arguments))}: exit status {done.returncode}\n{done.stderr}")


def same_pixels(folder, pixels):
    """Whether the inputs are (v/255 - mean)/deviation of the official pixels v in their order; and a digest of them."""
    inputs = {part: np.load(folder / f"{part}.npy") for part in ("train", "test")}
    norm = json.loads((folder / "architecture.json").read_text())["preprocess"]

    same = True
    for part, x in inputs.items():
        v = (x[:, 0].astype(np.float64) * norm["std"][0] + norm["mean"][0]) * 255
        same &= np.abs(v - pixels[part]).max() < 0.01
    return same, hashlib.sha256(b"".join(inputs[p].tobytes() for p in sorted(inputs))).hexdigest()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("mnist", type=pathlib.Path)
    p.add_argument("dir", type=pathlib.Path)
    p.add_argument("-bin", type=pathlib.Path, default=pathlib.Path("bin"), help="folder of train and pare")
    a = p.parse_args()
    programs, out = a.bin.resolve(), a.dir.resolve()
    pixels = write_forms(a.mnist, out)
    first, failed = None, False
    print(f"{'form':24} {'pixels':8} {'inputs (SHA-256)':18} model.safetensors (SHA-256)")
    for k, (form, data) in enumerate(FORMS.items()):
        (out / f"{k}.yaml").write_text(CONFIG % data)
        folder = out / "runs" / str(k)
        run(programs / "train", "-config", f"{k}.yaml", "-out", folder, "-quiet", cwd=out)
        for part in "train", "test":
            run(programs / "pare", "predict", folder, "-split", part, "-limit", TRAIN, "-dump-inputs", folder / f"{part}.npy", cwd=out)
        same, inputs = same_pixels(folder, pixels)
        weights = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
        first = first or (inputs, weights)
        different = not same or (inputs, weights) != first
        failed |= different
        print(f"{form:24} {'official' if same else 'OTHER':8} {inputs[:16]:18} {weights[:16]}{'  DIFFERENT' if different else ''}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
