package estimate

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/stat/recovery"
)

func TestObject(t *testing.T) {
	for _, c := range []struct {
		o    Object
		want string
	}{
		{nil, `{}`},
		{Object{"b", 1, "a", "x"}, `{"b":1,"a":"x"}`},
		{Object{"nan", math.NaN(), "v", []float64{1.5, math.Inf(1)}, "o", []Object{{"<", -0.5}}}, `{"nan":null,"v":[1.5,null],"o":[{"\u003c":-0.5}]}`},
	} {
		got, err := json.Marshal(c.o)
		if err != nil || string(got) != c.want {
			t.Errorf("%s, %v, want %s", got, err, c.want)
		}
	}
	h := Head{Command: "lasso", File: "d.csv", Notes: []string{"odd"}}
	if got, err := json.Marshal(h.Envelope(Object{"rows", 3})); err != nil ||
		string(got) != `{"format":1,"command":"lasso","file":"d.csv","rows":3,"notes":["odd"]}` {
		t.Errorf("%s, %v", got, err)
	}
}

// long is a path of n λ, the last but one chosen.
func long(n int) *Path {
	p := &Path{Sizes: []Column{{Name: "edges", Title: "edges"}},
		Losses: []Column{{Name: "score", Title: "score", ErrorName: "sd", Format: "%.1f"}}, Chosen: n - 2}
	for i := range n {
		p.Fits = append(p.Fits, Fit{Lambda: 1 / float64(i+1), Objective: 2, Gap: 1e-9, Tolerance: 1e-8, Iterations: i, Converged: i > 0})
		p.Sizes[0].Value = append(p.Sizes[0].Value, float64(10*i))
		p.Losses[0].Value, p.Losses[0].Error = append(p.Losses[0].Value, 0.5), append(p.Losses[0].Error, 0.25)
		p.Scores = append(p.Scores, recovery.Score{Precision: 0.5, Recall: 1, F1: 0.75})
	}
	return p
}

func TestPath(t *testing.T) {
	p := long(3)
	p.Losses[0].Value[0] = math.Inf(1)
	var csv, text bytes.Buffer
	if err := p.File().Write(&csv); err != nil {
		t.Fatal(err)
	}
	if want := "lambda,edges,objective,gap,tolerance,iterations,converged,score,sd,precision,recall,f1\n1,0,2,1e-09,1e-08,0,false,+Inf,0.25,0.5,1,0.75\n"; !strings.HasPrefix(csv.String(), want) {
		t.Errorf("%s", csv.String())
	}
	p.WriteText(&text)
	want := `       λ  edges      gap      score  precision  recall    F1
       1      0  1.0e-09   no refit       0.50    1.00  0.75
     0.5     10  1.0e-09  0.5 ± 0.2       0.50    1.00  0.75  ← chosen
  0.3333     20  1.0e-09  0.5 ± 0.2       0.50    1.00  0.75
gap: above the optimum, at most; tolerance 1.0e-08
`
	if text.String() != want {
		t.Errorf("got\n%swant\n%s", text.String(), want)
	}
	// A long path shows some rows, among them the first, the last and the chosen one.
	text.Reset()
	p = long(100)
	p.Rows = 10
	p.WriteText(&text)
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	if len(lines) != 13 || !strings.Contains(lines[1], "  0  ") || !strings.Contains(lines[10], "980") ||
		!strings.Contains(lines[10], "← chosen") || !strings.Contains(lines[11], "990") {
		t.Errorf("%s", text.String())
	}
}

func TestWriteFolderIsAllOrNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	files := []File{JSONFile(Object{"a", 1}), CSVFile("t.csv", []string{"x"}, [][]string{{"1"}})}
	if err := WriteFolder(dir, append(files, File{"none/x", files[0].Write})); err == nil {
		t.Error("a file in a folder that does not exist was written")
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a part of the folder was written")
	}
	if err := WriteFolder(dir, files); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "t.csv")); err != nil || string(text) != "x\n1\n" {
		t.Errorf("%q, %v", text, err)
	}
}
