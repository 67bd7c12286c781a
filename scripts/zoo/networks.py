#!/usr/bin/env python3
"""Write torchvision's networks with random weights, as strangers bring them.

    networks.py OUT [NAME...]

For each network: NAME.safetensors (state dict), NAME.dynamo.onnx and
NAME.script.onnx (by PyTorch's two exporters), NAME.input.npy (two images) and
NAME.logits.npy (PyTorch's outputs for them). Weights, biases and all four vectors
of every BatchNorm are drawn by a fixed seed. Needs torch, torchvision, onnx,
onnxscript and safetensors.
"""

import pathlib
import sys
import warnings

import numpy as np
import torch
import torchvision
from safetensors.torch import save_file

NAMES = [
    "resnet18", "resnet50", "vgg16_bn", "mobilenet_v2", "mobilenet_v3_small",
    "densenet121", "googlenet", "efficientnet_b0", "convnext_tiny", "vit_b_16",
]


def randomise(net, seed):
    """Draw all that initialisers leave at 0 or 1, at scales that keep logits finite."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.uniform_(0.7, 1.3, generator=g)
                module.bias.uniform_(-0.2, 0.2, generator=g)
                module.running_mean.uniform_(-0.2, 0.2, generator=g)
                module.running_var.uniform_(0.7, 1.5, generator=g)
            elif isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)) and module.bias is not None:
                module.bias.uniform_(-0.1, 0.1, generator=g)
            elif isinstance(module, torch.nn.LayerNorm):
                module.weight.uniform_(0.7, 1.3, generator=g)
                module.bias.uniform_(-0.2, 0.2, generator=g)
        for name, p in net.named_parameters():
            if name.endswith(("layer_scale", "class_token")):
                p.uniform_(0.1, 0.5, generator=g)
            if name in ("heads.head.weight", "classifier.1.weight") and float(p.abs().max()) == 0:
                p.normal_(0, 0.02, generator=g)


def build(name):
    torch.manual_seed(1)
    # googlenet's auxiliary heads serve training alone.
    options = {"aux_logits": False, "init_weights": True} if name == "googlenet" else {}
    net = getattr(torchvision.models, name)(weights=None, **options).eval()
    randomise(net, 2)
    return net


def main(out, names):
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    x = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(3))
    for name in names or NAMES:
        net = build(name)
        with torch.no_grad():
            logits = net(x)
        np.save(out / f"{name}.input.npy", x.numpy())
        np.save(out / f"{name}.logits.npy", logits.numpy())
        save_file({k: v.contiguous() for k, v in net.state_dict().items()}, out / f"{name}.safetensors")
        for kind, dynamo in (("script", False), ("dynamo", True)):
            file = out / f"{name}.{kind}.onnx"
            try:
                if dynamo:
                    torch.onnx.export(net, (x,), file, dynamo=True, external_data=False, input_names=["input"],
                                      output_names=["logits"], dynamic_shapes=({0: torch.export.Dim("batch")},))
                else:
                    torch.onnx.export(net, (x,), file, dynamo=False, opset_version=17, input_names=["input"],
                                      output_names=["logits"], dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}})
            except Exception as err:  # an exporter that fails is reported, not hidden
                print(f"{name}: {kind} exporter: {type(err).__name__}: {str(err)[:200]}")
        print(name, sum(p.numel() for p in net.parameters()), float(logits.abs().max()), flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    warnings.filterwarnings("ignore")
    main(sys.argv[1], sys.argv[2:])
