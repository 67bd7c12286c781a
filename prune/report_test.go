package prune

import (
	"math/rand/v2"
	"testing"

	"pare/layers"
	"pare/nn"
)

// TestRemovedPixels: pixels behind a flatten are counted, without those of channels that go
// as wholes.
func TestRemovedPixels(t *testing.T) {
	for _, c := range []struct {
		name   string
		unread func(flat int) bool // in the order of three channels of 4 pixels
		want   Removed
	}{
		{"three pixels", func(flat int) bool { return flat == 0 || flat == 5 || flat == 11 }, Removed{Pixels: 3}},
		{"a channel", func(flat int) bool { return flat/4 == 1 }, Removed{Inputs: 1}},
		{"a channel and two pixels", func(flat int) bool { return flat < 6 }, Removed{Inputs: 1, Pixels: 2}},
		{"nothing", func(int) bool { return false }, Removed{}},
	} {
		net, err := nn.New("pixels", nn.Shape{3, 2, 2}, rand.New(rand.NewPCG(1, 2)))
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range []struct {
			name  string
			layer nn.Layer
		}{{"flat", &layers.Flatten{}}, {"fc", &layers.Linear{Out: 4}}} {
			if err := net.Add(l.name, l.layer); err != nil {
				t.Fatal(err)
			}
		}
		for _, p := range net.Params() {
			if p.Role != nn.RoleWeight {
				continue
			}
			w := p.Data() // of 4 units for each input
			for i := range w {
				if c.unread(i / 4) {
					w[i] = 0
				}
			}
		}
		_, r, err := Prune(net, Options{Random: 8})
		if err != nil || r.Removed != c.want {
			t.Errorf("%s: removed %+v, %v, expected %+v", c.name, r.Removed, err, c.want)
		}
	}
}
