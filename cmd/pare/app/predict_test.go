package app

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pare/cmd/internal/cli"
	"pare/export"
	"pare/internal/atomicfile"
	"pare/internal/npy"
	"pare/run"
)

func readArray(t *testing.T, path string) ([]int, []float32) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	shape, data, err := npy.Read(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return shape, data
}

func writeArray(t *testing.T, shape []int, data []float32) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.npy")
	if err := atomicfile.Write(path, func(w io.Writer) error { return npy.Write(w, shape, data) }); err != nil {
		t.Fatal(err)
	}
	return path
}

func near(t *testing.T, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	for i, v := range want {
		if !(math.Abs(float64(got[i]-v)) <= 1e-4*(1+math.Abs(float64(v)))) { // also true for NaN
			t.Fatalf("value %d is %v, want %v", i, got[i], v)
		}
	}
}

func TestPredictSplit(t *testing.T) {
	folder, s := tinyRun(t)
	dir := t.TempDir()
	inputs, logits := filepath.Join(dir, "i.npy"), filepath.Join(dir, "l.npy")
	contains(t, succeed(t, "predict", folder, "-split", "test", "-out", logits, "-dump-inputs", inputs),
		"logits (400, 10)", fmt.Sprintf("loss %.6f", s.LossFinal),
		fmt.Sprintf("accuracy %.2f %% (%d of 400)", 100*s.AccuracyFinal, s.CorrectFinal), "wrote "+inputs, "wrote "+logits)
	shape, _ := readArray(t, inputs)
	if diff := cmp.Diff([]int{400, 1, 8, 8}, shape); diff != "" {
		t.Error(diff)
	}
	shape, want := readArray(t, logits)
	if diff := cmp.Diff([]int{400, 10}, shape); diff != "" {
		t.Error(diff)
	}
	again := filepath.Join(dir, "again.npy")
	for _, args := range [][]string{{"-batch", "1"}, {"-batch", "17", "-threads", "1"}, {}} {
		succeed(t, append([]string{"predict", folder, "-inputs", inputs, "-out", again}, args...)...)
		_, got := readArray(t, again)
		near(t, got, want)
	}
	succeed(t, "predict", "-split", "test", folder, "-limit", "5", "-batch", "3", "-out", again)
	_, got := readArray(t, again)
	near(t, got, want[:50])
	succeed(t, "predict", filepath.Join(folder, export.ONNXFile), "-inputs", inputs, "-limit", "5", "-out", again)
	_, got = readArray(t, again)
	near(t, got, want[:50])
}

func TestPredictOtherSplits(t *testing.T) {
	folder, s := tinyRun(t)
	contains(t, succeed(t, "predict", folder, "-split", "validation"), "logits (100, 10)", "accuracy")
	contains(t, succeed(t, "predict", folder, "-split", "train", "-limit", "70"), "logits (70, 10)")
	contains(t, succeed(t, "predict", filepath.Join(folder, "trained"), "-split", "test"),
		fmt.Sprintf("loss %.6f", s.LossBeforePrune), fmt.Sprintf("(%d of 400)", s.CorrectBeforePrune))
}

func TestPredictPreprocess(t *testing.T) {
	folder, _ := tinyRun(t)
	m, err := export.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	raw, fed := make([]float32, 3*64), make([]float32, 3*64)
	for i := range raw {
		raw[i] = float32(i%64) / 63
		fed[i] = (raw[i] - m.Preprocess.Mean[0]) / m.Preprocess.Std[0]
	}
	a, b := filepath.Join(t.TempDir(), "a.npy"), filepath.Join(t.TempDir(), "b.npy")
	succeed(t, "predict", folder, "-inputs", writeArray(t, []int{3, 1, 8, 8}, raw), "-preprocess", "-out", a)
	succeed(t, "predict", folder, "-inputs", writeArray(t, []int{3, 1, 8, 8}, fed), "-out", b)
	_, got := readArray(t, a)
	_, want := readArray(t, b)
	near(t, got, want)
}

