package imported

import (
	"encoding/json"
	"fmt"
	"strings"

	"pare/internal/printable"
	"pare/nn"
	"pare/nn/onnx"
)

// functional are the kinds that are no modules in PyTorch: they stand in the code of the module
// that exporters note.
var functional = map[string]bool{"add": true, "mul": true, "concat": true, "flatten": true, "select": true, "tokens": true,
	"gate": true, "last": true, "attention": true}

// name is a unique name for a layer of the current node: the module that the name of a weight
// begins with, else the module that the exporter notes at the node, else the kind. Activations
// and other layers without weights take their module too.
func (im *importer) name(kind string, weight *tensor) string {
	name := ""
	if weight != nil {
		name = ofWeight(weight.name)
	}
	if node := ofNode(im.current); name == "" || im.names[name] && node != "" && ofLayer(im.current) {
		name = node
		switch {
		case name == "":
		case functional[kind] && !ofLayer(im.current):
			name += "." + kind
		case weight == nil && ofLayer(im.current) && im.modules[name]: // the name of a layer behind this one
			name = strings.TrimSuffix(name, "."+kind) + "." + kind
		}
	}
	if name == "" || name == nn.InputName || len(name) > 200 || name != printable.Text(name) {
		name = kind
	}
	return im.unique(name)
}

// nameFor is name for a layer that a change of the layout of v needs: the node of the change names it,
// or, with the kind behind its name, the layer that reads v.
func (im *importer) nameFor(kind string, v *value) string {
	by := v.reshapedBy
	if kind == "select" {
		by = v.slicedBy
	}
	if by != nil && ofNode(by) != ofNode(im.current) {
		before := im.current
		defer func() { im.current = before }()
		im.current = by
		return im.name(kind, nil)
	}
	name := ofNode(im.current)
	if name == "" || !ofLayer(im.current) {
		return im.name(kind, nil)
	}
	return im.unique(strings.TrimSuffix(name, "."+kind) + "." + kind)
}

func (im *importer) unique(name string) string {
	for n, first := 2, name; im.names[name]; n++ {
		name = fmt.Sprintf("%s_%d", first, n)
	}
	return name
}

// ofWeight is the module of a parameter: "layer1.0.conv1" for "layer1.0.conv1.weight". Names
// that exporters make up, such as "onnx::Conv_193", have none.
func ofWeight(name string) string {
	module, parameter, ok := cutLast(name, ".")
	if !ok || strings.Contains(name, "::") || strings.HasPrefix(name, "/") {
		return ""
	}
	for _, suffix := range []string{"_weight", "_bias"} { // in_proj_weight of an attention
		if before, ok := strings.CutSuffix(parameter, suffix); ok && before != "weight" {
			return module + "." + before
		}
	}
	return module
}

// ofLayer reports whether the path of a node is the name of a layer, as in files of pare: "conv1/Conv".
func ofLayer(n *onnx.Node) bool {
	return n != nil && n.Metadata["pkg.torch.onnx.name_scopes"] == "" && !strings.HasPrefix(n.Name, "/")
}

// ofNode is the module that a node was exported from.
func ofNode(n *onnx.Node) string {
	if n == nil {
		return ""
	}
	if text := n.Metadata["pkg.torch.onnx.name_scopes"]; text != "" { // the second exporter of PyTorch
		var scopes []string
		list := strings.ReplaceAll(text, "'", `"`)
		if json.Unmarshal([]byte(list), &scopes) == nil && len(scopes) > 1 && scopes[len(scopes)-2] != "" {
			return scopes[len(scopes)-2]
		}
	}
	// PyTorch's first exporter writes "/layer1/layer1.0/conv1/Conv", pare "conv1/Conv".
	path, _, ok := cutLast(n.Name, "/")
	if !ok {
		return ""
	}
	var parts []string
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if k := len(parts) - 1; k >= 0 && strings.HasPrefix(part, parts[k]+".") {
			parts[k] = part
		} else {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ".")
}

func cutLast(s, separator string) (before, after string, ok bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}
