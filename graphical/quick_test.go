package graphical

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"testing"
)

func cpuSeconds() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Sec) + float64(u.Utime.Usec)/1e6 + float64(u.Stime.Sec) + float64(u.Stime.Usec)/1e6
}

func gen(r *rand.Rand, n, p, deg int) []float64 {
	// chain-ish AR with random links: x_j depends on few earlier ones
	x := make([]float64, n*p)
	for i := range n {
		for j := range p {
			x[i*p+j] = r.NormFloat64()
		}
	}
	for j := range p {
		for k := 0; k < deg && j > 0; k++ {
			f := r.IntN(j)
			w := 0.3 + 0.3*r.Float64()
			if r.IntN(2) == 0 {
				w = -w
			}
			for i := range n {
				x[i*p+j] += w * x[i*p+f]
			}
		}
	}
	return x
}

func TestQuick(t *testing.T) {
	if os.Getenv("QUICK") == "" {
		t.Skip()
	}
	p, n, deg, lam := 500, 1000, 1, 0.1
	fmt.Sscan(os.Getenv("QUICK"), &p, &n, &deg, &lam)
	c, err := FromData(gen(rand.New(rand.NewPCG(1, 1)), n, p, deg), n, p)
	if err != nil {
		t.Fatal(err)
	}
	c = c.Correlation()
	pen := Penalty{Lambda: lam}
	if os.Getenv("DUMP") != "" {
		f, _ := os.Create("/tmp/gl_S.bin")
		binary.Write(f, binary.LittleEndian, c.source.(*matrixSource).s)
		f.Close()
	}
	t0 := cpuSeconds()
	comps := components(c, pen)
	largest := comps[0]
	for _, m := range comps {
		if len(m) > len(largest) {
			largest = m
		}
	}
	b := newBlock(c, pen, largest)
	s := b.begin(nil)
	t1 := cpuSeconds()
	b.newton(s, 1e-9*float64(b.p), 50)
	edges := 0
	for i := range b.p {
		for j := range i {
			if s.x[i*b.p+j] != 0 {
				edges++
			}
		}
	}
	t.Log(len(comps), len(largest), "edges", edges, "f", strconv.FormatFloat(s.f, 'g', 15, 64), "gap", s.gap, "steps", s.steps, s.settled, "cpu", t1-t0, cpuSeconds()-t1, math.Abs(0))
}
