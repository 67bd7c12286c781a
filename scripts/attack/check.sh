#!/usr/bin/env bash
# Trains two small networks and compares every attack with torchattacks on their first test images.
#
#     scripts/attack/check.sh MNIST CIFAR10 DIR [IMAGES]
#
# MNIST and CIFAR10 are folders with the official files, DIR is for the runs and tables. PYTHON names an
# interpreter with PyTorch and torchattacks; default: python3.
set -euo pipefail
[ $# -ge 3 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
images=${4:-1000}
mnist=$(realpath "$1") cifar=$(realpath "$2")
mkdir -p "$3"
dir=$(realpath "$3")
cd "$(dirname "$0")/../.."
go build -o "$dir/train" ./cmd/train
go build -o "$dir/attack" ./scripts/attack
export PYTHONPATH="$PWD/python/src${PYTHONPATH:+:$PYTHONPATH}"
compare() {
	"${PYTHON:-python3}" scripts/attack/compare.py --program "$dir/attack" --limit "$images" "$@"
}
status=0
"$dir/train" -config scripts/attack/mnist.yaml -set data.dir="$mnist" -out "$dir/mnist" -quiet
compare --run "$dir/mnist" --eps 0.05,0.1 --l2 1 | tee "$dir/mnist.md" || status=1
"$dir/train" -config scripts/attack/cifar10.yaml -set data.dir="$cifar" -out "$dir/cifar10" -quiet
compare --run "$dir/cifar10" --eps 0.00392157,0.00784314 --l2 0.25 | tee "$dir/cifar10.md" || status=1
exit $status
