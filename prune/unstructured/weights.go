package unstructured

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"pare/internal/suggest"
	"pare/nn"
)

// Layers chooses the layers whose weights may go. The zero value chooses all.
type Layers struct {
	Only  []string // names of layers or patterns as in path.Match; nil: all
	Dense []string // names or patterns of layers whose weights all stay
}

// Weights lists the parameters whose values may become 0 one by one: those of convolutions,
// linear and recurrent layers that multiply activations. Biases, normalisations, gates and
// the tables of embeddings stay. A parameter that layers share is listed once.
//
// A pattern that matches no such layer, and a choice of no layers, are errors that begin with
// "layers" or "dense".
func (l Layers) Weights(net *nn.Network) ([]nn.NamedParam, error) {
	var out []nn.NamedParam
	var names []string
	seen := map[*nn.Param]bool{}
	for _, p := range net.Params() {
		if !prunable(p) {
			continue
		}
		if !slices.Contains(names, p.Node.Name) {
			names = append(names, p.Node.Name)
		}
		chosen := l.Only == nil || matches(l.Only, p.Node.Name)
		if chosen && !matches(l.Dense, p.Node.Name) && !seen[p.Param] {
			seen[p.Param] = true
			out = append(out, p)
		}
	}
	for _, key := range []struct {
		name     string
		patterns []string
	}{{"layers", l.Only}, {"dense", l.Dense}} {
		for _, pattern := range key.patterns {
			if !slices.ContainsFunc(names, func(n string) bool { return matches([]string{pattern}, n) }) {
				return nil, fmt.Errorf("%s: %q matches no layer with weights; there are %s",
					key.name, pattern, strings.Join(first(suggest.Sorted(pattern, names), 5), ", "))
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("dense: no layer with weights is left to prune")
	}
	return out, nil
}

// prunable reports whether the values of a parameter are single weights to choose from.
func prunable(p nn.NamedParam) bool {
	return p.Role == nn.RoleWeight && nn.TraitsOf(p.Node.Layer).Table != p.Param
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { ok, _ := path.Match(p, name); return ok })
}

// first is the start of a list.
func first(list []string, n int) []string { return list[:min(n, len(list))] }

// total is the number of values of parameters.
func total(weights []nn.NamedParam) int {
	n := 0
	for _, p := range weights {
		n += p.Size()
	}
	return n
}

// Count is how many of the weights that may go are there.
type Count struct {
	Weights int64 `json:"weights"` // weights that may go, pruned ones included
	NonZero int64 `json:"nonzero"` // weights that are not exactly 0

	Layers []LayerCount `json:"layers"` // the same by layer, in network order
}

// LayerCount is the part of a Count that is of one layer.
type LayerCount struct {
	Layer   string `json:"layer"`   // name of the layer
	Weights int64  `json:"weights"` // weights that may go, pruned ones included
	NonZero int64  `json:"nonzero"` // weights that are not exactly 0
}

// Share is NonZero as a share of Weights; 1 where there are none.
func (c Count) Share() float64 {
	if c.Weights == 0 {
		return 1
	}
	return float64(c.NonZero) / float64(c.Weights)
}

// Count counts the chosen weights of a network.
func (l Layers) Count(net *nn.Network) (Count, error) {
	weights, err := l.Weights(net)
	var c Count
	for _, p := range weights {
		if n := len(c.Layers); n == 0 || c.Layers[n-1].Layer != p.Node.Name {
			c.Layers = append(c.Layers, LayerCount{Layer: p.Node.Name})
		}
		last := &c.Layers[len(c.Layers)-1]
		last.Weights += int64(p.Size())
		for _, v := range p.Data() {
			if v != 0 {
				last.NonZero++
			}
		}
	}
	for _, l := range c.Layers {
		c.Weights, c.NonZero = c.Weights+l.Weights, c.NonZero+l.NonZero
	}
	return c, err
}
