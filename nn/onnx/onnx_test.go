package onnx

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of onnx.proto, by message.
const (
	modelIRVersion = 1
	modelGraph     = 7

	graphNode              = 1
	graphInitializer       = 5
	graphInput             = 11
	graphSparseInitializer = 15

	nodeAttr  = 5
	attrType  = 20
	valueName = 1

	tensorDims         = 1
	tensorType         = 2
	tensorFloats       = 4
	tensorInts         = 7
	tensorName         = 8
	tensorRaw          = 9
	tensorDataLocation = 14
)

func sample() *Model { return sampleModel(newSampleWeights(rand.New(rand.NewPCG(3, 4)))) }

// everything has every kind of attribute, tensor and dimension.
func everything() *Model {
	return &Model{Opset: 13, IRVersion: 7, Graph: Graph{
		Name: "everything",
		Nodes: []Node{{Op: "Op", Domain: "com.example", Metadata: map[string]string{"scope": "block"},
			Inputs: []string{"scalar", "", "ints"}, Outputs: []string{"", "y"}, Attrs: []Attr{
				Float("f", -0.5), Int("i", -3), String("s", "\xff bytes"), TensorValue("t", Tensor{Dims: []int64{1}, Ints: []int64{math.MinInt64}}),
				Floats("fs", 1, 2), Ints("is", -1, 1<<40), Strings("ss", "", "b"), Ints("none"), Int("zero", 0), {Name: "then", Kind: KindGraph},
			}}},
		Initializers: []Tensor{
			{Name: "ints", Dims: []int64{2, 2}, Ints: []int64{0, -1, 300, math.MaxInt64}},
			{Name: "noInts", Dims: []int64{0}, Ints: []int64{}},
			{Name: "noFloats", Dims: []int64{3, 0}},
			{Name: "one", Floats: []float32{float32(math.Inf(-1))}},
		},
		Inputs:  []ValueInfo{{Name: "scalar"}, {Name: "x", Dims: []Dim{{}, Fixed(4), Symbolic("n")}}},
		Outputs: []ValueInfo{{Name: "y", Dims: []Dim{Fixed(1)}, Ints: true}, {Name: "x", Unranked: true}},
	}, Functions: []Function{{Name: "Op", Domain: "com.example", Inputs: []string{"a"}, Outputs: []string{"b"}, Attrs: []string{"f"},
		Defaults: []Attr{Float("f", 2)}, Nodes: []Node{{Op: "Elu", Inputs: []string{"a"}, Outputs: []string{"b"},
			Attrs: []Attr{{Name: "alpha", Kind: KindFloat, Ref: "f"}}}}}}}
}

func TestRoundTrip(t *testing.T) {
	for _, m := range []*Model{sample(), everything()} {
		var b bytes.Buffer
		if err := Write(&b, m); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b.Bytes(), Encode(m)) {
			t.Error("Write and Encode differ")
		}
		got, err := Decode(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(m, got); d != "" {
			t.Error(d)
		}
	}
}

func TestDefaults(t *testing.T) {
	got, err := Decode(Encode(&Model{Graph: Graph{Name: "g"}}))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&Model{Graph: Graph{Name: "g"}, Opset: 17, IRVersion: 8}, got); d != "" {
		t.Error(d)
	}
	if Encode(nil) != nil {
		t.Error("Encode(nil) is not nil")
	}
}

// TestTypedData covers values in typed fields, packed and not, and unknown
// fields of every wire type.
func TestTypedData(t *testing.T) {
	unknown := func(b []byte) []byte {
		b = protowire.AppendVarint(protowire.AppendTag(b, 1000, protowire.VarintType), 1)
		b = protowire.AppendFixed32(protowire.AppendTag(b, 1001, protowire.Fixed32Type), 1)
		b = protowire.AppendFixed64(protowire.AppendTag(b, 1002, protowire.Fixed64Type), 1)
		b = protowire.AppendString(protowire.AppendTag(b, 1003, protowire.BytesType), "x")
		b = protowire.AppendTag(b, 1004, protowire.StartGroupType)
		return protowire.AppendTag(b, 1004, protowire.EndGroupType)
	}
	model := appendMessage(unknown(Encode(&Model{Graph: Graph{Name: "g"}})), modelGraph, func(b []byte) []byte {
		b = appendMessage(unknown(b), graphInitializer, func(b []byte) []byte {
			b = appendMessage(b, tensorDims, func(b []byte) []byte { return append(b, 3, 1) }) // packed
			b = appendInt(b, tensorType, typeInt64)
			b = appendString(b, tensorName, "i")
			b = appendMessage(b, tensorInts, func(b []byte) []byte { return append(b, 1, 2) })
			return unknown(appendInt(b, tensorInts, -3))
		})
		return appendMessage(b, graphInitializer, func(b []byte) []byte {
			b = appendInt(appendInt(b, tensorDims, 2), tensorType, typeFloat)
			b = appendString(b, tensorName, "f")
			b = appendFloat(b, tensorFloats, 1)
			return appendMessage(b, tensorFloats, func(b []byte) []byte { return append(b, 0, 0, 0, 0x40) })
		})
	})
	got, err := Decode(model)
	if err != nil {
		t.Fatal(err)
	}
	want := []Tensor{{Name: "i", Dims: []int64{3, 1}, Ints: []int64{1, 2, -3}}, {Name: "f", Dims: []int64{2}, Floats: []float32{1, 2}}}
	if d := cmp.Diff(want, got.Graph.Initializers); d != "" || got.Graph.Name != "g" {
		t.Error(d, got.Graph.Name)
	}
}

