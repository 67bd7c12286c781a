package importance_test

import (
	"errors"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pare/datasets"
	"pare/layers"
	"pare/nn"
	"pare/prune/importance"
)

// tiny has two inputs, a convolution of three channels with a normalisation and a ReLU,
// and a linear layer with one output. Its positions are one.
func tiny(t *testing.T) *nn.Network {
	t.Helper()
	net, err := nn.New("tiny", nn.Shape{2, 1, 1}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	last := nn.InputName
	for _, l := range []struct {
		name  string
		layer nn.Layer
	}{{"conv", &layers.Conv{Out: 3, Kernel: layers.Square(1)}}, {"bn", &layers.BatchNorm{}}, {"relu", layers.ReLU()}, {"flat", &layers.Flatten{}}, {"fc", &layers.Linear{Out: 1}}} {
		if err := net.Add(l.name, l.layer, last); err != nil {
			t.Fatal(err)
		}
		last = l.name
	}
	set(t, net, "conv.weight", 3, 0, -1, 4, 2, 0) // in × out: the columns have norms 5, 2 and 1
	set(t, net, "conv.bias", 0, 0, 0)
	set(t, net, "bn.weight", 0.5, -2, 1)
	set(t, net, "bn.bias", 0, 0, 0)
	set(t, net, "fc.weight", 1, -1, 2)
	set(t, net, "fc.bias", 0)
	return net
}

func param(t *testing.T, net *nn.Network, name string) *nn.Param {
	t.Helper()
	for _, p := range net.Params() {
		if p.Node.Name+"."+p.Param.Name == name {
			return p.Param
		}
	}
	t.Fatalf("there is no parameter %s", name)
	return nil
}

func set(t *testing.T, net *nn.Network, name string, values ...float32) {
	t.Helper()
	p := param(t, net, name)
	if p.Size() != len(values) {
		t.Fatalf("%s has %d values", name, p.Size())
	}
	copy(p.Data(), values)
}

// channels are the three channels, each with its weights, bias and normalisation.
func channels(t *testing.T, net *nn.Network) importance.Units {
	var out importance.Units
	for c := range 3 {
		var slots []nn.Slot
		for k, name := range []string{"conv.weight", "conv.bias", "bn.weight", "bn.bias"} {
			p := param(t, net, name)
			slots = append(slots, nn.Slot{Node: k / 2, Param: p, Axis: p.FindAxis(nn.AxisOut), Index: c})
		}
		out = append(out, slots)
	}
	return out
}

// batches gives the inputs in batches of two, each with its sum as the target.
func batches(inputs ...float32) *importance.Data {
	return &importance.Data{Batch: 2, Loss: layers.MeanSquare{}, Batches: iter.Seq2[datasets.Batch, error](func(yield func(datasets.Batch, error) bool) {
		for x := range slices.Chunk(inputs, 4) {
			b := datasets.Batch{N: len(x) / 2, X: x}
			for i := 0; i < len(x); i += 2 {
				b.Y = append(b.Y, x[i]+x[i+1])
			}
			if !yield(b, nil) {
				return
			}
		}
	})}
}

func check(t *testing.T, what string, got []float64, err error, want ...float64) {
	t.Helper()
	if err != nil || len(got) != len(want) {
		t.Fatalf("%s: %v, %v", what, got, err)
	}
	for i, w := range want {
		if math.Abs(got[i]-w) > 1e-5*max(1, math.Abs(w)) {
			t.Errorf("%s: %v, want %v", what, got, want)
			return
		}
	}
}

func TestMagnitude(t *testing.T) {
	net := tiny(t)
	mean := (5.0 + 2 + 1) / 3
	got, err := importance.Magnitude{}.Score(&importance.Sample{Net: net, Groups: channels(t, net)})
	check(t, "the weights that compute channels", got, err, 5/mean, 2/mean, 1/mean)

	weight, scale := param(t, net, "conv.weight"), param(t, net, "bn.weight")
	read := importance.Units{{{Node: 0, Param: weight, Axis: weight.FindAxis(nn.AxisIn), Index: 0}}}
	got, err = importance.Magnitude{}.Score(&importance.Sample{Net: net, Groups: read})
	a, b := math.Sqrt(9+1), math.Sqrt(16+4)
	check(t, "the weights that read an input", got, err, 2*a/(a+b))

	only := importance.Units{{{Node: 1, Param: scale, Index: 1}}}
	got, err = importance.Magnitude{}.Score(&importance.Sample{Net: net, Groups: only})
	check(t, "a scale", got, err, 2/(3.5/3))
}

func TestRandom(t *testing.T) {
	net := tiny(t)
	score := func(seed uint64) []float64 {
		got, err := importance.Random{}.Score(&importance.Sample{Net: net, Groups: channels(t, net), Seed: seed})
		if err != nil || len(got) != 3 || slices.Min(got) < 0 || slices.Max(got) >= 1 {
			t.Fatalf("%v, %v", got, err)
		}
		return got
	}
	if !slices.Equal(score(1), score(1)) || slices.Equal(score(1), score(2)) {
		t.Error("scores do not follow from the seed")
	}
}

func TestBatchNormScale(t *testing.T) {
	net := tiny(t)
	groups := channels(t, net)
	got, err := importance.BatchNormScale{}.Score(&importance.Sample{Net: net, Groups: groups})
	check(t, "|γ|", got, err, 0.5, 2, 1)
	groups[1] = groups[1][:2]
	_, err = importance.BatchNormScale{}.Score(&importance.Sample{Net: net, Groups: groups})
	if err == nil || !strings.Contains(err.Error(), "layer conv have no normalisation; use importance magnitude") {
		t.Errorf("a channel without a normalisation: %v", err)
	}
}

// TestActivation: the running statistics are those of a new network, mean 0 and
// deviation 1, so that the channels of x are relu(γ·(conv x)).
func TestActivation(t *testing.T) {
	net := tiny(t)
	data := batches(1, 0, 0, 1, -1, 0, 0, -1, 9, 9) // the last batch is not whole
	got, err := importance.Activation{}.Score(&importance.Sample{Net: net, Groups: channels(t, net), Data: data})
	// conv x is (3, 0, −1), (4, 2, 0) and their opposites.
	means := []float64{0.5 * (3 + 4) / 4, 2 * 2.0 / 4, 1 * 1.0 / 4}
	norm := math.Sqrt(means[0]*means[0] + means[1]*means[1] + means[2]*means[2])
	check(t, "mean activation", got, err, means[0]/norm, means[1]/norm, means[2]/norm)

	weight := param(t, net, "conv.weight")
	reads := importance.Units{{{Node: 0, Param: weight, Axis: weight.FindAxis(nn.AxisIn)}}}
	if _, err := (importance.Activation{}).Score(&importance.Sample{Net: net, Groups: reads, Data: data}); err == nil || !strings.Contains(err.Error(), "layer conv") {
		t.Errorf("weights that read an input: %v", err)
	}
}

// TestTaylor compares with (Σ w·∂L/∂w)² by finite differences: along the values of the
// group themselves, the loss has this slope.
func TestTaylor(t *testing.T) {
	net := tiny(t)
	groups := channels(t, net)
	inputs := []float32{1, 0.5, -0.25, 1, 2, 0.5, 1, -1}
	before := values(net)
	got, err := importance.Taylor{}.Score(&importance.Sample{Net: net, Groups: groups, Data: batches(inputs...)})
	if !slices.Equal(values(net), before) {
		t.Error("the running statistics have changed")
	}
	p, compileErr := nn.Compile(net, nn.CompileOptions{Mode: nn.Train, Batch: 2, Loss: layers.MeanSquare{}})
	if compileErr != nil {
		t.Fatal(compileErr)
	}
	loss := func(batch, group int, factor float32) float64 {
		for b, err := range batches(inputs...).Batches {
			if err != nil {
				t.Fatal(err)
			}
			if batch--; batch < 0 {
				copy(p.X, b.X)
				copy(p.Target, b.Y)
				break
			}
		}
		kept := values(net)
		groups.Visit(func(g int, q *nn.Param, i int) {
			if g == group {
				q.Data()[i] *= factor
			}
		})
		p.Run()
		restore(net, kept)
		return p.Loss()
	}
	var want []float64
	for g := range groups {
		sum := 0.0
		for batch := range 2 {
			const h = 1e-2
			slope := (loss(batch, g, 1+h) - loss(batch, g, 1-h)) / (2 * h)
			sum += slope * slope
		}
		want = append(want, math.Sqrt(sum))
	}
	if err != nil || slices.Max(want) < 0.1 {
		t.Fatalf("%v, want %v, %v", got, want, err)
	}
	for g, w := range want {
		if math.Abs(got[g]-w) > 2e-3*slices.Max(want) {
			t.Errorf("scores %v, finite differences give %v", got, want)
		}
	}
	sums := []float64{4, 0, 9}
	got, err = importance.Taylor{}.Score(&importance.Sample{Net: net, Groups: groups, Sums: sums})
	check(t, "sums of training", got, err, 2, 0, 3)
}

// TestUnitsVisit: a value in two slots of a group counts once.
func TestUnitsVisit(t *testing.T) {
	p := param(t, tiny(t), "conv.weight")
	in, out := p.FindAxis(nn.AxisIn), p.FindAxis(nn.AxisOut)
	seen := map[int]int{}
	importance.Units{{{Param: p, Axis: in, Index: 1}, {Param: p, Axis: out, Index: 2}}}.Visit(func(_ int, _ *nn.Param, i int) { seen[i]++ })
	if len(seen) != 3+2-1 || seen[5] != 1 {
		t.Errorf("visits by place: %v", seen)
	}
}

// TestWithoutData: criteria that need data say so.
func TestWithoutData(t *testing.T) {
	net := tiny(t)
	for _, name := range importance.Criteria.Names() {
		c, err := importance.Criteria.New(name)
		if err != nil || importance.Criteria.Doc(name) == "" {
			t.Fatalf("%s: %v", name, err)
		}
		needs := name == "taylor" || name == "activation"
		for _, data := range []*importance.Data{nil, batches(1, 1)} {
			if _, err := c.Score(&importance.Sample{Net: net, Groups: channels(t, net), Data: data}); errors.Is(err, importance.ErrNoData) != needs {
				t.Errorf("%s without a batch: %v", name, err)
			}
		}
	}
}

func values(net *nn.Network) (out []float32) {
	for _, p := range net.Params() {
		out = append(out, p.Data()...)
	}
	return out
}

func restore(net *nn.Network, values []float32) {
	for _, p := range net.Params() {
		values = values[copy(p.Data(), values):]
	}
}

// wrong gives scores that cannot be ranked.
type wrong []float64

func (w wrong) Score(*importance.Sample) ([]float64, error) { return w, nil }

func TestScoresAreChecked(t *testing.T) {
	net := tiny(t)
	s := &importance.Sample{Net: net, Groups: importance.Units{{}, {}}}
	for want, by := range map[string]wrong{
		"importance importance_test.wrong gives 1 scores for 2 groups":                            {1},
		"importance importance_test.wrong gives 3 scores for 2 groups":                            {1, 2, 3},
		"importance importance_test.wrong gives NaN for group 1, which has no place in a ranking": {1, math.NaN()},
	} {
		if _, err := importance.Scores(by, s); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if got, err := importance.Scores(wrong{math.Inf(1), 0}, s); err != nil || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
}
