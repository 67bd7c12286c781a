package app

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pare/cmd/internal/cli"
	"pare/export"
	_ "pare/layers/layertest"
	"pare/run"
)

const chainConfig = `
name: chain
data: {dataset: wordchain, window: 16, train: 100, validation: 20, test: 40}
model:
  layers:
    - test-memory: {tokens: 21, out: 21, decay: 0.5}
train: {epochs: 1, batch: 20, optimizer: {type: adam, lr: 0.05}}
export: {onnx: false}
`

func sequenceRun(t *testing.T, config string) (string, *run.Summary) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	s, err := makeRun(dir, config)
	if err != nil {
		t.Fatal(err)
	}
	return dir, s
}

// Logits and inputs of texts are in the order of the text, also where it is read
// in streams, and the loss is that of the run.
func TestPredictText(t *testing.T) {
	for _, carry := range []bool{false, true} {
		folder, s := sequenceRun(t, strings.Replace(chainConfig, "window: 16", fmt.Sprintf("window: 16, carry: %t", carry), 1))
		dir := t.TempDir()
		inputs, logits := filepath.Join(dir, "i.npy"), filepath.Join(dir, "l.npy")
		for _, batch := range []string{"256", "7"} {
			contains(t, succeed(t, "predict", folder, "-split", "test", "-batch", batch, "-out", logits, "-dump-inputs", inputs),
				"logits (40, 21, 16)", fmt.Sprintf("loss %.6f", s.LossFinal), fmt.Sprintf("(%d of 640)", s.CorrectFinal),
				fmt.Sprintf("perplexity %.4f", s.PerplexityFinal), fmt.Sprintf("bits per character %.4f", s.BitsFinal))
		}
		shape, x := readArray(t, inputs)
		if diff := cmp.Diff([]int{40, 1, 16}, shape); diff != "" {
			t.Error(diff)
		}
		shape, want := readArray(t, logits)
		if diff := cmp.Diff([]int{40, 21, 16}, shape); diff != "" {
			t.Error(diff)
		}
		again := filepath.Join(dir, "again.npy")
		succeed(t, "predict", folder, "-inputs", inputs, "-out", again)
		_, got := readArray(t, again)
		near(t, got[:21*16], want[:21*16])                                  // the first window has no past
		if same := slices.Equal(got[21*16:], want[21*16:]); same == carry { // others have one in streams
			t.Errorf("carry %t: windows alone give the same: %t", carry, same)
		}
		contains(t, succeed(t, "predict", folder, "-split", "train", "-limit", "5", "-out", again), "logits (5, 21, 16)", "of 80)")
		contains(t, succeed(t, "inspect", folder), "input 1×16 (tokens of a vocabulary of 21), output 21×16, "+
			"classes \" \" a b", "perplexity", "above the entropy, 0.9381")
		for i, v := range x {
			if v < 0 || v > 20 || v != float32(int(v)) {
				t.Fatalf("input %d is %v", i, v)
			}
		}
	}
}

func TestPredictTokenErrors(t *testing.T) {
	folder, _ := sequenceRun(t, chainConfig)
	array := func(shape []int, at int, v float32) string {
		x := make([]float32, 32)
		x[at] = v
		return writeArray(t, shape, x)
	}
	for _, c := range []struct {
		text string
		args []string
	}{
		{"value 21 at (1, 0, 3) is not a token; tokens are whole numbers from 0 to 20", []string{"-inputs", array([]int{2, 1, 16}, 19, 21)}},
		{"value 0.5 at (0, 0, 2)", []string{"-inputs", array([]int{2, 1, 16}, 2, 0.5)}},
		{"value -1 at (0, 0, 0)", []string{"-inputs", array([]int{2, 1, 16}, 0, -1)}},
		{"value 1e+30 at", []string{"-inputs", array([]int{2, 1, 16}, 0, 1e30)}},
		{"value 21 at (1, 0, 3) is not a token", []string{"-inputs", array([]int{2, 16}, 19, 21)}},
		{"shape is (4, 8), the network takes (N, 1, 16)", []string{"-inputs", array([]int{4, 8}, 0, 0)}},
		{"shape is (2, 16, 1), the network takes (N, 1, 16); put the units first: x.transpose(0, 2, 1)",
			[]string{"-inputs", array([]int{2, 16, 1}, 0, 0)}},
		{"no preprocessing", []string{"-preprocess", "-inputs", array([]int{2, 1, 16}, 0, 0)}},
		{"data.dir is not an option of wordchain", []string{"-split", "test", "-data-dir", t.TempDir()}},
	} {
		fail(t, cli.ExitBadInput, c.text, append([]string{"predict", folder}, c.args...)...)
	}
}

