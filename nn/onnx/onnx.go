// Package onnx reads and writes the part of the ONNX format that the networks of this
// module need: one graph of operators and local functions, with float32 and int64
// constants. Numbers of other types become these when a file is read. Layers add
// themselves to a graph through a Builder.
//
// The format is a protocol buffer described at
// https://github.com/onnx/onnx/blob/main/docs/IR.md and
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto; operators are
// described at https://onnx.ai/onnx/operators/. Graphs inside attributes are not
// read, so the depth of a message is fixed.
package onnx

import "fmt"

const (
	// DefaultOpset is the operator set version used when Model.Opset is zero.
	DefaultOpset = 17

	// DefaultIRVersion is the format version used when Model.IRVersion is
	// zero. It is the one released with operator set 17.
	DefaultIRVersion = 8
)

// Model is a complete ONNX file. The zero value lacks a named graph and so
// does not pass Check.
type Model struct {
	Graph           Graph
	Metadata        map[string]string // free-form; nil if there is none
	Producer        string            // name of the program that made the model
	ProducerVersion string
	Opset           int64 // version of the default operator set; 0 means DefaultOpset
	IRVersion       int64 // version of the file format; 0 means DefaultIRVersion
	Functions       []Function
}

// Function is an operator that the file defines by nodes, under its domain and name.
// Inline replaces the nodes that call it.
type Function struct {
	Name, Domain    string
	Inputs, Outputs []string
	Attrs           []string // names of the attributes that calls give
	Defaults        []Attr   // attributes with a value for calls that do not give them
	Nodes           []Node   // their attributes may have a Ref
}

// Graph is a computation: nodes in an order in which each uses only inputs,
// initializers and outputs of nodes before it.
type Graph struct {
	Name         string // must not be empty
	Nodes        []Node
	Initializers []Tensor // constants, such as weights
	Inputs       []ValueInfo
	Outputs      []ValueInfo
}

// Node applies one operator. An empty string among
// Inputs or Outputs stands for an optional one that is left out.
type Node struct {
	Name     string // may be empty; unique if not
	Op       string // operator, such as "Conv"
	Domain   string // of the operator; "" is the default domain
	Inputs   []string
	Outputs  []string
	Attrs    []Attr
	Metadata map[string]string // free-form notes of the exporter; nil if there are none
}

// Tensor is a named constant in C order. If Ints is not nil, even if empty, it
// is an int64 tensor; otherwise it is a float32 tensor. The product of Dims is
// the number of values; an empty or nil Dims is a scalar with one value.
type Tensor struct {
	Name   string
	Dims   []int64
	Floats []float32
	Ints   []int64
}

// ValueInfo describes an input or output of the graph. An empty or nil
// Dims is a scalar.
type ValueInfo struct {
	Name     string
	Dims     []Dim
	Ints     bool // int64 rather than float32
	Unranked bool // the file does not give dimensions
}

// Dim is the size of one dimension: a symbolic name such as "batch" if Name is
// not empty, otherwise the number Size. The zero value is an unknown size.
type Dim struct {
	Size int64
	Name string
}

// Fixed returns a dimension of size n.
func Fixed(n int64) Dim { return Dim{Size: n} }

// Symbolic returns a dimension whose size is known only when the model runs.
func Symbolic(name string) Dim { return Dim{Name: name} }

// AttrKind is the type of an attribute's value, numbered as in
// AttributeProto.AttributeType. The zero value is not a valid kind.
type AttrKind int32

// The supported kinds of attribute.
const (
	KindFloat   AttrKind = 1
	KindInt     AttrKind = 2
	KindString  AttrKind = 3
	KindTensor  AttrKind = 4
	KindGraph   AttrKind = 5 // without its content
	KindFloats  AttrKind = 6
	KindInts    AttrKind = 7
	KindStrings AttrKind = 8
)

// String is the name in AttributeProto.AttributeType: "INTS".
func (k AttrKind) String() string {
	names := [...]string{"UNDEFINED", "FLOAT", "INT", "STRING", "TENSOR", "GRAPH", "FLOATS", "INTS", "STRINGS"}
	if k < 0 || int(k) >= len(names) {
		return fmt.Sprintf("kind %d", int32(k))
	}
	return names[k]
}

// Attr is a named constant of a node; Kind says which field holds the value.
// Use the constructors Float, Int, String, TensorValue, Floats, Ints and
// Strings.
type Attr struct {
	Name    string
	Kind    AttrKind
	Float   float32
	Int     int64
	String  string
	Tensor  Tensor
	Floats  []float32
	Ints    []int64
	Strings []string
	Ref     string // within a function: the attribute of the call that gives the value
}

// Float returns a float32 attribute.
func Float(name string, v float32) Attr { return Attr{Name: name, Kind: KindFloat, Float: v} }

// Int returns an integer attribute.
func Int(name string, v int64) Attr { return Attr{Name: name, Kind: KindInt, Int: v} }

// String returns a string attribute.
func String(name, v string) Attr { return Attr{Name: name, Kind: KindString, String: v} }

// TensorValue returns a tensor attribute, such as the value of a Constant
// node.
func TensorValue(name string, v Tensor) Attr { return Attr{Name: name, Kind: KindTensor, Tensor: v} }

// Floats returns an attribute with a list of float32 values.
func Floats(name string, v ...float32) Attr { return Attr{Name: name, Kind: KindFloats, Floats: v} }

// Ints returns an attribute with a list of integers, such as a kernel shape.
func Ints(name string, v ...int64) Attr { return Attr{Name: name, Kind: KindInts, Ints: v} }

// Strings returns an attribute with a list of strings.
func Strings(name string, v ...string) Attr { return Attr{Name: name, Kind: KindStrings, Strings: v} }
