package prune

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"pare/layers"
	"pare/nn"
)

// recurrent adds a recurrent layer of any kind.
func (g *generator) recurrent(x string) string {
	hidden := g.draw("hidden", 1, 8)
	return g.add([]nn.Layer{&layers.RNN{Hidden: hidden}, &layers.RNN{Hidden: hidden, Nonlinearity: "relu"},
		&layers.LSTM{Hidden: hidden}, &layers.GRU{Hidden: hidden}}[g.draw("cell", 0, 3)], x)
}

// cellWeights gives a recurrent layer's parameters by name.
type cellWeights struct {
	hidden, gates, candidate int
	relu                     bool
	params                   map[string]*nn.Param
}

func weightsOf(l nn.Layer) cellWeights {
	c := cellWeights{params: map[string]*nn.Param{}}
	for _, p := range l.Params() {
		c.params[p.Name] = p
	}
	c.hidden, c.gates = c.params["bias_ih"].Shape()[1], c.params["bias_ih"].Shape()[0]
	if c.gates > 1 {
		c.candidate = 2
	}
	if r, ok := l.(*layers.RNN); ok {
		c.relu = r.Nonlinearity == "relu"
	}
	return c
}

// at is the weight with which unit to reads from, an input or a unit.
func (c cellWeights) at(name string, from, gate, to int) *float32 {
	return &c.params[name].Data()[(from*c.gates+gate)*c.hidden+to]
}

func (c cellWeights) bias(name string, gate, to int) *float32 {
	return &c.params[name].Data()[gate*c.hidden+to]
}

// plant thins the recurrent weights out and silences a random set of units: their
// candidates read no input and only units of the set.
func (c cellWeights) plant(rng *rand.Rand, rate float64) {
	silent := make([]bool, c.hidden)
	for u := range silent {
		silent[u] = rng.Float64() < rate
	}
	inputs := c.params["weight_ih"].Shape()[0]
	for to := range c.hidden {
		for from := range c.hidden {
			thin := rng.Float64() < 0.7
			for gate := range c.gates {
				if thin || silent[to] && !silent[from] && gate == c.candidate {
					*c.at("weight_hh", from, gate, to) = 0
				}
			}
		}
		if !silent[to] {
			continue
		}
		for i := range inputs {
			*c.at("weight_ih", i, c.candidate, to) = 0
		}
		*c.bias("bias_ih", c.candidate, to), *c.bias("bias_hh", c.candidate, to) = 0, 0
		if c.relu {
			*c.bias("bias_ih", c.candidate, to) = -1
		}
	}
}

// live is how many units are left by the definition, tried unit by unit: those
// that a reader weighs, and all that they read, but for silent ones.
func (c cellWeights) live(read []bool) int {
	silent := make([]bool, c.hidden)
	for u := range silent {
		silent[u] = true
	}
	inputs := c.params["weight_ih"].Shape()[0]
	breaks := func(u int) bool {
		sum := *c.bias("bias_ih", c.candidate, u) + *c.bias("bias_hh", c.candidate, u)
		if sum > 0 || sum != 0 && !c.relu {
			return true
		}
		for i := range inputs {
			if *c.at("weight_ih", i, c.candidate, u) != 0 {
				return true
			}
		}
		for v := range c.hidden {
			if !silent[v] && *c.at("weight_hh", v, c.candidate, u) != 0 {
				return true
			}
		}
		return false
	}
	needed := append([]bool(nil), read...)
	for range c.hidden {
		for u := range silent {
			silent[u] = silent[u] && !breaks(u)
		}
	}
	for u := range needed {
		needed[u] = needed[u] && !silent[u]
	}
	for range c.hidden {
		for u := range needed {
			for v := range needed {
				for gate := range c.gates {
					if needed[v] && !silent[u] && *c.at("weight_hh", u, gate, v) != 0 {
						needed[u] = true
					}
				}
			}
		}
	}
	n := 0
	for _, v := range needed {
		if v {
			n++
		}
	}
	return n
}

