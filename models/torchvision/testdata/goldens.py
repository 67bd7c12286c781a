"""Writes goldens.json beside itself: sizes of the networks of torchvision and timm, and outputs
of some. Needs torch, torchvision and timm, and only to change the cases; the tests read the
JSON.

sizes: for 224x224 and 1,000 classes, the number of trainable parameters, of
multiply-accumulates of convolutions and linear layers, and a hash of the sorted lines
"name [shape]" of the state dict without num_batches_tracked.

outputs: logits in float64 of networks whose parameters and inputs come from value() below,
so that neither is stored. The tests compute the same values."""
import hashlib
import json
import os

import numpy as np
import timm
import torch
import torchvision
from torch.utils.flop_counter import FlopCounterMode

torch.set_num_threads(2)

TORCHVISION = """vgg11 vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn resnet18 resnet34 resnet50 resnet101
resnet152 resnext50_32x4d wide_resnet50_2 wide_resnet101_2 densenet121 densenet161 densenet169 densenet201 googlenet
mobilenet_v2 mobilenet_v3_small mobilenet_v3_large efficientnet_b0""".split()

# Ours: timm's.
TIMM = {
    "vgg11": "vgg11", "vgg16_bn": "vgg16_bn", "vgg19": "vgg19", "resnet18": "resnet18", "resnet50": "resnet50",
    "resnet152": "resnet152", "resnext50_32x4d": "resnext50_32x4d", "wide_resnet50_2": "wide_resnet50_2",
    "densenet121": "densenet121", "densenet201": "densenet201", "mobilenet_v2": "mobilenetv2_100",
    "mobilenet_v3_small": "mobilenetv3_small_100", "mobilenet_v3_large": "mobilenetv3_large_100",
    "efficientnet_b0": "efficientnet_b0",
}

# Networks with outputs, the size of their images, and whether these are timm's.
OUTPUTS = [
    ("resnet18", 64, False), ("resnet50", 64, False), ("resnext50_32x4d", 40, False), ("densenet121", 64, False),
    ("googlenet", 64, False), ("mobilenet_v2", 64, False), ("mobilenet_v2", 64, True), ("mobilenet_v3_small", 64, False),
    ("mobilenet_v3_small", 72, True), ("mobilenet_v3_large", 64, False), ("efficientnet_b0", 64, False), ("efficientnet_b0", 64, True),
    ("narrow vgg", 96, False),
]


def mix(z):
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def uniform(name, n):
    """n numbers in [0, 1) that follow from a name: SplitMix64 from the FNV-1a hash of it."""
    seed = 0xCBF29CE484222325
    for c in name.encode():
        seed = ((seed ^ c) * 0x100000001B3) % 2**64
    with np.errstate(over="ignore"):
        z = mix(np.uint64(seed) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


def value(name, shape):
    """A parameter of a name."""
    n = int(np.prod(shape))
    u = uniform(name, n)
    if len(shape) > 1:
        u = (2 * u - 1) * np.sqrt(6 / (n // shape[0]))
    elif name.endswith(".running_var") or name.endswith(".weight"):
        u = 0.5 + u
    else:
        u = 0.2 * (2 * u - 1)
    return torch.from_numpy(u.astype(np.float32).reshape(shape))


def make(name, classes, from_timm):
    if from_timm:
        return timm.create_model(TIMM[name], num_classes=classes).eval()
    options = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    return getattr(torchvision.models, name)(num_classes=classes, **options).eval()


def narrow_vgg(classes):
    """vgg11_bn with an eighth of the channels, averaged to 2x2, and 24 hidden units."""
    cfg = [v if v == "M" else v // 8 for v in torchvision.models.vgg.cfgs["A"]]
    net = torchvision.models.VGG(torchvision.models.vgg.make_layers(cfg, batch_norm=True), num_classes=classes, init_weights=False)
    net.avgpool = torch.nn.AdaptiveAvgPool2d(2)
    net.classifier[0], net.classifier[3], net.classifier[6] = torch.nn.Linear(256, 24), torch.nn.Linear(24, 24), torch.nn.Linear(24, classes)
    return net.eval()


def state(net):
    return {k: v for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")}


def size(name, from_timm):
    with torch.device("meta"):
        net = make(name, 1000, from_timm)
        with FlopCounterMode(display=False) as flops:
            net(torch.empty(1, 3, 224, 224))
    names = "".join(sorted("%s %s\n" % (k, list(v.shape)) for k, v in state(net).items()))
    return {"params": sum(p.numel() for p in net.parameters()), "macs": flops.get_total_flops() // 2,
            "names": hashlib.sha256(names.encode()).hexdigest()}


def output(name, side, from_timm):
    net = narrow_vgg(10) if name == "narrow vgg" else make(name, 10, from_timm)
    net.load_state_dict({k: value(k, v.shape) for k, v in state(net).items()}, strict=False)
    x = torch.from_numpy((2 * uniform("input", 2 * 3 * side * side) - 1).astype(np.float32)).reshape(2, 3, side, side)
    with torch.no_grad():
        y = net.double()(x.double())
    return {"model": name, "side": side, "timm": from_timm, "tensors": {k: list(v.shape) for k, v in state(net).items()} if from_timm else None,
            "logits": [float("%.9g" % v) for v in y.reshape(-1).tolist()]}


goldens = {
    "torchvision": {name: size(name, False) for name in TORCHVISION},
    "timm": {name: size(name, True) for name in TIMM},
    "outputs": [output(*case) for case in OUTPUTS],
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "goldens.json"), "w") as f:
    json.dump(goldens, f, indent=1)
    f.write("\n")