func TestDecodeErrors(t *testing.T) {
	inGraph := func(num protowire.Number, body func([]byte) []byte) []byte {
		return appendMessage(Encode(&Model{}), modelGraph, func(b []byte) []byte { return appendMessage(b, num, body) })
	}
	tensor := func(body func([]byte) []byte) []byte {
		return inGraph(graphInitializer, func(b []byte) []byte { return body(appendString(b, tensorName, "w")) })
	}
	good := Encode(sample())
	for _, tc := range []struct {
		name string
		in   []byte
		want string
	}{
		{"empty", nil, "no format version"},
		{"no opset", appendInt(nil, modelIRVersion, 8), "no default operator set"},
		{"no graph", append(appendInt(nil, modelIRVersion, 8), 0x42, 2, 0x10, 17), "no graph"},
		{"not protobuf", []byte("PK\x03\x04"), "malformed protocol buffer"},
		{"truncated", good[:len(good)/2], "malformed protocol buffer"},
		{"wire type", appendString(nil, modelIRVersion, "8"), "offset 0: field 1 has wire type 2, expected an integer"},
		{"attribute", inGraph(graphNode, func(b []byte) []byte {
			return appendMessage(b, nodeAttr, func(b []byte) []byte { return appendInt(b, attrType, 11) })
		}), "type 11 is not supported"},
		{"sparse", inGraph(graphSparseInitializer, func(b []byte) []byte { return b }), "sparse"},
		{"value", inGraph(graphInput, func(b []byte) []byte { return appendString(b, valueName, "x") }), `value "x": element type 0`},
		{"complex", tensor(func(b []byte) []byte { return appendInt(b, tensorType, 14) }), `tensor "w": element type 14`},
		{"external", tensor(func(b []byte) []byte { return appendInt(appendInt(b, tensorType, 1), tensorDataLocation, 1) }), "another file"},
		{"no data", tensor(func(b []byte) []byte { return appendInt(appendInt(b, tensorDims, 1<<40), tensorType, 1) }), "needs 1099511627776 values, found 0"},
		{"overflow", tensor(func(b []byte) []byte {
			return appendInt(appendInt(appendInt(b, tensorDims, 1<<40), tensorDims, 1<<40), tensorType, 1)
		}), "too many elements"},
		{"negative", tensor(func(b []byte) []byte { return appendInt(appendInt(b, tensorDims, -1), tensorType, 1) }), "dimension 0 is negative"},
		{"raw size", tensor(func(b []byte) []byte { return appendString(appendInt(b, tensorType, 1), tensorRaw, "12345") }), "not a multiple of 4"},
		{"both", tensor(func(b []byte) []byte {
			return appendFloat(appendString(appendInt(b, tensorType, 1), tensorRaw, ""), tensorFloats, 1)
		}), "both as raw data"},
	} {
		_, err := Decode(tc.in)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want %q", tc.name, err, tc.want)
		}
	}
}

func TestCheckErrors(t *testing.T) {
	for _, tc := range []struct {
		want   string
		change func(m *Model)
	}{
		{"no name", func(m *Model) { m.Graph.Name = "" }},
		{"negative version", func(m *Model) { m.Opset = -1 }},
		{`metadata "k"`, func(m *Model) { m.Metadata["k"] = "\xff" }},
		{`input "f" is not defined before`, func(m *Model) { n := m.Graph.Nodes; n[4], n[5] = n[5], n[4] }},
		{`node 1 "conv" ("BatchNormalization"): duplicate name`, func(m *Model) { m.Graph.Nodes[1].Name = "conv" }},
		{`output "c": duplicate name`, func(m *Model) { m.Graph.Nodes[1].Outputs[0] = "c" }},
		{`output "fc.w": duplicate name`, func(m *Model) { m.Graph.Nodes[1].Outputs[0] = "fc.w" }},
		{"no outputs", func(m *Model) { m.Graph.Nodes[5].Outputs = nil }},
		{"no operator", func(m *Model) { m.Graph.Nodes[5].Op = "" }},
		{`attribute "strides": duplicate`, func(m *Model) { m.Graph.Nodes[0].Attrs[0].Name = "strides" }},
		{"unknown kind 0", func(m *Model) { m.Graph.Nodes[0].Attrs[0] = Attr{Name: "x"} }},
		{`initializer "conv.b": shape needs 4 values, found 3`, func(m *Model) { m.Graph.Initializers[1].Floats = make([]float32, 3) }},
		{"both float32 and int64", func(m *Model) { m.Graph.Initializers[1].Ints = []int64{} }},
		{`initializer "conv.w": duplicate`, func(m *Model) { m.Graph.Initializers[1].Name = "conv.w" }},
		{`graph output "gone": not the output`, func(m *Model) { m.Graph.Outputs[0].Name = "gone" }},
		{`graph input "": empty name`, func(m *Model) { m.Graph.Inputs[0].Name = "" }},
		{"dimension 0: invalid size -1", func(m *Model) { m.Graph.Inputs[0].Dims[0] = Fixed(-1) }},
	} {
		m := sample()
		tc.change(m)
		var b bytes.Buffer
		err := Write(&b, m)
		if err == nil || !strings.Contains(err.Error(), tc.want) || b.Len() > 0 {
			t.Errorf("error %v after %d bytes, want %q", err, b.Len(), tc.want)
		}
	}
	if Check(nil) == nil {
		t.Error("nil model passes Check")
	}
}

// FuzzDecode checks that no input makes Decode or Check panic and that every
// accepted file survives being encoded and decoded again.
func FuzzDecode(f *testing.F) {
	f.Add(Encode(sample()))
	f.Add(Encode(everything()))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := Decode(in)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("error of several lines: %q", err)
			}
			return
		}
		_ = Check(m)
		b := Encode(m)
		again, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, Encode(again)) { // bytes, because NaN differs from itself
			t.Fatal("the model changed")
		}
	})
}
