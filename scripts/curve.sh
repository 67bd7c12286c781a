#!/usr/bin/env bash
# Draws test error over the multiply-accumulates left, as in the README: a small
# convolutional network on the built-in digits, three seeds, pruned while it trains
# (target) and after it (magnitude, random; 20 epochs of fine-tuning), at five budgets.
#
#	scripts/curve.sh FOLDER      a minute; writes runs and curve.svg to FOLDER
set -euo pipefail
folder=${1:?usage: scripts/curve.sh FOLDER}
cd "$(dirname "$0")/.."
mkdir -p "$folder/bin"
folder=$(cd "$folder" && pwd)
go build -o "$folder/bin/" ./cmd/train ./cmd/pare
cd "$folder"
cat >digits.yaml <<'YAML'
name: digits
data: {dataset: digits, validation: 0}
model:
  layers:
    - conv: {out: 16, kernel: 3, pad: 1, no_bias: true}
    - batchnorm
    - relu
    - conv: {out: 32, kernel: 3, pad: 1, no_bias: true}
    - batchnorm
    - relu
    - maxpool: {kernel: 2, stride: 2}
    - flatten
    - linear: {out: 32}
    - relu
    - linear: {out: 10}
train: {epochs: 40, batch: 32, optimizer: {lr: 0.05, momentum: 0.9, weight_decay: 1e-4}, schedule: {type: cosine, warmup: 0.5}}
prune: {method: none}
YAML
penalties='penalties=[{type: group_lasso, on: channels, lambda: 1e-3, scale: macs}, {type: group_lasso, on: neurons, lambda: 1e-3, scale: macs}]'
for seed in 1 2 3; do
  train() { bin/train -config digits.yaml -quiet -set seed="$seed" "$@"; }
  train -set name=dense -out "dense-$seed"
  for macs in 0.5 0.25 0.12 0.06 0.03; do
    train -set name=target -set "$penalties" -set "target={macs: $macs, from: 0.1, by: 0.6}" -set prune.method=zeros -out "target-$macs-$seed"
    for method in magnitude random; do
      train -set name=$method -set "model={type: saved, run: dense-$seed/trained}" -set train.epochs=0 \
        -set "prune={method: $method, budget: {macs: $macs}}" -set "finetune={epochs: 20, optimizer: {lr: 0.02}, schedule: {warmup: 0}}" -out "$method-$macs-$seed"
    done
  done
done
bin/pare compare dense-* target-* magnitude-* random-* -svg curve.svg -over macs
