"""Writes bidirectional.json beside itself: four steps of gradient descent of
bidirectional networks of torch.nn.RNN, LSTM and GRU with two layers, and their
logits after them, with one answer for a sequence of vectors (h_n of both
directions) and with one at every position of tokens. Parameters have the names of
pare's layers; values are in PyTorch's order. Needed only to change the cases."""
import json
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

INPUTS, POSITIONS, HIDDEN, CLASSES, VOCABULARY, EMBEDDING, BATCH, RATE = 3, 6, 5, 4, 7, 4, 3, 0.1

torch.manual_seed(5)
torch.set_num_threads(1)


class Net(nn.Module):
    def __init__(s, kind, options, tokens):
        super().__init__()
        if tokens:
            s.embedding = nn.Embedding(VOCABULARY, EMBEDDING)
        s.tokens = tokens
        s.layers = kind(EMBEDDING if tokens else INPUTS, HIDDEN, num_layers=2, bidirectional=True, batch_first=True, **options)
        s.fc = nn.Linear(2 * HIDDEN, CLASSES)

    def forward(s, x):
        y, state = s.layers(s.embedding(x) if s.tokens else x.transpose(1, 2))
        if s.tokens:
            return s.fc(y)
        h = state[0] if isinstance(state, tuple) else state
        return s.fc(torch.cat([h[-2], h[-1]], 1))


def array(t):
    return {"shape": list(t.shape), "data": [float("%.9g" % v) for v in t.detach().reshape(-1).tolist()]}


def ours(model, name):
    """weight_ih_l0_reverse of PyTorch is lstm1_reverse.weight_ih here."""
    if not name.startswith("layers."):
        return name
    param, layer = name[len("layers."):].removesuffix("_reverse").rsplit("_l", 1)
    return "%s%d%s.%s" % (model, int(layer) + 1, "_reverse" if name.endswith("_reverse") else "", param)


def case(model, kind, text, options, tokens):
    net = Net(kind, options, tokens)
    params = {ours(model, k): array(v) for k, v in net.state_dict().items()}
    if tokens:
        x, target = torch.randint(0, VOCABULARY, (BATCH, POSITIONS)), torch.randint(0, CLASSES, (BATCH, POSITIONS))
    else:
        x, target = torch.randn(BATCH, INPUTS, POSITIONS), torch.randint(0, CLASSES, (BATCH,))
    losses = []
    for _ in range(4):
        net.zero_grad()
        loss = F.cross_entropy(net(x).reshape(-1, CLASSES), target.reshape(-1))
        loss.backward()
        losses.append(loss.item())
        with torch.no_grad():
            for p in net.parameters():
                p -= RATE * p.grad
    if tokens:
        text += ", embedding: %d" % EMBEDDING
    # Sequences of vectors are positions first in pare's batches.
    return {"model": model, "options": text, "tokens": tokens, "params": params,
            "x": array(x if tokens else x.transpose(1, 2))["data"],
            "target": target.reshape(-1).tolist(), "rate": RATE, "batch": BATCH, "losses": losses, "logits": array(net(x))["data"]}


text = "hidden: %d, depth: 2, bidirectional: true" % HIDDEN
cases = [case(model, kind, text + more, options, tokens) for tokens in (False, True) for model, kind, more, options in (
    ("rnn", nn.RNN, "", {}), ("rnn", nn.RNN, ", nonlinearity: relu", {"nonlinearity": "relu"}),
    ("lstm", nn.LSTM, "", {}), ("gru", nn.GRU, "", {}))]
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bidirectional.json")
with open(path, "w") as f:
    json.dump({"input": [INPUTS, POSITIONS], "classes": CLASSES, "vocabulary": VOCABULARY, "cases": cases}, f, separators=(",", ":"))
    f.write("\n")
