"""A small convolutional network for images of 1×8×8 and 10 classes, with random weights:

    python digits.py

writes digits.onnx, in which the exporter folded BatchNorm into the convolutions, and
digits.safetensors, with BatchNorm. Needs torch, onnx and safetensors.
"""

import os

import torch
import torch.nn as nn
from safetensors.torch import save_file

here = os.path.dirname(os.path.abspath(__file__))


class Digits(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 12, 3, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(12)
        self.fc = nn.Linear(12, 10)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = torch.relu(self.bn2(self.conv2(x)))
        return self.fc(x.mean((2, 3)))


torch.manual_seed(1)
net = Digits().eval()
with torch.no_grad():
    for bn in (net.bn1, net.bn2):
        bn.weight.uniform_(0.5, 1.5)
        bn.bias.normal_(std=0.2)
        bn.running_mean.normal_(std=0.2)
        bn.running_var.uniform_(0.5, 1.5)
torch.onnx.export(net, torch.zeros(1, 1, 8, 8), os.path.join(here, "digits.onnx"), dynamo=False,
                  input_names=["input"], output_names=["logits"], dynamic_axes={"input": {0: "n"}})
save_file({k: v for k, v in net.state_dict().items() if v.dtype.is_floating_point}, os.path.join(here, "digits.safetensors"))
