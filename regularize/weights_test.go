package regularize

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel"
	"pare/layers"
	"pare/nn"
)

// Separate offers parameters of single values, and leaves the others.
func TestSeparateOffersSingleValues(t *testing.T) {
	for _, c := range []struct {
		net  func(testing.TB) *nn.Network
		spec Spec
		want string // parameters in order: scale, alpha
		rest bool   // something is left when all is taken
	}{
		{plain, Spec{Type: "l1", On: "weights"}, "[3×3×3·1 1 weight 12×5·1 1 weight 5×2·1 1 weight]", false},
		{plain, Spec{Type: "l1", On: "weights", Layers: []string{"fc2"}, Factors: map[string]float64{"fc2": 0.5}}, "[5×2·0.5 1 weight]", false},
		{plain, Spec{Penalty: &ElasticNet{Alpha: 0.25}, On: "weights", Layers: []string{"fc2"}}, "[5×2·1 0.25 weight]", false},
		{residual, Spec{Type: "l1", On: "channels"}, "[4·1 1 scale 4·1 1 shift 3·1 1 scale 3·1 1 shift]", false},
		{residual, Spec{Type: "group_lasso", On: "channels"}, "[]", true},
		{residual, Spec{Type: "l1", On: "gates"}, "[]", true},                 // kept ≥ 0
		{inception, Spec{Type: "l1", On: "gates", Scale: "macs"}, "[]", true}, // a scale for each
		{plain, Spec{Type: "l1", On: "channels", Members: "in"}, "[12×5·1 1 weight]", false},
	} {
		term, err := NewTerm(c.net(t), c.spec)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		rest := term.Separate(func(p *nn.Param, scale, alpha float64) bool {
			shape := ""
			for _, n := range p.Shape() {
				if n > 1 {
					shape += fmt.Sprint("×", n)
				}
			}
			got = append(got, fmt.Sprintf("%s·%g %g %s", shape[len("×"):], scale, alpha, p.Role))
			return true
		})
		if fmt.Sprint(got) != c.want && !(c.want == "[]" && got == nil) || (rest != nil) != c.rest {
			t.Errorf("%s offers %v and leaves something: %t; want %s, %t", term.Name(), got, rest != nil, c.want, c.rest)
		}
	}
}

// With nothing taken the rest is Prox, with some taken the others' share of it.
func TestSeparateRest(t *testing.T) {
	spec := Spec{Type: "l1", On: "weights", Lambda: 0.7}
	for k := range 2 {
		whole, parts := plain(t), plain(t)
		randomise(whole)
		randomise(parts)
		a, err := NewTerm(whole, spec)
		if err != nil {
			t.Fatal(err)
		}
		b, err := NewTerm(parts, spec)
		if err != nil {
			t.Fatal(err)
		}
		a.Prox(0.5, nil)
		var taken []*nn.Param
		rest := b.Separate(func(p *nn.Param, _, _ float64) bool {
			if len(taken) >= k {
				return false
			}
			taken = append(taken, p)
			return true
		})
		rest(0.5, nil)
		for _, p := range taken {
			before := append([]float32(nil), p.Data()...)
			L1{}.Prox(p.Data(), nil, 0.35)
			changed := 0
			for i, v := range p.Data() {
				if v != before[i] {
					changed++
				}
			}
			if changed == 0 {
				t.Error("the rest has treated a parameter that was taken")
			}
		}
		assertSameParams(t, "rest", whole, parts)
	}
}

// A group inside the threshold becomes +0 throughout, one that holds NaN shows
// it, and the others are not touched, by columns as by rows.
func TestGroupsBecomePlusZero(t *testing.T) {
	for _, on := range []string{"neurons", "positions"} {
		for _, tiled := range []bool{false, true} {
			net := plain(t)
			term, err := NewTerm(net, Spec{Type: "group_lasso", On: on, Layers: []string{"fc1"}, Lambda: 1, Scale: "none"})
			if err != nil {
				t.Fatal(err)
			}
			var w *nn.Param
			for _, p := range net.Nodes[3].Layer.Params() {
				p.Fill(100)
				if p.Role == nn.RoleWeight {
					w = p
				}
			}
			axis := w.FindAxis(nn.AxisOut)
			if on == "positions" {
				axis = w.FindAxis(nn.AxisIn)
			} else {
				for _, p := range net.Nodes[3].Layer.Params() {
					if p.Role == nn.RoleBias {
						p.Data()[1] = -1e-3
					}
				}
			}
			n, stride := w.AxisLen(axis)
			for i := range w.Data() {
				if i/stride%n == 1 {
					w.Data()[i] = float32(math.Copysign(1e-3, -1))
				}
			}
			w.Data()[2*stride] = float32(math.NaN())
			var metric func(*nn.Param) []float32
			if tiled { // the other way to the same result: a metric of ones
				metric = func(p *nn.Param) []float32 { return nil }
			}
			term.Prox(0.5, metric)
			for i, v := range w.Data() {
				switch i / stride % n {
				case 1:
					if math.Float32bits(v) != 0 {
						t.Errorf("%s: a value of a closed group is %v", on, v)
					}
				case 2:
					if v == v {
						t.Errorf("%s: a group with NaN has value %v", on, v)
					}
				default:
					if !(v > 99 && v < 100) {
						t.Errorf("%s: a large value became %v", on, v)
					}
				}
			}
		}
	}
}

// Several tiles and chunks: neither norms nor the map depend on the threads.
func TestGroupsDoNotDependOnThreads(t *testing.T) {
	defer kernel.SetThreads(0)
	run := func(threads int, on string, metric bool) (*nn.Network, float64) {
		kernel.SetThreads(threads)
		net := build(t, nn.Shape{300, 1, 1}, step{"flat", &layers.Flatten{}, nil}, step{"fc1", &layers.Linear{Out: 311}, nil},
			step{"relu", layers.ReLU(), nil}, step{"fc2", &layers.Linear{Out: 7}, nil})
		randomise(net)
		term, err := NewTerm(net, Spec{Type: "group_lasso", On: on, Lambda: 0.9})
		if err != nil {
			t.Fatal(err)
		}
		var m func(*nn.Param) []float32
		if metric {
			m = fixedMetric()
		}
		term.Prox(0.9, m)
		return net, termValue(term)
	}
	for _, on := range []string{"neurons", "input_features"} {
		for _, metric := range []bool{false, true} {
			a, va := run(1, on, metric)
			b, vb := run(2, on, metric)
			for k, p := range a.Params() {
				for i, v := range p.Data() {
					if v != b.Params()[k].Data()[i] {
						t.Fatalf("%s, metric %t: %s[%d] differs", on, metric, p.Full, i)
					}
				}
			}
			if va != vb {
				t.Errorf("%s: the value is %g and %g", on, va, vb)
			}
		}
	}
}
