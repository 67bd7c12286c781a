package nn

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"pare/internal/option"
)

// LayerInfo describes a registered layer kind.
type LayerInfo struct {
	Kind string
	Doc  string       // one line for lists
	New  func() Layer // a layer with default hyper-parameters
}

var registry = map[string]LayerInfo{}

// RegisterLayer makes a layer kind known to configs and architecture files.
// Call it from an init function; a second registration of a kind panics.
func RegisterLayer(doc string, newLayer func() Layer) {
	layer := newLayer()
	if fault := option.Fault(layer); fault != "" {
		panic(fmt.Sprintf("nn: layer %T cannot be registered: %s", layer, fault))
	}
	kind := layer.Kind()
	for _, f := range option.Fields(reflect.ValueOf(layer)) {
		if f.Key == "name" || f.Key == "inputs" {
			panic(fmt.Sprintf("nn: layer kind %s cannot be registered: every layer of a config has the key %s", kind, f.Key))
		}
	}
	if _, ok := registry[kind]; ok {
		panic("nn: layer kind registered twice: " + kind)
	}
	registry[kind] = LayerInfo{Kind: kind, Doc: doc, New: newLayer}
}

// NewLayer returns a layer of the kind with default hyper-parameters.
func NewLayer(kind string) (Layer, error) {
	info, ok := registry[kind]
	if !ok {
		return nil, fmt.Errorf("unknown layer kind %q; known kinds are %s", kind, strings.Join(LayerKinds(), ", "))
	}
	return info.New(), nil
}

// LayerKinds lists the registered kinds in alphabetical order.
func LayerKinds() []string {
	return slices.Sorted(maps.Keys(registry))
}

// DescribeLayer returns the entry of a registered kind.
func DescribeLayer(kind string) (LayerInfo, bool) {
	info, ok := registry[kind]
	return info, ok
}
