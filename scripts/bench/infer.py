"""Compares forward passes of pare's predictor with ONNX Runtime on the exported files, which run
in turn, and prints a Markdown table: medians of the turns' medians, and of their least times.

    python3 scripts/bench/infer.py [--models lenet5,lstm] [--batches 1,64] [--rounds 5] [--program]

The Python has onnxruntime and numpy. With --program there is a third side, the network compiled
as it is.
"""
import argparse
import json
import statistics
import subprocess
import tempfile
import time

import host

DEFAULT = "lenet5,cnn,inception,resnet20,lstm,gru,transformer"


def main():
    parser = argparse.ArgumentParser(description="Compares pare's predictor with ONNX Runtime.")
    parser.add_argument("--models", default=DEFAULT, help=f"default: {DEFAULT}")
    parser.add_argument("--batches", default="1,64", help="default: 1,64")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each side; default 5")
    parser.add_argument("--turn", type=float, default=0.2, help="seconds of a turn; default 0.2")
    parser.add_argument("--threads", type=int, default=0, help="0: all cores")
    parser.add_argument("--program", action="store_true", help="time the network compiled as it is, too")
    args = parser.parse_args()
    if args.rounds < 1 or not args.turn > 0:
        parser.error("rounds must be at least 1 and turn positive")
    with tempfile.TemporaryDirectory() as folder:
        compare(args, folder)


def compare(args, folder):
    import onnxruntime

    threads, load = args.threads or host.cores(), host.load()
    program = host.build("scripts/bench/infer", folder)
    pare = subprocess.Popen([program, "-models", args.models, "-out", folder, "-turn", f"{args.turn}s", "-threads", str(threads)],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert pare.stdout.readline() == "ready\n"

    def ours(model, batch, side):
        print(model, batch, side, file=pare.stdin, flush=True)
        return json.loads(pare.stdout.readline())

    rows = []
    for model in args.models.split(","):
        session = open_session(f"{folder}/{model}.onnx", threads)
        for batch in map(int, args.batches.split(",")):
            x = inputs(session, batch)
            sides = {"pare": lambda: ours(model, batch, "predictor"), "ORT": lambda: theirs(session, x, args.turn)}
            if args.program:
                sides["program"] = lambda: ours(model, batch, "program")
            times = {name: [] for name in sides}
            for _ in range(args.rounds):
                for name, turn in sides.items():
                    times[name].append(turn())
                    time.sleep(0.1)  # threads that wait for work stop
            rows.append(row(model, batch, times))
            print(" ".join(map(str, rows[-1])), flush=True)
    pare.stdin.close()
    pare.wait()
    print(host.header(**{"Go": host.go_version(), "ONNX Runtime": onnxruntime.__version__, "threads": threads, "load": load}))
    titles = ["model", "batch", "pare, ms", "ONNX Runtime, ms", "times as fast", "of the least"]
    print(host.table(titles + (["program, ms"] if args.program else []), rows))


def row(model, batch, times):
    def median(side, key):
        return statistics.median(t[key] for t in times[side])

    out = [model, batch, f"{median('pare', 'ms'):.3f}", f"{median('ORT', 'ms'):.3f}"]
    out += [f"{median('ORT', key) / median('pare', key):.2f}" for key in ("ms", "least_ms")]
    return out + ([f"{median('program', 'ms'):.3f}"] if "program" in times else [])


def open_session(path, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def inputs(session, batch):
    import numpy

    rng, shape = numpy.random.default_rng(1), [batch, *session.get_inputs()[0].shape[1:]]
    if len(shape) == 3:  # tokens
        return rng.integers(0, 65, shape).astype(numpy.float32)
    return rng.standard_normal(shape).astype(numpy.float32)


def theirs(session, x, turn):
    """The median and the least time of a call, in ms."""
    name, times = session.get_inputs()[0].name, []
    session.run(None, {name: x})
    start = time.perf_counter()
    while time.perf_counter() - start < turn or len(times) < 3:
        before = time.perf_counter()
        session.run(None, {name: x})
        times.append((time.perf_counter() - before) * 1e3)
    return {"ms": statistics.median(times), "least_ms": min(times)}


if __name__ == "__main__":
    main()
