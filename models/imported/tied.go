package imported

import (
	"maps"
	"slices"

	"pare/nn"
)

// made is a layer that reads constants of the file: its kind and options, and the constant of each
// parameter.
type made struct {
	name, kind, args string
	params           map[string]*tensor
}

// note keeps a layer for layers behind it that read the same constants.
func (im *importer) note(l made) {
	for _, t := range l.params {
		if _, ok := im.made[t.name]; !ok && t.name != "" {
			im.made[t.name] = l
		}
	}
}

// sharing adds a layer that reads the same constants as a layer before it, and shares its
// parameters. It reports whether there is one.
func (im *importer) sharing(l made, inputs []string) bool {
	if !ofLayer(im.current) && !slices.ContainsFunc(slices.Collect(maps.Values(l.params)), varies) {
		return false // PyTorch's exporters write all parameters once that are equal, such as scales of 1
	}
	for _, t := range l.params {
		first, ok := im.made[t.name]
		if !ok {
			continue
		}
		root, _ := im.net.Lookup(first.name)
		params, table := root.Layer.Params(), nn.TraitsOf(root.Layer).Table
		switch {
		case first.kind == l.kind && first.args == l.args && len(l.params) == len(params):
			differs := func(p *nn.Param) bool { return !l.equals(p, p.Name) }
			plain, err := nn.Layers.New(l.kind)
			return err == nil && !slices.ContainsFunc(params, differs) && im.net.AddTied(l.name, plain, first.name, inputs...) == nil
		case l.kind == "linear" && table != nil && l.equals(table, "weight"):
			layer, err := nn.NewLayer(l.kind, []byte(l.args))
			if err != nil || im.net.AddTied(l.name, layer, first.name, inputs...) != nil {
				return false
			}
			delete(l.params, "weight")
			return true
		}
	}
	return false
}

// varies reports whether a constant has different values.
func varies(t *tensor) bool {
	_, same := t.scalar()
	return !same
}

// equals reports whether a parameter of the file has the values of p.
func (l made) equals(p *nn.Param, name string) bool {
	t := l.params[name]
	if t == nil {
		return false
	}
	values, err := t.values()
	return err == nil && slices.Equal(values, p.Export())
}
