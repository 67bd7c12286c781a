package export

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pare/export/safetensors"
	"pare/layers"
	"pare/nn"
	"pare/nn/onnx"
)

// small is a network of a few parameters.
func small(t testing.TB) Model {
	s := newStack(t, "small", 2, 4, 3)
	s.add("conv", &layers.Conv{Out: 3, Pad: layers.Around(1)})
	s.add("bn", &layers.BatchNorm{})
	s.act("relu")
	s.add("pool", &layers.GlobalPool{})
	s.add("fc", &layers.Linear{Out: 2})
	return full(s.net)
}

// expect checks that an error is one line that has all the parts.
func expect(t *testing.T, what string, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	for _, part := range append(parts, "") {
		if !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %q, want one line with %q", what, err, part)
		}
	}
}

func TestArchitectureErrors(t *testing.T) {
	dir := t.TempDir()
	if err := Save(dir, small(t)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, ArchitectureFile)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ what, old, new, want string }{
		{"syntax", `"classes": [`, `"classes": {`, "byte"},
		{"something after the end", "\n}\n", "\n} 1", "byte"},
		{"type", `"out": 3`, `"out": "3"`, "out"},
		{"unknown field", `"preprocess"`, `"preprocessing"`, "preprocessing"},
		{"unknown hyper-parameter", `"out": 3`, `"outs": 3`, "outs"},
		{"unknown kind", `"kind": "relu"`, `"kind": "rely"`, "rely"},
		{"unknown format", nn.ArchitectureFormat, "pare-architecture-99", "pare-architecture-99"},
		{"unknown input", `"input"`, `"imput"`, "imput"},
		{"channels", `0.1,`, ``, "channels"},
		{"deviation", `0.25,`, `0,`, "deviation"},
		{"shape", `"out": 3`, `"out": 4`, "conv.weight has shape [3 2 3 3], the architecture needs [4 2 3 3]"},
		{"name", `"name": "bn"`, `"name": "norm"`, "bn"},
		{"same shapes", `"kind": "relu"`, `"kind": "silu"`, "another architecture"},
	} {
		bad := strings.Replace(string(good), c.old, c.new, 1)
		if bad == string(good) {
			t.Fatalf("%s: nothing replaced in\n%s", c.what, good)
		}
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(dir)
		expect(t, c.what, err, dir, c.want)
	}
	for n := range len(good) - 1 {
		if err := os.WriteFile(path, good[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(dir)
		expect(t, "truncated", err, ArchitectureFile, "byte")
	}
}

func TestTensorErrors(t *testing.T) {
	dir := t.TempDir()
	if err := Save(dir, small(t)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, SafetensorsFile)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	change := func(what string, f func(*safetensors.File), parts ...string) {
		file, err := safetensors.Read(bytes.NewReader(good), int64(len(good)))
		if err != nil {
			t.Fatal(err)
		}
		f(file)
		var b bytes.Buffer
		if err := safetensors.Write(&b, *file); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err = Load(dir); parts != nil {
			expect(t, what, err, append(parts, path)...)
		} else if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	change("missing", func(f *safetensors.File) { f.Tensors = f.Tensors[1:] }, "conv.weight is missing")
	change("extra", func(f *safetensors.File) {
		f.Tensors = append(f.Tensors, safetensors.Tensor{Name: "more", Data: []float32{1}})
	}, `"more"`)
	change("shape", func(f *safetensors.File) { f.Tensors[0].Shape = []int{54} }, "conv.weight has shape [54]")
	change("other architecture", func(f *safetensors.File) { f.Metadata[fingerprintKey] = "0" }, "another architecture")
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		change("not finite", func(f *safetensors.File) { f.Tensors[0].Data[5] = float32(v) },
			fmt.Sprintf("conv.weight: value 5 is %g, not a finite number", v))
	}
	change("no notes", func(f *safetensors.File) { f.Metadata = nil })
	for n := 0; n < len(good); n += 7 {
		if err := os.WriteFile(path, good[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(dir)
		expect(t, "truncated", err, path)
	}
}

func TestONNXErrors(t *testing.T) {
	good := encoded(t, small(t))
	for n := range len(good) {
		if _, err := ReadONNX(good[:n]); err == nil {
			t.Errorf("a file cut after %d of %d bytes was read", n, len(good))
		}
	}
	for _, c := range []struct {
		what   string
		change func(*onnx.Model)
		want   string
	}{
		{"other program", func(m *onnx.Model) { m.Metadata = nil }, documentKey},
		{"bad document", func(m *onnx.Model) { m.Metadata[documentKey] = "{" }, "byte"},
		{"missing weight", func(m *onnx.Model) { m.Graph.Initializers[1].Name = "x"; m.Graph.Nodes[0].Inputs[2] = "x" }, "conv.bias is missing"},
		{"shape", func(m *onnx.Model) { m.Graph.Initializers[1].Dims = []int64{3, 1} }, "conv.bias has shape [3 1]"},
		{"broken graph", func(m *onnx.Model) { m.Graph.Nodes[0].Inputs[0] = "nothing" }, "nothing"},
	} {
		m, err := onnx.Decode(good)
		if err != nil {
			t.Fatal(err)
		}
		c.change(m)
		_, err = ReadONNX(onnx.Encode(m))
		expect(t, c.what, err, c.want)
	}
}

// plain is a layer without an ONNX form.
type plain struct{ nn.Layer }

func (plain) Kind() string { return "plain" }

func TestModelErrors(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(*Model)
		want   string
	}{
		{"no network", func(m *Model) { m.Net = nil }, "no network"},
		{"no layers", func(m *Model) { m.Net = &nn.Network{Name: "n", Input: nn.Shape{1}} }, "without layers"},
		{"classes", func(m *Model) { m.Classes = m.Classes[1:] }, "1 class names for 2 outputs"},
		{"means", func(m *Model) { m.Preprocess.Mean = nil }, "0 means and 2 deviations for 2 channels"},
		{"not finite", func(m *Model) { m.Preprocess.Mean[0] = float32(math.NaN()) }, "NaN"},
		{"text", func(m *Model) { m.Classes[1] = "\xff" }, "UTF-8"},
	} {
		m, dir := small(t), t.TempDir()
		c.change(&m)
		expect(t, c.what, Save(dir, m), c.want)
		expect(t, c.what, SaveONNX(dir, m), c.want)
		expect(t, c.what, WriteONNX(&bytes.Buffer{}, m), c.want)
		if found := contents(t, dir); len(found) > 0 {
			t.Errorf("%s: left %v", c.what, found)
		}
	}
	m := small(t)
	m.Net.Nodes[2].Layer = plain{m.Net.Nodes[2].Layer}
	expect(t, "layer without a form", WriteONNX(&bytes.Buffer{}, m), "layer relu: plain has no ONNX form")
	m.Net.Nodes[2].Layer = layers.NewActivation("cube", nil, nil)
	expect(t, "activation without a form", WriteONNX(&bytes.Buffer{}, m), "layer relu", "cube")
}

// contents maps the names of the files in dir to their contents.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range entries {
		if e.IsDir() {
			out[e.Name()] = "folder"
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(b)
	}
	return out
}

// A failure leaves the folder as it was, without half-written files.
func TestFailureChangesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(Save(dir, small(t)), SaveONNX(dir, small(t))); err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	bad := small(t)
	bad.Net.Nodes[1].Name = bad.Net.Nodes[0].Name // two tensors conv.weight
	expect(t, "save", Save(dir, bad), "conv.weight", SafetensorsFile)
	expect(t, "save ONNX", SaveONNX(dir, bad), "conv.")
	if d := cmp.Diff(before, contents(t, dir)); d != "" {
		t.Error(d)
	}
	// The weights cannot be replaced: the architecture must not be either.
	weights := filepath.Join(dir, SafetensorsFile)
	if err := errors.Join(os.Remove(weights), os.Mkdir(weights, 0o755)); err != nil {
		t.Fatal(err)
	}
	before = contents(t, dir)
	other := small(t)
	other.Classes = nil
	expect(t, "save", Save(dir, other), SafetensorsFile)
	if d := cmp.Diff(before, contents(t, dir)); d != "" {
		t.Error(d)
	}
}

