package pretrained_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/export/safetensors"
	"pare/layers"
	. "pare/models/pretrained"
	"pare/nn"
)

// network is a convolution with BatchNorm and a linear layer.
func network(t testing.TB, classes int) *nn.Network {
	t.Helper()
	net, err := nn.New("net", nn.Shape{2, 4, 4}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []struct {
		name  string
		layer nn.Layer
	}{
		{"body.conv", &layers.Conv{Out: 3, NoBias: true}}, {"body.bn", &layers.BatchNorm{}}, {"pool", &layers.GlobalPool{}},
		{"fc", &layers.Linear{Out: classes}},
	} {
		if err := net.Add(l.name, l.layer); err != nil {
			t.Fatal(err)
		}
	}
	return net
}

// state are the tensors of network(t, 5), with values from 1 on.
func state() []safetensors.Tensor {
	var out []safetensors.Tensor
	v := float32(0)
	for _, t := range []struct {
		name  string
		shape []int
	}{
		{"body.conv.weight", []int{3, 2, 3, 3}}, {"body.bn.weight", []int{3}}, {"body.bn.bias", []int{3}},
		{"body.bn.running_mean", []int{3}}, {"body.bn.running_var", []int{3}},
		{"body.bn.num_batches_tracked", []int{1}}, {"fc.weight", []int{5, 3}}, {"fc.bias", []int{5}},
	} {
		data := make([]float32, nn.Shape(t.shape).Size())
		for i := range data {
			v++
			data[i] = v
		}
		out = append(out, safetensors.Tensor{Name: t.name, Shape: t.shape, Data: data})
	}
	return out
}

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func file(t testing.TB, tensors []safetensors.Tensor) string {
	t.Helper()
	var b bytes.Buffer
	if err := safetensors.Write(&b, safetensors.File{Tensors: tensors}); err != nil {
		t.Fatal(err)
	}
	return write(t, "w.safetensors", b.Bytes())
}

func fill(t testing.TB, net *nn.Network, s Source) error {
	t.Helper()
	return s.Fill(Target{Net: net}, rand.New(rand.NewPCG(1, 2)))
}

// holds reports the parameters of net that differ from tensors.
func holds(t *testing.T, net *nn.Network, tensors []safetensors.Tensor, but string) {
	t.Helper()
	for _, p := range net.Params() {
		i := slices.IndexFunc(tensors, func(x safetensors.Tensor) bool { return x.Name == p.Full })
		if !strings.HasPrefix(p.Full, but) && !slices.Equal(p.Export(), tensors[i].Data) {
			t.Errorf("%s is %v, the file has %v", p.Full, p.Export(), tensors[i].Data)
		}
	}
}

func TestFill(t *testing.T) {
	net := network(t, 5)
	if err := fill(t, net, Source{Weights: file(t, state())}); err != nil {
		t.Fatal(err)
	}
	holds(t, net, state(), "none")
	if net.Notes != nil {
		t.Errorf("notes %q", net.Notes)
	}
}

// Linear layers have the values of a convolution over the whole input.
func TestFillEqualLayers(t *testing.T) {
	tensors := state()
	tensors[6].Shape = []int{5, 3, 1, 1}
	net := network(t, 5)
	if err := fill(t, net, Source{Weights: file(t, tensors)}); err != nil {
		t.Fatal(err)
	}
	holds(t, net, state(), "none")
}

// TestHalf: a file of float16, bfloat16 and float64 is read as well.
func TestHalf(t *testing.T) {
	var header, data []byte
	codes := []string{"F16", "BF16", "F64"}
	for i, x := range state() {
		begin := len(data)
		for _, v := range x.Data {
			switch codes[i%3] {
			case "F16": // v is a whole number below 2048
				e := math.Ilogb(float64(v))
				data = binary.LittleEndian.AppendUint16(data, uint16((e+15)<<10|(int(math.Ldexp(float64(v), 10-e))-1024)))
			case "BF16":
				data = binary.LittleEndian.AppendUint16(data, uint16(math.Float32bits(v)>>16))
			case "F64":
				data = binary.LittleEndian.AppendUint64(data, math.Float64bits(float64(v)))
			}
		}
		header = fmt.Appendf(header, `,"%s":{"dtype":"%s","shape":[%s],"data_offsets":[%d,%d]}`, x.Name, codes[i%3],
			strings.Trim(strings.ReplaceAll(fmt.Sprint(x.Shape), " ", ","), "[]"), begin, len(data))
	}
	header[0] = '{'
	header = append(header, '}')
	net := network(t, 5)
	path := write(t, "half.safetensors", append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), data...))
	if err := fill(t, net, Source{Weights: path}); err != nil {
		t.Fatal(err)
	}
	holds(t, net, state(), "none")
}

