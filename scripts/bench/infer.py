"""Compares forward passes of pare's predictor with ONNX Runtime, and with OpenVINO where that is
installed, on the exported files: all run in turn. Prints a Markdown table with the medians of the
turns' medians, and of their least times.

    python3 scripts/bench/infer.py [--models lenet5,runs/x] [--batches 1,64] [--rounds 5] [--sides dense]

A model with a slash in its name is the folder of a run, whose test examples pare predicts; others have
random parameters and inputs. The Python has onnxruntime and numpy, and perhaps openvino. Further sides
of pare: dense, a predictor that skips no zeros, and program, the network compiled as it is.
scripts/bench/infer/sparse-transformer.yaml trains a transformer of few active units.
"""
import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time

import host

DEFAULT = "lenet5,cnn,inception,resnet20,lstm,gru,transformer"
SIDES = ["dense", "program"]


def main():
    parser = argparse.ArgumentParser(description="Compares pare's predictor with ONNX Runtime and OpenVINO.")
    parser.add_argument("--models", default=DEFAULT, help=f"default: {DEFAULT}")
    parser.add_argument("--batches", default="1,64", help="default: 1,64")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each side; default 5")
    parser.add_argument("--turn", type=float, default=0.2, help="seconds of a turn; default 0.2")
    parser.add_argument("--threads", type=int, default=0, help="0: all cores")
    parser.add_argument("--sides", default="", help="further sides of pare: dense, program")
    args = parser.parse_args()
    if args.rounds < 1 or not args.turn > 0:
        parser.error("rounds must be at least 1 and turn positive")
    args.sides = [side for side in args.sides.split(",") if side]
    unknown = sorted(set(args.sides) - set(SIDES))
    if unknown:
        parser.error(f"there is no side {unknown[0]}; there are {', '.join(SIDES)}")
    with tempfile.TemporaryDirectory() as folder:
        compare(args, folder)


def compare(args, folder):
    threads, load = args.threads or host.cores(), host.load()
    program = host.build("scripts/bench/infer", folder)
    pare = subprocess.Popen([program, "-models", args.models, "-out", folder, "-turn", f"{args.turn}s", "-threads", str(threads)],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if pare.stdout.readline() != "ready\n":
        sys.exit(pare.wait())
    names = ["pare", *PEERS, *args.sides]
    rows = []
    for number, model in enumerate(args.models.split(",")):
        path = f"{folder}/{number}.onnx"
        for batch in map(int, args.batches.split(",")):
            x = inputs(path, batch)
            sides = {"pare": ours(pare, number, batch, "predictor")}
            sides.update({name: theirs(call(path, x, threads), args.turn) for name, call in PEERS.items()})
            sides.update({side: ours(pare, number, batch, side) for side in args.sides})
            times = {name: [] for name in sides}
            for _ in range(args.rounds):
                for name, turn in sides.items():
                    times[name].append(turn())
                    time.sleep(0.1)  # threads that wait for work stop
            rows.append(row(model, batch, times, names))
            print(" ".join(map(str, rows[-1])), flush=True)
    pare.stdin.close()
    pare.wait()
    versions = {name: VERSIONS[name]() for name in PEERS}
    print(host.header(**{"Go": host.go_version(), **versions, "threads": threads, "load": load}))
    titles = [f"{name}, ms" for name in names]
    titles += [title for name in names[1:] for title in (f"{name}: times as fast", "of the least")]
    print(host.table(["model", "batch", *titles], rows))


def row(model, batch, times, names):
    def median(side, key):
        return statistics.median(t[key] for t in times[side])

    out = [model.rstrip("/").rpartition("/")[2], batch] + [f"{median(name, 'ms'):.3f}" for name in names]
    return out + [f"{median(name, key) / median('pare', key):.2f}" for name in names[1:] for key in ("ms", "least_ms")]


def ours(pare, number, batch, side):
    """A turn of a side of pare."""
    def turn():
        print(number, batch, side, file=pare.stdin, flush=True)
        return json.loads(pare.stdout.readline())

    return turn


def theirs(call, turn):
    """A turn of another side: the median and the least time of a call, in ms."""
    def run():
        times = []
        call()
        start = time.perf_counter()
        while time.perf_counter() - start < turn or len(times) < 3:
            before = time.perf_counter()
            call()
            times.append((time.perf_counter() - before) * 1e3)
        return {"ms": statistics.median(times), "least_ms": min(times)}

    return run


def runtime(path, x, threads):
    """A call of ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: x})


def openvino(path, x, threads):
    """A call of OpenVINO, compiled for the shape of x and float32."""
    import openvino as ov

    core = ov.Core()
    model = core.read_model(path)
    model.reshape(list(x.shape))
    request = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY",
                                                "INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()
    request.set_input_tensor(ov.Tensor(x, shared_memory=True))
    return request.infer


def onnxruntime_version():
    import onnxruntime

    return onnxruntime.__version__


def openvino_version():
    import openvino as ov

    return ov.__version__


PEERS = {"ONNX Runtime": runtime}
VERSIONS = {"ONNX Runtime": onnxruntime_version, "OpenVINO": openvino_version}
if importlib.util.find_spec("openvino"):
    PEERS["OpenVINO"] = openvino


def inputs(path, batch):
    """Random inputs of the model of a file."""
    import numpy
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    rng, shape = numpy.random.default_rng(1), [batch, *session.get_inputs()[0].shape[1:]]
    if len(shape) == 3:  # tokens
        return rng.integers(0, 65, shape).astype(numpy.float32)
    return rng.standard_normal(shape).astype(numpy.float32)


if __name__ == "__main__":
    main()
