package app

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/cmd/internal/cli"
)

// hands is a table of attributes of the built-in digits.
func hands(t *testing.T) string {
	t.Helper()
	text := "row,hand,shade\n"
	for i := 1; i <= 1797; i++ {
		text += fmt.Sprintf("%d,%s,%d\n", i, []string{"left", "right", "right"}[i%3], i%7)
	}
	return file(t, "hands.csv", text)
}

func TestAuditCommand(t *testing.T) {
	folder, s := tinyRun(t)
	attributes := hands(t)
	status, out, errs := pare("audit", folder, "-by", "hand,shade", "-file", attributes, "-cut", "shade=2,5", "-resamples", "20", "-positive", "3")
	if status != 0 || errs != "" {
		t.Fatalf("status %d, %s", status, errs)
	}
	for _, want := range []string{"rates are of the class 3", "hand, final", "shade, final", "2 to below 5", "hand × shade, final", "false positives", "hand, disparities",
		"Predictions that differ between trained and final"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	dir := filepath.Join(t.TempDir(), "audit")
	status, out, errs = pare("audit", folder, "-by", "hand", "-file", attributes, "-resamples", "0", "-json", "-out", dir)
	if status != 0 {
		t.Fatalf("status %d, %s", status, errs)
	}
	var a struct {
		Examples int
		Tables   []struct {
			Measures []struct {
				Name   string
				Stages []struct{ Overall struct{ Value float64 } }
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &a); err != nil {
		t.Fatal(err)
	}
	if a.Examples != s.TestExamples || len(a.Tables) != 1 || a.Tables[0].Measures[0].Name != "accuracy" ||
		math.Abs(a.Tables[0].Measures[0].Stages[1].Overall.Value-s.AccuracyFinal) > 1e-12 {
		t.Errorf("%+v; the summary says %v of %d", a, s.AccuracyFinal, s.TestExamples)
	}
	var files []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		files = append(files, e.Name())
	}
	if want := []string{"audit.json", "changed.csv", "examples.csv", "groups.csv", "report.html"}; !slices.Equal(files, want) {
		t.Errorf("files %q", files)
	}
}

func TestAuditRefuses(t *testing.T) {
	folder, _ := tinyRun(t)
	attributes := hands(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "no RUN given; see pare help audit"},
		{[]string{folder}, "no -by COLUMN given, and the config of " + folder + " has no audit.by"},
		{[]string{folder, folder, "-by", "hand"}, folder + " is given twice"},
		{[]string{folder, "-by", "hand"}, "-file is missing: the examples of digits have no columns; give a table with a row for each test example"},
		{[]string{folder, "-by", "hnad", "-file", attributes}, `-by names a column that is not there: hands.csv: no column "hnad"; did you mean hand?`},
		{[]string{folder, "-by", "hand", "-file", "none.csv"}, "-file cannot be read: none.csv: there is no such file"},
		{[]string{folder, "-by", "hand", "-file", attributes, "-positive", "eleven"}, `-positive is "eleven", which is no class; the classes are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9`},
		{[]string{folder, "-by", "hand", "-file", attributes, "-cut", "hand=1"}, `-cut cannot be used: column hand has the value "left", which is no number to cut at 1`},
		{[]string{folder, "-by", "hand,", "-file", attributes}, `-by is "hand,", which has an empty name of a column`},
		{[]string{folder, "-by", "hand", "-cut", "hand"}, `-cut is "hand"; it must be a column and the points of its intervals, such as age=25,45`},
		{[]string{folder, "-by", "hand", "-cut", "hand=a"}, `-cut is "hand=a", and "a" is no number`},
		{[]string{folder, "-by", "hand", "-resamples", "-1"}, "-resamples is -1, it must be 0 to 10000"},
		{[]string{folder, "-by", "hand", "-confidence", "1"}, "-confidence is 1, it must be between 0 and 1"},
		{[]string{filepath.Join(folder, "trained"), "-by", "hand"}, filepath.Join(folder, "trained") + " is no run folder; an audit needs the data and networks of a run"},
		{[]string{folder, "-by", "hand", "-file", attributes, "-against", "nowhere"}, "nowhere does not exist; give a run folder, a folder with a model, or an .onnx or .safetensors file"},
		{[]string{folder, "-by", "hand", "-file", attributes, "-against", "dense-*"}, "-against dense-*: no run has such a name"},
		{[]string{folder, "-by", "hand", "-file", attributes, "-out", attributes}, "-out " + attributes + " is a file; choose a folder"},
	} {
		status, out, errs := pare(append([]string{"audit"}, c.args...)...)
		if status != cli.ExitBadInput || out != "" || errs != "pare audit: "+c.want+"\n" {
			t.Errorf("%q: status %d\n  got  %s  want pare audit: %s", c.args, status, errs, c.want)
		}
	}
}
