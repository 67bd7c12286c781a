"""Writes goldens_recurrent.json beside itself: recurrent layers as PyTorch
computes them, in the form that goldens.py describes, two runs of each that carry
the state, and the character network. Sequences are [N, D, T] here, as pare's
shapes are; PyTorch's own layers take [N, T, D]."""
import torch
import torch.nn.functional as F

from goldens import array, case, rand, values, write

torch.manual_seed(3)

KINDS = {
    "rnn": ("rnn", {}, 1, torch._VF.rnn_tanh),
    "rnn relu": ("rnn", {"nonlinearity": "relu"}, 1, torch._VF.rnn_relu),
    "lstm": ("lstm", {}, 4, torch._VF.lstm),
    "gru": ("gru", {}, 3, torch._VF.gru),
}
NAMES = "weight_ih", "weight_hh", "bias_ih", "bias_hh"


def layer(op, kind, state=None):
    """The layer as a function of [N, D, T]; state, if given, is used and replaced."""

    def f(x, weight_ih, weight_hh, bias_ih, bias_hh):
        zero = torch.zeros(1, x.shape[0], weight_hh.shape[1])
        start = state or ([zero, zero] if kind == "lstm" else [zero])
        out = op(x.transpose(1, 2), tuple(start) if kind == "lstm" else start[0],
                 [weight_ih, weight_hh, bias_ih, bias_hh], True, 1, 0.0, False, False, True)
        if state is not None:
            state[:] = [v.detach() for v in out[1:]]
        return out[0].transpose(1, 2)

    return f


def parameters(gates, inputs, hidden):
    shapes = (gates * hidden, inputs), (gates * hidden, hidden), (gates * hidden,), (gates * hidden,)
    return dict(zip(NAMES, (rand(*s) for s in shapes)))


def layer_cases():
    for name, (kind, args, gates, op) in KINDS.items():
        for batch, inputs, hidden, length in (2, 3, 5, 4), (3, 2, 9, 6):
            yield case("%s %d" % (name, hidden), kind, dict(args, hidden=hidden), layer(op, kind),
                       [rand(batch, inputs, length)], **parameters(gates, inputs, hidden))


def carried():
    """The second of two runs: it starts where the first one ended."""
    for name, (kind, args, gates, op) in KINDS.items():
        params, state = parameters(gates, 3, 5), [torch.zeros(1, 2, 5)] * (2 if kind == "lstm" else 1)
        f, first = layer(op, kind, state), rand(2, 3, 4)
        f(first, **params)
        yield {"first": array(first), "case": case(name, kind, dict(args, hidden=5), f, [rand(2, 3, 4)], **params)}


def character():
    """Losses of five SGD steps of embedding, two recurrent layers and a linear one."""
    for name, (kind, args, gates, op) in KINDS.items():
        lr, steps = 0.1, 5
        params = {"embedding.weight": rand(7, 4)}
        for i, inputs in enumerate((4, 6)):
            params.update({"%s%d.%s" % (kind, i + 1, k): v * 0.3 for k, v in parameters(gates, inputs, 6).items()})
        params.update({"fc.weight": rand(7, 6), "fc.bias": rand(7)})
        start = {k: array(v) for k, v in params.items()}
        tokens, target, losses = torch.randint(0, 7, (3, 5)), torch.randint(0, 7, (3, 5)), []
        f = layer(op, kind)
        for _ in range(steps):
            for v in params.values():
                v.requires_grad_()
            x = F.embedding(tokens, params["embedding.weight"]).transpose(1, 2)
            for i in 1, 2:
                x = f(x, *(params["%s%d.%s" % (kind, i, k)] for k in NAMES))
            logits = F.linear(x.transpose(1, 2), params["fc.weight"], params["fc.bias"])
            loss = F.cross_entropy(logits.reshape(-1, 7), target.reshape(-1))
            losses.append(loss.item())
            grads = torch.autograd.grad(loss, list(params.values()))
            params = {k: (v - lr * g).detach() for (k, v), g in zip(params.items(), grads)}
        yield {"kind": kind, "args": dict(args, hidden=6), "lr": lr, "tokens": tokens.reshape(-1).tolist(),
               "target": target.reshape(-1).tolist(), "params": start, "losses": losses, "logits": values(logits)}


if __name__ == "__main__":
    write("goldens_recurrent.json", {"layers": list(layer_cases()), "carried": list(carried()), "character": list(character())})
