"""The models of pare in PyTorch, and how long they take to train.

    python3 torch_models.py resnet20 [--batch 64] [--threads N] [--steps N] [--channels-last]

measures training steps (forward, loss, backward, update by SGD with momentum) and
inference on random data, as "pare bench" does, and prints a JSON object with the same
keys. peers.py runs both in turn.
"""
import argparse
import json
import os
import resource
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

import host

WARMUP, MIN_STEPS = 3, 10
STEP_BUDGET, FORWARD_BUDGET = 5.0, 1.0  # seconds
RATE = 1e-4  # so small that the network stays as it was drawn
VOCABULARY, CONTEXT = 65, 64  # of the models of characters


class ConvUnit(nn.Sequential):
    """Convolution without bias that keeps the size at stride 1, BatchNorm, ReLU."""

    def __init__(self, inputs, outputs, kernel, stride=1):
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        )


def mlp():
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 300), nn.ReLU(),
        nn.Linear(300, 100), nn.ReLU(),
        nn.Linear(100, 10),
    )


def lenet5():
    """LeNet-5-Caffe. ReLU and max pooling commute."""
    return nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(20, 50, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(),
        nn.Linear(800, 500), nn.ReLU(),
        nn.Linear(500, 10),
    )


def cnn():
    return nn.Sequential(
        ConvUnit(3, 32, 3), ConvUnit(32, 32, 3), nn.MaxPool2d(2),
        ConvUnit(32, 64, 3), ConvUnit(64, 64, 3), nn.MaxPool2d(2),
        ConvUnit(64, 128, 3), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(2048, 10),
    )


class InceptionModule(nn.Module):
    """Four branches over channels: 1×1, 3×3 and 5×5 behind 1×1, and pooling before 1×1."""

    def __init__(self, inputs, b1x1, b3x3_reduce, b3x3, b5x5_reduce, b5x5, pool_proj):
        super().__init__()
        self.branches = nn.ModuleList([
            ConvUnit(inputs, b1x1, 1),
            nn.Sequential(ConvUnit(inputs, b3x3_reduce, 1), ConvUnit(b3x3_reduce, b3x3, 3)),
            nn.Sequential(ConvUnit(inputs, b5x5_reduce, 1), ConvUnit(b5x5_reduce, b5x5, 5)),
            nn.Sequential(nn.MaxPool2d(3, 1, 1), ConvUnit(inputs, pool_proj, 1)),
        ])

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


def inception():
    return nn.Sequential(
        ConvUnit(3, 32, 3),
        InceptionModule(32, 16, 16, 32, 8, 16, 16), nn.MaxPool2d(2),
        InceptionModule(80, 32, 32, 64, 8, 16, 16), nn.MaxPool2d(2),
        InceptionModule(128, 48, 32, 96, 8, 24, 24),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(192, 10),
    )