func TestNewHead(t *testing.T) {
	for _, c := range []struct {
		tensors []safetensors.Tensor
		classes int
		note    string
	}{
		{state(), 7, ": the last layer fc has 5 outputs in the file and 7 here, so its parameters are new"},
		{state()[:6], 5, ": the file has no last layer fc, so its parameters are new"},
	} {
		net, path := network(t, c.classes), file(t, c.tensors)
		if err := fill(t, net, Source{Weights: path}); err != nil {
			t.Fatal(err)
		}
		holds(t, net, state(), "fc.")
		if len(net.Notes) != 1 || net.Notes[0] != path+c.note {
			t.Errorf("notes %q, want %s", net.Notes, path+c.note)
		}
		fc, _ := net.Lookup("fc")
		for _, p := range fc.Layer.Params() {
			if slices.Contains(p.Data(), 0) {
				t.Errorf("%s is not drawn: %v", p.Name, p.Data())
			}
		}
	}
}

func TestOutputs(t *testing.T) {
	n, err := Source{Weights: file(t, state())}.Outputs(Target{Net: network(t, 1)})
	if n != 5 || err != nil {
		t.Errorf("%d outputs, %v", n, err)
	}
	if _, err := (Source{Weights: file(t, state()[:6])}).Outputs(Target{Net: network(t, 1)}); err == nil || !strings.HasSuffix(err.Error(), "which has no layer fc") {
		t.Errorf("error %v", err)
	}
}

// Without a source of random numbers nothing is read, but the file has to fit.
func TestCheckOnly(t *testing.T) {
	net := network(t, 7)
	s := Source{Weights: file(t, state())}
	if err := s.Fill(Target{Net: net}, nil); err != nil {
		t.Fatal(err)
	}
	if net.Params()[0].Data()[0] != 0 || net.Notes != nil {
		t.Errorf("the network was filled: %v %q", net.Params()[0].Data(), net.Notes)
	}
}

// change returns the state after f.
func change(f func(x []safetensors.Tensor) []safetensors.Tensor) []safetensors.Tensor {
	return f(state())
}

func TestFillRefuses(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		name string
		path string
		want string // behind "weights names PATH"
	}{
		{"missing file", filepath.Join(t.TempDir(), "none.safetensors"), ", but there is no such file"},
		{"folder", t.TempDir(), ", a folder; give the safetensors file in it, or the whole run with type: saved"},
		{"device", "/dev/null", ", which is no regular file"},
		{"text", write(t, "x.safetensors", []byte("hello, this is text")), ", which cannot be read: header of 8367736964726416744 bytes, at most 16777216 are allowed: this is no safetensors file"},
		{"other names", file(t, change(func(x []safetensors.Tensor) []safetensors.Tensor {
			for i := range x {
				x[i].Name = "module." + x[i].Name
			}
			return x
		})), ", which does not fit net: the file lacks 5 of 7 parameters: body.conv.weight, body.bn.weight, body.bn.bias, … and 2 more; " +
			"the network has no parameter for 7 of its tensors: " +
			"module.body.conv.weight, module.body.bn.weight, module.body.bn.bias, … and 4 more; " +
			"model.names may translate or drop names"},
		{"surplus", file(t, append(state(), safetensors.Tensor{Name: "aux.bias", Shape: []int{1}, Data: []float32{1}})),
			", which does not fit net: the network has no parameter for 1 of its tensors: aux.bias; model.names may translate or drop names"},
		{"half a head", file(t, state()[:7]), ", which does not fit net: the file lacks 1 of 7 parameters: fc.bias; " +
			"model.names may translate or drop names"},
		{"shape", file(t, change(func(x []safetensors.Tensor) []safetensors.Tensor { x[0].Shape = []int{2, 3, 3, 3}; return x })),
			", which does not fit net: body.conv.weight has shape [2 3 3 3] in place of [3 2 3 3]"},
		{"infinite", file(t, change(func(x []safetensors.Tensor) []safetensors.Tensor { x[0].Data[53] = inf; return x })),
			", which cannot be used: value 53 of body.conv.weight is +Inf, not a finite number"},
		{"variance", file(t, change(func(x []safetensors.Tensor) []safetensors.Tensor { x[4].Data[2] = -1; return x })),
			", which cannot be used: value 2 of body.bn.running_var is -1, a variance is not negative"},
	} {
		err := fill(t, network(t, 5), Source{Weights: c.path})
		if want := "weights names " + c.path + c.want; err == nil || err.Error() != want {
			t.Errorf("%s: error\n%v, want\n%s", c.name, err, want)
		}
	}
}

