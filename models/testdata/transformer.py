"""Writes transformer.json and transformer_tied.json beside itself: four steps of
gradient descent of a small transformer in PyTorch, then its logits; the second one
shares its embedding with the output layer and has GELU, as GPT-2. Parameters have the names of
pare's layers; values are in PyTorch's order. Needed only to change the case."""
import json
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

VOCABULARY, POSITIONS, WIDTH, HEADS, HIDDEN, BLOCKS, BATCH, RATE = 7, 5, 8, 2, 12, 2, 3, 0.05

torch.manual_seed(3)
torch.set_num_threads(1)


class Block(nn.Module):
    def __init__(s):
        super().__init__()
        s.norm1, s.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        s.qkv, s.proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        s.up, s.down = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)

    def forward(s, x, activation):
        n, t, d = x.shape
        q, k, v = s.qkv(s.norm1(x)).view(n, t, 3, HEADS, d // HEADS).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + s.proj(y.transpose(1, 2).reshape(n, t, d))
        return x + s.down(activation(s.up(s.norm2(x))))


class Net(nn.Module):
    def __init__(s, tied):
        super().__init__()
        s.tied = tied
        s.embed = nn.Embedding(VOCABULARY, WIDTH)
        s.position = nn.Module()
        s.position.weight = nn.Parameter(torch.randn(POSITIONS, WIDTH))
        for i in range(BLOCKS):
            setattr(s, "block%d" % (i + 1), Block())
        s.norm = nn.LayerNorm(WIDTH)
        s.out = nn.Linear(WIDTH, VOCABULARY, bias=not tied)
        if tied:
            s.out.weight = s.embed.weight

    def forward(s, x):
        x = s.embed(x) + s.position.weight
        for i in range(BLOCKS):
            x = getattr(s, "block%d" % (i + 1))(x, F.gelu if s.tied else F.relu)
        return s.out(s.norm(x))


def array(t):
    return {"shape": list(t.shape), "data": [float("%.9g" % v) for v in t.detach().reshape(-1).tolist()]}


def write(name, tied):
    net = Net(tied)
    params = {k: array(v) for k, v in net.state_dict().items() if not (tied and k == "out.weight")}
    x, target = torch.randint(0, VOCABULARY, (BATCH, POSITIONS)), torch.randint(0, VOCABULARY, (BATCH, POSITIONS))
    losses = []
    for _ in range(4):
        net.zero_grad()
        loss = F.cross_entropy(net(x).reshape(-1, VOCABULARY), target.reshape(-1))
        loss.backward()
        losses.append(loss.item())
        with torch.no_grad():
            for p in net.parameters():  # lists a shared one once
                p -= RATE * p.grad
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    with open(path, "w") as f:
        json.dump({"options": {"width": WIDTH, "heads": HEADS, "hidden": HIDDEN, "blocks": BLOCKS},
                   "vocabulary": VOCABULARY, "positions": POSITIONS, "batch": BATCH, "rate": RATE, "params": params,
                   "x": x.reshape(-1).tolist(), "target": target.reshape(-1).tolist(), "losses": losses,
                   "logits": array(net(x))["data"]}, f, separators=(",", ":"))
        f.write("\n")


write("transformer.json", False)
write("transformer_tied.json", True)
