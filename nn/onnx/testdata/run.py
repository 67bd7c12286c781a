"""Checks model.onnx of the folder argv[1], runs it on in_*.npy and saves it again."""
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime as ort

folder = pathlib.Path(sys.argv[1])
model = onnx.load(folder / "model.onnx")
onnx.checker.check_model(model, full_check=True)
assert {p.key: p.value for p in model.metadata_props} == {"arch": "sample", "classes": "a,b,c,d,e"}
assert model.producer_name == "pare" and model.ir_version == 8
assert [(o.domain, o.version) for o in model.opset_import] == [("", 17)]
# The bytes must be those the official library would write.
assert model.SerializeToString(deterministic=True) == (folder / "model.onnx").read_bytes()

session = ort.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
assert session.get_inputs()[0].shape == ["batch", 3, 8, 6], session.get_inputs()[0].shape
for path in folder.glob("in_*.npy"):
    (y,) = session.run(["logits"], {"input": np.load(path)})
    np.save(folder / path.name.replace("in_", "out_"), y)

onnx.save(model, folder / "again.onnx")
for tensor in model.graph.initializer:  # the same with float_data, and fields to skip
    values = onnx.numpy_helper.to_array(tensor).ravel()
    tensor.ClearField("raw_data")
    tensor.float_data.extend(values.tolist())
    tensor.doc_string = "a constant"
model.doc_string = "skip this"
model = onnx.shape_inference.infer_shapes(model)
onnx.checker.check_model(model)
onnx.save(model, folder / "typed.onnx")
