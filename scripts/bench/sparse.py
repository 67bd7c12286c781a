"""Compares layers that skip zeros with the dense ones and with ONNX Runtime, which run in turn,
and prints a Markdown table.

    python3 scripts/bench/sparse.py [--rounds 10] [--threads 0] [--least] [--layers ffn,gated,conv,compressed]

This Python needs numpy, onnx and onnxruntime. Times are medians; with --least the least of
all calls, which other work on the machine disturbs less. The bound is the speed-up of skipping every
operation of a zero: 2/(1+density) of a feed-forward layer, 3/(1+2·density) with a gate, 1/density
of others; of a convolution 4/9 of it, because the dense one, by Winograd's method, multiplies 16
times where the direct one multiplies 36 times.
"""
import argparse
import json
import statistics
import subprocess
import tempfile
import time

import host

CASES = {
    "ffn": [(1, (0.01, 0.05, 0.1, 0.2, 1)), (64, (0.01, 0.05, 0.1, 0.2, 1))],
    "gated": [(1, (0.01, 0.05, 0.1, 0.2, 1)), (64, (0.01, 0.05, 0.1, 0.2, 1))],
    "conv": [(1, (0.05, 0.1, 0.2, 1)), (64, (0.1, 0.2))],
    "compressed": [(1, (0.02, 0.05, 0.1, 0.2, 0.3)), (64, (0.02, 0.05, 0.1, 0.2, 0.3))],
}
BOUND = {
    "ffn": lambda density: 2 / (1 + density),
    "gated": lambda density: 3 / (1 + 2 * density),
    "conv": lambda density: 4 / 9 / density,
    "compressed": lambda density: 1 / density,
}
CALLS = 15  # of a side in a round


def main():
    parser = argparse.ArgumentParser(description="Compares layers that skip zeros with dense ones and with ONNX Runtime.")
    parser.add_argument("--rounds", type=int, default=10, help="times that each side runs; default 10")
    parser.add_argument("--threads", type=int, default=0, help="of both sides; 0: all cores")
    parser.add_argument("--least", action="store_true", help="the least time of all calls, in place of the median")
    parser.add_argument("--layers", default=",".join(CASES), help="default: " + ",".join(CASES))
    args = parser.parse_args()
    if args.rounds < 1 or args.threads < 0:
        parser.error("rounds must be at least 1 and threads not negative")
    unknown = sorted(set(args.layers.split(",")) - set(CASES))
    if unknown:
        parser.error(f"there is no layer {unknown[0]}; there are " + ", ".join(CASES))
    with tempfile.TemporaryDirectory() as folder:
        compare(args, host.build("scripts/bench/sparse", folder))


def compare(args, program):
    load, rows, facts = host.load(), [], {}
    threads = args.threads or host.cores()
    pare = subprocess.Popen([program, "-threads", str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for layer in args.layers.split(","):
        for count, densities in CASES[layer]:
            call = runtime(layer, count, threads)
            for density in densities:
                request = {"layer": layer, "rows": count, "density": density, "rounds": CALLS}
                dense, skip, theirs = [], [], []
                for _ in range(args.rounds):
                    pare.stdin.write(json.dumps(request) + "\n")
                    pare.stdin.flush()
                    facts = json.loads(pare.stdout.readline())
                    key = "least" if args.least else "median"
                    dense.append(facts["dense"][key])
                    skip.append(facts["skip"][key])
                    time.sleep(0.1)  # until the threads of this side sleep
                    theirs.append(measure(call, args.least))
                    time.sleep(0.1)
                pick = min if args.least else statistics.median
                rows.append(row(layer, count, density, pick(dense), pick(skip), pick(theirs)))
    pare.stdin.close()
    pare.wait()
    import onnxruntime
    print(host.header(Go=host.go_version(), kernels=facts["kernels"], threads=facts["threads"], rounds=args.rounds, load=load,
                      times="least" if args.least else "median", **{"ONNX Runtime": onnxruntime.__version__}))
    print(host.table(["layer", "rows", "density", "dense µs", "ONNX Runtime µs", "dense: times as fast", "skipping µs",
                      "times as fast", "bound", "of the bound"], rows))


def row(layer, count, density, dense, skip, theirs):
    bound = BOUND[layer](density)
    return [layer, count, f"{density:g}", f"{dense:.1f}", f"{theirs:.1f}", f"{theirs / dense:.2f}", f"{skip:.1f}",
            f"{dense / skip:.2f}", f"{bound:.2f}", f"{dense / skip / bound:.2f}"]


def measure(call, least):
    """Microseconds of a call, after one that brings its operands into the cache."""
    times = []
    for _ in range(CALLS):
        call()
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e6 * (min(times) if least else statistics.median(times))


def runtime(layer, count, threads):
    """A call of the dense layer in ONNX Runtime, without copies of inputs and outputs."""
    import numpy
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    draw = numpy.random.default_rng(0)

    def weight(name, *shape):
        return numpy_helper.from_array(draw.uniform(-1, 1, shape).astype(numpy.float32), name)

    if layer == "conv":
        given = wanted = [count, 64, 14, 14]
        weights = [weight("w", 64, 64, 3, 3)]
        nodes = [helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])]
    elif layer == "compressed":
        given, wanted = [count, 1024], [count, 256]
        weights, nodes = [weight("w", 1024, 256)], [helper.make_node("MatMul", ["x", "w"], ["y"])]
    else:
        given = wanted = [count, 256]
        weights = [weight("first", 256, 1024), weight("bias", 1024), weight("down", 1024, 256)]
        nodes = [helper.make_node("MatMul", ["x", "first"], ["a"]), helper.make_node("Add", ["a", "bias"], ["b"]),
                 helper.make_node("Relu", ["b"], ["h"])]
        if layer == "gated":
            weights.append(weight("up", 256, 1024))
            nodes += [helper.make_node("MatMul", ["x", "up"], ["u"]), helper.make_node("Mul", ["h", "u"], ["g"])]
        nodes.append(helper.make_node("MatMul", ["g" if layer == "gated" else "h", "down"], ["y"]))
    graph = helper.make_graph(nodes, "layer", [helper.make_tensor_value_info("x", TensorProto.FLOAT, given)],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, wanted)], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    x, y = draw.uniform(-1, 1, given).astype(numpy.float32), numpy.empty(wanted, numpy.float32)
    binding = session.io_binding()
    binding.bind_cpu_input("x", x)
    binding.bind_output("y", "cpu", 0, numpy.float32, wanted, y.ctypes.data)
    binding.memory = x, y  # it keeps addresses only
    return lambda: session.run_with_iobinding(binding)


if __name__ == "__main__":
    main()
