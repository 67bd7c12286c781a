"""Writes resnet.json beside itself: parameter counts of the ResNet variants in
PyTorch, and for small ones the losses of four steps of gradient descent. Gates
are parameters that multiply the two paths of a block. Names of parameters are
those of pare's layers. Needed only to change the cases."""
import json
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(4)
torch.set_num_threads(1)
BATCH, RATE = 4, 0.05


class Gate(nn.Module):
    def __init__(s):
        super().__init__()
        s.gate = nn.Parameter(torch.ones(1))

    def forward(s, x):
        return s.gate * x


def conv(i, o, kernel, stride=1):
    return nn.Conv2d(i, o, kernel, stride, kernel // 2, bias=False)


class Block(nn.Module):
    def __init__(s, i, width, stride, bottleneck, pre, first):
        super().__init__()
        s.pre, s.first, o = pre, first, width * (4 if bottleneck else 1)
        s.kernels = (1, 3, 1) if bottleneck else (3, 3)
        c = i
        for k, kernel in enumerate(s.kernels):
            d = o if k == len(s.kernels) - 1 else width
            setattr(s, "conv%d" % (k + 1), conv(c, d, kernel, stride if k == s.kernels.index(3) else 1))
            if pre:
                setattr(s, "bn%d" % (k + 1), nn.BatchNorm2d(c))
            else:
                setattr(s, "conv%d_bn" % (k + 1), nn.BatchNorm2d(d))
            c = d
        s.project = stride != 1 or i != o
        if s.project:
            s.proj = conv(i, o, 1, stride)
            if not pre:
                s.proj_bn = nn.BatchNorm2d(o)
        s.gate_residual, s.gate_skip = Gate(), Gate()

    def forward(s, x):
        y, n = x, len(s.kernels)
        for k in range(1, n + 1):
            if s.pre:
                y = F.relu(getattr(s, "bn%d" % k)(y))
                if k == 1 and s.first:
                    x = y
                y = getattr(s, "conv%d" % k)(y)
            else:
                y = getattr(s, "conv%d_bn" % k)(getattr(s, "conv%d" % k)(y))
                y = F.relu(y) if k < n else y
        if s.project:
            x = s.proj(x)
            x = x if s.pre else s.proj_bn(x)
        y = s.gate_skip(x) + s.gate_residual(y)
        return y if s.pre else F.relu(y)


class ResNet(nn.Module):
    def __init__(s, depth, width, bottleneck, pre, inputs=3):
        super().__init__()
        s.pre = pre
        s.conv = conv(inputs, width, 3)
        if not pre:
            s.conv_bn = nn.BatchNorm2d(width)
        s.names, c = [], width
        for stage in range(3):
            w = width << stage
            for b in range((depth - 2) // (9 if bottleneck else 6)):
                name = "stage%d_block%d" % (stage + 1, b + 1)
                setattr(s, name, Block(c, w, 2 if stage and not b else 1, bottleneck, pre, not b))
                c = w * (4 if bottleneck else 1)
                s.names.append(name)
        if pre:
            s.bn = nn.BatchNorm2d(c)
        s.fc = nn.Linear(c, 10)

    def forward(s, x):
        x = s.conv(x)
        x = x if s.pre else F.relu(s.conv_bn(x))
        for name in s.names:
            x = getattr(s, name)(x)
        x = F.relu(s.bn(x)) if s.pre else x
        return s.fc(x.mean((2, 3)))


def rename(key):
    return key.replace("_block", ".block")


def array(t):
    return {"shape": list(t.shape), "data": [float("%.9g" % v) for v in t.detach().reshape(-1).tolist()]}


counts, nets = [], []
for depth, bottleneck, pre in [(20, False, False), (20, False, True), (29, True, False), (29, True, True), (110, False, True), (164, True, True)]:
    n = sum(p.numel() for p in ResNet(depth, 16, bottleneck, pre).parameters())
    counts.append({"depth": depth, "bottleneck": bottleneck, "preactivation": pre, "params": n})
for depth, bottleneck, pre in [(8, False, True), (11, True, False), (11, True, True)]:
    net = ResNet(depth, 2, bottleneck, pre)
    with torch.no_grad():
        for k, p in net.named_parameters():
            if k.endswith("gate"):
                p.fill_(0.5 + torch.rand(()).item())
    params = {rename(k): array(v) for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")}
    x, target = torch.randn(BATCH, 3, 8, 8), torch.randint(0, 10, (BATCH,))
    losses = []
    for _ in range(4):
        net.zero_grad()
        loss = F.cross_entropy(net(x), target)
        loss.backward()
        losses.append(loss.item())
        with torch.no_grad():
            for p in net.parameters():
                p -= RATE * p.grad
    nets.append({"depth": depth, "bottleneck": bottleneck, "preactivation": pre, "width": 2, "batch": BATCH, "rate": RATE,
                 "params": params, "x": array(x.permute(0, 2, 3, 1))["data"], "target": target.tolist(), "losses": losses})
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "resnet.json")
with open(path, "w") as f:
    json.dump({"counts": counts, "nets": nets}, f, separators=(",", ":"))
    f.write("\n")
