package nn_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pare/nn"
)

// drawParam draws a parameter of up to four axes with random labels, order and
// distinct values.
func drawParam(t *rapid.T) *nn.Param {
	dims := rapid.SliceOfN(rapid.IntRange(1, 5), 1, 4).Draw(t, "shape")
	axes := make([]nn.Axis, len(dims))
	for i := range axes {
		axes[i] = rapid.SampledFrom([]nn.Axis{nn.AxisOther, nn.AxisOut, nn.AxisIn}).Draw(t, "axis")
	}
	p := nn.NewParam("p", nn.RoleWeight, dims, axes...)
	if rapid.Bool().Draw(t, "reordered") {
		order := make([]int, len(dims))
		for i := range order {
			order[i] = i
		}
		p.Order = rapid.Permutation(order).Draw(t, "order")
	}
	p.Merged = rapid.IntRange(0, len(dims)).Draw(t, "merged")
	for i := range p.Data() {
		p.Data()[i] = float32(i + 1)
	}
	return p
}

// at returns the value of a tensor in row-major order.
func at(data []float32, shape, index []int) float32 {
	offset := 0
	for i, d := range shape {
		offset = offset*d + index[i]
	}
	return data[offset]
}

// each calls f with every index of a shape.
func each(shape []int, f func(index []int)) {
	index := make([]int, len(shape))
	var walk func(axis int)
	walk = func(axis int) {
		if axis == len(shape) {
			f(index)
			return
		}
		for index[axis] = range shape[axis] {
			walk(axis + 1)
		}
	}
	walk(0)
}

func TestExportImportRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawParam(t)
		out, shape := p.Export(), p.ExportShape()
		order := p.Order
		if order == nil {
			order = []int{0, 1, 2, 3}[:len(p.Shape())]
		}
		apart := make([]int, len(order))
		for i, a := range order {
			apart[i] = p.Shape()[a]
		}
		first, rest := 1, apart
		for range max(p.Merged, 1) {
			first, rest = first*rest[0], rest[1:]
		}
		if want := append([]int{first}, rest...); !slices.Equal(shape, want) {
			t.Fatalf("the exported shape is %v, expected %v", shape, want)
		}
		each(p.Shape(), func(index []int) {
			external := make([]int, len(index))
			for i, a := range order {
				external[i] = index[a]
			}
			if got, want := at(out, apart, external), at(p.Data(), p.Shape(), index); got != want {
				t.Fatalf("exported value at %v is %g, expected %g", external, got, want)
			}
		})
		q := p.Select(nil, nil).Fill(0)
		if err := q.Import(shape, out); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(q.Data(), p.Data()) {
			t.Fatal("import does not undo export")
		}
		q.Fill(0)
		err := q.ImportFrom(func(dst []float32, from int) error {
			copy(dst, out[from:from+len(dst)])
			return nil
		})
		if err != nil || !slices.Equal(q.Data(), p.Data()) {
			t.Fatalf("import in parts does not undo export: %v", err)
		}
	})
}

func TestSelect(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawParam(t)
		smallest := 5
		for i, d := range p.Shape() {
			if p.Axes[i] != nn.AxisOther {
				smallest = min(smallest, d)
			}
		}
		draw := func(what string) []int {
			if rapid.Bool().Draw(t, what+" all") {
				return nil
			}
			return rapid.SliceOfNDistinct(rapid.IntRange(0, smallest-1), 1, smallest, rapid.ID[int]).Draw(t, what)
		}
		in, out := draw("in"), draw("out")
		q := p.Select(in, out)
		if q.Name != p.Name || q.Role != p.Role || !slices.Equal(q.Axes, p.Axes) || !slices.Equal(q.Order, p.Order) || q.Merged != p.Merged {
			t.Fatal("select changed more than the values")
		}
		each(q.Shape(), func(index []int) {
			from := slices.Clone(index)
			for i, a := range p.Axes {
				switch {
				case a == nn.AxisIn && in != nil:
					from[i] = in[index[i]]
				case a == nn.AxisOut && out != nil:
					from[i] = out[index[i]]
				}
			}
			if got, want := at(q.Data(), q.Shape(), index), at(p.Data(), p.Shape(), from); got != want {
				t.Fatalf("selected value at %v is %g, expected %g", index, got, want)
			}
		})
		old := p.Data()[0]
		q.Fill(-1)
		if p.Data()[0] != old {
			t.Fatal("a selection shares storage with its source")
		}
	})
}

func TestImportErrors(t *testing.T) {
	p := nn.NewParam("weight", nn.RoleWeight, []int{2, 3}, nn.AxisIn, nn.AxisOut)
	p.Order = []int{1, 0}
	for _, c := range []struct {
		shape []int
		n     int
		want  string
	}{
		{[]int{2, 3}, 6, "parameter weight has shape [2 3], expected [3 2]"},
		{[]int{6}, 6, "parameter weight has shape [6], expected [3 2]"},
		{[]int{3, 2}, 5, "parameter weight has 5 values, expected 6"},
	} {
		if err := p.Import(c.shape, make([]float32, c.n)); err == nil || err.Error() != c.want {
			t.Errorf("import of %v: %v, expected %s", c.shape, err, c.want)
		}
	}
}

func TestShape(t *testing.T) {
	for _, c := range []struct {
		shape                  nn.Shape
		units, positions, size int
		batched, text          string
	}{
		{nn.Shape{3, 4, 5}, 3, 20, 60, "(2, 4, 5, 3)", "3×4×5"},
		{nn.Shape{7}, 7, 1, 7, "(2, 7)", "7"},
	} {
		if u, p, s := c.shape.Units(), c.shape.Positions(), c.shape.Size(); u != c.units || p != c.positions || s != c.size {
			t.Errorf("%v has %d units, %d positions and %d values", c.shape, u, p, s)
		}
		if got := fmt.Sprint(c.shape.Batched(2)); got != c.batched {
			t.Errorf("%v batched is %s, expected %s", c.shape, got, c.batched)
		}
		if c.shape.String() != c.text {
			t.Errorf("%v prints as %s", []int(c.shape), c.shape)
		}
		if w := c.shape.WithUnits(9); w.Units() != 9 || w.Positions() != c.positions || c.shape.Units() != c.units {
			t.Errorf("%v with 9 units is %v", c.shape, w)
		}
	}
}
