// Command sparse measures layers that skip zeros beside the dense ones. It reads requests from
// standard input, a JSON object a line, and answers each with a line: least and median
// microseconds of the dense layer and of the one that skips, which run in turn.
// scripts/bench/sparse.py asks it, in turn with ONNX Runtime.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"pare/internal/kernel/conv"
	"pare/internal/kernel/gemm"
	"pare/internal/kernel/parallel"
	"pare/internal/kernel/sparse"
	"pare/internal/simd"
)

// request names a layer: "ffn" and "gated" of 256, 1,024 and 256 units, "conv", 3×3 of 64
// to 64 channels on 14×14 pixels, and "compressed", linear of 1,024 to 256 units.
type request struct {
	Layer   string  `json:"layer"`
	Rows    int     `json:"rows"`    // tokens, images
	Density float64 `json:"density"` // of the values behind the ReLU, of the input, of the weights
	Rounds  int     `json:"rounds"`
}

type answer struct {
	Threads int    `json:"threads"`
	Kernels string `json:"kernels"`
	Dense   times  `json:"dense"`
	Skip    times  `json:"skip"`
}

type times struct {
	Least  float64 `json:"least"`
	Median float64 `json:"median"`
}

func main() {
	threads := flag.Int("threads", 0, "processor threads; 0: all cores")
	flag.Parse()
	if *threads < 0 {
		fmt.Fprintf(os.Stderr, "sparse: -threads is %d, it must not be negative\n", *threads)
		os.Exit(2)
	}
	parallel.SetThreads(*threads)
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sparse:", err)
		os.Exit(2)
	}
}

func serve(in io.Reader, out io.Writer) error {
	write, layers := json.NewEncoder(out), map[request][2]func(){}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var q request
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			return fmt.Errorf("a request is not JSON: %w", err)
		}
		if q.Rows < 1 || q.Rows > 1024 || q.Rounds < 1 || q.Rounds > 1e6 || !(q.Density >= 0 && q.Density <= 1) {
			return fmt.Errorf("request %+v: rows must be 1 to 1024, rounds 1 to 1000000 and the density 0 to 1", q)
		}
		key := q
		key.Rounds = 0
		if layers[key][0] == nil {
			pair, err := layer(q)
			if err != nil {
				return err
			}
			layers[key] = pair
		}
		dense, skip := measure(layers[key], q.Rounds)
		if err := write.Encode(answer{parallel.Threads(), simd.Features(), dense, skip}); err != nil {
			return err
		}
	}
	return nil
}

var (
	measured sparse.Calibration
	never    = &sparse.Calibration{Fixed: &sparse.BreakEven{}}
)

// layer returns the dense layer of a request and the one that skips.
func layer(q request) ([2]func(), error) {
	r := rand.New(rand.NewPCG(1, 2))
	switch q.Layer {
	case "ffn", "gated":
		const in, hidden = 256, 1024
		x, y := values(r, q.Rows*in, 1), make([]float32, q.Rows*in)
		w := sparse.FFNWeights{In: in, Hidden: hidden, Out: in, First: values(r, in*hidden, 1), Down: values(r, in*hidden, 1)}
		if q.Layer == "gated" {
			w.Up = values(r, in*hidden, 1)
		}
		w.FirstBias = active(x, w.First, q.Rows, in, hidden, q.Density)
		dense, skip := sparse.NewFFN(w, never).Run(), sparse.NewFFN(w, &measured).Run()
		return [2]func(){func() { dense.Forward(y, x, q.Rows) }, func() { skip.Forward(y, x, q.Rows) }}, nil
	case "conv":
		const side, channels = 14, 64
		x, y := values(r, q.Rows*side*side*channels, q.Density), make([]float32, q.Rows*side*side*channels)
		w := values(r, 9*channels*channels, 1)
		plan := func(n int) *conv.Plan {
			p := conv.New(conv.Shape{N: n, H: side, W: side, C: channels, O: channels, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1})
			p.UseFrozen(p.Freeze(w))
			return p
		}
		all := plan(q.Rows)
		dense := func() { all.Forward(y, x, w, nil, conv.Epilogue{}) }
		skip := sparse.NewConv(sparse.ConvShape{H: side, W: side, C: channels, O: channels, KH: 3, KW: 3, PadH: 1, PadW: 1}, w, nil, &measured,
			func(n int) func(y, x []float32) {
				p := plan(n)
				return func(y, x []float32) { p.Forward(y, x, w, nil, conv.Epilogue{}) }
			}).Run()
		return [2]func(){dense, func() {
			if !skip.Forward(y, x, q.Rows, sparse.ConvEpilogue{}) {
				dense()
			}
		}}, nil
	case "compressed":
		const in, out = 1024, 256
		x, w, y := values(r, q.Rows*in, 1), values(r, in*out, q.Density), make([]float32, q.Rows*out)
		dense, skip := sparse.NewLinear(w, nil, in, out, never, nil).Run(), sparse.NewCompressed(w, nil, in, out).Run()
		return [2]func(){func() { dense.Forward(y, x, q.Rows, false) }, func() { skip.Forward(y, x, q.Rows, false) }}, nil
	}
	return [2]func(){}, fmt.Errorf("there is no layer %q: ffn, gated, conv and compressed are", q.Layer)
}

// values draws n values of which a share is not 0.
func values(r *rand.Rand, n int, share float64) []float32 {
	s := make([]float32, n)
	for i := range s {
		if v := r.Float32()*2 - 1; r.Float64() < share {
			s[i] = v
		}
	}
	return s
}

// active returns a bias with which a share of the values of the rows x·w + bias is positive.
func active(x, w []float32, rows, in, hidden int, share float64) []float32 {
	h := make([]float32, rows*hidden)
	gemm.New(rows, hidden, in, false, false).Run(h, x, w, nil, false, false)
	slices.Sort(h)
	limit := h[0] - 1
	if n := int(share * float64(len(h))); n < len(h) {
		limit = h[len(h)-1-n]
	}
	bias := make([]float32, hidden)
	for i := range bias {
		bias[i] = -limit
	}
	return bias
}

// measure runs two functions in turn.
func measure(f [2]func(), rounds int) (a, b times) {
	var all [2][]float64
	for range rounds {
		for k := range f {
			f[k]() // its operands come into the cache
			start := time.Now()
			f[k]()
			all[k] = append(all[k], float64(time.Since(start).Nanoseconds())/1e3)
		}
	}
	of := func(t []float64) times {
		slices.Sort(t)
		return times{t[0], t[len(t)/2]}
	}
	return of(all[0]), of(all[1])
}
