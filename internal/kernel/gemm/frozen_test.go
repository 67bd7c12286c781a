package gemm

import (
	"fmt"
	"testing"

	"pare/internal/kernel/kerneltest"
)

// TestFrozen: packed panels serve products with any number of rows, which pack nothing, with the
// same results.
func TestFrozen(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(33)
		for _, s := range [][2]int{{1, 1}, {5, 3}, {16, 40}, {33, 17}, {65, 700}, {1024, 20}} {
			n, k := s[0], s[1]
			for _, trans := range []bool{false, true} {
				b, bias := kerneltest.Slice(r, k*n), kerneltest.Slice(r, n)
				maker := New(3, n, k, false, trans)
				form, packed := maker.FrozenForm(), maker.Freeze(b)
				for _, m := range []int{1, 2, 7, 100, 1100} {
					frozen, plain := New(m, n, k, false, trans), New(m, n, k, false, trans)
					name := fmt.Sprintf("%d×%d×%d %v", m, n, k, trans)
					if frozen.FrozenForm() != form {
						t.Fatalf("%s has the form %+v, expected %+v", name, frozen.FrozenForm(), form)
					}
					frozen.UseFrozen(packed)
					a, got, want := kerneltest.Slice(r, m*k), make([]float32, m*n), make([]float32, m*n)
					plain.Run(want, a, b, bias, false, true)
					frozen.Run(got, a, make([]float32, len(b)), bias, false, true)
					kerneltest.Same(t, name, got, want)
				}
			}
		}
		p, q := NewPacked(40, 33, false), NewPacked(40, 33, false)
		b, a := kerneltest.Slice(r, 40*33), kerneltest.Slice(r, 4*40)
		p.Pack(b)
		q.UseFrozen(NewPacked(40, 33, false).Freeze(b))
		got, want := make([]float32, 4*p.Width()), make([]float32, 4*p.Width())
		p.Mul(want, p.Width(), a, 40, 4, nil, false)
		q.Mul(got, p.Width(), a, 40, 4, nil, false)
		kerneltest.Same(t, "Packed", got, want)
	})
}
