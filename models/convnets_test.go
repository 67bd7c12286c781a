package models_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pare/config"
	. "pare/models"
	"pare/nn"
	"pare/prune"
	"pare/regularize"
)

var (
	grey   = Task{Input: nn.Shape{1, 28, 28}, Classes: 10}
	colour = Task{Input: nn.Shape{3, 32, 32}, Classes: 10}
)

// build makes a model from options as they stand in a config: "stem: 8".
func build(name, options string, task Task) (*nn.Network, error) {
	c, err := config.Parse("model.yaml", []byte("data: {dataset: mnist}\nmodel: {type: "+name+", "+options+"}\n"))
	if err != nil {
		return nil, err
	}
	return Build(c.Model.Kind, task, rand.New(rand.NewPCG(5, 6)))
}

func mustBuild(t *testing.T, name, options string, task Task) *nn.Network {
	t.Helper()
	net, err := build(name, options, task)
	if err != nil {
		t.Fatal(err)
	}
	if err := Check(net, task); err != nil {
		t.Fatal(err)
	}
	return net
}

func shapeOf(t *testing.T, net *nn.Network, layer string) string {
	t.Helper()
	node, ok := net.Lookup(layer)
	if !ok {
		t.Fatalf("%s has no layer %s", net.Name, layer)
	}
	return node.Shape.String()
}

// Counts by hand: weights, biases, and scale and shift of each normalisation.
func TestConvnetOptions(t *testing.T) {
	const module = "{b1x1: 2, b3x3_reduce: 3, b3x3: 4, b5x5_reduce: 5, b5x5: 6, pool_proj: 7}"
	for _, c := range []struct {
		model, options string
		task           Task
		params         int64
		shapes         map[string]string
	}{
		{"cnn", "", colour, 160234, map[string]string{"conv2_relu": "32×32×32", "pool2": "64×8×8", "conv5_bn": "128×8×8", "pool3": "128×4×4", "flatten": "2048"}},
		{"cnn", "", grey, 160234 - 2*9*32 - (2048-9*128)*10, map[string]string{"conv1": "32×28×28", "pool3": "128×3×3"}},
		{"cnn", "batchnorm: false", colour, 160234 - (32 + 32 + 64 + 64 + 128), map[string]string{"conv1_relu": "32×32×32"}},
		{"cnn", "stages: [[4], [5]], dropout: 0.5", grey, 9*4 + 8 + 9*4*5 + 10 + 49*5*10 + 10, map[string]string{"dropout": "245"}},
		{"inception", "", colour, 88922, map[string]string{"inc1.b3x3": "32×32×32", "inc1.concat": "80×32×32", "pool1": "80×16×16", "inc2.concat": "128×16×16", "inc3.concat": "192×8×8", "pool": "192"}},
		{"inception", "", grey, 88922 - 2*9*32, map[string]string{"inc3.concat": "192×7×7"}},
		{"inception", "stem: 8, modules: [" + module + "]", grey,
			9*8 + 16 + 8*2 + 4 + 8*3 + 6 + 9*3*4 + 8 + 8*5 + 10 + 25*5*6 + 12 + 8*7 + 14 + 19*10 + 10,
			map[string]string{"inc1.pool": "8×28×28", "inc1.pool_proj_relu": "7×28×28", "inc1.concat": "19×28×28"}},
	} {
		net := mustBuild(t, c.model, c.options, c.task)
		if got := net.Count().Params; got != c.params {
			t.Errorf("%s {%s} on %s has %d parameters, want %d", c.model, c.options, c.task.Input, got, c.params)
		}
		for layer, want := range c.shapes {
			if got := shapeOf(t, net, layer); got != want {
				t.Errorf("%s {%s} on %s: %s gives %s, want %s", c.model, c.options, c.task.Input, layer, got, want)
			}
		}
	}
}

func TestConvnetsRefuse(t *testing.T) {
	tiny, vector := Task{Input: nn.Shape{3, 7, 32}, Classes: 10}, Task{Input: nn.Shape{784}, Classes: 10}
	for _, c := range []struct {
		model, options string
		task           Task
		want           string
	}{
		{"cnn", "stages: []", colour, "model.stages must not be empty"},
		{"cnn", "stages: [[32], []]", colour, "model.stages.1 must not be empty"},
		{"cnn", "stages: [[32, 0]]", colour, "model.stages.0.1 must be at least 1, got 0"},
		{"cnn", "dropout: 1.5", colour, "dropout"},
		{"cnn", "", tiny, "cnn: the input 3×7×32 is too small to be halved by 3 poolings; it must be at least 8×8"},
		{"cnn", "", vector, "cnn needs images, the data gives vectors of 784"},
		{"cnn", "widths: [8]", colour, "model.widths is not an option of cnn"},
		{"inception", "stem: -1", colour, "model.stem must be at least 1, got -1"},
		{"inception", "modules: []", colour, "model.modules must not be empty"},
		{"inception", "modules: [{b1x1: 1, b3x3_reduce: 1, b3x3: 1, b5x5_reduce: 1, b5x5: 1}]", colour, "model.modules.0.pool_proj must be at least 1, got 0"},
		{"inception", "", Task{Input: nn.Shape{3, 32, 3}, Classes: 10}, "inception: the input 3×32×3 is too small to be halved by 2 poolings; it must be at least 4×4"},
		{"inception", "", vector, "inception needs images, the data gives vectors of 784"},
	} {
		_, err := build(c.model, c.options, c.task)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s {%s} on %s: error %v, want one line with %q", c.model, c.options, c.task.Input, err, c.want)
		}
	}
}

