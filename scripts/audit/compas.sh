#!/bin/sh
# Audits networks on ProPublica's COMPAS table by race and sex: ten seeds of a network of 3 of 8
# variables against their dense twins, on one test set, and a path of eight strengths of the penalty.
#
#	scripts/audit/compas.sh compas-scores-two-years.csv DIR
#
# train, pare and python3 with pandas have to be on the PATH.
set -eu
csv=$1 dir=$2
mkdir -p "$dir"
python3 - "$csv" "$dir/compas.csv" <<'PYTHON'
import sys
import numpy as np
import pandas as pd
d = pd.read_csv(sys.argv[1])
d["part"] = np.random.default_rng(0).choice(["train", "validation", "test"], len(d), p=[0.6, 0.1, 0.3])
d.to_csv(sys.argv[2], index=False)
PYTHON
split="-quiet -config table-compas -set data.file=$dir/compas.csv -set data.validation=null -set data.test=null -set data.split=part"
pruned=""
for seed in 1 2 3 4 5 6 7 8 9 10; do
	train $split -set seed=$seed -set target=null -set penalties=null -set prune.method=none -out "$dir/dense-$seed"
	train $split -set seed=$seed -out "$dir/pruned-$seed"
	pruned="$pruned $dir/pruned-$seed"
done
pare audit $pruned -by race,sex -rare 30 -against "$dir/dense-*" -out "$dir/audit" >"$dir/audit.txt"
cat >"$dir/sweep.yaml" <<YAML
name: compas
config: table-compas
set:
  data: {dataset: table, file: $dir/compas.csv, target: two_year_recid, split: part, columns: [sex, age, race, juv_fel_count, juv_misd_count, juv_other_count, priors_count, c_charge_degree]}
  audit: {by: [race, sex], rare: 30}
methods: [dense, penalty]
strengths: {log: [0.5, 16], steps: 8}
seeds: [1, 2, 3, 4, 5]
YAML
pare sweep run "$dir/sweep.yaml" -out "$dir/sweep"
