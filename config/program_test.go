package config_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"pare/config"
	"pare/internal/option"
	"pare/models"
	"pare/nn"
	"pare/regularize"
	"pare/train"
)

// The options in the built-in configs are those that the models have.
func TestBuiltInModels(t *testing.T) {
	for _, name := range config.BuiltIn() {
		c, err := config.Load(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.Model.Type == "" {
			var entries []models.Entry
			for _, l := range c.Model.Layers {
				entries = append(entries, models.Entry{Kind: l.Kind, Name: l.Name, Inputs: l.Inputs, Decode: l.Decode})
			}
			if _, err := models.FromList(name, entries, models.Task{Input: nn.Shape{8, 4, 4}, Classes: 10}, nil); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		m, err := models.Lookup(c.Model.Type)
		if err != nil {
			t.Fatal(c.Errorf("model.type", "%v", err))
		}
		task := models.Task{Input: nn.Shape{1, 28, 28}, Classes: 10}
		switch c.Data.Dataset {
		case "text", "wordchain":
			task = models.Task{Input: nn.Shape{1, 64}, Classes: 65, Targets: 64, Vocabulary: 65}
		case "adding":
			task = models.Task{Input: nn.Shape{2, 200}, Targets: 1}
		}
		if _, err := m.Build(c.Model.Decode, task, nil); err != nil {
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
			spec := regularize.Spec{Type: p.Type, On: p.On, Layers: p.Layers, Lambda: p.Lambda, Scale: p.Scale, Revive: (*regularize.Revive)(p.Revive),
				Members: p.Members, Factors: p.Factors, Warmup: p.Warmup, Ramp: p.Ramp, Mode: p.Mode}
			errs = append(errs, c.Locate(fmt.Sprintf("penalties.%d", i), option.Check(&spec)))
		}
		errs = append(errs, train.OptimizerSpec(c.Train.Optimizer).Validate(), train.ScheduleSpec(c.Train.Schedule).Validate())
		if f := c.Finetune; f != nil {
			errs = append(errs, train.OptimizerSpec(f.Optimizer).Validate(), train.ScheduleSpec(f.Schedule).Validate())
		}
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
		var entries []models.Entry
		for _, l := range c.Model.Layers {
			entries = append(entries, models.Entry{Kind: l.Kind, Name: l.Name, Inputs: l.Inputs, Decode: l.Decode})
		}
		return models.FromList("net", entries, models.Task{Input: nn.Shape{1, 8, 8}, Classes: 10}, rand.New(rand.NewPCG(1, 1)))
	}
	net, err := build("    - conv: {out: 4, kernel: 3, pad: 1, name: c}\n    - depthwise: {kernel: 3}\n    - relu\n    - flatten:\n    - linear: {out: 10}\n")
	if err != nil {
		t.Fatal(err)
	}
	if len(net.Nodes) != 5 || net.Nodes[0].Name != "c" {
		t.Errorf("%+v", net.Nodes)
	}
	_, err = build("    - conv: {out: 4, kernal: 3}\n")
	const want = "f.yaml:4:22: unknown key model.layers.0.conv.kernal; did you mean model.layers.0.conv.kernel?"
	if !errors.Is(err, config.ErrConfig) || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
