package config_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pare/config"
	"pare/internal/option"
	"pare/models"
	"pare/nn"
)

// The options in the built-in configs are those that the models have.
func TestBuiltInModels(t *testing.T) {
	for _, name := range config.BuiltIn() {
		c, err := config.Load(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		task := models.Task{Input: nn.Shape{1, 28, 28}, Classes: 10}
		switch c.Data.Dataset {
		case "text", "wordchain":
			task = models.Task{Input: nn.Shape{1, 64}, Classes: 65, Targets: 64, Vocabulary: 65}
		case "adding":
			task = models.Task{Input: nn.Shape{2, 200}, Targets: 1}
		case "table":
			task = models.Task{Input: nn.Shape{5}, Targets: 1}
		case "planted":
			task.Input = nn.Shape{8, 4, 4}
		}
		if _, err := models.Build(c.Model.Kind, task, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The built-in configs are valid for the packages that act on them.
func TestBuiltInSpecs(t *testing.T) {
	for _, name := range config.BuiltIn() {
		c, err := config.Load(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		var errs []error
		for i, p := range c.Penalties {
			errs = append(errs, c.Locate(fmt.Sprintf("penalties.%d", i), option.Check(&p)))
		}
		errs = append(errs, option.Check(c.Data), option.Check(c.Train), option.Check(c.Finetune))
		if err := errors.Join(errs...); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Layers of the program are decoded from entries of a config.
func TestListedLayers(t *testing.T) {
	build := func(yaml string) (*nn.Network, error) {
		c, err := config.Parse("f.yaml", []byte("data: {dataset: mnist}\nmodel:\n  layers:\n"+yaml))
		if err != nil {
			return nil, err
		}
		return models.Build(c.Model.Kind, models.Task{Input: nn.Shape{1, 8, 8}, Classes: 10}, rand.New(rand.NewPCG(1, 1)))
	}
	net, err := build("    - conv: {out: 4, kernel: 3, pad: 1, name: c}\n    - depthwise: {kernel: 3}\n    - relu\n    - flatten:\n    - linear: {out: 10}\n")
	if err != nil {
		t.Fatal(err)
	}
	if len(net.Nodes) != 5 || net.Nodes[0].Name != "c" {
		t.Errorf("%+v", net.Nodes)
	}
	net, err = build("    - flatten:\n    - linear: {out: 64, name: a}\n    - linear: {tied: a, name: b}\n    - linear: {out: 10}\n")
	if err != nil {
		t.Fatal(err)
	}
	if net.Nodes[2].Tied != "a" || net.Nodes[2].Layer != net.Nodes[1].Layer {
		t.Errorf("%+v is not tied to a", net.Nodes[2])
	}
	for yaml, want := range map[string]string{
		"    - linear: {out: 4, tied: a}\n":  `f.yaml:4:7: model.layers.0.linear: layer linear1: tied: "a" is not a layer before it`,
		"    - linear: {out: 4, tied: ''}\n": "f.yaml:4:30: model.layers.0.linear.tied must not be empty; remove the key to have its default",
	} {
		if _, err := build(yaml); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	_, err = build("    - conv: {out: 4, kernal: 3}\n")
	const want = "f.yaml:4:22: model.layers.0.conv.kernal is not an option of conv; did you mean model.layers.0.conv.kernel? its options are "
	if !errors.Is(err, config.ErrConfig) || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
