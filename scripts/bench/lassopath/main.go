// Command lassopath is pare's part of scripts/bench/lasso.py. With -make it writes data of
// a shape into a folder, for both sides; without, it fits a path to them and prints the
// time, the largest gap and how many models it has, as JSON.
package main

import (
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"pare/stat/linear"
)

func main() {
	shape := flag.String("make", "", "dense, sparse or pairs: write data into the folder")
	rows := flag.Int("rows", 5000, "observations to make")
	columns := flag.Int("columns", 10000, "features to make")
	density := flag.Float64("density", 0.001, "part of the cells that is filled, of sparse")
	family := flag.String("family", "gaussian", "gaussian, binomial (positive or not) or multinomial (classes from 0)")
	threads := flag.Int("threads", 0, "0: processors")
	pairs := flag.Bool("pairs", false, "fit the products of two columns")
	tolerance := flag.Float64("tolerance", 1e-6, "gap to reach, over the objective without features")
	flag.Parse()
	var err error
	if folder := flag.Arg(0); *shape != "" {
		err = write(folder, *shape, *rows, *columns, *density)
	} else {
		err = fit(folder, *family, *pairs, linear.Options{Threads: *threads, Tolerance: *tolerance})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// write makes a response of a hundred features, a thousand if sparse, with noise; the response
// of pairs, of columns of −1, 0 and 1, is of twenty products. The files x, y, and start and row
// of sparse data are little-endian.
func write(folder, shape string, n, p int, density float64) error {
	r := rand.New(rand.NewPCG(1, 2))
	signals, noise := min(100, p), 5.0
	var x []float64
	var start, row []int32
	switch shape {
	case "sparse":
		signals, noise = min(1000, p), 0.5
		start = append(start, 0)
	case "pairs":
		signals, noise = 0, 1
	}
	y := make([]float64, n)
	for j := range p {
		b := 0.0
		if j < signals {
			b = r.NormFloat64()
		}
		for i := range n {
			if shape == "sparse" && r.Float64() >= density {
				continue
			}
			v := r.NormFloat64()
			if shape == "pairs" {
				v = float64(r.IntN(3) - 1)
			}
			x = append(x, v)
			y[i] += b * v
			if shape == "sparse" {
				row = append(row, int32(i))
			}
		}
		if shape == "sparse" {
			start = append(start, int32(len(x)))
		}
	}
	for k := range 20 {
		if shape == "pairs" {
			a, b, effect := x[k*n:(k+1)*n], x[(p-1-k)*n:(p-k)*n], r.NormFloat64()
			for i := range y {
				y[i] += effect * a[i] * b[i]
			}
		}
	}
	for i := range y {
		y[i] += noise * r.NormFloat64()
	}
	for name, data := range map[string]any{"x": x, "y": y, "start": start, "row": row, "size": []int32{int32(n), int32(p)}} {
		if err := save(filepath.Join(folder, name), data); err != nil {
			return err
		}
	}
	return nil
}

func save(name string, data any) error {
	text, err := binary.Append(nil, binary.LittleEndian, data)
	if err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o644)
}

func load[T int32 | float64](folder, name string, size int) ([]T, error) {
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return nil, err
	}
	data := make([]T, len(text)/size)
	_, err = binary.Decode(text, binary.LittleEndian, data)
	return data, err
}

func read(folder string) (p linear.Problem, err error) {
	size, err := load[int32](folder, "size", 4)
	if err != nil {
		return p, err
	}
	x, err := load[float64](folder, "x", 8)
	if err != nil {
		return p, err
	}
	if p.Y, err = load[float64](folder, "y", 8); err != nil {
		return p, err
	}
	start, err := load[int32](folder, "start", 4)
	if err != nil {
		return p, err
	}
	n, features := int(size[0]), int(size[1])
	if len(start) == 0 {
		p.X, err = linear.NewDense(n, features, x)
		return p, err
	}
	row, err := load[int32](folder, "row", 4)
	if err != nil {
		return p, err
	}
	p.X, err = linear.NewSparse(n, features, wide(start), wide(row), x)
	return p, err
}

func wide(list []int32) []int {
	out := make([]int, len(list))
	for i, v := range list {
		out[i] = int(v)
	}
	return out
}

func fit(folder, family string, pairs bool, o linear.Options) error {
	p, err := read(folder)
	if err != nil {
		return err
	}
	if pairs {
		if p.X, err = linear.NewInteractions(p.X.(*linear.Dense), false); err != nil {
			return err
		}
	}
	switch family {
	case "multinomial":
		p.Family = linear.Multinomial
	case "binomial":
		p.Family = linear.Binomial
		for i, y := range p.Y {
			p.Y[i] = 0
			if y > 0 {
				p.Y[i] = 1
			}
		}
	}
	began := time.Now()
	path, err := linear.FitPath(p, nil, linear.PathOptions{Options: o})
	if err != nil {
		return err
	}
	seconds, worst, converged := time.Since(began).Seconds(), 0.0, true
	for _, m := range path.Models {
		worst = max(worst, m.Gap/m.Null)
		converged = converged && m.Converged
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"seconds": seconds, "gap": worst, "converged": converged,
		"memory": memory.Sys,
		"models": len(path.Models), "selected": selected(path.Models[len(path.Models)-1])})
}

// selected counts the coefficients that are not zero.
func selected(m *linear.Model) int {
	count := len(m.Index)
	for _, c := range m.Classes {
		count += len(c.Index)
	}
	return count
}
