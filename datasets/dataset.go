package datasets

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"pare/internal/suggest"
)

// Set is a dataset: its parts and what they ask of a network. NewImageSet makes one of
// images.
type Set struct {
	Name       string
	Task       Task
	Train      Part
	Validation Part     // nil where none was asked for
	Test       Part     // nil where the dataset has none
	ClassNames []string // by class; nil where classes have no names, or there are none
	// Entropy is the mean loss, in nats a target, below which no model can come; 0: not
	// known.
	Entropy float64
}

// Validate reports what is missing in the set, or does not fit in it.
func (s *Set) Validate() error {
	if s.Train == nil || s.Train.Len() < 1 {
		return fmt.Errorf("datasets: %s has no training examples", s.Name)
	}
	if err := s.Task.validate(); err != nil {
		return fmt.Errorf("datasets: %s: %w", s.Name, err)
	}
	if s.ClassNames != nil && len(s.ClassNames) != s.Task.Classes {
		return fmt.Errorf("datasets: %s: %d names for %d classes", s.Name, len(s.ClassNames), s.Task.Classes)
	}
	return nil
}

// Dataset is something that can be loaded by name. Its methods may be called by several
// goroutines at once.
type Dataset interface {
	// Name is what Lookup takes: lower case, without spaces.
	Name() string
	// Doc says in a line or a few what the data is and where it comes from.
	Doc() string
	// Load reads or makes the data. It gives an error for options it has no use for, and
	// returns soon after ctx ends, with ctx's error.
	Load(ctx context.Context, o Options) (*Set, error)
}

var registry = struct {
	sync.RWMutex
	byName map[string]Dataset
}{byName: map[string]Dataset{}}

func init() {
	for _, d := range []Dataset{mnist, fashionMNIST, cifar10, digits{}, planted{}, glyphs{}, text{}, wordchain{}, adding{}, copying{}} {
		registry.byName[d.Name()] = d
	}
}

// Register makes d known to Lookup. It gives an error, and changes nothing, where d is nil,
// its name is empty or has spaces, or the name is taken.
func Register(d Dataset) error {
	if d == nil {
		return fmt.Errorf("datasets: cannot register a nil dataset")
	}
	name := d.Name()
	if name == "" || strings.ContainsAny(name, " \t\r\n") {
		return fmt.Errorf("datasets: cannot register %q: a name must not be empty or have spaces", name)
	}
	registry.Lock()
	defer registry.Unlock()
	if _, taken := registry.byName[name]; taken {
		return fmt.Errorf("datasets: cannot register %q: the name is taken", name)
	}
	registry.byName[name] = d
	return nil
}

// Lookup finds a dataset by its exact name. The error lists the known names.
func Lookup(name string) (Dataset, error) {
	registry.RLock()
	d, ok := registry.byName[name]
	registry.RUnlock()
	if !ok {
		if near := suggest.Nearest(name, Names()); len(near) > 0 {
			return nil, fmt.Errorf("datasets: no dataset %q; did you mean %s?", name, strings.Join(near, " or "))
		}
		return nil, fmt.Errorf("datasets: no dataset %q; the datasets are %s", name, strings.Join(Names(), ", "))
	}
	return d, nil
}

// Names lists the registered names in alphabetical order.
func Names() []string {
	registry.RLock()
	defer registry.RUnlock()
	names := make([]string, 0, len(registry.byName))
	for name := range registry.byName {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
