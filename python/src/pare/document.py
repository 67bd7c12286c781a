"""architecture.json: a network without its weights, and all that its users need to know."""

from __future__ import annotations

import dataclasses
import decimal
import hashlib
import json
import math
from pathlib import Path
from typing import Any

from .errors import ModelError

FORMAT = 2  # the newest version that is read and written
ARCHITECTURE_FORMAT = "pare-architecture-1"
MAX_BYTES = 16 << 20


class Number(float):
    """A number that keeps the digits of its file, so that a document is written back byte for byte."""

    digits: str

    def __new__(cls, digits: str) -> Number:
        number = super().__new__(cls, digits)
        number.digits = digits
        return number

    def __getnewargs__(self) -> tuple[str]:
        return (self.digits,)


@dataclasses.dataclass
class Row:
    """One layer: its name, kind, the names of its inputs ("input" is the network's) and its options.

    ``tied`` names a layer before it whose parameters it shares; "": none.
    """

    name: str
    kind: str
    inputs: list[str]
    args: dict[str, Any] = dataclasses.field(default_factory=dict)
    tied: str = ""

    def entry(self) -> dict[str, Any]:
        """The row in the order of the file."""
        tied = {"tied": self.tied} if self.tied else {}
        return {"name": self.name, "kind": self.kind, "inputs": self.inputs, **tied, "args": self.args}


@dataclasses.dataclass
class Feature:
    """A unit of the input with a name, and the variables of the table that it is part of."""

    name: str
    variable: str = ""
    category: str = ""


@dataclasses.dataclass
class Document:
    """The content of architecture.json. Lists and texts that are empty are left out of the file."""

    name: str
    input: list[int]
    layers: list[Row]
    vocabulary: int = 0
    features: list[Feature] = dataclasses.field(default_factory=list)
    mean: list[float] = dataclasses.field(default_factory=list)
    std: list[float] = dataclasses.field(default_factory=list)
    classes: list[str] = dataclasses.field(default_factory=list)
    outputs: str = ""
    recipe: dict[str, Any] | None = None
    meta: dict[str, str] = dataclasses.field(default_factory=dict)
    version: int | None = None  # of the file it was read from; None: the oldest that holds the content

    def architecture(self) -> dict[str, Any]:
        """The part that describes the network alone, in the order of the file."""
        out: dict[str, Any] = {"format": ARCHITECTURE_FORMAT, "name": self.name, "input": self.input}
        if self.vocabulary:
            out["vocabulary"] = self.vocabulary
        if self.features:
            out["features"] = [
                {k: v for k, v in dataclasses.asdict(f).items() if v or k == "name"} for f in self.features
            ]
        out["layers"] = [row.entry() for row in self.layers]
        return out

    def fingerprint(self) -> str:
        """Differs between architectures; the weights carry it as metadata."""
        return hashlib.sha256(encode(self.architecture()).encode()).hexdigest()

    def encode(self) -> str:
        """The text of the file."""
        version = self.version
        if version is None:
            version = FORMAT if self.outputs or self.recipe is not None else 1
        out: dict[str, Any] = {"format": version, "architecture": self.architecture()}
        preprocess = {"mean": self.mean, "std": self.std}
        out["preprocess"] = {k: v for k, v in preprocess.items() if v}
        for key in "classes", "outputs", "recipe":
            if value := getattr(self, key):
                out[key] = value
        if self.meta:
            out["meta"] = dict(sorted(self.meta.items()))
        return encode(out, indent=0) + "\n"


def encode(value: Any, indent: int | None = None) -> str:
    """JSON as Go's encoding/json writes it; with an indent, a list of numbers is on one line."""
    if isinstance(value, dict):
        items = [f"{quote(k)}:{'' if indent is None else ' '}{encode(v, deeper(indent))}" for k, v in value.items()]
        return brackets("{", items, "}", indent)
    if isinstance(value, (list, tuple)):
        items = [encode(v, deeper(indent)) for v in value]
        if indent is not None and value and all(isinstance(v, (int, float)) for v in value):
            return "[" + ", ".join(items) + "]"
        return brackets("[", items, "]", indent)
    if isinstance(value, str):
        return quote(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return number(value)


def deeper(indent: int | None) -> int | None:
    return None if indent is None else indent + 1


def brackets(left: str, items: list[str], right: str, indent: int | None) -> str:
    if indent is None or not items:
        return left + ",".join(items) + right
    line = "\n" + "  " * indent
    return left + line + "  " + ("," + line + "  ").join(items) + line + right


def quote(s: str) -> str:
    out = json.dumps(s, ensure_ascii=False)
    for c in "<>&\u2028\u2029":  # Go escapes what HTML or JavaScript would read
        out = out.replace(c, f"\\u{ord(c):04x}")
    return out


def number(value: float) -> str:
    if isinstance(value, Number):
        return value.digits
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        raise ModelError(f"{value} is not a finite number")
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        digits = format(decimal.Decimal(repr(value)), "f")
        return digits.removesuffix(".0")
    mantissa, exponent = repr(value).split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}"


