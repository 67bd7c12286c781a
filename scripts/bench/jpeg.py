"""CPU time of decoding JPEG files on one core, by pare, Pillow and torchvision.io:

    go run ./scripts/photos -n 20 -out photos
    python3 scripts/bench/jpeg.py photos

Needs Pillow, torch and torchvision. Prints milliseconds an image, each file read ten times:
decoded to RGB ("0"), and resized to 64 x 64 pixels ("64").
"""

import glob
import os
import resource
import subprocess
import sys
import tempfile
import time

import torch
from PIL import Image
from torchvision.io import decode_jpeg, read_file

ROUNDS = 10
folder = os.path.abspath(sys.argv[1])
files = glob.glob(os.path.join(folder, "*", "*.jpg"))


def children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def pare(size):
    """The difference of 1 and 1 + ROUNDS rounds, without the start of the program."""
    took = []
    for rounds in (1, 1 + ROUNDS):
        before = children()
        subprocess.run([binary, "-test.run=^$", f"-test.bench=Photos/^{size}$", f"-test.benchtime={rounds}x"],
                       check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "PARE_PHOTOS": folder, "GOMAXPROCS": "1"})
        took.append(children() - before)
    return took[1] - took[0]


def timed(decode):
    before = time.process_time()
    for _ in range(ROUNDS):
        for f in files:
            decode(f)
    return time.process_time() - before


def report(name, seconds):
    print(f"{name:<16}{1000 * seconds / ROUNDS / len(files):8.2f} ms")


torch.set_num_threads(1)
with tempfile.TemporaryDirectory() as temp:
    binary = os.path.join(temp, "imagefile.test")
    subprocess.run(["go", "test", "-c", "-o", binary, "./datasets/imagefile"], check=True)
    for size in (0, 64):
        report(f"pare {size}", pare(size))
report("Pillow 0", timed(lambda f: Image.open(f).convert("RGB").load()))
report("Pillow 64", timed(lambda f: Image.open(f).convert("RGB").resize((64, 64), Image.BILINEAR)))
report("torchvision 0", timed(lambda f: decode_jpeg(read_file(f))))
