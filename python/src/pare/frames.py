"""Logs of runs and results of sweeps as pandas frames; needs ``pip install pare[frames]``."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import ModelError

if TYPE_CHECKING:
    import pandas

METRICS = "metrics.jsonl"
RESULTS = "results.csv"
WHOLE = {"step", "n", "correct", "groups", "zero_groups", "params", "macs", "units", "dead_units"}
# Columns of results.csv that are texts, numbers and times; the others are the varied keys.
TEXTS = {"path", "name", "method", "ancestor", "data", "model", "host", "command", "version"}
COUNTS = {"seed", "params_original", "params", "macs_original", "macs", "nonzero"}
TIMES = {"started", "finished"}


def read_metrics(run: str | os.PathLike[str]) -> pandas.DataFrame:
    """The lines of metrics.jsonl of a run, a row each, as far as the run has come.

    Columns have the keys of docs/run-files.md, nested ones with a dot: ``val.accuracy``,
    ``remaining.macs_share``. A penalty is known by its name: ``terms.l1(gates).value``; where several have
    one name, the second is ``l1(gates)#2``. ``gates.NAME`` holds lists. ``kind`` and ``phase`` are categories,
    counts Int64, other numbers float64; a missing value is NA or NaN.
    """
    pandas = import_pandas()
    path = Path(run)
    path = path / METRICS if path.is_dir() else path
    rows = []
    try:
        with path.open(encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                if not line.endswith("\n"):
                    break  # the run is writing it
                try:
                    rows.append(flat(json.loads(line)))
                except (json.JSONDecodeError, AttributeError):
                    raise ModelError(f"{path}: line {number} is no JSON object") from None
    except OSError as e:
        raise ModelError(f"{path}: {e.strerror or e}") from None
    frame = pandas.DataFrame(rows)
    for name in frame.columns:
        if name in ("kind", "phase"):
            frame[name] = frame[name].astype("category")
        elif name.rpartition(".")[2] in WHOLE:
            frame[name] = frame[name].astype("Int64")
        elif not name.startswith("gates."):
            frame[name] = frame[name].astype("boolean" if name.endswith("no_accuracy") else "float64")
    return frame


def flat(record: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """The values of nested objects by their joined keys."""
    out: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            seen: dict[str, int] = {}
            for entry in value:
                name = str(entry.get("name"))
                seen[name] = seen.get(name, 0) + 1
                name += f"#{seen[name]}" if seen[name] > 1 else ""
                out |= flat({k: v for k, v in entry.items() if k != "name"}, f"{prefix}{key}.{name}.")
        elif isinstance(value, dict):
            out |= flat(value, f"{prefix}{key}.")
        elif value is not None:
            out[prefix + key] = value
    return out


def read_results(results: str | os.PathLike[str]) -> pandas.DataFrame:
    """results.csv, also of a sweep folder, which ``pare sweep report`` writes: a row a run.

    Texts are strings, counts Int64, times datetimes in UTC, other numbers float64; an unknown value is NA,
    NaN or NaT. Columns of varied keys have the type that their values have.
    """
    pandas = import_pandas()
    path = Path(results)
    if path.is_dir():
        found = [p for p in (path / RESULTS, path / "report" / RESULTS) if p.is_file()]
        if not found:
            raise ModelError(f"{path}: there is no {RESULTS}; pare sweep report {path} writes it")
        path = found[0]
    try:
        frame = pandas.read_csv(path, dtype={name: "string" for name in TEXTS | TIMES})
    except OSError as e:
        raise ModelError(f"{path}: {e.strerror or e}") from None
    except ValueError as e:
        raise ModelError(f"{path}: it is not the table of a sweep: {e}") from None
    if missing := {"path", "method"} - set(frame.columns):
        raise ModelError(f"{path}: it is not the table of a sweep: it has no column {min(missing)}")
    for name in frame.columns:
        if name in COUNTS:
            frame[name] = frame[name].astype("Int64")
        elif name in TIMES:
            frame[name] = pandas.to_datetime(frame[name], utc=True)
    return frame


def import_pandas() -> Any:
    try:
        import pandas
    except ImportError:
        raise ImportError("pandas is not installed: pip install pare[frames]") from None
    return pandas