// TestMissingFolder: models make their folder; where that is not possible one line says
// so, without a word of temporary files.
func TestMissingFolder(t *testing.T) {
	root := t.TempDir()
	for name, save := range map[string]func(string, Model) error{"safetensors": Save, "onnx": SaveONNX} {
		if err := save(filepath.Join(root, "a", name), small(t)); err != nil {
			t.Errorf("%s into a folder that is missing: %v", name, err)
		}
		blocked := filepath.Join(root, "file-"+name)
		if err := os.WriteFile(blocked, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		err := save(filepath.Join(blocked, "b"), small(t))
		expect(t, name, err, "the folder cannot be made", blocked)
		if strings.Contains(err.Error(), ".tmp-") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Load(filepath.Join(root, "a", "safetensors")); err != nil {
		t.Error(err)
	}
}

// TestLargeDocuments: a document larger than any network's is refused before
// anything is made of it.
func TestLargeDocuments(t *testing.T) {
	dir := t.TempDir()
	if err := Save(dir, small(t)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, ArchitectureFile)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	input := regexp.MustCompile(`"input": \[[^\]]*\]`)
	layer := []byte(`"layers": [`)
	for want, text := range map[string][]byte{
		"more than 16 MiB":  append(bytes.Clone(good), bytes.Repeat([]byte(" "), 17<<20)...),
		"2000001 axes":      input.ReplaceAll(good, []byte(`"input": [1`+strings.Repeat(",1", 2000000)+"]")),
		"more than 8192 la": bytes.Replace(good, layer, append(bytes.Clone(layer), manyLayers(9000)...), 1),
	} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 1000 {
			t.Errorf("error %.200v, want one with %q", err, want)
		}
	}
}

// manyLayers are the rows of n layers.
func manyLayers(n int) []byte {
	var b bytes.Buffer
	before := "input"
	for i := range n {
		fmt.Fprintf(&b, `{"name":"r%d","kind":"relu","inputs":["%s"],"args":{}},`, i, before)
		before = fmt.Sprintf("r%d", i)
	}
	return b.Bytes()
}
