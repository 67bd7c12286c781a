package certify_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"pare/attack"
	"pare/attack/certify"
	"pare/layers"
	"pare/nn"
)

// Bounds equal the papers' formulas over explicit matrices, computed by scripts/attack/certified.py:
// wider by the rounding of float32 alone, and never tighter.
func TestBoundsEqualTheReference(t *testing.T) {
	text, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Kind    string
		Eps     float64
		X       []float32
		Weights [][2][]float32
		Bounds  map[string][2][]float64
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		input, x := nn.Shape{len(c.X)}, c.X
		if c.Kind == "cnn" {
			input = nn.Shape{2, 6, 6}
			x = make([]float32, len(c.X)) // channels last
			for j, v := range c.X {
				x[j%36*2+j/36] = v
			}
		}
		net := build(t, input, 1, func(add func(string, nn.Layer, ...string)) {
			if c.Kind == "cnn" {
				add("conv1", &layers.Conv{Out: 4, Kernel: layers.Square(3), Pad: layers.Around(1)})
				add("relu1", layers.ReLU())
				add("conv2", &layers.Conv{Out: 3, Kernel: layers.Square(3), Pad: layers.Around(1)})
				add("relu2", layers.ReLU())
				add("flatten", &layers.Flatten{})
			} else {
				add("fc1", &layers.Linear{Out: 16})
				add("relu1", layers.ReLU())
				add("fc2", &layers.Linear{Out: 16})
				add("relu2", layers.ReLU())
			}
			add("fc3", &layers.Linear{Out: len(c.Weights[2][1])})
		})
		for k, p := range net.Params() {
			if err := p.Import(p.ExportShape(), c.Weights[k/2][k%2]); err != nil {
				t.Fatal(err)
			}
		}
		bounds, err := certify.New(net)
		if err != nil {
			t.Fatal(err)
		}
		size := 1.0 // of values on the way
		for _, side := range c.Bounds["IBP"] {
			for _, v := range side {
				size = max(size, math.Abs(v))
			}
		}
		most := 2e-5 * size // of rounding
		if c.Kind == "cnn" {
			most = 1e-3 * size // of Winograd's method
		}
		for _, m := range []certify.Method{certify.IBP, certify.CROWNIBP, certify.CROWN} {
			low, high := bounds.Outputs(unitRange(attack.Linf, c.Eps, x), m)
			want := c.Bounds[m.String()]
			for j := range low {
				if d := want[0][j] - low[j]; d < -1e-9 || d > most {
					t.Errorf("case %d, %s, %s, output %d: at least %.7g, the reference has %.7g", i, c.Kind, m, j, low[j], want[0][j])
				}
				if d := high[j] - want[1][j]; d < -1e-9 || d > most {
					t.Errorf("case %d, %s, %s, output %d: at most %.7g, the reference has %.7g", i, c.Kind, m, j, high[j], want[1][j])
				}
			}
		}
	}
}
