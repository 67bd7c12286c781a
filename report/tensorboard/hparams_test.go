package tensorboard

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// golden holds summaries as TensorBoard's own classes encode them: testdata/hparams.py.
type golden struct {
	Time       float64
	Metrics    []string
	Sessions   []map[string]any
	Start      []string `json:"session_start"`
	End        string   `json:"session_end"`
	Experiment string
}

func readGolden(t *testing.T) (g golden, sessions [][]Hyperparameter) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "hparams.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	for _, s := range g.Sessions {
		var list []Hyperparameter
		for name, value := range s {
			list = append(list, Hyperparameter{name, value})
		}
		sessions = append(sessions, list)
	}
	return g, sessions
}

// summaries are the encoded summaries of the events in a file.
func summaries(t *testing.T, path string) []string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var out []string
	for {
		data, ok := readRecord(file)
		if !ok {
			return out
		}
		eachField(data, func(field protowire.Number, _ uint64, message []byte) {
			if field == eventSummary {
				out = append(out, hex.EncodeToString(message))
			}
		})
	}
}

func TestHyperparametersAsTensorBoard(t *testing.T) {
	g, sessions := readGolden(t)
	at := time.UnixMilli(int64(1000 * g.Time))
	for i, s := range sessions {
		w := create(t, t.TempDir())
		if err := w.SessionStart(s, at); err != nil {
			t.Fatal(err)
		}
		sameSummaries(t, w, g.Start[i])
	}
	w := create(t, t.TempDir())
	if err := w.SessionEnd(Failure, at); err != nil {
		t.Fatal(err)
	}
	sameSummaries(t, w, g.End)

	w = create(t, t.TempDir())
	if err := w.Experiment(sessions, g.Metrics, at); err != nil {
		t.Fatal(err)
	}
	sameSummaries(t, w, g.Experiment)
}

func create(t *testing.T, dir string) *Writer {
	t.Helper()
	w, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func sameSummaries(t *testing.T, w *Writer, want ...string) {
	t.Helper()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got := summaries(t, w.Name())
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("summaries are\n%s\nexpected\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestHyperparametersOnce(t *testing.T) {
	dir := t.TempDir()
	for part := range 2 { // a run and its resumption
		w := create(t, dir)
		for range 2 {
			if err := w.SessionStart([]Hyperparameter{{"part", float64(part)}}, noon); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got, want := len(summaries(t, w.Name())), 1-part; got != want {
			t.Errorf("file %d has %d summaries, expected %d", part, got, want)
		}
	}
}

func TestBadHyperparameters(t *testing.T) {
	w := create(t, t.TempDir())
	defer w.Close()
	for want, list := range map[string][]Hyperparameter{
		"hyperparameter n is of type int; give a bool, float64 or string": {{"n", 3}},
		"hyperparameter n is given twice":                                 {{"n", "a"}, {"m", true}, {"n", 1.0}},
	} {
		if err := w.SessionStart(list, noon); err == nil || err.Error() != want {
			t.Errorf("error %v, expected %s", err, want)
		}
		if err := w.Experiment([][]Hyperparameter{list}, nil, noon); err == nil || err.Error() != want {
			t.Errorf("error %v, expected %s", err, want)
		}
	}
}
