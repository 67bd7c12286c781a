package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"

	"pare/nn"
)

// Pruned is the network that pruning left of an earlier run, with new parameters:
// what its shape is worth without the weights that led to it (Liu et al. 2019,
// "Rethinking the value of network pruning").
type Pruned struct {
	// Run is the run folder, or another with an architecture.json. A relative path
	// starts in the working directory, also when the new run is resumed.
	Run string `yaml:"run"`
}

func init() { Register(Pruned{}) }

func (Pruned) Name() string { return "pruned" }
func (Pruned) Doc() string {
	return "network that an earlier run was pruned to, from new random parameters"
}

// Build draws every parameter as its layer does in a new network. What pruning
// folded into a parameter is drawn, or zero, like any other.
func (m Pruned) Build(decode Decode, task Task, rng *rand.Rand) (*nn.Network, error) {
	m = Pruned{}
	if err := decode(&m); err != nil {
		return nil, err
	}
	if m.Run == "" {
		return nil, fmt.Errorf("pruned: run is missing; it is the folder of the run whose pruned network is meant")
	}
	path, text, err := m.read()
	if err != nil {
		return nil, fmt.Errorf("pruned: %w", err)
	}
	var doc struct{ Architecture nn.Architecture }
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("pruned: %s: %w", path, err)
	}
	net, err := m.network(doc.Architecture, rng)
	if err != nil {
		return nil, fmt.Errorf("pruned: %s: %w", path, err)
	}
	if !net.Input.Equal(task.Input) || net.Vocabulary != task.Vocabulary {
		return nil, fmt.Errorf("pruned: the network in %s reads inputs of %s, %s gives %s", m.Run, net.Input, task.data(), task.inputText())
	}
	return net, nil
}

// network builds the network, also from a damaged file: layers panic where sizes
// overflow.
func (Pruned) network(a nn.Architecture, rng *rand.Rand) (net *nn.Network, err error) {
	defer func() {
		if r := recover(); r != nil {
			net, err = nil, fmt.Errorf("the architecture cannot be built: %v", r)
		}
	}()
	return a.Network(rng)
}

// read finds the architecture: that of the final network, or of a run that is not
// finished, as pruning left it.
func (m Pruned) read() (path string, text []byte, err error) {
	for _, dir := range []string{"", "pruned"} {
		path = filepath.Join(m.Run, dir, "architecture.json")
		if text, err = os.ReadFile(path); !errors.Is(err, fs.ErrNotExist) {
			return path, text, err
		}
	}
	return path, nil, fmt.Errorf("%s has no architecture.json, nor has its folder pruned", m.Run)
}