func TestPredictErrors(t *testing.T) {
	folder, _ := tinyRun(t)
	root := t.TempDir()
	out := filepath.Join(root, "l.npy")
	zeros := make([]float32, 128)
	good := writeArray(t, []int{2, 1, 8, 8}, zeros)
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	file := func(content []byte) string {
		path := filepath.Join(t.TempDir(), "x.npy")
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	bad := append([]float32(nil), zeros...)
	bad[64+9] = float32(math.NaN())
	large := append([]float32(nil), zeros...)
	large[64+9] = 255
	bare := copyRun(t, run.ConfigFile)
	for _, c := range []struct {
		text string
		args []string
	}{
		{"must end in .csv, .json or .npy", []string{"-inputs", good, "-out", filepath.Join(root, "l.txt")}},
		{"must end in .csv, .json or .npy", []string{"-inputs", good, "-out", filepath.Join(root, "l")}},
		{"-dump-inputs " + root + "/x.csv: the file name must end in .npy", []string{"-inputs", good, "-dump-inputs", filepath.Join(root, "x.csv")}},
		{"give files and folders, or -inputs FILE, or -split", nil},
		{"give files and folders, or -inputs FILE, or -split", []string{"-inputs", good, "-split", "test"}},
		{`-split is "dev", it must be train, validation or test`, []string{"-split", "dev"}},
		{"-preprocess: it is for -inputs", []string{"-split", "test", "-preprocess"}},
		{"-data-dir: it is for -split", []string{"-inputs", good, "-data-dir", root}},
		{"-batch is 0", []string{"-inputs", good, "-batch", "0"}},
		{"-limit is -1", []string{"-inputs", good, "-limit", "-1"}},
		{"written twice", []string{"-inputs", good, "-dump-inputs", out}},
		{"there is no folder", []string{"-inputs", good, "-dump-inputs", filepath.Join(root, "none", "x")}},
		{"no such file", []string{"-inputs", filepath.Join(root, "none")}},
		{"shape is (128,), the network takes (N, 1, 8, 8)", []string{"-inputs", writeArray(t, []int{128}, zeros)}},
		{"shape is (2, 8, 8, 1), the", []string{"-inputs", writeArray(t, []int{2, 8, 8, 1}, zeros)}},
		{"shape is (), the", []string{"-inputs", writeArray(t, nil, zeros[:1])}},
		{"has no examples", []string{"-inputs", writeArray(t, []int{0, 1, 8, 8}, nil)}},
		{"NaN at (1, 0, 1, 1)", []string{"-inputs", writeArray(t, []int{2, 1, 8, 8}, bad)}},
		{"value 255 at (1, 0, 1, 1) is outside", []string{"-preprocess", "-inputs", writeArray(t, []int{2, 1, 8, 8}, large)}},
		{"truncated", []string{"-inputs", file(text[:len(text)-3])}},
		{"truncated", []string{"-inputs", file(nil)}},
		{"bytes follow", []string{"-inputs", file(append(bytes.Clone(text), 1))}},
		{"element type", []string{"-inputs", file(bytes.Replace(text, []byte("<f4"), []byte("<c8"), 1))}},
		{"not a NumPy file", []string{"-inputs", file([]byte("hello, this is text"))}},
		{"data.dir is not an option of digits", []string{"-split", "test", "-data-dir", root}},
	} {
		fail(t, cli.ExitBadInput, c.text, append([]string{"predict", folder, "-out", out}, c.args...)...)
	}
	fail(t, cli.ExitBadInput, "is not a run folder, so no config", "predict", bare, "-split", "test", "-out", out)
	absent(t, root)
}

// Data that do not fit the network are refused.
func TestPredictOtherData(t *testing.T) {
	dir := copyRun(t)
	path := filepath.Join(dir, run.ConfigFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	set := func(old, new string) {
		if err := os.WriteFile(path, bytes.Replace(text, []byte(old), []byte(new), 1), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	set("dataset: digits", "dataset: glyphs\n  train: 20\n  test: 20")
	if status, _, errs := pare("predict", dir, "-split", "test"); status != cli.ExitBadInput {
		t.Errorf("status %d: %s", status, errs)
	}
	set("validation: 100", "validation: 0")
	fail(t, cli.ExitBadInput, "no validation examples", "predict", dir, "-split", "validation")
}

// TestPredictFormats: the extension chooses the format, and the values are the same.
func TestPredictFormats(t *testing.T) {
	folder, _ := tinyRun(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"l.npy", "l.csv", "l.JSON"} {
		succeed(t, "predict", folder, "-split", "test", "-limit", "7", "-logits", "-out", at(name))
	}
	_, want := readArray(t, at("l.npy"))
	text, err := os.ReadFile(at("l.csv"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split("example,0,1,2,3,4,5,6,7,8,9", ","), rows[0]); diff != "" || len(rows) != 8 {
		t.Fatalf("%d rows below %q", len(rows)-1, rows[0])
	}
	var got []float32
	for i, row := range rows[1:] {
		if row[0] != strconv.Itoa(i) {
			t.Errorf("row %d is of example %s", i, row[0])
		}
		for _, cell := range row[1:] {
			v, err := strconv.ParseFloat(cell, 32)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, float32(v))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the table has %v, the array %v", got, want)
	}
	var document struct {
		Shape   []int
		Columns []string
		Values  [][]float32
	}
	if text, err = os.ReadFile(at("l.JSON")); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(slices.Concat(document.Values...), want) || !slices.Equal(document.Shape, []int{7, 10}) ||
		!slices.Equal(document.Columns, rows[0][1:]) {
		t.Errorf("JSON has %+v, the array %v", document, want)
	}
}

// TestArrayOfSequences: a row of CSV is a position, and arrays keep channels first.
func TestArrayOfSequences(t *testing.T) {
	a := array{shape: []int{2, 2, 3},
		data: []float32{0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, float32(math.Inf(1))}, names: []string{"a,b", "\n"}}
	var b bytes.Buffer
	rows, err := newCSVRows(&b, &meaning{names: a.names, raw: true}, key{example: true, position: true}.columns())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		outputs := []float32{a.data[i/3*6+i%3], a.data[i/3*6+i%3+3]}
		var answer answer
		(&meaning{raw: true}).read(outputs, &answer)
		if err := rows.write([]string{strconv.Itoa(i / 3), strconv.Itoa(i % 3)}, &answer); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.end(); err != nil {
		t.Fatal(err)
	}
	if want := "example,position,\"a,b\",\"\n\"\n0,0,0,10\n0,1,1,11\n0,2,2,12\n1,0,100,110\n1,1,101,111\n1,2,102,+Inf\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
	b.Reset()
	a.names = []string{"output_0", "output_1"}
	if err := a.writeJSON(&b); err != nil {
		t.Fatal(err)
	}
	if want := `{"shape": [2,2,3], "columns": ["output_0","output_1"], "values": [[[0, 1, 2], [10, 11, 12]], [[100, 101, 102], [110, 111, null]]]}` + "\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestShownTableOfManyOutputs(t *testing.T) {
	var names, values []string
	m := &meaning{outputs: export.OutputNumbers}
	a := &answer{}
	for k := range shownOutputs + 3 {
		m.names = append(m.names, "output_"+strconv.Itoa(k))
		a.values = append(a.values, float64(k))
		if k < shownOutputs {
			names, values = append(names, m.names[k]), append(values, strconv.Itoa(k))
		}
	}
	var b strings.Builder
	table := newShownTable(&b, m, []string{"file"})
	if err := errors.Join(table.write([]string{"x.png"}, a), table.end()); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	if got := strings.Fields(lines[0]); !slices.Equal(got, append([]string{"file"}, names...)) {
		t.Errorf("the head is %q", lines[0])
	}
	if got := strings.Fields(lines[1]); !slices.Equal(got, append([]string{"x.png"}, values...)) {
		t.Errorf("the row is %q", lines[1])
	}
	if want := "… and 3 more outputs; -out FILE.csv or .json writes all"; lines[2] != want {
		t.Errorf("the last line is %q, want %q", lines[2], want)
	}
}