class ResidualBlock(nn.Module):
    """relu(h·skip(x) + g·residual(x)) with gates h and g."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.residual = nn.Sequential(
            ConvUnit(inputs, outputs, 3, stride),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.skip = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.skip = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        self.gate_residual = nn.Parameter(torch.ones(1))
        self.gate_skip = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return F.relu(self.gate_skip * self.skip(x) + self.gate_residual * self.residual(x))


def resnet(depth):
    """The CIFAR ResNet of depth 6n+2."""
    layers, inputs = [ConvUnit(3, 16, 3)], 16
    for width in (16, 32, 64):
        for block in range((depth - 2) // 6):
            stride = 2 if width > 16 and block == 0 else 1
            layers.append(ResidualBlock(inputs, width, stride))
            inputs = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


class Recurrent(nn.Module):
    """Characters: embedding, one recurrent layer, logits at every place."""

    def __init__(self, layer, embedding=128, hidden=256):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, embedding)
        self.recurrent = layer(embedding, hidden, batch_first=True)
        self.output = nn.Linear(hidden, VOCABULARY)

    def forward(self, x):
        return self.output(self.recurrent(self.embedding(x))[0])


class TransformerBlock(nn.Module):
    """Causal self-attention and a two-layer perceptron, each behind a LayerNorm."""

    def __init__(self, width, heads, hidden):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.projection = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.hidden = None  # activations of the perceptron, for the penalty

    def attention(self, x):
        batch, length, width = x.shape
        size = width // self.heads
        q, k, v = self.qkv(x).view(batch, length, 3, self.heads, size).permute(2, 0, 3, 1, 4)
        if hasattr(F, "scaled_dot_product_attention"):
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:  # PyTorch 1
            later = torch.triu(torch.ones(length, length, dtype=torch.bool), 1)
            scores = (q @ k.transpose(-2, -1)) / size ** 0.5
            y = scores.masked_fill(later, float("-inf")).softmax(-1) @ v
        return self.projection(y.transpose(1, 2).reshape(batch, length, width))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        self.hidden = F.relu(self.up(self.norm2(x)))
        return x + self.down(self.hidden)


class Transformer(nn.Module):
    """Characters: a decoder with learned positions."""

    def __init__(self, width=128, heads=4, hidden=512, blocks=4):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, width)
        self.position = nn.Parameter(torch.zeros(CONTEXT, width))
        self.blocks = nn.ModuleList([TransformerBlock(width, heads, hidden) for _ in range(blocks)])
        self.norm, self.output = nn.LayerNorm(width), nn.Linear(width, VOCABULARY)

    def forward(self, x):
        x = self.embedding(x) + self.position
        for block in self.blocks:
            x = block(x)
        return self.output(self.norm(x))

    def penalty(self):
        """L1 of the hidden activations, a mean over batch and places."""
        total = sum(block.hidden.sum() for block in self.blocks)
        return 1e-5 * total / self.blocks[0].hidden[..., 0].numel()


def grey_images(batch):
    return torch.randn(batch, 1, 28, 28), torch.randint(0, 10, (batch,))


def colour_images(batch):
    return torch.randn(batch, 3, 32, 32), torch.randint(0, 10, (batch,))


def characters(batch):
    return (torch.randint(0, VOCABULARY, (batch, CONTEXT)),
            torch.randint(0, VOCABULARY, (batch, CONTEXT)))


MODELS = {
    "mlp": (mlp, grey_images),
    "lenet5": (lenet5, grey_images),
    "cnn": (cnn, colour_images),
    "inception": (inception, colour_images),
    **{f"resnet{d}": (lambda d=d: resnet(d), colour_images) for d in (8, 14, 20, 32, 56)},
    "rnn": (lambda: Recurrent(nn.RNN), characters),
    "lstm": (lambda: Recurrent(nn.LSTM), characters),
    "gru": (lambda: Recurrent(nn.GRU), characters),
    "transformer": (Transformer, characters),
}


def timed(step, steps, budget):
    """The times of a step in ms: so many, or as many as fit into a budget of seconds."""
    for _ in range(WARMUP):
        step()
    times, start = [], time.perf_counter()
    while (len(times) < steps if steps else
           len(times) < MIN_STEPS or time.perf_counter() - start < budget):
        before = time.perf_counter()
        step()
        times.append((time.perf_counter() - before) * 1e3)
    return times


def process_age():
    """Seconds since the process was started; None on systems other than Linux."""
    try:
        with open("/proc/self/stat") as file:
            started = int(file.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return None
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


def peak_memory():
    """The largest resident memory of the process in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def measure(name, batch, steps, channels_last, hidden=0):
    torch.manual_seed(1)
    make, data = MODELS[name]
    model = make(hidden=hidden) if hidden else make()
    x, y = data(batch)
    if channels_last and x.dim() == 4:
        model, x = (value.to(memory_format=torch.channels_last) for value in (model, x))
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9)

    def step():
        optimizer.zero_grad(set_to_none=True)
        logits = model(x)
        loss = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), y.reshape(-1))
        if isinstance(model, Transformer):
            loss = loss + model.penalty()
        loss.backward()
        optimizer.step()

    step()
    first_step = process_age()
    times = timed(step, steps, STEP_BUDGET)
    peak = peak_memory()
    model.eval()
    with torch.no_grad():
        forward = timed(lambda: model(x), steps, FORWARD_BUDGET)
    return {
        "model": name, "batch": batch, "threads": torch.get_num_threads(), "torch": torch.__version__,
        "params": sum(p.numel() for p in model.parameters()), "steps": len(times),
        "step_ms": round(statistics.median(times), 4), "forward_ms": round(statistics.median(forward), 4),
        "peak_bytes": peak, "first_step_s": first_step and round(first_step, 4),
    }


def main():
    parser = argparse.ArgumentParser(description="Measures training steps of a model in PyTorch.")
    parser.add_argument("model", choices=MODELS)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=0, help="0: all cores")
    parser.add_argument("--steps", type=int, default=0, help="0: as many as fit into five seconds")
    parser.add_argument("--channels-last", action="store_true", help="keep images in the order N, H, W, C")
    parser.add_argument("--hidden", type=int, default=0, help="hidden units of the transformer; 0: 512")
    args = parser.parse_args()
    if args.hidden and args.model != "transformer":
        parser.error("--hidden is for the transformer")
    if args.batch < 1 or args.threads < 0 or args.steps < 0:
        parser.error("batch must be at least 1, threads and steps must not be negative")
    torch.set_num_threads(args.threads or host.cores())
    print(json.dumps(measure(args.model, args.batch, args.steps, args.channels_last, args.hidden)))


if __name__ == "__main__":
    main()
