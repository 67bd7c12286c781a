"""Losses of distillation and their gradients by PyTorch, for TestGoldenDistillation.

python goldens_distill.py > goldens_distill.json     # torch 2.x, CPU
"""

import json

import torch
import torch.nn.functional as F

torch.manual_seed(11)
N, K, STEPS, T, W = 5, 4, 3, 4.0, 0.7
# Values that float32 holds exactly and that PyTorch computes with in float64.
draw = lambda *shape: (torch.randn(*shape) * 2).float().double()
student, teacher = draw(N, K), draw(N, K)
tokens, token_teacher = draw(N, STEPS, K), draw(N, STEPS, K)
classes, token_classes = torch.randint(0, K, (N,)), torch.randint(0, K, (N, STEPS))
labels, numbers = (torch.rand(N, K) > 0.5).double(), draw(N, K)
units = torch.tensor([0.5, 1.0, 2.0, 4.0]).double()


def kl(x, t):
    """Hinton et al. 2015: softened probabilities, their gradients made up for by T²."""
    return T * T * F.kl_div(F.log_softmax(x / T, -1), F.log_softmax(t / T, -1), reduction="batchmean", log_target=True)


def label_kl(x, t):
    pair = lambda v: torch.stack([F.logsigmoid(v / T), F.logsigmoid(-v / T)], -1).flatten(0, -2)
    return T * T * F.kl_div(pair(x), pair(t), reduction="batchmean", log_target=True)


flat = lambda v: v.flatten(0, -2)
cases = {
    "classes": (student, teacher, classes, lambda x: F.cross_entropy(x, classes), kl),
    "tokens": (tokens, token_teacher, token_classes, lambda x: F.cross_entropy(flat(x), token_classes.flatten()),
               lambda x, t: kl(flat(x), flat(t))),
    "labels": (student, teacher, labels, lambda x: F.binary_cross_entropy_with_logits(x, labels), label_kl),
    "numbers": (student, teacher, numbers, lambda x: F.mse_loss(x / units, numbers / units),
                lambda x, t: F.mse_loss(x / units, t / units)),
}
out = {}
for name, (start, t, targets, own, distance) in cases.items():
    x = start.clone().requires_grad_()
    value = (1 - W) * own(x) + W * distance(x, t)
    value.backward()
    # the batched layout has channels last, as these have
    out[name] = {"student": start.flatten().tolist(), "teacher": t.flatten().tolist(),
                 "targets": targets.double().flatten().tolist(), "loss": value.item(), "grad": x.grad.flatten().tolist()}
print(json.dumps({"batch": N, "classes": K, "steps": STEPS, "temperature": T, "weight": W, "units": units.tolist(), "cases": out}))
