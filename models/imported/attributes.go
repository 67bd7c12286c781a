package imported

import (
	"fmt"

	"pare/nn/onnx"
)

// attributeKinds are the kinds of the attributes that are read, which are the same for all
// operators that have them.
var attributeKinds = map[string]onnx.AttrKind{}

func init() {
	for kind, names := range map[onnx.AttrKind][]string{
		onnx.KindInt: {"allowzero", "axis", "batch_axis", "blocksize", "ceil_mode", "count_include_pad", "end", "exclusive", "group",
			"hidden_size", "input_forget", "keepdims", "layout", "linear_before_reset", "noop_with_empty_axes", "num_groups", "start",
			"storage_order", "to", "transA", "transB", "upper"},
		onnx.KindInts:   {"dilations", "kernel_shape", "output_padding", "output_shape", "pads", "perm", "strides"},
		onnx.KindFloat:  {"alpha", "beta", "epsilon", "momentum"},
		onnx.KindString: {"approximate", "auto_pad", "coordinate_transformation_mode", "direction", "mode", "nearest_mode"},
	} {
		for _, name := range names {
			attributeKinds[name] = kind
		}
	}
}

// checkAttributes refuses attributes of the wrong kind, which would count as left
// out. Files of old programs give no kind.
func checkAttributes(n *onnx.Node) error {
	for _, a := range n.Attrs {
		if want, ok := attributeKinds[a.Name]; ok && n.Domain == "" && a.Kind != 0 && a.Kind != want {
			return fmt.Errorf("node %s: attribute %s is %s, it must be %s", describe(n), a.Name, a.Kind, want)
		}
	}
	return nil
}

// attr is an attribute of a node, or nil.
func attr(n *onnx.Node, name string) *onnx.Attr {
	for i := range n.Attrs {
		if n.Attrs[i].Name == name {
			return &n.Attrs[i]
		}
	}
	return nil
}

func intAttr(n *onnx.Node, name string, otherwise int64) int64 {
	if a := attr(n, name); a != nil {
		return a.Int
	}
	return otherwise
}

func floatAttr(n *onnx.Node, name string, otherwise float64) float64 {
	if a := attr(n, name); a != nil {
		return shortest(a.Float)
	}
	return otherwise
}

func stringAttr(n *onnx.Node, name, otherwise string) string {
	if a := attr(n, name); a != nil {
		return a.String
	}
	return otherwise
}

func intsAttr(n *onnx.Node, name string) []int64 {
	if a := attr(n, name); a != nil {
		return a.Ints
	}
	return nil
}
