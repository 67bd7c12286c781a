#!/usr/bin/env python3
"""Checks pare serve with Triton's HTTP client, which others wrote.

    python scripts/serve/triton.py PARE RUN    # needs: pip install 'tritonclient[http]' numpy

It starts the server, asks for metadata and predictions in all ways of the client (values in JSON and
in binary, one example and a batch, several requests at once, classes), and compares the
answers with `pare predict`.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException


def main(pare: str, run: str) -> None:
    model = json.loads((pathlib.Path(run) / "architecture.json").read_text())
    shape, classes = model["architecture"]["input"], model.get("classes") or []
    x = np.random.default_rng(1).random((40, *shape), dtype=np.float32)
    normalised = bool(model.get("preprocess", {}).get("mean"))
    with tempfile.TemporaryDirectory() as folder:
        inputs, outputs = pathlib.Path(folder) / "x.npy", pathlib.Path(folder) / "y.npy"
        np.save(inputs, x)
        options = ["-preprocess"] if normalised else []
        subprocess.run([pare, "predict", run, "-inputs", inputs, "-out", outputs, *options], check=True, stdout=subprocess.DEVNULL)
        want = np.load(outputs)
    server = subprocess.Popen([pare, "serve", "net=" + run, "-addr", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    try:
        address = server.stdout.readline().strip().rpartition("http://")[2]
        with triton.InferenceServerClient(address, concurrency=4) as client:
            check(client, x, want, classes)
    finally:
        server.terminate()
        server.wait(30)
    assert server.returncode == 0, server.returncode


def check(client: triton.InferenceServerClient, x: np.ndarray, want: np.ndarray, classes: list[str]) -> None:
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("net")
    assert client.is_model_ready("net", "1") and not client.is_model_ready("other")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    metadata = client.get_model_metadata("net")
    assert metadata["inputs"] == [{"name": "input", "datatype": "FP32", "shape": [-1, *x.shape[1:]]}], metadata
    assert [o["name"] for o in metadata["outputs"]] == ["probabilities", "logits"], metadata

    def tensor(values: np.ndarray, binary: bool) -> triton.InferInput:
        t = triton.InferInput("input", list(values.shape), "FP32")
        t.set_data_from_numpy(values, binary_data=binary)
        return t

    def near(got: np.ndarray, values: np.ndarray) -> None:
        assert got.shape == values.shape and got.dtype == np.float32, (got.shape, got.dtype)
        np.testing.assert_allclose(got, values, rtol=1e-5, atol=1e-5)

    probabilities = np.exp(want - want.max(1, keepdims=True))
    probabilities /= probabilities.sum(1, keepdims=True)
    for binary in (True, False):
        answer = client.infer("net", [tensor(x, binary)], request_id="seven")  # all outputs, in binary
        assert answer.get_response()["id"] == "seven"
        near(answer.as_numpy("logits"), want)
        near(answer.as_numpy("probabilities"), probabilities)
        only = [triton.InferRequestedOutput("logits", binary_data=binary)]
        answer = client.infer("net", [tensor(x[:1], binary)], outputs=only, model_version="1")
        near(answer.as_numpy("logits"), want[:1])
        assert answer.as_numpy("probabilities") is None

        best = [triton.InferRequestedOutput("probabilities", binary_data=binary, class_count=3)]
        rows = client.infer("net", [tensor(x, binary)], outputs=best).as_numpy("probabilities")
        for row, values in zip(rows, probabilities):
            for text, k in zip(row, np.argsort(-values, kind="stable")):
                text = text.decode() if isinstance(text, bytes) else text
                value, index, *name = text.split(":", 2)
                assert int(index) == k and abs(float(value) - values[k]) < 1e-5 and name == classes[k : k + 1], (text, k, values)

    pending = [client.async_infer("net", [tensor(x[k : k + 1], True)]) for k in range(len(x))]
    for k, request in enumerate(pending):
        near(request.get_result().as_numpy("logits"), want[k : k + 1])

    for model, inputs, text in (
        ("other", [tensor(x, True)], 'there is no model "other"'),
        ("net", [tensor(x[..., :-1].copy(), True)], "the model takes (n, "),
        ("net", [tensor(np.repeat(x, 2, 0), True)], "80 examples in a request, at most 64 are taken"),
    ):
        try:
            client.infer(model, inputs)
        except InferenceServerException as e:
            assert text in str(e), e
        else:
            raise AssertionError(text)
    print(f"tritonclient: metadata, {len(x)} examples in JSON and binary, classes, concurrent requests and errors as expected")


if __name__ == "__main__":
    main(*sys.argv[1:])
