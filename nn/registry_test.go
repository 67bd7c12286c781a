package nn_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"pare/layers"
	"pare/nn"
)

type stranger struct {
	layers.Flatten
	kind  string
	build func(in *gorgonia.Node) *gorgonia.Node
}

func (s *stranger) Kind() string                                       { return s.kind }
func (s *stranger) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) { return in[0], nil }
func (s *stranger) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return s.build(in[0]), nil
}

type named struct {
	stranger
	Name string `yaml:"name"`
}

type byValue struct {
	*stranger
	Size int `yaml:"size"`
}

// A layer that could not be used is refused where it is registered.
func TestRegisterLayerPanics(t *testing.T) {
	s := &stranger{kind: "stranger"}
	for want, l := range map[string]nn.Layer{
		"layer <nil> cannot be registered: its function returns nil":                 nil,
		"layer nn_test.byValue cannot be registered: its options cannot be set":      byValue{stranger: s},
		"layer named cannot be registered: every layer of a config has the key name": &named{stranger: stranger{kind: "named"}},
		"layer \"flatten\" cannot be registered: the name is taken":                  &layers.Flatten{},
	} {
		func() {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.Contains(text, want) {
					t.Errorf("panic %q, want %q", text, want)
				}
			}()
			nn.RegisterLayer("", func() nn.Layer { return l })
		}()
	}
}

// A layer whose node is missing or of another size than its Init announces is an error.
func TestBuildIsChecked(t *testing.T) {
	for name, build := range map[string]func(in *gorgonia.Node) *gorgonia.Node{
		"none":  func(*gorgonia.Node) *gorgonia.Node { return nil },
		"small": func(in *gorgonia.Node) *gorgonia.Node { return gorgonia.Must(gorgonia.Sum(in)) },
	} {
		net := network(t, nn.Shape{3}, 1, row{"odd", &stranger{kind: "stranger", build: build}, []string{nn.InputName}})
		_, err := nn.Compile(net, nn.CompileOptions{Batch: 2, Mode: nn.Infer})
		if err == nil || !strings.Contains(err.Error(), "layer odd: stranger builds no node of shape (2, 3), which its Init announces") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