// zero closes units of a convolution: scale and shift of its normalisation are
// set to 0, or without one its weights and bias. Other statistics become random.
func zero(t *testing.T, net *nn.Network, layer string, closed func(unit int) bool) {
	t.Helper()
	rng := rand.New(rand.NewPCG(7, 8))
	for _, p := range net.Params() {
		if p.Role == nn.RoleShift || p.Role == nn.RoleBuffer {
			for i := range p.Data() {
				p.Data()[i] = 0.5 + rng.Float32()
			}
		}
	}
	node, ok := net.Lookup(layer)
	if !ok {
		t.Fatalf("there is no layer %s", layer)
	}
	for _, p := range node.Layer.Params() {
		if !p.Trainable() {
			continue
		}
		n, stride := p.AxisLen(p.FindAxis(nn.AxisOut))
		for i := range p.Data() {
			if closed(i / stride % n) {
				p.Data()[i] = 0
			}
		}
	}
}

// A closed channel or branch goes, and the certificate of prune says that the
// network computes the same.
func TestConvnetsPrune(t *testing.T) {
	third := func(unit int) bool { return unit%3 == 0 }
	all := func(int) bool { return true }
	for _, c := range []struct {
		model, options, layer string
		closed                func(int) bool
		left                  map[string]string // shapes in the pruned network; "": gone
	}{
		{"cnn", "stages: [[6, 6], [9]]", "conv2_bn", third, map[string]string{"conv2": "4×28×28", "conv1": "6×28×28", "conv3": "9×14×14"}},
		{"cnn", "stages: [[6, 6], [9]], batchnorm: false", "conv3", third, map[string]string{"conv3": "6×14×14", "flatten": "294"}},
		{"inception", "", "inc1.b3x3_reduce_bn", third, map[string]string{"inc1.b3x3_reduce": "10×28×28", "inc1.b3x3": "32×28×28"}},
		{"inception", "", "inc2.b5x5_bn", all, map[string]string{"inc2.b5x5": "", "inc2.b5x5_reduce": "", "inc2.concat": "112×14×14", "inc3.b1x1": "48×7×7"}},
		{"inception", "", "inc3.pool_proj_bn", all, map[string]string{"inc3.pool_proj": "", "inc3.pool": "", "inc3.concat": "168×7×7"}},
	} {
		net := mustBuild(t, c.model, c.options, grey)
		zero(t, net, c.layer, c.closed)
		small, report, err := prune.Prune(net, prune.Options{Random: 4})
		if err != nil {
			t.Errorf("%s, %s: %v", c.model, c.layer, err)
			continue
		}
		if report.After.Params >= report.Before.Params || report.After.MACs >= report.Before.MACs {
			t.Errorf("%s, %s: nothing was removed: %+v", c.model, c.layer, report.After)
		}
		for layer, want := range c.left {
			if _, ok := small.Lookup(layer); !ok && want == "" {
				continue
			}
			if got := shapeOf(t, small, layer); got != want {
				t.Errorf("%s, %s closed: %s gives %s, want %q", c.model, c.layer, layer, got, want)
			}
		}
	}
}

// The names of layers serve as patterns of penalties.
func TestConvnetPatterns(t *testing.T) {
	for _, c := range []struct {
		model, on, pattern string
		groups             int
	}{
		{"cnn", "channels", "conv[12]", 64},
		{"inception", "branches", "inc2.concat", 4},
		{"inception", "channels", "inc*.b3x3", 32 + 64 + 96},
		{"inception", "channels", "inc1.*_reduce", 16 + 8},
	} {
		net := mustBuild(t, c.model, "", colour)
		term, err := regularize.NewTerm(net, regularize.Spec{Type: "group_lasso", On: c.on, Layers: []string{c.pattern}, Lambda: 1})
		if err != nil {
			t.Errorf("%s, %s: %v", c.model, c.pattern, err)
			continue
		}
		if total, _ := term.Groups(); total != c.groups {
			t.Errorf("%s: %s on %s makes %d groups, want %d", c.model, c.pattern, c.on, total, c.groups)
		}
	}
}

func TestPresets(t *testing.T) {
	for name, params := range map[string]int64{"resnet8": 78048, "resnet20": 272492, "resnet": 272492, "cnn": 160234} {
		_, m, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		net, err := Build(m, colour, rand.New(rand.NewPCG(1, 2)))
		if err != nil {
			t.Fatal(err)
		}
		if got := net.Count().Params; got != params {
			t.Errorf("%s has %d parameters, want %d", name, got, params)
		}
	}
	for _, name := range []string{"resnet-8", "resnet08", "resnet20x", "vgg", ""} {
		if _, _, err := Preset(name); err == nil || !strings.Contains(err.Error(), "unknown model") {
			t.Errorf("preset %q: error %v", name, err)
		}
	}
	_, m, err := Preset("resnet21")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Build(m, colour, nil); err == nil || !strings.Contains(err.Error(), "6n+2") {
		t.Errorf("resnet21: error %v", err)
	}
}

func TestMisspeltModel(t *testing.T) {
	if _, err := Kinds.New("resnest"); err == nil || !strings.Contains(err.Error(), "did you mean resnet?") {
		t.Errorf("error %v", err)
	}
	if _, err := Kinds.New("vgg"); err == nil || !strings.Contains(err.Error(), "known: cnn, densenet121") {
		t.Errorf("error %v", err)
	}
}