// TestPickles: files of torch.save are refused with the line that converts them.
func TestPickles(t *testing.T) {
	const python = `python3 -c 'import sys, torch, safetensors.torch as s; d = torch.load(sys.argv[1], map_location="cpu", weights_only=True); ` +
		`d = d.get("state_dict", d.get("model", d)); s.save_file({k: v.contiguous().clone() for k, v in d.items() if torch.is_tensor(v)}, sys.argv[2])' `
	for name, begin := range map[string]string{"a.pth": "PK\x03\x04rest", "b.safetensors": "PK\x03\x04rest", "c.bin": "\x80\x02\x8a\x0alF\xf9\x9c\x6a", "d.pt": "what",
		"it's.pt": "\x80\x04\x95\x00"} {
		path := write(t, name, []byte(begin))
		to := strings.TrimSuffix(path, filepath.Ext(path)) + ".safetensors"
		words := path + " " + to
		if strings.Contains(name, "'") {
			words = "'" + strings.ReplaceAll(path, "'", `'\''`) + "' '" + strings.ReplaceAll(to, "'", `'\''`) + "'"
		}
		want := "weights names " + path + ", a Python pickle, which may run any program while it is read; write it as safetensors: " + python + words
		if err := fill(t, network(t, 5), Source{Weights: path}); err == nil || err.Error() != want {
			t.Errorf("%s: error\n%v, want\n%s", name, err, want)
		}
	}
	// A header of this length begins like a pickle.
	header := `{"` + strings.Repeat("x", 0x0480-len(`{"":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`)) + `":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`
	path := write(t, "w.pt", append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...))
	if err := fill(t, network(t, 5), Source{Weights: path}); err == nil || !strings.Contains(err.Error(), "does not fit net") {
		t.Errorf("error %v", err)
	}
}

func TestNames(t *testing.T) {
	theirs := change(func(x []safetensors.Tensor) []safetensors.Tensor {
		for i := range x {
			x[i].Name = "module." + strings.Replace(x[i].Name, "body.conv", "stem", 1)
		}
		return append(x, safetensors.Tensor{Name: "ema.decay", Shape: []int{}, Data: []float32{1}})
	})
	path := file(t, theirs)
	for name, text := range map[string]string{
		"n.yaml": "module.stem: body.conv\nema.*: null\n\"module.*\": \"*\"\n",
		"n.json": `{"module.stem.weight": "body.conv.weight", "ema.*": null, "module.*": "*"}`,
		"n.csv":  "module.stem,body.conv\nema.decay,\nmodule.*,*\n",
	} {
		net := network(t, 5)
		if err := fill(t, net, Source{Weights: path, Names: write(t, name, []byte(text))}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		holds(t, net, state(), "none")
	}
}

func TestNamesRefused(t *testing.T) {
	path := file(t, state())
	for _, c := range []struct{ name, text, want string }{
		{"n.yaml", "a: b\na: c\n", `mapping key "a" already defined`},
		{"n.yaml", "a: [b]\n", `"a" must be a name or null`},
		{"n.yaml", "- a\n", "it is no section of names"},
		{"n.yml", "\"a.*\": b\n", `"a.*" has 1 * and "b" has 0; each * of ours is the text of one of theirs`},
		{"n.json", `{"a": "b", "a": "c"}`, `"a" is there twice`},
		{"n.json", `{"a.*": "b.*", "a.*": "c.*"}`, `"a.*" is there twice`},
		{"n.csv", "a.*,b.*\na.*,\n", `"a.*" is there twice`},
		{"n.json", `{"a": 1}`, `"a" must be a name or null`},
		{"n.json", `{"a": "b"} x`, "there is text behind the object"},
		{"n.json", `["a"]`, "it must be one object of names"},
		{"n.json", `{"a": `, "EOF"},
		{"n.csv", "a,b,c\n", "record on line 1: wrong number of fields"},
		{"n.csv", ",b\n", "a name of the weights is empty"},
		{"n.txt", "a b\n", `the end of its name is ".txt"; it must be .yaml, .json or .csv`},
		{"n.csv", strings.Repeat("*", 17) + ",\n", "has more than 16 *"},
		{"n.csv", strings.Repeat("x", 1<<20) + ",y\n", "it has more than 1024 KiB"},
	} {
		err := fill(t, network(t, 5), Source{Weights: path, Names: write(t, c.name, []byte(c.text))})
		if err == nil || !strings.HasPrefix(err.Error(), "names is ") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s %.40q: error %v, want %s", c.name, c.text, err, c.want)
		}
	}
	if err := fill(t, network(t, 5), Source{Weights: path, Names: "none.yaml"}); err == nil || err.Error() != "names is none.yaml, which cannot be used: there is no such file" {
		t.Errorf("error %v", err)
	}
	twice := write(t, "n.csv", []byte("body.bn.weight,body.bn.bias\n"))
	err := fill(t, network(t, 5), Source{Weights: path, Names: twice})
	if want := "names gives body.bn.weight and body.bn.bias of " + path + " the same name, body.bn.bias"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if err := (Source{Names: twice}).Validate(); err == nil || err.Error() != "names translates the names of the file weights, which is missing; give it, or remove names" {
		t.Errorf("error %v", err)
	}
}
