// Package saved holds the model that takes its network from an earlier run. Importing it
// makes the model known by name.
package saved

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"

	"pare/export"
	"pare/models"
	"pare/nn"
)

// Model is the network of an earlier run: with its parameters, to train or prune
// them on, or with new ones, to measure a pruned shape without the
// weights that led to it (Liu et al. 2019, "Rethinking the value of network
// pruning").
type Model struct {
	// Run is relative to the working directory, also when the new run is resumed, or to the
	// config file.
	Run     string `yaml:"run" required:"true" doc:"run folder, or another with an architecture.json, such as trained in it for the network before pruning"`
	Weights string `yaml:"weights" enum:"kept,new" doc:"kept: the parameters of that network; new: random ones"`
}

func init() {
	models.Kinds.Register("saved", "network of an earlier run, with its parameters or new random ones",
		func() models.Model { return &Model{Weights: "kept"} })
}

// Paths implements models.Pathed.
func (m *Model) Paths() []*string { return []*string{&m.Run} }

// Build reads the network. New parameters are drawn as each layer does; those into which
// pruning folded others are drawn, or zero, like any other.
func (m *Model) Build(task models.Task, rng *rand.Rand) (*nn.Network, error) {
	var net *nn.Network
	var err error
	if m.Weights == "kept" {
		net, err = m.kept()
	} else {
		net, err = m.drawn(rng)
	}
	if err != nil {
		return nil, fmt.Errorf("saved: %w", err)
	}
	if err := models.Check(net, task); err != nil {
		return nil, fmt.Errorf("saved: %s: %w", m.Run, err)
	}
	return net, nil
}

// Kept is the folder of the network whose parameters the options keep; "": they are
// drawn anew.
func (m *Model) Kept() (dir string, err error) {
	if m.Weights != "kept" {
		return "", nil
	}
	path, _, err := m.read()
	if err != nil {
		return "", fmt.Errorf("saved: %w", err)
	}
	return filepath.Dir(path), nil
}

// kept is the network with its parameters.
func (m *Model) kept() (*nn.Network, error) {
	path, _, err := m.read()
	if err != nil {
		return nil, err
	}
	saved, err := export.Load(filepath.Dir(path))
	return saved.Net, err
}

// drawn is the network with new parameters.
func (m *Model) drawn(rng *rand.Rand) (*nn.Network, error) {
	path, text, err := m.read()
	if err != nil {
		return nil, err
	}
	var doc struct{ Architecture nn.Architecture }
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	net, err := newNetwork(doc.Architecture, rng)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return net, nil
}

// newNetwork builds the network, also from a damaged file: layers panic where sizes
// overflow.
func newNetwork(a nn.Architecture, rng *rand.Rand) (net *nn.Network, err error) {
	defer func() {
		if r := recover(); r != nil {
			net, err = nil, fmt.Errorf("the architecture cannot be built: %v", r)
		}
	}()
	return a.Network(rng)
}

// read finds the architecture of the final network or, in an unfinished run, of the
// pruned one.
func (m *Model) read() (path string, text []byte, err error) {
	for _, dir := range []string{"", "pruned"} {
		path = filepath.Join(m.Run, dir, "architecture.json")
		if text, err = export.ReadArchitecture(path); !errors.Is(err, fs.ErrNotExist) {
			return path, text, err
		}
	}
	return path, nil, fmt.Errorf("neither %s nor its folder pruned has an architecture.json", m.Run)
}
