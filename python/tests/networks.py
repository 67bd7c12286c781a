"""PyTorch networks for the tests of pare.save; run as a program it writes data/saved, which Go reads."""

import json
import sys

import torch
import torch.nn.functional as F
from torch import nn

import goldens
import pare


class Convolutional(nn.Module):
    """Residual block, squeeze and excitation, groups, branches, uneven padding: as mobile networks have them."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.Hardswish())
        self.wide = nn.Conv2d(8, 8, (1, 3), padding=(0, 1))
        self.deep = nn.Sequential(nn.Conv2d(8, 8, 3, 1, 2, dilation=2, groups=8), nn.BatchNorm2d(8), nn.ReLU6())
        self.squeeze, self.excite = nn.Conv2d(8, 4, 1), nn.Conv2d(4, 8, 1)
        self.branch = nn.Conv2d(8, 6, 2, padding="same", groups=2)
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(14, 5))

    def forward(self, x):
        x = self.stem(x)
        y = self.deep(F.silu(self.wide(x)))
        scale = F.hardsigmoid(self.excite(F.relu(self.squeeze(F.adaptive_avg_pool2d(y, 1)))))
        x = x + y * scale
        x = torch.cat([self.pool(x), self.pool(F.leaky_relu(self.branch(x), 0.2))], 1)
        return self.head(x.mean((2, 3)))


class Text(nn.Module):
    """Tokens, positions, blocks of torch's own encoder."""

    def __init__(self, norm_first=True):
        super().__init__()
        self.embed = nn.Embedding(11, 16)
        self.position = nn.Parameter(torch.randn(1, 7, 16))
        layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True, norm_first=norm_first, activation="gelu")
        self.blocks = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(16, 11)

    def forward(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        return self.head(self.blocks(self.embed(x) + self.position, mask=mask, is_causal=True))


class Vision(nn.Module):
    """Patches, a class token, attention over packed projections, as timm writes it."""

    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 12, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, 12))
        self.position = nn.Parameter(torch.randn(1, 5, 12))
        self.norm, self.qkv, self.out = nn.LayerNorm(12), nn.Linear(12, 36), nn.Linear(12, 12)
        self.gamma = nn.Parameter(torch.rand(12))
        self.head = nn.Linear(12, 5)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.position
        n, t, c = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(n, t, 3, 3, 4).permute(2, 0, 3, 1, 4)
        weights = ((q * 0.5) @ k.transpose(-2, -1)).softmax(-1)
        x = x + self.gamma * self.out((weights @ v).transpose(1, 2).reshape(n, t, c))
        return self.head(x[:, 0])


class ConvNeXt(nn.Module):
    """A block that moves channels behind and in front again."""

    def __init__(self):
        super().__init__()
        self.stem, self.deep = nn.Conv2d(3, 8, 2, 2), nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.norm, self.wide, self.narrow = nn.LayerNorm(8, 1e-6), nn.Linear(8, 16), nn.Linear(16, 8)
        self.scale = nn.Parameter(torch.rand(8, 1, 1))
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = self.stem(x)
        y = self.norm(self.deep(x).permute(0, 2, 3, 1))
        x = x + self.scale * self.narrow(F.gelu(self.wide(y))).permute(0, 3, 1, 2)
        return self.head(x.mean((2, 3)))


class Recurrent(nn.Module):
    def __init__(self, kind, depth=1):
        super().__init__()
        self.rnn = getattr(nn, kind)(5, 6, depth, batch_first=True)
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        _, h = self.rnn(x)
        return self.head((h[0] if isinstance(h, tuple) else h)[-1])


class Attention(nn.Module):
    """Three projections, and torch's own attention."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)
        self.norm, self.attention = nn.LayerNorm(8), nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x):
        n, t, c = x.shape
        q, k, v = (f(x).view(n, t, 2, 4).transpose(1, 2) for f in (self.q, self.k, self.v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(n, t, c)
        y = self.norm(x + y)
        return self.attention(y, y, y)[0][:, -1]


class Table(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ELU(), nn.Dropout(0.1), nn.Linear(5, 3))


class Arranged(nn.Module):
    """Constants, chunks, a channel shuffle, slices of a flattened image."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, 2, 1)
        self.norm = nn.GroupNorm(2, 8)
        self.gate = nn.Parameter(torch.rand(8, 1, 1))
        self.register_buffer("shift", torch.rand(1, 3, 1, 1))
        self.head = nn.Linear(50, 4)

    def forward(self, x):
        x = F.relu(self.norm(self.conv((x - self.shift) / 2)))
        x = x - x * self.gate
        a, b = x.chunk(2, 1)
        x = torch.cat([a, torch.tanh(b)], 1)
        x = x.view(-1, 2, 4, *x.shape[2:]).transpose(1, 2).flatten(1, 2)
        return self.head(F.avg_pool2d(x, 3, 2, 1, ceil_mode=True).flatten(1)[:, :50])


# A module and the shape of a batch for each; a whole number is the vocabulary of tokens.
CASES = {
    "convolutional": (Convolutional, (3, 3, 16, 12)),
    "text": (Text, (3, 7, 11)),
    "text postnorm": (lambda: Text(False), (3, 7, 11)),
    "vision": (Vision, (3, 3, 8, 8)),
    "convnext": (ConvNeXt, (3, 3, 8, 6)),
    "lstm": (lambda: Recurrent("LSTM"), (3, 4, 5)),
    "gru of two layers": (lambda: Recurrent("GRU", 2), (3, 4, 5)),
    "attention": (Attention, (3, 5, 8)),
    "table": (Table, (4, 6)),
    "arranged": (Arranged, (3, 3, 10, 10)),
}
STORED = ["convolutional", "text", "vision", "convnext", "lstm"]


def build(name):
    """The module in evaluation mode with random values everywhere, and a batch."""
    torch.manual_seed(1)
    make, shape = CASES[name]
    module = make().eval()
    for key, value in module.state_dict().items():
        if value.is_floating_point():
            value.uniform_(0.5, 1.5) if key.endswith("running_var") else value.add_(0.2 * torch.randn(value.shape))
    x = torch.randint(0, shape[-1], shape[:-1]) if name.startswith("text") else torch.randn(shape)
    return module, x


def as_pare(x, net):
    """A batch for the network of pare: sequences [N, D, T], tokens as numbers."""
    if net.vocabulary:
        return x.unsqueeze(1).float()
    return x if tuple(x.shape[1:]) == net.input_shape else x.transpose(1, 2)


if __name__ == "__main__":
    for name in STORED:
        module, x = build(name)
        net = pare.save(module, x, goldens.DATA / "saved" / name)
        x = as_pare(x, net)
        with torch.no_grad():
            y = net(x)
        values = {k: {"shape": list(v.shape), "data": v.flatten().tolist()} for k, v in (("input", x), ("output", y))}
        (goldens.DATA / "saved" / name / "values.json").write_text(json.dumps(values) + "\n")
        print(name, [f"{r.name}: {r.kind}" for r in net.document.layers], file=sys.stderr)
