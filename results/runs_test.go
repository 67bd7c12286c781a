package results

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"pare/config"
	"pare/run"
)

// made are real runs of seven methods at two points with three seeds, made once, and the
// dense runs from which some of them start.
var made struct {
	sync.Once
	root  string
	dense []string
	runs  []string // 7 methods × 2 points × 3 seeds
	err   error
}

func TestMain(m *testing.M) {
	status := m.Run()
	if made.root != "" {
		os.RemoveAll(made.root)
	}
	os.Exit(status)
}

func train(dir, text string) (*run.Summary, error) {
	c, err := config.Parse("test.yaml", []byte(text))
	if err != nil {
		return nil, err
	}
	folder, err := run.CreateFolder(dir, c.Name, c.YAML())
	if err != nil {
		return nil, err
	}
	return run.Run(context.Background(), run.Options{Config: c, Folder: folder})
}

// sweep makes the runs of made: penalty at two strengths; target, magnitude, random and
// taylor at the size that penalty reached with the same seed; its shape from scratch; and
// narrow networks of about its size. Names, threads and paths differ from seed to seed.
func sweep(root string) (dense, runs []string, err error) {
	const trained = "train: {epochs: 3, batch: 40, optimizer: {type: adam, lr: 0.01}}\n"
	const penalties = "penalties: [{type: group_lasso, on: neurons, lambda: %g}]\n"
	for seed := 1; seed <= 3; seed++ {
		one := func(name, text string) (*run.Summary, string, error) {
			dir := filepath.Join(root, fmt.Sprintf("%s-%d", name, seed))
			s, err := train(dir, fmt.Sprintf("name: %s-%d\nseed: %d\nthreads: %d\nexport: {onnx: false}\n"+
				"data: {dataset: digits, train: 400, validation: 0, test: 200}\n%s", name, seed, seed, 1+seed%2, text))
			return s, dir, err
		}
		const wide = "model: {type: mlp, hidden: [24, 16]}\n"
		_, before, err := one("dense", trained+wide+"prune: {method: none}\n")
		if err != nil {
			return nil, nil, err
		}
		dense = append(dense, before)
		for i, lambda := range []float64{0.003, 0.006} {
			name := func(method string) string { return fmt.Sprintf("%s-%c", method, 'a'+i) }
			s, shape, err := one(name("penalty"), trained+wide+fmt.Sprintf(penalties, lambda))
			if err != nil {
				return nil, nil, err
			}
			runs = append(runs, shape)
			share := float64(s.MACsAfter) / float64(s.MACsBefore)
			texts := map[string]string{
				"target":  trained + wide + fmt.Sprintf(penalties, 0.001) + fmt.Sprintf("target: {macs: %.4f, from: 0.1, by: 0.7}\n", share),
				"scratch": trained + fmt.Sprintf("model: {type: saved, run: '%s/pruned', weights: new}\nprune: {method: none}\n", shape),
				"narrow":  trained + fmt.Sprintf("model: {type: mlp, hidden: [%d, %d]}\nprune: {method: none}\n", int(24*share)+1, int(16*share)+1),
			}
			for _, importance := range []string{"magnitude", "random", "taylor"} {
				texts[importance] = fmt.Sprintf("model: {type: saved, run: '%s/trained', weights: kept}\n"+
					"train: {epochs: 0}\nprune: {method: least, importance: %s, budget: {macs: %.4f}}\n", before, importance, share) +
					"finetune: {epochs: 1, optimizer: {type: adam, lr: 0.005}}\n"
			}
			for _, method := range []string{"target", "magnitude", "random", "taylor", "scratch", "narrow"} {
				_, dir, err := one(name(method), texts[method])
				if err != nil {
					return nil, nil, fmt.Errorf("%s: %w", method, err)
				}
				runs = append(runs, dir)
			}
		}
	}
	return dense, runs, nil
}

// sweepRuns are the runs of made; tests must not change them.
func sweepRuns(t testing.TB) (dense, runs []string) {
	t.Helper()
	made.Do(func() {
		if made.root, made.err = os.MkdirTemp("", "results"); made.err == nil {
			made.dense, made.runs, made.err = sweep(made.root)
		}
	})
	if made.err != nil {
		t.Fatal(made.err)
	}
	return made.dense, made.runs
}

func sources(paths []string) []Source {
	out := make([]Source, len(paths))
	for i, p := range paths {
		out[i] = Source{Path: p}
	}
	return out
}