def parse(text: str) -> Document:
    """Reads the file strictly: unknown and repeated keys, wrong types and newer versions are errors."""
    if len(text) > MAX_BYTES:
        raise ModelError(f"the architecture has more than {MAX_BYTES >> 20} MiB, as no network's has")
    try:
        raw = json.loads(text, parse_float=Number, parse_constant=refuse_constant, object_pairs_hook=once)
    except (
        ValueError,
        RecursionError,
    ) as e:  # a ValueError that is no JSONDecodeError: a number of thousands of digits
        if isinstance(e, ModelError):
            raise
        raise ModelError(f"not valid JSON: {e}") from None
    if not isinstance(raw, dict):
        raise ModelError("it must be a JSON object")
    version = field(raw, "format", int, "the document", 0)
    if version > FORMAT:
        raise ModelError(
            f"it has format {version}, and this package reads formats up to {FORMAT}; install a newer version of pare"
        )
    known(raw, "the document", "format architecture preprocess classes outputs recipe meta")
    a = field(raw, "architecture", dict, "the document")
    known(a, "architecture", "format name input vocabulary features layers")
    if a.get("format") != ARCHITECTURE_FORMAT:
        raise ModelError(f"architecture format is {a.get('format')!r}, expected {ARCHITECTURE_FORMAT!r}")
    preprocess = field(raw, "preprocess", dict, "the document", {})
    known(preprocess, "preprocess", "mean std")
    rows, features = [], []
    for i, r in enumerate(entries(a, "layers", dict, "architecture")):
        where = f"layer {i + 1} ({r.get('name')})"
        known(r, where, "name kind inputs tied args")
        rows.append(
            Row(
                field(r, "name", str, where),
                field(r, "kind", str, where),
                entries(r, "inputs", str, where),
                field(r, "args", dict, where, {}),
                field(r, "tied", str, where, ""),
            )
        )
    for i, f in enumerate(entries(a, "features", dict, "architecture", [])):
        where = f"feature {i + 1}"
        known(f, where, "name variable category")
        features.append(Feature(*(field(f, key, str, where, "") for key in ("name", "variable", "category"))))
    return Document(
        name=field(a, "name", str, "architecture"),
        input=entries(a, "input", int, "architecture"),
        layers=rows,
        vocabulary=field(a, "vocabulary", int, "architecture", 0),
        features=features,
        mean=entries(preprocess, "mean", float, "preprocess", []),
        std=entries(preprocess, "std", float, "preprocess", []),
        classes=entries(raw, "classes", str, "the document", []),
        outputs=field(raw, "outputs", str, "the document", ""),
        recipe=field(raw, "recipe", dict, "the document", None),
        meta={k: field(raw["meta"], k, str, "meta") for k in field(raw, "meta", dict, "the document", {})},
        version=version,
    )


def refuse_constant(name: str) -> None:
    raise ModelError(f"{name} is not a finite number")


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) < len(pairs):
        keys = [k for k, _ in pairs]
        raise ModelError(f"key {next(k for k in keys if keys.count(k) > 1)!r} stands twice in one object")
    return out


def known(value: dict[str, Any], where: str, keys: str) -> None:
    for key in value:
        if key not in keys.split():
            raise ModelError(f"{where} has an unknown key {key!r}; there are {', '.join(keys.split())}")


NAMES = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    dict: "an object",
    list: "a list",
    bool: "true or false",
}
REQUIRED = object()


def field(value: dict[str, Any], key: str, kind: type, where: str, default: Any = REQUIRED) -> Any:
    """The value of a key, of the kind; the default where it is missing."""
    if key not in value or value[key] is None:
        if default is REQUIRED:
            raise ModelError(f"{where} has no {key!r}")
        return default
    v = value[key]
    if kind is float and isinstance(v, int) and not isinstance(v, bool):
        return v
    if not isinstance(v, kind) or kind is int and isinstance(v, bool):
        raise ModelError(f"{where}: {key} is {encode(v)[:40]}, it must be {NAMES[kind]}")
    if kind is str and any("\ud800" <= c <= "\udfff" for c in v):
        raise ModelError(f"{where}: {key} has half of a character, which no file of UTF-8 holds")
    return v


def entries(value: dict[str, Any], key: str, kind: type, where: str, default: Any = REQUIRED) -> list[Any]:
    """A list whose entries are of one kind."""
    out = field(value, key, list, where, default)
    return [field({key: v}, key, kind, where) for v in out]


def read(path: Path) -> Document:
    """Reads an architecture.json."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"{path}: it has more than {MAX_BYTES >> 20} MiB, as no architecture has")
        return parse(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise ModelError(f"{path}: {e.strerror or e}") from None
    except UnicodeDecodeError:
        raise ModelError(f"{path}: it is not UTF-8") from None
    except ModelError as e:
        raise e if str(e).startswith(str(path)) else ModelError(f"{path}: {e}") from None
