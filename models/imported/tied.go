package imported

import (
	"regexp"
	"slices"
	"strings"

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
	if node, ok := im.net.Lookup(l.name); ok && nn.TraitsOf(node.Layer).Table != nil {
		im.tables = append(im.tables, l)
	}
}

// sharing adds a layer that reads the same constants as a layer before it, and shares its
// parameters. It reports whether there is one.
func (im *importer) sharing(l made, inputs []string) bool {
	for _, first := range im.tables {
		if l.kind == "linear" && im.sharesTable(l, first) {
			layer, err := nn.NewLayer(l.kind, []byte(l.args))
			if err == nil && im.net.AddTied(l.name, layer, first.name, inputs...) == nil {
				delete(l.params, "weight")
				return true
			}
		}
	}
	for _, t := range l.params {
		first, ok := im.made[t.name]
		if !ok || first.kind != l.kind || first.args != l.args || !im.again(t) {
			continue
		}
		root, _ := im.net.Lookup(first.name)
		params := root.Layer.Params()
		differs := func(p *nn.Param) bool { return !l.equals(p, p.Name) }
		if len(l.params) != len(params) || slices.ContainsFunc(params, differs) {
			continue
		}
		plain, err := nn.Layers.New(l.kind)
		return err == nil && im.net.AddTied(l.name, plain, first.name, inputs...) == nil
	}
	return false
}

// sharesTable reports whether a linear layer has the table of an embedding as its weight. Exporters
// write the weight transposed, as a constant of its own; equal values, unless all are one number,
// are no accident.
func (im *importer) sharesTable(l, first made) bool {
	weight, table := l.params["weight"], first.params["weight"]
	if weight == nil || table == nil || weight.name != table.name && !varies(table) {
		return false
	}
	root, _ := im.net.Lookup(first.name)
	p := nn.TraitsOf(root.Layer).Table
	return slices.Equal(weight.dims, table.dims) && l.equals(p, "weight")
}

// varies reports whether a constant has different values.
func varies(t *tensor) bool {
	_, same := t.scalar()
	return !same
}

// again reports whether the current node belongs to the module that a constant is a parameter of.
// PyTorch's exporters write parameters of different modules once where they are equal, as the
// scales of new normalisations are; these are not shared.
func (im *importer) again(t *tensor) bool {
	if ofLayer(im.current) {
		return true
	}
	call, ok := strings.CutPrefix(ofNode(im.current), ofWeight(t.name))
	return ok && (call == "" || repeated.MatchString(call))
}

// repeated is the end of a module's name in its later calls, as PyTorch's first exporter writes it.
var repeated = regexp.MustCompile(`^_[0-9]+$`)

// equals reports whether a parameter of the file has the values of p.
func (l made) equals(p *nn.Param, name string) bool {
	t := l.params[name]
	if t == nil {
		return false
	}
	values, err := t.values()
	return err == nil && slices.Equal(values, p.Export())
}
