package onnx

// AttrKind is the type of an attribute's value, numbered as in
// AttributeProto.AttributeType. The zero value is no valid kind.
type AttrKind int32

// The supported kinds of attribute.
const (
	KindFloat   AttrKind = 1
	KindInt     AttrKind = 2
	KindString  AttrKind = 3
	KindTensor  AttrKind = 4
	KindFloats  AttrKind = 6
	KindInts    AttrKind = 7
	KindStrings AttrKind = 8
)

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
