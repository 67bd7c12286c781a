"""Losses and gradients of PyTorch, for TestGoldenLosses.

python goldens_losses.py > goldens_losses.json     # torch 2.x, CPU
"""

import json

import torch
import torch.nn.functional as F

torch.manual_seed(5)
N, K = 6, 5
# Values that float32 holds exactly and that PyTorch computes with in float64.
logits = (torch.randn(N, K) * 2).round(decimals=2).double()
classes = torch.tensor([0, 3, 1, 4, 3, 2])
second = torch.tensor([2, 0, 1, 1, 4, 3])
class_weights = torch.tensor([0.5, 2.0, 1.25, 0.75, 3.0]).double()
numbers = (torch.randn(N, K) * 2).round(decimals=2).double()
labels = (torch.rand(N, K) > 0.5).double()
samples = torch.tensor([1.0, 0.25, 2.0, 0.0, 1.5, 0.75]).double()
second_samples = torch.tensor([0.5, 1.75, 1.0, 3.0, 0.0, 2.0]).double()
share = 0.3125


def focal(x, y, gamma, w):
    log_p = F.log_softmax(x, 1).gather(1, y[:, None])[:, 0]
    return (w[y] * (1 - log_p.exp()) ** gamma * -log_p).sum() / w[y].sum()


def weighed(x, y, w):
    rows = F.cross_entropy(x, y, class_weights, reduction="none")
    return (w * rows).sum() / (w * class_weights[y]).sum()


ones = torch.ones(K).double()
cases = {
    "weighted": lambda x: F.cross_entropy(x, classes, class_weights),
    "weighted smooth": lambda x: F.cross_entropy(x, classes, class_weights, label_smoothing=0.1),
    "focal": lambda x: focal(x, classes, 2.0, ones),
    "focal weighted": lambda x: focal(x, classes, 0.5, class_weights),
    "bce": lambda x: F.binary_cross_entropy_with_logits(x, labels),
    "mse": lambda x: F.mse_loss(x, numbers),
    "huber": lambda x: F.huber_loss(x, numbers, delta=1.5),
    "mixed": lambda x: share * F.cross_entropy(x, classes, label_smoothing=0.1)
    + (1 - share) * F.cross_entropy(x, second, label_smoothing=0.1),
    "samples mixed": lambda x: share * weighed(x, classes, samples)
    + (1 - share) * weighed(x, second, second_samples),
    "huber samples": lambda x: (samples * F.huber_loss(x, numbers, delta=1.5, reduction="none").mean(1)).sum() / samples.sum(),
}
out = {}
for name, loss in cases.items():
    x = logits.clone().requires_grad_()
    value = loss(x)
    value.backward()
    out[name] = {"loss": value.item(), "grad": x.grad.flatten().tolist()}
flat = lambda t: t.double().flatten().tolist()
print(json.dumps({
    "classes_count": K, "logits": flat(logits), "classes": flat(classes), "second": flat(second),
    "class_weights": flat(class_weights), "numbers": flat(numbers), "labels": flat(labels),
    "samples": flat(samples), "second_samples": flat(second_samples), "share": share, "cases": out}))
