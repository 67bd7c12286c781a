"""Reads results.csv of pare with pandas and fails where a column lacks its type.

    python3 scripts/check_results.py results.csv
"""
import sys

import pandas as pd

WHOLE = ["seed", "params_original", "params", "macs_original", "macs", "nonzero"]
NUMBERS = ["params_share", "macs_share", "nonzero_share", "activation_density_trained", "activation_density_final",
           "activation_share", "accuracy_trained", "accuracy_before_removal", "accuracy_after_removal", "accuracy_final",
           "perplexity_final", "mse_final", "step_ms", "latency_ms", "certificate", "train_seconds", "finetune_seconds"]
TEXTS = ["path", "name", "method", "data", "model", "started", "finished", "version"]

table = pd.read_csv(sys.argv[1])
wrong = [f"{c}: {table[c].dtype}, not whole numbers" for c in WHOLE if not pd.api.types.is_integer_dtype(table[c])]
wrong += [f"{c}: {table[c].dtype}, not numbers" for c in NUMBERS if not pd.api.types.is_float_dtype(table[c])]
wrong += [f"{c}: {table[c].dtype}, not texts" for c in TEXTS if not pd.api.types.is_string_dtype(table[c])]
wrong += [f"{c}: {table[c].dtype}, not numbers" for c in table.columns
          if c.endswith((".lambda", ".macs", ".lr", ".epochs")) and not pd.api.types.is_numeric_dtype(table[c])]
if not table["macs_share"].between(0, 1).all():
    wrong.append("macs_share: a value outside of 0 to 1")
if not (table["macs"] / table["macs_original"] - table["macs_share"]).abs().lt(1e-12).all():
    wrong.append("macs_share is not macs / macs_original")
if wrong:
    sys.exit("\n".join(wrong))
print(f"{len(table)} rows, {len(table.columns)} columns")
