package importance_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"pare/layers"
	"pare/nn"
	"pare/prune/importance"
)

// TestFPGM: the columns of the convolution are (3, 4), (0, 2) and (−1, 0).
func TestFPGM(t *testing.T) {
	net := tiny(t)
	ab, ac, bc := math.Sqrt(13), math.Sqrt(32), math.Sqrt(5)
	mean := 2 * (ab + ac + bc) / 3
	got, err := importance.FPGM{}.Score(&importance.Sample{Net: net, Groups: channels(t, net)})
	check(t, "distances between filters", got, err, (ab+ac)/mean, (ab+bc)/mean, (ac+bc)/mean)

	set(t, net, "conv.weight", 7, 7, 7, 5, 5, 5)
	got, err = importance.FPGM{}.Score(&importance.Sample{Net: net, Groups: channels(t, net)})
	check(t, "equal filters", got, err, 0, 0, 0)
}

// TestLAMP: the squared norms of the columns are 25, 4 and 1.
func TestLAMP(t *testing.T) {
	net := tiny(t)
	got, err := importance.LAMP{}.Score(&importance.Sample{Net: net, Groups: channels(t, net)})
	check(t, "the weights that compute channels", got, err, 1, 4.0/29, 1.0/30)

	set(t, net, "fc.weight", 1, -1, 0)
	p := param(t, net, "fc.weight")
	scores, err := importance.LAMP{}.ScoreWeights(&importance.WeightSample{Net: net, Weights: []nn.NamedParam{{Param: p}}})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "equal weights stand in their order, and 0 scores 0",
		[]float64{float64(scores[0][0]), float64(scores[0][1]), float64(scores[0][2])}, nil, 0.5, 1, 0)
}

// TestLayerwiseGoldens compares with testdata/layerwise.py.
func TestLayerwiseGoldens(t *testing.T) {
	text, err := os.ReadFile("testdata/layerwise.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Weight      []float32
		Shape       []int
		FPGM        []float64
		LAMPFilters []float64 `json:"lamp_filters"`
		LAMPWeights []float32 `json:"lamp_weights"`
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		net, err := nn.New("net", nn.Shape{c.Shape[1], 4, 4}, nil)
		if err == nil {
			err = net.Add("conv", &layers.Conv{Out: c.Shape[0], Kernel: layers.Square(c.Shape[2]), NoBias: true})
		}
		if err != nil {
			t.Fatal(err)
		}
		p := param(t, net, "conv.weight")
		if err := p.Import(c.Shape, c.Weight); err != nil {
			t.Fatal(err)
		}
		var filters importance.Units
		for i := range c.Shape[0] {
			filters = append(filters, []nn.Slot{{Param: p, Axis: p.FindAxis(nn.AxisOut), Index: i}})
		}
		sample := &importance.Sample{Net: net, Groups: filters}
		got, err := importance.FPGM{}.Score(sample)
		check(t, "FPGM", got, err, c.FPGM...)
		got, err = importance.LAMP{}.Score(sample)
		check(t, "LAMP of filters", got, err, c.LAMPFilters...)

		scores, err := importance.LAMP{}.ScoreWeights(&importance.WeightSample{Net: net, Weights: net.Params()})
		if err != nil {
			t.Fatal(err)
		}
		mine := nn.NewParam("scores", nn.RoleWeight, p.Shape(), p.Axes...)
		mine.Order = p.Order
		copy(mine.Data(), scores[0])
		for i, v := range mine.Export() {
			if math.Abs(float64(v-c.LAMPWeights[i])) > 1e-6 {
				t.Fatalf("LAMP of weight %d is %g, want %g", i, v, c.LAMPWeights[i])
			}
		}
	}
}
