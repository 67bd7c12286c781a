package datasets

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Set is an image classification dataset: its parts, which have the same image shape and
// the same classes.
type Set struct {
	Name       string
	Train      *Split
	Validation *Split   // nil where none was asked for
	Test       *Split   // nil where the dataset has none
	ClassNames []string // by label
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
	for _, d := range []Dataset{mnist, fashionMNIST, cifar10, digits{}, glyphs{}} {
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
		return nil, fmt.Errorf("datasets: no dataset %q; known: %s", name, strings.Join(Names(), ", "))
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
