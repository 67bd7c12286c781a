// Package bench measures kernels against the limits of the machine and against other
// programs.
//
// Its benchmarks run the kernels on the shapes of the built-in models:
//
//	go test ./bench -bench . -cpu 1,2
//
// They report GFLOP/s, two operations for each multiply-accumulate, with the
// percentage of the fused multiply-adds that as many cores reach in the same run
// (see Peak); or GB/s of the values that have to be read and written at least,
// where memory is the limit. Both are of the median call.
//
// The scripts compare with PyTorch and OpenBLAS, which run in turn with pare:
// peers.py training steps of models, mnist99.py the time to an accuracy, sgemm.py
// matrix products. Each prints a Markdown table and lists its requirements with -h.
package bench
