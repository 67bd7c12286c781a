"""Writes images.parquet, images in the layout of Hugging Face, and unlabelled.parquet, the same
without labels. Needs numpy, Pillow and pyarrow."""
import io
import json
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

here = pathlib.Path(__file__).parent
random = np.random.default_rng(0)


def png():
    out = io.BytesIO()
    Image.fromarray(random.integers(0, 256, (6, 5, 3), dtype=np.uint8)).save(out, "PNG")
    return {"bytes": out.getvalue(), "path": None}


images = pa.array([png() for _ in range(6)], pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
names = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": ["cat", "dog"]}}
meta = {"huggingface": json.dumps({"info": {"features": names}})}
labelled = pa.table({"image": images, "label": pa.array([0, 1, 1, 0, 1, 0])}).replace_schema_metadata(meta)
pq.write_table(labelled, here / "images.parquet")
pq.write_table(pa.table({"picture": images}), here / "unlabelled.parquet")
