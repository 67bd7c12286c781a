#!/usr/bin/env bash
# Checks the Python package in a fresh virtual environment: installs it with its tests and
# runs them. Where Go is installed, every built-in model is compared with the Go program as well.
#
#	scripts/python/check.sh             # where python3 has torch; else the check is skipped
#	PARE_TORCH=install scripts/python/check.sh    # installs torch too, some hundred megabytes
#	PYTHON=python3.12 scripts/python/check.sh     # with another interpreter
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-python3}

skip() {
  echo "skipped: the Python package needs $1"
  exit 0
}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || skip "Python 3.10 or newer"
if [ "${PARE_TORCH:-}" != install ]; then
  "$python" -c 'import torch' 2>/dev/null || skip "torch: pip install torch, or set PARE_TORCH=install"
fi

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$python" -m venv "$dir/venv"
if [ "${PARE_TORCH:-}" != install ]; then # the torch that is there serves
  packages='import sysconfig; print(sysconfig.get_path("purelib"))'
  "$python" -c "$packages" >"$("$dir/venv/bin/python" -c "$packages")/present.pth"
fi
if command -v go >/dev/null; then
  go test ./python/tests -run TestModels -models "$dir/models"
  export PARE_MODELS=$dir/models
fi
cp -r python "$dir/python" # a build leaves files in its folder
"$dir/venv/bin/python" -m pip install -q --disable-pip-version-check "$dir/python[test]" ||
  skip "pip to install ./python[test]; its messages are above"
cd "$dir/python" && "$dir/venv/bin/python" -m pytest -q -p no:cacheprovider tests
