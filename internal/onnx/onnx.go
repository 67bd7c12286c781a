// Package onnx reads and writes the part of the ONNX format that feed-forward
// convolutional networks need: one graph of default-domain operators with
// float32 and int64 constants and float32 inputs and outputs.
//
// The format is a protocol buffer described at
// https://github.com/onnx/onnx/blob/main/docs/IR.md and
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto; operators are
// described at https://onnx.ai/onnx/operators/. Messages are coded with
// protowire alone, without generated code. Graphs inside attributes are not
// supported, so the depth of a message is fixed.
package onnx

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

// Node applies one operator of the default domain. An empty string among
// Inputs or Outputs stands for an optional one that is left out.
type Node struct {
	Name    string // may be empty; unique if not
	Op      string // operator, such as "Conv"
	Inputs  []string
	Outputs []string
	Attrs   []Attr
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

// ValueInfo describes a float32 input or output of the graph. An empty or nil
// Dims is a scalar.
type ValueInfo struct {
	Name string
	Dims []Dim
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

// Values of TensorProto.DataType.
const (
	typeFloat = 1
	typeInt64 = 7
)

// Field numbers of onnx.proto, by message.
const (
	modelIRVersion       = 1
	modelProducer        = 2
	modelProducerVersion = 3
	modelGraph           = 7
	modelOpset           = 8
	modelMetadata        = 14

	opsetDomain  = 1
	opsetVersion = 2

	entryKey   = 1
	entryValue = 2

	graphNode              = 1
	graphName              = 2
	graphInitializer       = 5
	graphInput             = 11
	graphOutput            = 12
	graphSparseInitializer = 15

	nodeInput  = 1
	nodeOutput = 2
	nodeName   = 3
	nodeOp     = 4
	nodeAttr   = 5
	nodeDomain = 7

	attrName    = 1
	attrFloat   = 2
	attrInt     = 3
	attrString  = 4
	attrTensor  = 5
	attrFloats  = 7
	attrInts    = 8
	attrStrings = 9
	attrType    = 20
	attrRef     = 21

	tensorDims         = 1
	tensorType         = 2
	tensorSegment      = 3
	tensorFloats       = 4
	tensorInts         = 7
	tensorName         = 8
	tensorRaw          = 9
	tensorExternal     = 13
	tensorDataLocation = 14

	valueName = 1
	valueType = 2

	typeTensor = 1 // TypeProto.tensor_type

	tensorTypeElem  = 1
	tensorTypeShape = 2

	shapeDim = 1

	dimValue = 1
	dimParam = 2
)