// TestPruneRecurrentUnits: exactly the units that matter stay, and with carried
// state the pruned network goes on computing the same.
func TestPruneRecurrentUnits(t *testing.T) {
	gone, chained := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		g := &generator{t: t}
		rng := rand.New(rand.NewPCG(uint64(g.draw("seed", 0, 1<<20)), 9))
		var err error
		if g.net, err = nn.New("random", nn.Shape{2, 3}, rng); err != nil {
			t.Fatal(err)
		}
		g.recurrent(nn.InputName)
		out := &layers.Linear{Out: 2}
		g.add(out)
		cell := weightsOf(g.net.Nodes[0].Layer)
		for _, p := range g.net.Params() {
			p.Normal(1, rng)
		}
		cell.plant(rng, 0.4)
		read := make([]bool, cell.hidden)
		for u := range read {
			if read[u] = rng.Float64() < 0.5; !read[u] {
				clear(out.Params()[0].Data()[2*u : 2*u+2])
			}
		}
		small, _, err := Prune(g.net, Options{Random: 8})
		if err != nil {
			t.Fatal(err)
		}
		left := 0
		if n := small.Nodes[0]; n.Name == g.net.Nodes[0].Name {
			left = n.Shape.Units()
		}
		if want := cell.live(read); left != want {
			t.Fatalf("%d of %d units are left, expected %d", left, cell.hidden, want)
		}
		gone += cell.hidden - left
		if left > 0 {
			chained += left
		}
		requireCarry(t, g.net, small, rng)
		checkPrune(t, g.net)
	})
	if gone == 0 || chained == 0 {
		t.Errorf("%d units removed and %d left: the test does not test", gone, chained)
	}
}

// TestPruneStackedRecurrent: networks of several recurrent layers with planted
// zeros compute the same with carried state as well.
func TestPruneStackedRecurrent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &generator{t: t}
		rng := rand.New(rand.NewPCG(uint64(g.draw("seed", 0, 1<<20)), 10))
		var err error
		if g.net, err = nn.New("random", nn.Shape{g.draw("width", 1, 3), g.draw("positions", 1, 4)}, rng); err != nil {
			t.Fatal(err)
		}
		x := nn.InputName
		for range g.draw("layers", 1, 3) {
			x = g.recurrent(x)
			switch g.draw("between", 0, 3) {
			case 0:
				x = g.add(&layers.Dropout{P: 0.3}, x)
			case 1:
				x = g.add(&layers.Add{}, x, g.add(layers.ReLU(), x))
			}
		}
		if g.draw("last", 0, 1) == 1 {
			x = g.add(&layers.Last{}, x)
		}
		g.add(&layers.Linear{Out: 3}, x)
		randomise(t, g.net, rng)
		for _, n := range g.net.Nodes {
			if _, ok := n.Layer.(nn.StateTracer); ok {
				weightsOf(n.Layer).plant(rng, 0.5)
			}
		}
		small, _, err := Prune(g.net, Options{Random: 8})
		if err != nil {
			t.Fatal(err)
		}
		requireCarry(t, g.net, small, rng)
		checkPrune(t, g.net)
	})
}

// requireCarry runs both networks on a sequence in three pieces.
func requireCarry(t *rapid.T, large, small *nn.Network, rng *rand.Rand) {
	t.Helper()
	var programs []*nn.Program
	for _, net := range []*nn.Network{large, small} {
		p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: 3})
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, p)
	}
	for range 3 {
		for i := range programs[0].X {
			programs[0].X[i] = float32(rng.NormFloat64())
		}
		copy(programs[1].X, programs[0].X)
		largest := 1.0
		for _, p := range programs {
			p.Run()
			for _, v := range p.Output() {
				largest = max(largest, math.Abs(float64(v)))
			}
		}
		for i, v := range programs[0].Output() {
			if d := math.Abs(float64(v - programs[1].Output()[i])); !(d <= 1e-5*largest) {
				t.Fatalf("with carried state output %d is %v, before pruning %v", i, programs[1].Output()[i], v)
			}
		}
	}
}
