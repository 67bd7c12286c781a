package datasets

import (
	"math"
	"slices"
	"testing"
)

// TestPlanted: the first channels are the quadrants of the digit, the others those
// of some image, each in two of three examples; all new in each epoch of training
// and always the same otherwise.
func TestPlanted(t *testing.T) {
	set := loadSmall(t, "planted", opts{Validation: 100})
	whole := loadSmall(t, "digits", opts{Validation: 100})
	if err := set.validate(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(set.Task.Input, []int{8, 4, 4}) || set.Task.Classes != 10 || set.Images() != nil {
		t.Errorf("task %+v", set.Task)
	}
	for _, part := range []struct {
		name           string
		planted, whole Part
	}{{"train", set.Train, whole.Train}, {"validation", set.Validation, whole.Validation}, {"test", set.Test, whole.Test}} {
		if part.planted.Len() != part.whole.Len() {
			t.Fatalf("%s has %d examples, digits have %d", part.name, part.planted.Len(), part.whole.Len())
		}
		n := part.planted.Len()
		all := make([]int, n)
		for i := range all {
			all[i] = i
		}
		x, y := make([]float32, n*128), make([]float32, n)
		images, labels := make([]float32, n*64), make([]float32, n)
		if err := part.planted.Fill(x, y, all, Draw{}); err != nil {
			t.Fatal(err)
		}
		if err := part.whole.Fill(images, labels, all, Draw{}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(y, labels) {
			t.Errorf("%s: other labels than those of digits", part.name)
		}
		value := func(i, channel, row, col int) float32 { return x[i*128+(row*4+col)*8+channel] }
		// equal reports whether a channel of example i shows that quadrant of image j.
		equal := func(i, channel, j int) bool {
			q := channel % 4
			for row := range 4 {
				for col := range 4 {
					if value(i, channel, row, col) != images[j*64+(q/2*4+row)*8+q%2*4+col] {
						return false
					}
				}
			}
			return true
		}
		blank := func(i, channel int) bool {
			for p := range 16 {
				if x[i*128+p*8+channel] != 0 {
					return false
				}
			}
			return true
		}
		own, shown := 0, [8]int{}
		for i := range n {
			for q := range 8 {
				if blank(i, q) {
					continue
				}
				shown[q]++
				if q < 4 && !equal(i, q, i) {
					t.Fatalf("%s: channel %d of example %d is not its quadrant", part.name, q, i)
				}
				if q >= 4 && equal(i, q, i) {
					own++
				}
			}
		}
		if own > n/4 { // empty corners are alike
			t.Errorf("%s: %d of %d decoys are those of the digit itself", part.name, own, 4*n)
		}
		for q, k := range shown {
			if d := float64(k) - float64(2*n)/3; math.Abs(d) > 4*math.Sqrt(float64(2*n)/9)+1 {
				t.Errorf("%s: channel %d is shown in %d of %d examples", part.name, q, k, n)
			}
		}
		for i := range min(n, 20) {
			for q := range 4 {
				if !blank(i, q+4) && !slices.ContainsFunc(all, func(j int) bool { return equal(i, q+4, j) }) {
					t.Errorf("%s: decoy %d of example %d is of no image", part.name, q, i)
				}
			}
		}
	}
	read := func(d Draw, idx ...int) []float32 {
		x, y := make([]float32, len(idx)*128), make([]float32, len(idx))
		if err := set.Train.Fill(x, y, idx, d); err != nil {
			t.Fatal(err)
		}
		return x
	}
	epoch := func(e uint64) Draw { return Draw{Seed: 1, Epoch: e, Augment: true} }
	if !slices.Equal(read(epoch(1), 3, 5)[128:], read(epoch(1), 5)) {
		t.Error("an example depends on its place in the batch")
	}
	if slices.Equal(read(epoch(1), 3, 4, 5), read(epoch(2), 3, 4, 5)) {
		t.Error("two epochs have the same decoys")
	}
	if !slices.Equal(read(Draw{Seed: 1, Epoch: 1}, 3), read(Draw{Seed: 2, Epoch: 7}, 3)) {
		t.Error("evaluations differ")
	}
	if err := set.Train.Fill(make([]float32, 128), make([]float32, 1), []int{set.Train.Len()}, Draw{}); err == nil {
		t.Error("an index out of range is accepted")
	}
}
