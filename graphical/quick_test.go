package graphical

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"time"
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
	w0 := time.Now()
	net, err := Fit(c, pen, Options{})
	t.Log(err, net.Err(), len(net.Components), "edges", len(net.Edges), "f", net.Objective, "gap", net.Gap, net.Iterations, "cpu", cpuSeconds()-t0, "wall", time.Since(w0).Seconds())
}

func TestQuickBlocks(t *testing.T) {
	if os.Getenv("QUICKB") == "" {
		t.Skip()
	}
	n, p := 1000, 5000
	r := rand.New(rand.NewPCG(1, 1))
	x := make([]float64, n*p)
	for g := range p / 50 {
		y := gen(r, n, 50, 2)
		for i := range n {
			copy(x[i*p+g*50:], y[i*50:(i+1)*50])
		}
	}
	t0 := cpuSeconds()
	c, _ := FromData(x, n, p)
	c = c.Correlation()
	for _, l := range []float64{0.3, 0.2, 0.15} {
		net, err := Fit(c, Penalty{Lambda: l}, Options{})
		t.Log(err, net.Err(), len(net.Components), "edges", len(net.Edges), "f", net.Objective, "gap", net.Gap, net.Iterations, "cpu", cpuSeconds()-t0)
	}
}
