"""Writes goldens.json beside itself: layers and a small network as PyTorch
computes them. Needed only to change the cases; the tests read the JSON.

Values are in PyTorch's order. A case holds a layer (kind, args), its inputs and
parameters, the output, the gradient dy that is sent back and what arrives at
the inputs (x0, x1, ...) and parameters. Inputs are rounded to two decimals to
keep the file small."""
import json
import os

import torch
import torch.nn.functional as F

torch.manual_seed(1)
torch.set_num_threads(1)


def values(t):
    return [float("%.9g" % v) for v in t.detach().reshape(-1).tolist()]


def array(t):
    return {"shape": list(t.shape), "data": values(t)}


def rand(*shape):
    return (torch.randn(*shape) * 100).round() / 100


def ties(*shape):
    return torch.randint(0, 3, shape).float()


def case(name, kind, args, f, inputs, **params):
    for t in list(inputs) + list(params.values()):
        t.requires_grad_()
    y = f(*inputs, **params)
    dy = rand(*y.shape)
    y.backward(dy)
    xs = {"x%d" % i: t for i, t in enumerate(inputs)}
    return {
        "name": name, "kind": kind, "args": args,
        "inputs": [array(t) for t in inputs],
        "params": {k: array(t) for k, t in params.items()},
        "output": values(y), "dy": values(dy),
        "grads": {k: values(t.grad) for k, t in {**xs, **params}.items()},
    }


def conv(**kw):
    return lambda x, weight, bias=None: F.conv2d(x, weight, bias, **kw)


def layer_cases():
    yield case("conv", "conv", {"out": 4, "kernel": 3, "pad": 1}, conv(padding=1),
               [rand(2, 3, 5, 4)], weight=rand(4, 3, 3, 3), bias=rand(4))
    yield case("conv stride", "conv", {"out": 5, "kernel": 5, "stride": 2, "pad": 2, "no_bias": True},
               conv(stride=2, padding=2), [rand(2, 2, 7, 6)], weight=rand(5, 2, 5, 5))
    yield case("conv 1x1", "conv", {"out": 6, "kernel": 1}, conv(), [rand(2, 3, 3, 4)], weight=rand(6, 3, 1, 1), bias=rand(6))
    yield case("conv groups", "conv", {"out": 6, "kernel": 3, "groups": 2}, conv(groups=2),
               [rand(2, 4, 5, 5)], weight=rand(6, 2, 3, 3), bias=rand(6))
    yield case("depthwise", "depthwise", {"kernel": 3, "pad": 1, "stride": 2}, conv(groups=5, padding=1, stride=2),
               [rand(2, 5, 5, 4)], weight=rand(5, 1, 3, 3), bias=rand(5))
    yield case("depthwise multiplier", "depthwise", {"kernel": 3, "multiplier": 2, "no_bias": True}, conv(groups=3),
               [rand(2, 3, 4, 4)], weight=rand(6, 1, 3, 3))
    yield case("linear", "linear", {"out": 3}, F.linear, [rand(4, 5)], weight=rand(3, 5), bias=rand(3))
    for kind, f in [("relu", F.relu), ("leaky_relu", F.leaky_relu), ("sigmoid", torch.sigmoid), ("tanh", torch.tanh),
                    ("gelu", F.gelu), ("silu", F.silu), ("elu", F.elu), ("softplus", F.softplus)]:
        x = 3 * rand(2, 6)
        x[0, 0], x[0, 1], x[0, 2] = 0, 15, -15
        yield case(kind, kind, {}, f, [x])
    yield case("maxpool", "maxpool", {}, lambda x: F.max_pool2d(x, 2), [rand(2, 2, 4, 5)])
    yield case("maxpool ties", "maxpool", {"kernel": 3, "stride": 2, "pad": 1},
               lambda x: F.max_pool2d(x, 3, 2, 1), [ties(2, 2, 5, 6)])
    yield case("maxpool ceil", "maxpool", {"kernel": 3, "stride": 2, "ceil": True},
               lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True), [rand(1, 2, 6, 4)])
    yield case("avgpool", "avgpool", {"kernel": 3, "stride": 2, "pad": 1},
               lambda x: F.avg_pool2d(x, 3, 2, 1), [rand(2, 2, 5, 6)])
    yield case("avgpool excluded", "avgpool", {"kernel": 3, "stride": 2, "pad": 1, "exclude_pad": True},
               lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), [rand(2, 2, 5, 6)])
    yield case("avgpool ceil", "avgpool", {"kernel": 3, "stride": 2, "pad": 1, "ceil": True},
               lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True), [rand(1, 2, 6, 4)])
    yield case("globalpool", "globalpool", {}, lambda x: x.mean((2, 3)), [rand(2, 3, 2, 4)])
    yield case("flatten", "flatten", {}, lambda x: x.flatten(1), [rand(2, 3, 2, 2)])
    yield case("flatten index", "flatten", {"index": [1, 4, 5, 11]}, lambda x: x.flatten(1)[:, [1, 4, 5, 11]], [rand(2, 3, 2, 2)])
    yield case("select", "select", {"index": [0, 2]}, lambda x: x[:, [0, 2]], [rand(2, 3, 2, 2)])
    yield case("add", "add", {"bias": True}, lambda x, y, bias: x + y + bias.view(1, -1, 1, 1),
               [rand(2, 3, 2, 2), rand(2, 3, 2, 2)], bias=rand(3))
    yield case("concat", "concat", {}, lambda x, y: torch.cat([x, y], 1), [rand(2, 3, 2, 2), rand(2, 1, 2, 2)])
    yield case("gate", "gate", {}, lambda x, gate: x * gate, [rand(2, 3, 2, 2)], gate=rand(1))
    yield case("gate per channel", "gate", {"per_channel": True}, lambda x, gate: x * gate.view(1, -1, 1, 1),
               [rand(2, 3, 2, 2)], gate=rand(3))
    yield case("batchnorm", "batchnorm", {"eps": 0.001},
               lambda x, weight, bias: F.batch_norm(x, None, None, weight, bias, True, eps=0.001),
               [rand(2, 3, 3, 2)], weight=rand(3), bias=rand(3))
    yield case("batchnorm vector", "batchnorm", {},
               lambda x, weight, bias: F.batch_norm(x, None, None, weight, bias, True),
               [rand(6, 4)], weight=rand(4), bias=rand(4))
    x = rand(2, 2)
    yield case("constant", "constant", {"shape": [3]}, lambda x, bias: bias.expand(2, 3) + 0 * x.sum(), [x], bias=rand(3))


