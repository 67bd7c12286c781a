"""Measures of scikit-learn, for TestGoldenMeasures.

python measures.py > measures.json     # scikit-learn 1.x, numpy
"""

import json

import numpy as np
from sklearn import metrics

rng = np.random.default_rng(7)
N, K = 60, 12
y = rng.integers(0, K - 2, N)  # two classes are no target; one of them is predicted
logits = rng.normal(size=(N, K)).round(3)
logits[np.arange(N), y] += 1.5
logits[:, K - 1] -= 20  # never predicted
predicted = logits.argmax(1)
labels = (rng.random((N, 4)) > [0.5, 0.8, 0.3, 2]).astype(int)  # the last one never applies
scores = (rng.normal(size=(N, 4)) + labels).round(3)
numbers = rng.normal(3, 2, size=(N, 3)).round(3)
numbers[:, 2] = 5  # never varies
outputs = (numbers + rng.normal(size=(N, 3))).round(3)
flat = lambda a: np.asarray(a, float).flatten().tolist()
print(json.dumps({
    "classes": {"y": flat(y), "outputs": flat(logits), "k": K,
                "recall": flat(metrics.recall_score(y, predicted, labels=range(K), average=None, zero_division=0)),
                "f1": flat(metrics.f1_score(y, predicted, labels=range(K), average=None, zero_division=0)),
                "macro_f1": metrics.f1_score(y, predicted, average="macro", zero_division=0),
                "accuracy": metrics.accuracy_score(y, predicted),
                "top5": metrics.top_k_accuracy_score(y, logits, k=5, labels=range(K)),
                "loss": metrics.log_loss(y, np.exp(logits) / np.exp(logits).sum(1, keepdims=True), labels=range(K)),
                "confusion": metrics.confusion_matrix(y, predicted, labels=range(K)).tolist()},
    "labels": {"y": flat(labels), "outputs": flat(scores), "k": 4,
               "recall": flat(metrics.recall_score(labels, scores > 0, average=None, zero_division=0)),
               "f1": flat(metrics.f1_score(labels, scores > 0, average=None, zero_division=0)),
               "macro_f1": metrics.f1_score(labels, scores > 0, average="macro", zero_division=0),
               "accuracy": float((labels == (scores > 0)).mean())},
    "numbers": {"y": flat(numbers), "outputs": flat(outputs), "k": 3,
                "r2": metrics.r2_score(numbers, outputs), "mae": metrics.mean_absolute_error(numbers, outputs),
                "loss": metrics.mean_squared_error(numbers, outputs)}}))
