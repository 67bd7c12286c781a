package prune

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"pare/layers"
	"pare/nn"
)

// tableNetwork draws a network on vectors whose units are numbers and the columns of
// categorical variables, read by an embedding and perhaps by another layer beside it.
func tableNetwork(t *rapid.T) *nn.Network {
	g := &generator{t: t}
	rng := rand.New(rand.NewPCG(uint64(g.draw("seed", 0, 1<<20)), 9))
	units := g.draw("units", 2, 9)
	var err error
	if g.net, err = nn.New("random", nn.Shape{units}, rng); err != nil {
		t.Fatal(err)
	}
	variables := g.draw("variables", 1, 3)
	columns := make([][]int, variables)
	for u := range units {
		if v := g.draw("variable", 0, variables); v < variables {
			columns[v] = append(columns[v], u)
		}
	}
	embed := &layers.Embed{Dim: g.draw("dim", 1, 3), Columns: [][]int{}}
	for _, c := range columns {
		if c != nil {
			embed.Columns = append(embed.Columns, c)
		}
	}
	x := nn.InputName
	if g.draw("inside", 0, 1) == 1 { // units that may be constant
		x = g.add(&layers.Gate{PerChannel: true}, x)
	}
	y := g.add(embed, x)
	if g.draw("beside", 0, 1) == 1 {
		y = g.add(&layers.Concat{}, y, x)
	}
	for range g.draw("fcs", 0, 2) {
		y = g.add(layers.ReLU(), g.add(&layers.Linear{Out: g.draw("hidden", 1, 6), NoBias: g.draw("nobias", 0, 1) == 1}, y))
	}
	g.add(&layers.Linear{Out: 2}, y)
	if g.draw("units of targets", 0, 1) == 1 {
		g.add(&layers.Rescale{Scale: []float32{2, 0.5}, Shift: []float32{0, 3}})
	}
	randomise(t, g.net, rng)
	return g.net
}

// TestPruneTableProperty is TestPruneProperty for networks on tables.
func TestPruneTableProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkPrune(t, tableNetwork(t)) })
}
