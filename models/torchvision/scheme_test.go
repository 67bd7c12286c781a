package torchvision

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pare/nn"
)

// deviation is the root mean square of values.
func deviation(values []float32) float64 {
	sum := 0.0
	for _, v := range values {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(len(values)))
}

// TestScheme: drawn parameters have the deviations of torchvision's constructors.
func TestScheme(t *testing.T) {
	uniform := func(bound float64) float64 { return bound / math.Sqrt(3) }
	for _, c := range []struct {
		kind  string
		width float64
		want  map[string]float64 // deviations by parameter
	}{
		{"resnet18", 0.5, map[string]float64{"conv1.weight": math.Sqrt(2.0 / (49 * 32)), "layer4.1.conv2.weight": math.Sqrt(2.0 / (9 * 256)),
			"fc.weight": uniform(1 / math.Sqrt(256)), "bn1.weight": 1, "bn1.bias": 0}},
		{"vgg11_bn", 0.25, map[string]float64{"features.8.weight": math.Sqrt(2.0 / (9 * 64)), "features.8.bias": 0, "classifier.3.weight": 0.01, "classifier.3.bias": 0}},
		{"densenet121", 0.5, map[string]float64{"features.denseblock2.denselayer3.conv2.weight": math.Sqrt(2.0 / (9 * 64)),
			"classifier.weight": uniform(1 / math.Sqrt(512)), "classifier.bias": 0}},
		{"googlenet", 0.5, map[string]float64{"inception4a.branch2.1.conv.weight": 0.01, "fc.weight": 0.01}},
		{"mobilenet_v2", 1, map[string]float64{"features.5.conv.0.0.weight": math.Sqrt(2.0 / 192), "features.5.conv.1.0.weight": math.Sqrt(2.0 / (9 * 192)),
			"classifier.1.weight": 0.01, "classifier.1.bias": 0}},
		{"mobilenet_v3_small", 1, map[string]float64{"features.9.block.2.fc1.weight": math.Sqrt(2.0 / 72), "features.9.block.2.fc1.bias": 0, "classifier.0.weight": 0.01}},
		{"efficientnet_b0", 1, map[string]float64{"features.6.1.block.0.0.weight": math.Sqrt(2.0 / 1152), "classifier.1.weight": uniform(1 / math.Sqrt(5))}},
	} {
		net := buildNarrow(t, c.kind, c.width, 64, rand.New(rand.NewPCG(2, 2)))
		params := map[string]nn.NamedParam{}
		for _, p := range net.Params() {
			params[p.Full] = p
		}
		for name, want := range c.want {
			p, ok := params[name]
			if !ok {
				t.Errorf("%s has no %s", c.kind, name)
				continue
			}
			got := deviation(p.Data())
			if close := math.Abs(got-want) <= 0.1*want; !close || strings.HasSuffix(name, "bias") && got != 0 {
				t.Errorf("%s: %s has the deviation %.4g, want %.4g", c.kind, name, got, want)
			}
		}
	}
}
