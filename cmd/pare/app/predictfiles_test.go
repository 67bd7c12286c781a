package app

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pare/cmd/internal/cli"
	"pare/export"
	"pare/run"
)

// digitFiles writes training images of the tiny run as PNG files, a folder a class, and as an
// array, both in the order of the files' paths. It returns their order in the run.
func digitFiles(t *testing.T, n int) (folder, array string, order []int) {
	t.Helper()
	from, _ := tinyRun(t)
	a, err := run.OpenArtifact(from)
	if err != nil {
		t.Fatal(err)
	}
	m, err := a.Final()
	if err != nil {
		t.Fatal(err)
	}
	data, err := a.Data(t.Context(), m, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	s := data.Set.Images()
	for i := range n {
		order = append(order, i)
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(s.Labels[a] - s.Labels[b]) })
	folder, array = t.TempDir(), filepath.Join(t.TempDir(), "x.npy")
	header := fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': (%d, 8, 8), }\n", n)
	raw := append(binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(header))), header...)
	for k, i := range order {
		im := &image.Gray{Pix: s.Pixels[i*64:][:64], Stride: 8, Rect: image.Rect(0, 0, 8, 8)}
		raw = append(raw, im.Pix...)
		writePNG(t, filepath.Join(folder, m.Classes[s.Labels[i]], fmt.Sprintf("%04d.png", k)), im)
	}
	if err := os.WriteFile(array, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	return folder, array, order
}

