"""Trains lenet5 on MNIST in PyTorch until it recognises a share of the test images, and
prints two lines of JSON: one when training begins and one with the outcome. mnist99.py
runs it in turn with pare, whose scripts/bench/mnist99 does the same, and measures the time.
"""
import argparse
import gzip
import json
from pathlib import Path

import torch
from torch.nn import functional as F

import host
from torch_models import lenet5

MEAN, STD = 0.1307, 0.3081  # of the training pixels


def main():
    parser = argparse.ArgumentParser(description="Trains lenet5 on MNIST to an accuracy.")
    parser.add_argument("--data", required=True, help="folder with the four .gz files of MNIST")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--eval-batch", type=int, default=500)
    parser.add_argument("--every", type=int, default=200, help="steps between evaluations")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--lr", type=float, default=0.02)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--target", type=float, default=0.99)
    args = parser.parse_args()
    torch.set_num_threads(host.cores())
    torch.manual_seed(args.seed)
    x, y = (read(args.data, name) for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"))
    test_x, test_y = (read(args.data, name) for name in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"))
    model = lenet5()
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=args.momentum)
    print(json.dumps({"event": "training"}), flush=True)
    outcome = until_target(args, model, optimizer, (x, y.long()), (test_x, test_y.long()))
    print(json.dumps({"event": "done", **outcome}), flush=True)


def read(folder, name):
    """The bytes of an IDX file as a tensor of its shape."""
    data = gzip.decompress((Path(folder) / (name + ".gz")).read_bytes())
    axes = data[3]
    shape = [int.from_bytes(data[4 + 4 * i:8 + 4 * i], "big") for i in range(axes)]
    return torch.frombuffer(bytearray(data), dtype=torch.uint8, offset=4 + 4 * axes).reshape(shape)


def images(x):
    return (x.unsqueeze(1).float() / 255 - MEAN) / STD


def until_target(args, model, optimizer, training, test):
    steps, accuracy = 0, 0.0
    x, y = training
    for _ in range(args.epochs):
        order = torch.randperm(len(x))
        for i in range(0, len(x) - args.batch + 1, args.batch):
            index = order[i:i + args.batch]
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(model(images(x[index])), y[index]).backward()
            optimizer.step()
            steps += 1
            if steps % args.every:
                continue
            accuracy = evaluate(model, test, args.eval_batch)
            if accuracy >= args.target:
                return {"reached": True, "steps": steps, "accuracy": accuracy}
    return {"reached": False, "steps": steps, "accuracy": accuracy}


def evaluate(model, test, batch):
    correct = 0
    with torch.no_grad():
        for x, y in zip(test[0].split(batch), test[1].split(batch)):
            correct += (model(images(x)).argmax(1) == y).sum().item()
    return correct / len(test[1])


if __name__ == "__main__":
    main()