// TestPredictSplitOfNumbers: targets that are numbers to come near to have no accuracy.
func TestPredictSplitOfNumbers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	rows := strings.Repeat("1,1.5\n3,2.5\n2,2.25\n4,4.5\n", 20)
	if err := os.WriteFile(path, []byte("age,y\n"+rows), 0o644); err != nil {
		t.Fatal(err)
	}
	folder, s := sequenceRun(t, fmt.Sprintf("name: numbers\ndata: {dataset: table, file: '%s', target: y, test: 0.2}\n"+
		"model: {type: mlp, hidden: [3]}\ntrain: {epochs: 1, batch: 10, optimizer: {type: adam, lr: 0.01}}\n", path))
	printed := succeed(t, "predict", folder, "-split", "test", "-out", filepath.Join(t.TempDir(), "p.csv"))
	contains(t, printed, "logits (16, 1)", fmt.Sprintf("loss %.6f", s.MSEFinal))
	if strings.Contains(printed, "accuracy") {
		t.Errorf("numbers have an accuracy:\n%s", printed)
	}
}

func TestPredictNumbers(t *testing.T) {
	folder, s := sequenceRun(t, `
name: adding
data: {dataset: adding, length: 6, train: 200, validation: 20, test: 50}
model: {layers: [flatten, linear: {out: 8}, relu, linear: {out: 1}]}
train: {epochs: 2, batch: 20, optimizer: {type: adam, lr: 0.01}}
`)
	dir := t.TempDir()
	inputs, out := filepath.Join(dir, "i.npy"), filepath.Join(dir, "o.npy")
	printed := succeed(t, "predict", folder, "-split", "test", "-out", out, "-dump-inputs", inputs)
	contains(t, printed, "logits (50, 1)", fmt.Sprintf("loss %.6f", s.MSEFinal), fmt.Sprintf("(%d of 50)", s.CorrectFinal))
	if strings.Contains(printed, "perplexity") {
		t.Errorf("numbers have a perplexity:\n%s", printed)
	}
	shape, x := readArray(t, inputs)
	if diff := cmp.Diff([]int{50, 2, 6}, shape); diff != "" {
		t.Error(diff)
	}
	marks := float32(0)
	for _, v := range x[6:12] { // channels first: six values, then six marks
		marks += v
	}
	if marks != 2 {
		t.Errorf("the first example is %v", x[:12])
	}
	_, want := readArray(t, out)
	again := filepath.Join(dir, "again.npy")
	for _, model := range []string{folder, filepath.Join(folder, export.ONNXFile)} {
		succeed(t, "predict", model, "-inputs", inputs, "-out", again)
		_, got := readArray(t, again)
		near(t, got, want)
	}
	contains(t, succeed(t, "inspect", folder), "input 2×6, output 1", "mean square error")
}

// Rows of images are vectors whose values share mean and deviation.
func TestPredictRows(t *testing.T) {
	data := t.TempDir()
	rng := rand.New(rand.NewPCG(1, 2))
	for name, dims := range map[string][]uint32{"train-images-idx3-ubyte": {60, 6, 5}, "train-labels-idx1-ubyte": {60},
		"t10k-images-idx3-ubyte": {20, 6, 5}, "t10k-labels-idx1-ubyte": {20}} {
		file := binary.BigEndian.AppendUint32(nil, 0x800+uint32(len(dims)))
		n := uint32(1)
		for _, d := range dims {
			file = binary.BigEndian.AppendUint32(file, d)
			n *= d
		}
		for range n {
			file = append(file, byte(rng.IntN(10)))
		}
		if err := os.WriteFile(filepath.Join(data, name), file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	folder, s := sequenceRun(t, `
name: rows
data: {dataset: mnist, dir: '`+data+`', sequence: rows, permute: true, augment: {crop: 1}}
model: {type: mlp, hidden: [8]}
train: {epochs: 1, batch: 20}
`)
	contains(t, succeed(t, "predict", folder, "-split", "test"), "logits (20, 10)", fmt.Sprintf("loss %.6f", s.LossFinal))
	m, err := export.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	if p := m.Preprocess; len(p.Mean) != 5 || p.Mean[4] != p.Mean[0] || p.Std[4] != p.Std[0] {
		t.Errorf("preprocessing %+v", p)
	}
	raw, fed := make([]float32, 60), make([]float32, 60)
	for i := range raw {
		raw[i] = float32(i) / 60
		fed[i] = (raw[i] - m.Preprocess.Mean[0]) / m.Preprocess.Std[0]
	}
	a, b := filepath.Join(t.TempDir(), "a.npy"), filepath.Join(t.TempDir(), "b.npy")
	succeed(t, "predict", folder, "-inputs", writeArray(t, []int{2, 5, 6}, raw), "-preprocess", "-out", a)
	succeed(t, "predict", folder, "-inputs", writeArray(t, []int{2, 5, 6}, fed), "-out", b)
	_, got := readArray(t, a)
	_, want := readArray(t, b)
	near(t, got, want)
}
