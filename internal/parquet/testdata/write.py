"""Writes the test files into the folder argv[1] (default: this one). The committed ones are of
pyarrow 26.0.1."""
import datetime
import decimal
import json
import pathlib
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__ + "/..").resolve()
n = 100
i = np.arange(n)
start = datetime.datetime(2020, 1, 1)


def masked(values, type, missing):
    return pa.array([None if missing(k) else v for k, v in zip(i, values)], type=type)


never = lambda k: False
columns = {
    "id": masked(i * 10, pa.int64(), never),
    "u1": masked(i + 100, pa.uint8(), never),
    "i2": masked(-i, pa.int16(), never),
    "u4": masked(i + 3_000_000_000, pa.uint32(), never),
    "u8": masked([2**63 + 4096 * int(k) for k in i], pa.uint64(), never),
    "f2": masked((i / 2).astype(np.float16), pa.float16(), lambda k: k % 9 == 1),
    "f4": masked(i / 4, pa.float32(), never),
    "f8": masked(i / 3, pa.float64(), lambda k: k % 7 == 3),
    "flag": masked([bool(k % 3 == 0) for k in i], pa.bool_(), lambda k: k % 5 == 4),
    "word": masked([["red", "green", "blue"][k % 3] for k in i], pa.string(), lambda k: k % 10 == 9),
    "category": masked([["red", "green", "blue"][k % 3] for k in i], pa.string(), never).dictionary_encode(),
    "ms": masked([start + datetime.timedelta(hours=int(k)) for k in i], pa.timestamp("ms"), never),
    "ns": masked([start + datetime.timedelta(hours=int(k)) for k in i], pa.timestamp("ns", "UTC"), never),
    "day": masked([start.date() + datetime.timedelta(days=int(k)) for k in i], pa.date32(), never),
    "clock": masked([datetime.time(int(k) // 60, int(k) % 60) for k in i], pa.time64("us"), never),
    "decimal": masked([decimal.Decimal(int(k) - 50) * decimal.Decimal("1.25") for k in i], pa.decimal128(9, 2), lambda k: k == 8),
    "small": masked([decimal.Decimal(int(k) - 50) * decimal.Decimal("1.25") for k in i], pa.decimal128(30, 4), never),
    "nothing": pa.nulls(n),
}
table = pa.table(columns)
options = {"row_group_size": 30, "data_page_size": 64, "write_batch_size": 8}
for codec in ("none", "snappy", "gzip", "brotli", "zstd", "lz4"):
    version = "2.0" if codec in ("gzip", "zstd", "lz4") else "1.0"
    pq.write_table(table, folder / f"{codec}.parquet", compression=codec, data_page_version=version, write_page_checksum=True, **options)
encodings = {
    "id": "DELTA_BINARY_PACKED", "i2": "DELTA_BINARY_PACKED", "u4": "BYTE_STREAM_SPLIT", "f4": "BYTE_STREAM_SPLIT", "f8": "BYTE_STREAM_SPLIT",
    "flag": "RLE", "word": "DELTA_BYTE_ARRAY", "category": "DELTA_LENGTH_BYTE_ARRAY", "f2": "BYTE_STREAM_SPLIT", "small": "DELTA_BYTE_ARRAY",
    "day": "DELTA_BINARY_PACKED",
}
pq.write_table(table, folder / "encodings.parquet", use_dictionary=False, column_encoding=encodings, data_page_version="2.0", compression="snappy",
               row_group_size=70)
pq.write_table(table.select(["ns", "id"]), folder / "int96.parquet", use_deprecated_int96_timestamps=True)

nested = pa.table({"id": i[:3], "list": [[1, 2], [], [3]], "struct": [{"a": 1, "b": 2}] * 3, "raw": [b"\xff\xfe"] * 3,
                   "__index_level_0__": i[:3], "large": np.array([2**53 + 1] * 3)})
pq.write_table(nested, folder / "nested.parquet")

# The layout of images of the datasets library of Hugging Face.
names = ["cat", "dog", "eel"]
features = {"image": {"_type": "Image"}, "label": {"names": names, "_type": "ClassLabel"}}
shape = pa.struct({"bytes": pa.binary(), "path": pa.string()})
for shard in range(2):
    rows = [40 * shard + k for k in range(40)]
    images = pa.array([{"bytes": b"image %d " % k * (k % 7), "path": f"{k}.png"} for k in rows], type=shape)
    t = pa.table({"image": images, "label": pa.array([k % 3 for k in rows], pa.int64())})
    t = t.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(t, folder / f"train-{shard:05d}-of-00002.parquet", row_group_size=15, data_page_size=64, write_batch_size=4,
                   use_dictionary=shard == 0)
t = pa.table({"picture": [b"a", b"b", b"c"], "kind": ["dog", "cat", "dog"], "other": [1, 2, 3]})
pq.write_table(t, folder / "plain.parquet")
