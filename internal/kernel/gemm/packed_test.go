package gemm

import (
	"fmt"
	"testing"

	"pare/internal/kernel/kerneltest"
)

func TestPackedMatrix(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(67)
		for _, c := range []struct{ k, n, rows int }{{1, 1, 1}, {3, 16, 6}, {300, 17, 7}, {600, 40, 13}} {
			for _, trans := range []bool{false, true} {
				p := NewPacked(c.k, c.n, trans)
				b := kerneltest.Slice(r, c.k*c.n)
				p.Pack(b)
				rows, lda, ldc := PaddedRows(c.rows), c.k+3, p.Width()+5
				a, got, bias := kerneltest.Slice(r, rows*lda), kerneltest.Slice(r, rows*ldc), kerneltest.Slice(r, p.Width())
				for _, acc := range []bool{false, true} {
					var want []float64
					var first []float32
					for i := range c.rows {
						for j := range c.n {
							sum := float64(bias[j])
							if acc {
								sum = float64(got[i*ldc+j])
							}
							for t := range c.k {
								v := b[(t*c.n+j)%len(b)]
								if trans {
									v = b[j*c.k+t]
								}
								sum += float64(a[i*lda+t]) * float64(v)
							}
							want = append(want, sum)
						}
					}
					p.Mul(got, ldc, a, lda, c.rows, bias, acc)
					for i := range c.rows {
						first = append(first, got[i*ldc:][:c.n]...)
					}
					kerneltest.Near(t, fmt.Sprint(c, trans, acc), first, want, 1e-4)
				}
			}
		}
	})
}