func writePNG(t *testing.T, path string, im image.Image) {
	t.Helper()
	var b bytes.Buffer
	err := png.Encode(&b, im)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = os.WriteFile(path, b.Bytes(), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestPredictFiles: files of the training images give the logits of -split train, also from a
// model that was copied elsewhere.
func TestPredictFiles(t *testing.T) {
	from, _ := tinyRun(t)
	folder, array, order := digitFiles(t, 60)
	alone := t.TempDir()
	for _, name := range []string{export.ArchitectureFile, export.SafetensorsFile, export.ONNXFile} {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(alone, name), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(t.TempDir(), "l.npy")
	succeed(t, "predict", from, "-split", "train", "-limit", "60", "-batch", "16", "-out", out)
	_, all := readArray(t, out)
	var want []float32
	for _, i := range order {
		want = append(want, all[i*10:][:10]...)
	}
	for _, model := range []string{from, alone, filepath.Join(alone, export.ONNXFile)} {
		for _, file := range []string{folder, array} {
			contains(t, succeed(t, "predict", model, file, "-batch", "16", "-out", out), "examples: 60", "wrote "+out)
			if _, got := readArray(t, out); !slices.Equal(got, want) {
				t.Errorf("%s, %s: other logits than of the training images", model, file)
			}
		}
	}
	for stage, dir := range map[string]string{"trained": "trained", "pruned": "pruned"} {
		succeed(t, "predict", filepath.Join(from, dir), array, "-limit", "1")
		text, err := os.ReadFile(filepath.Join(from, dir, export.ArchitectureFile))
		if err != nil || !bytes.Contains(text, []byte(`"recipe"`)) {
			t.Errorf("%s: no recipe: %v", stage, err)
		}
	}
	pruned := filepath.Join(t.TempDir(), "pruned")
	succeed(t, "prune", from, "-method", "magnitude", "-macs", "0.5", "-out", pruned)
	succeed(t, "predict", pruned, array)
	printed := succeed(t, "predict", from, folder, "-accuracy")
	contains(t, printed, "file", "class", "probability", "0000.png", "… and 40 more", "examples: 60", "of 60)")
}

// TestPredictionTables: CSV and JSON have the names, probabilities and the likeliest classes.
func TestPredictionTables(t *testing.T) {
	from, _ := tinyRun(t)
	folder, array, _ := digitFiles(t, 30)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	table := func(args ...string) [][]string {
		succeed(t, append([]string{"predict", from, "-out", at("p.csv")}, args...)...)
		text, err := os.ReadFile(at("p.csv"))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	rows := table(folder)
	if got := strings.Join(rows[0], ","); got != "file,prediction,probability,0,1,2,3,4,5,6,7,8,9" || len(rows) != 31 {
		t.Fatalf("%d rows, %s", len(rows), got)
	}
	top := table(array, "-top", "3")
	if got := strings.Join(top[0], ","); got != "row,class_1,probability_1,class_2,probability_2,class_3,probability_3" {
		t.Fatal(got)
	}
	for i, row := range rows[1:] {
		sum, p := 0.0, map[string]float64{}
		for k, cell := range row[3:] {
			v, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				t.Fatal(err)
			}
			p[rows[0][3+k]], sum = v, sum+v
		}
		if sum < 0.9999 || sum > 1.0001 || row[2] != strconv.FormatFloat(p[row[1]], 'g', -1, 64) && p[row[1]] > 1e-4 {
			t.Errorf("row %d: %q", i, row)
		}
		best := top[i+1]
		a, b, c := p[best[1]], p[best[3]], p[best[5]]
		if best[0] != strconv.Itoa(i+1) || best[1] != row[1] || a < b || b < c {
			t.Errorf("row %d: %q of %q", i, best, row)
		}
		for name, v := range p {
			if v > c && !slices.Contains([]string{best[1], best[3], best[5]}, name) {
				t.Errorf("row %d: class %s is not among %q", i, name, best)
			}
		}
	}
	if got := strings.Join(table(folder, array, "-limit", "31")[0], ","); !strings.HasPrefix(got, "file,row,prediction,") {
		t.Error(got)
	}
	if got := strings.Join(table("-split", "test", "-limit", "2")[0], ","); !strings.HasPrefix(got, "example,target,prediction,probability,0,") {
		t.Error(got)
	}
	if got := strings.Join(table(folder, "-logits")[0], ","); got != "file,0,1,2,3,4,5,6,7,8,9" {
		t.Error(got)
	}
	var objects []struct {
		File, Prediction string
		Row              *int
		Probability      float64
		Probabilities    map[string]float64
		Top              []struct {
			Class       string
			Probability float64
		}
	}
	read := func(args ...string) {
		objects = nil
		succeed(t, append([]string{"predict", from, "-out", at("p.json")}, args...)...)
		text, err := os.ReadFile(at("p.json"))
		if err == nil {
			err = json.Unmarshal(text, &objects)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	read(folder)
	if o := objects[7]; len(objects) != 30 || o.Prediction != rows[8][1] ||
		o.File != rows[8][0] || o.Probabilities[o.Prediction] != o.Probability {
		t.Errorf("%d objects, %+v", len(objects), o)
	}
	read(array, "-top", "2")
	if o := objects[7]; *o.Row != 8 || len(o.Top) != 2 || o.Top[0].Class != o.Prediction || o.Top[1].Class != top[8][3] {
		t.Errorf("%+v", o)
	}
}

// TestPredictLabels: labels have probabilities of their own, numbers their names.
func TestPredictLabels(t *testing.T) {
	dir := t.TempDir()
	text := "a,b,hot,wet\n"
	for i := range 40 {
		text += fmt.Sprintf("%d,%d,%d,%d\n", i%7, i%5, i%2, i/20)
	}
	data := file(t, "t.csv", text)
	config := `
name: labels
data: {dataset: table, file: %s, target: [hot, wet], task: %s, test: 10}
model: {layers: [linear: {out: 2}]}
train: {epochs: 1, batch: 10}
`
	for task, head := range map[string]string{"labels": "example,target,prediction,hot,wet", "numbers": "example,target_hot,target_wet,hot,wet"} {
		folder := filepath.Join(dir, task)
		if _, err := makeRun(folder, fmt.Sprintf(config, data, task)); err != nil {
			t.Fatal(err)
		}
		for _, ending := range []string{".csv", ".json"} {
			succeed(t, "predict", folder, "-split", "test", "-out", filepath.Join(dir, task+ending))
		}
		got, err := os.ReadFile(filepath.Join(dir, task+".csv"))
		if err != nil || !strings.HasPrefix(string(got), head+"\n") {
			t.Errorf("%s: %s: %v", task, got, err)
		}
		if text, err := os.ReadFile(filepath.Join(dir, task+".json")); err != nil || !json.Valid(text) {
			t.Errorf("%s: %s: %v", task, text, err)
		}
		contains(t, succeed(t, "inspect", folder), task+" hot wet")
		fail(t, cli.ExitBadInput, "-top is for classes, this network predicts "+task,
			"predict", folder, "-split", "test", "-top", "2", "-out", filepath.Join(dir, "x.csv"))
	}
}

// TestPredictBadFiles: one line, or the rest with -skip-bad; nothing is written.
func TestPredictBadFiles(t *testing.T) {
	from, _ := tinyRun(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	writePNG(t, at("a.png"), image.NewGray(image.Rect(0, 0, 8, 8)))
	writePNG(t, at("b.png"), image.NewRGBA64(image.Rect(0, 0, 8, 8)))
	writePNG(t, at("c.png"), image.NewGray(image.Rect(0, 0, 20, 10)))
	if err := os.WriteFile(at("notes.txt"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "p.csv")
	size := "c.png: 20×10 pixels (width, height), the network takes 8×8; -resize stretches images to that"
	for text, args := range map[string][]string{
		size:                                             {at("a.png"), at("c.png")},
		"none.png: there is no such file":                {at("a.png"), at("none.png")},
		"notes.txt: it is no folder, no image":           {at("notes.txt")},
		"-skip-bad: it is for files and folders":         {"-split", "test", "-skip-bad"},
		"give files and folders, or -inputs FILE":        {at("a.png"), "-split", "test"},
		"-top: it is for probabilities, not for -logits": {at("a.png"), "-logits", "-top", "2"},
		"-top is 0, it must be a number of at least 1":   {at("a.png"), "-top", "0"},
		"-accuracy finds no folder in the path":          {at("a.png"), "-accuracy"},
		"-preprocess: it is for -inputs":                 {at("a.png"), "-preprocess"},
		"-data-dir: it is for -split":                    {at("a.png"), "-data-dir", dir},
	} {
		fail(t, cli.ExitBadInput, text, append([]string{"predict", from, "-out", out}, args...)...)
		if _, err := os.Stat(out); err == nil {
			t.Fatalf("%q: %s was written", args, out)
		}
	}
	if status, _, noted := pare("predict", from, at("c.png"), "-skip-bad"); status != cli.ExitBadInput ||
		!strings.HasSuffix(noted, "\npare predict: none of the 1 examples can be read\n") {
		t.Errorf("status %d, %s", status, noted)
	}
	status, printed, noted := pare("predict", from, dir, at("a.png"), "-skip-bad")
	if status != 0 {
		t.Fatal(noted)
	}
	contains(t, printed, "examples: 3, skipped: 1")
	contains(t, noted, "skipped: ", size, "1 not read, as they are no images; the first is "+at("notes.txt"))
	contains(t, succeed(t, "predict", from, dir, "-resize"), "examples: 3\n")
	chain, _ := sequenceRun(t, chainConfig)
	fail(t, cli.ExitBadInput, "the network reads tokens; give their numbers as -inputs FILE.npy of shape (N, 1, 16)",
		"predict", chain, at("a.png"))
}