def running():
    """Running statistics after three training steps, and the output in eval mode."""
    bn = torch.nn.BatchNorm2d(3, momentum=0.2)
    steps = [rand(2, 3, 3, 3) + i for i in range(3)]
    for x in steps:
        bn(x)
    bn.eval()
    x = rand(2, 3, 3, 3)
    return {"momentum": 0.2, "steps": [array(x) for x in steps], "eval": array(x), "output": values(bn(x)),
            "running_mean": values(bn.running_mean), "running_var": values(bn.running_var)}


def cross_entropy(smoothing):
    x = 3 * rand(4, 5)
    x.requires_grad_()
    target = torch.tensor([0, 3, 4, 3])
    loss = F.cross_entropy(x, target, label_smoothing=smoothing)
    loss.backward()
    return {"smoothing": smoothing, "logits": array(x), "target": target.tolist(), "loss": loss.item(), "grad": values(x.grad)}


class Gated(torch.nn.Module):
    """A residual block whose skip and branch are multiplied by gates."""

    def __init__(s, i, o, stride):
        super().__init__()
        nn = torch.nn
        s.conv1 = nn.Conv2d(i, o, 3, stride, 1, bias=False)
        s.bn1 = nn.BatchNorm2d(o)
        s.conv2 = nn.Conv2d(o, o, 3, 1, 1, bias=False)
        s.bn2 = nn.BatchNorm2d(o)
        s.branch = nn.Module()
        s.branch.gate = nn.Parameter(torch.ones(1))
        s.skip = nn.Module()
        s.skip.gate = nn.Parameter(torch.ones(1))
        s.project = nn.Conv2d(i, o, 1, stride, bias=False) if i != o else None
        s.bnp = nn.BatchNorm2d(o) if i != o else None

    def forward(s, x):
        y = s.bn2(s.conv2(F.relu(s.bn1(s.conv1(x)))))
        if s.project is not None:
            x = s.bnp(s.project(x))
        return F.relu(s.skip.gate * x + s.branch.gate * y)


class Net(torch.nn.Module):
    def __init__(s):
        super().__init__()
        nn = torch.nn
        s.stem, s.bn = nn.Conv2d(3, 4, 3, 1, 1, bias=False), nn.BatchNorm2d(4)
        s.block1, s.block2 = Gated(4, 4, 1), Gated(4, 6, 2)
        s.fc = nn.Linear(6, 5)

    def forward(s, x):
        return s.fc(s.block2(s.block1(F.relu(s.bn(s.stem(x))))).mean((2, 3)))


def network():
    """Losses of five SGD steps on one batch, then the logits in eval mode."""
    net, lr = Net(), 0.1
    keep = {k: v.clone() for k, v in net.state_dict().items() if "num_batches" not in k and "running" not in k}
    x, target = rand(6, 3, 6, 6), torch.tensor([0, 1, 2, 3, 4, 0])
    opt, losses = torch.optim.SGD(net.parameters(), lr=lr), []
    for _ in range(5):
        opt.zero_grad()
        loss = F.cross_entropy(net(x), target)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    net.eval()
    return {"lr": lr, "x": array(x), "target": target.tolist(), "losses": losses, "logits": values(net(x)),
            "params": {k: array(v) for k, v in keep.items()}}


def write(name, values):
    """Writes a file beside the scripts."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    with open(path, "w") as f:
        json.dump(values, f, separators=(",", ":"))
        f.write("\n")


if __name__ == "__main__":
    write("goldens.json", {"layers": list(layer_cases()), "running": running(),
                           "cross_entropy": [cross_entropy(0), cross_entropy(0.1)], "network": network()})
