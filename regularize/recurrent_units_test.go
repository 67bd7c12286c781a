package regularize

import (
	"slices"
	"testing"

	"pare/layers"
	"pare/nn"
	"pare/prune"
)

// The recurrent weights of one layer are chosen by a factor of 0 on the others.
func TestRecurrentWeightsAlone(t *testing.T) {
	net := tagger(t)
	term, err := NewTerm(net, Spec{Type: "l1", On: "weights", Layers: []string{"lstm"}, Lambda: 1,
		Factors: map[string]float64{"lstm.weight_ih": 0, "lstm.weight_hh": 2}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range net.Params() {
		if slices.Contains(term.Governs(), p.Param) {
			names = append(names, p.Full)
		}
	}
	if !slices.Equal(names, []string{"lstm.weight_hh"}) {
		t.Errorf("penalised are %v", names)
	}
	if n, _ := term.Groups(); n != 3*4*3 {
		t.Errorf("%d weights, expected 36", n)
	}
}

// The multiply-accumulates of a unit are the products of its weights; those of the unit
// with itself count once.
func TestRecurrentMACs(t *testing.T) {
	topo := newTopology(tagger(t))
	for node, want := range []float64{4 * (4*(2+3) + 4*(3-1) + 3*2), 4 * (3*(3+2) + 3*(2-1) + 2)} {
		if got := topo.unitMACs(topo.units.Out(node)[0]); got != want {
			t.Errorf("a unit of %s costs %g, expected %g", topo.name(node), got, want)
		}
	}
}

// A unit whose group is zero goes with all it takes along, under both kinds of
// groups, and no other does.
func TestZeroRecurrentUnitsArePruned(t *testing.T) {
	for _, on := range []string{"recurrent_units", "neurons"} {
		net := tagger(t)
		randomise(net)
		for _, p := range net.Params() {
			if p.Node.Name == "lstm" { // unit 1 is small
				n, stride := p.AxisLen(len(p.Axes) - 1)
				for i := range p.Data() {
					if i/stride%n == 1 {
						p.Data()[i] *= 1e-4
					}
				}
			}
		}
		if on == "recurrent_units" {
			for _, p := range net.Params() {
				if axis := p.FindAxis(nn.AxisIn); p.Full == "gru.weight_ih" || p.Full == "lstm.weight_hh" {
					if axis < 0 {
						axis = 0
					}
					_, stride := p.AxisLen(axis)
					for i := range stride {
						p.Data()[stride+i] *= 1e-4
					}
				}
			}
		}
		term, err := NewTerm(net, Spec{Type: "group_lasso", On: on, Lambda: 1, Scale: "none"})
		if err != nil {
			t.Fatal(err)
		}
		term.Prox(0.1, nil)
		if n, zero := term.Groups(); n != 5 || zero != 1 {
			t.Errorf("%s: %d of %d groups are zero, expected 1 of 5", on, zero, n)
		}
		small, _, err := prune.Prune(net, prune.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if lstm, _ := small.Lookup("lstm"); lstm.Shape.Units() != 2 || lstm.Layer.(*layers.LSTM).Hidden != 2 {
			t.Errorf("%s: the LSTM has %d units left, expected 2", on, lstm.Shape.Units())
		}
	}
}
