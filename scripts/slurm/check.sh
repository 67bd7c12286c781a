#!/usr/bin/env bash
# Checks sweeps on a real Slurm of two nodes, which it starts on this machine: the runs have the
# bytes of local ones, a cancelled task is named and done again alone, and tasks that are
# requeued, by hand or at their time limit, go on where they were.
#
#	scripts/slurm/check.sh [PARE]       # the program; it is built without the argument
#
# Slurm is installed where the user is root and there is apt-get; without it nothing is checked.
set -euo pipefail
cd "$(dirname "$0")/../.."

installed() {
  local name
  for name in sbatch slurmctld slurmd munged; do command -v "$name" >/dev/null || return; done
}
if ! installed && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  { apt-get update && apt-get install -y --no-install-recommends slurm-wlm munge; } >/dev/null 2>&1 || true
fi
if [ "$(id -u)" != 0 ] || ! installed; then
  echo "skipped: sweeps on Slurm need root and the packages slurm-wlm and munge"
  exit 0
fi

dir=$(mktemp -d)
trap 'scripts/slurm/local.sh down "$dir/slurm"; rm -rf "$dir"' EXIT
pare=${1:-}
if [ -n "$pare" ]; then pare=$(realpath "$pare"); else
  pare=$dir/pare
  go build -o "$pare" ./cmd/pare
fi
scripts/slurm/local.sh up "$dir/slurm"
export SLURM_CONF=$dir/slurm/slurm.conf

cat >"$dir/check.yaml" <<'END'
name: check
config: digits-cnn
set: {train.epochs: 30, train.checkpoint_steps: 10}
methods: [dense, magnitude]
budgets: {macs: [0.5]}
seeds: [1, 2]
finetune: {epochs: 2}
END

fail() {
  echo "FAILED: $*" >&2
  squeue --array --states=all >&2
  tail -n 3 "$dir"/*/slurm/*.out >&2 || true
  exit 1
}
# wait_for COMMAND...: until it succeeds, three minutes at most, as the machine may be busy.
wait_for() {
  for _ in {1..900}; do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.2
  done
  fail "three minutes have passed: $*"
}
ended() { [ -z "$(squeue -h)" ]; }
is() { [ "$(squeue -h --array --states=all -j "${1%_*}" -o '%F_%K %T' | grep "^$1 ")" = "$1 $2" ]; }
# begun TASK RUN: it has written a checkpoint since the mark. Before that a signal may find a shell without its traps.
mark() { touch "$dir/mark"; }
begun() { is "$1" RUNNING && find $2/checkpoints -name '*.ckpt' -newer "$dir/mark" | grep -q .; }
# requeued TASK: it may start again in three seconds. Slurm itself waits for two minutes: a node refuses a
# task in the second in which it has ended the same task.
requeued() { is "$1" PENDING && scontrol update jobid="$1" starttime=now+3; }
id() { sed -nE "s/.* as jobs ([0-9]+).*/\1/p" <<<"$1"; } # of the first array
same() {
  local run n=0
  for run in "$dir"/here/runs/*/; do
    cmp "$run/model.safetensors" "$1/runs/$(basename "$run")/model.safetensors" || fail "$1 differs in $(basename "$run")"
    n=$((n + 1))
  done
  [ "$n" = 4 ] || fail "$n runs, not 4"
}

echo "on this machine"
"$pare" sweep run "$dir/check.yaml" -out "$dir/here" 2>/dev/null

echo "on two nodes"
out=$("$pare" sweep submit -slurm "$dir/check.yaml" -out "$dir/two nodes" -time 30 -mem 400M)
wait_for is "$(id "$out")_1" RUNNING
is "$(id "$out")_0" RUNNING || fail "two nodes do one task"
wait_for ended
same "$dir/two nodes"
[ "$("$pare" sweep submit -slurm "$dir/two nodes" | cut -c1-17)" = "nothing to submit" ] || fail "finished runs are submitted again"

echo "cancelled and requeued"
sweep=$dir/disturbed
mark
out=$("$pare" sweep submit -slurm "$dir/check.yaml" -out "$sweep")
job=$(id "$out")
wait_for begun "${job}_0" "$sweep/runs/dense-seed-1-*"
wait_for begun "${job}_1" "$sweep/runs/dense-seed-2-*"
scancel "${job}_0"
scontrol requeue "${job}_1"
wait_for is "${job}_0" CANCELLED
"$pare" sweep status "$sweep" | grep -q "^check-dense-seed-1: its Slurm task ${job}_0 was cancelled; see " ||
  fail "the cancelled task is not named"
mark
out=$("$pare" sweep retry -slurm "$sweep")
grep -q "^1 of 4 runs are submitted" <<<"$out" || fail "more than the cancelled task: $out"
again=$(id "$out")
wait_for requeued "${job}_1"
wait_for begun "${again}_0" "$sweep/runs/dense-seed-1-*"
scancel --batch --signal=USR1 "${again}_0" # as Slurm does a minute before the time limit
wait_for requeued "${again}_0"
wait_for ended
same "$sweep"
for seed in 1 2; do
  sessions=$(grep -c '"started"' "$sweep"/runs/dense-seed-$seed-*/sessions.json)
  [ "$sessions" = $((4 - seed)) ] || fail "the run of seed $seed had $sessions sessions"
done
echo "the same bytes"
