"""Compares pare's product of float32 matrices with OpenBLAS, which run in turn, on one
thread and on all, and prints a Markdown table of medians in GFLOP/s.

    python3 scripts/bench/sgemm.py [--library libopenblas.so.0] [--sizes 256,512,1024] [--rounds 5]

Without --library it is the OpenBLAS in the numpy of this Python, or else that of the system.
"""
import argparse
import ctypes
import ctypes.util
import importlib.util
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import host

ROW_MAJOR, NO_TRANSPOSE = 101, 111  # of the CBLAS interface


def main():
    parser = argparse.ArgumentParser(description="Compares pare's sgemm with OpenBLAS.")
    parser.add_argument("--library", help="shared library of OpenBLAS; default: numpy's, or else the system's")
    parser.add_argument("--sizes", default="256,512,1024", help="default: 256,512,1024")
    parser.add_argument("--rounds", type=int, default=5, help="times that each side runs; default 5")
    parser.add_argument("--seconds", type=float, default=1, help="time for each size in a run; default 1")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.rounds < 1 or not args.seconds > 0:
        parser.error("rounds must be at least 1 and seconds positive")
    library = args.library or find_library()
    if args.worker:
        work(library, [int(n) for n in args.sizes.split(",")], args.seconds)
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(args, library, host.build("scripts/bench/sgemm", folder))


def find_library():
    numpy = importlib.util.find_spec("numpy")
    if numpy:
        package = Path(numpy.origin).parent
        for found in sorted([*package.parent.glob("numpy.libs/*openblas*"), *package.glob(".libs/*openblas*")]):
            return str(found)
    return ctypes.util.find_library("openblas") or sys.exit("there is no OpenBLAS here; give --library")


def compare(args, library, pare):
    load, results, peak, config = host.load(), {}, 0, ""
    for number in range(args.rounds):
        print(f"round {number + 1} of {args.rounds}", file=sys.stderr)
        for threads in sorted({1, host.cores()}):
            ours = host.lines([pare, "-n", args.sizes, "-threads", threads, "-seconds", args.seconds])
            # OpenBLAS reads its number of threads when it is loaded.
            theirs = host.lines([sys.executable, __file__, "--worker", "--library", library, "--sizes", args.sizes,
                                 "--seconds", args.seconds], env={**os.environ, "OPENBLAS_NUM_THREADS": str(threads)})
            for a, b in zip(ours, theirs):
                if b["threads"] != threads:
                    sys.exit(f"OpenBLAS runs {b['threads']} threads, not {threads}")
                results.setdefault((a["n"], threads), []).append((a["gflops"], b["gflops"]))
                peak, config = max(peak, a["peak_gflops"]), b["config"]
    rows = []
    for (n, threads), pairs in sorted(results.items(), key=lambda item: (item[0][1], item[0][0])):
        a, b = (statistics.median(side) for side in zip(*pairs))
        share = f"{100 * a / (peak * threads):.0f} %" if peak else "–"
        rows.append([f"{n}³", threads, f"{a:.1f}", f"{b:.1f}", f"{a / b:.2f}", share])
    print(host.header(Go=host.go_version(), OpenBLAS=config, rounds=args.rounds, load=load,
                      **{"multiply-adds of one core": f"{peak:.1f} GFLOP/s"}))
    print(host.table(["product", "threads", "pare GFLOP/s", "OpenBLAS GFLOP/s", "pare / OpenBLAS",
                      "of the multiply-adds"], rows))


def work(library, sizes, seconds):
    """Measures OpenBLAS in this process and prints what scripts/bench/sgemm does."""
    blas = ctypes.CDLL(library)
    prefix, suffix = symbols(blas)
    integer = ctypes.c_int64 if suffix else ctypes.c_int
    sgemm = getattr(blas, prefix + "cblas_sgemm" + suffix)
    sgemm.restype = None
    matrix = ctypes.POINTER(ctypes.c_float)
    sgemm.argtypes = [ctypes.c_int] * 3 + [integer] * 3 + [
        ctypes.c_float, matrix, integer, matrix, integer, ctypes.c_float, matrix, integer]
    threads = getattr(blas, prefix + "openblas_get_num_threads" + suffix)()
    config = getattr(blas, prefix + "openblas_get_config" + suffix)
    config.restype = ctypes.c_char_p
    for n in sizes:
        a, b, c = ((ctypes.c_float * (n * n))() for _ in range(3))
        for i in range(n * n):
            a[i], b[i] = i % 7 - 3, i % 5 - 2
        times, begin = [], time.perf_counter()
        while len(times) < 7 or time.perf_counter() - begin < seconds:
            start = time.perf_counter()
            sgemm(ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE, n, n, n, 1, a, n, b, n, 0, c, n)
            times.append(time.perf_counter() - start)
        if c[n - 1] != sum(a[k] * b[k * n + n - 1] for k in range(n)):
            sys.exit(f"{library} does not multiply matrices")
        print(json.dumps({"n": n, "threads": threads, "gflops": 2 * n ** 3 / statistics.median(times[2:]) / 1e9,
                          "config": config().decode().strip()}))


def symbols(blas):
    """Prefix and suffix that numpy's builds add to the names."""
    for prefix in ("", "scipy_"):
        for suffix in ("", "64_"):
            if hasattr(blas, prefix + "cblas_sgemm" + suffix):
                return prefix, suffix
    sys.exit("the library has no cblas_sgemm")


if __name__ == "__main__":
    main()
