"""Loss and gradient of TRADES by PyTorch, for TestGoldenTrades.

python goldens_trades.py > goldens_trades.json     # torch 2.x, CPU
"""

import json

import torch
import torch.nn.functional as F

torch.manual_seed(11)
N, K, BETA = 5, 4, 2.5
logits = (torch.randn(2 * N, K) * 2).round(decimals=2).double()  # clean, then attacked
classes = torch.tensor([0, 3, 1, 3, 2])
class_weights = torch.tensor([0.5, 2.0, 1.25, 0.75]).double()


def trades(x, **options):
    """Zhang et al. 2019, as in their trades_loss."""
    clean, attacked = x[:N], x[N:]
    robust = F.kl_div(F.log_softmax(attacked, 1), F.softmax(clean, 1), reduction="batchmean")
    return F.cross_entropy(clean, classes, **options) + BETA * robust


out = {}
for name, options in {"plain": {}, "weighted smooth": {"weight": class_weights, "label_smoothing": 0.1}}.items():
    x = logits.clone().requires_grad_()
    value = trades(x, **options)
    value.backward()
    out[name] = {"loss": value.item(), "grad": x.grad.flatten().tolist()}
flat = lambda t: t.double().flatten().tolist()
print(json.dumps({"beta": BETA, "classes_count": K, "logits": flat(logits), "classes": flat(classes),
                  "class_weights": flat(class_weights), "cases": out}))
