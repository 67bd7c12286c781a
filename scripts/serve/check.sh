#!/usr/bin/env bash
# Checks pare serve from outside: 10,000 requests of 64 clients, bad and slow ones, a stop under load
# (scripts/serve/main.go), and Triton's client where Python has it (scripts/serve/triton.py).
#
#	scripts/serve/check.sh [FOLDER]    # of a run with images; without one, a small network is trained
#	PYTHON=venv/bin/python scripts/serve/check.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go build -o "$dir/" ./cmd/train ./cmd/pare
run=${1:-$dir/run}
if [ $# = 0 ]; then
  "$dir/train" -config digits-cnn -set train.epochs=1 -set name=served -out "$run" >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
fi
go run ./scripts/serve -pare "$dir/pare" -run "$run"
python=${PYTHON:-python3}
if "$python" -c 'import tritonclient.http' 2>/dev/null; then
  "$python" scripts/serve/triton.py "$dir/pare" "$run"
else
  echo "skipped: $python has no tritonclient; pip install 'tritonclient[http]'"
fi
