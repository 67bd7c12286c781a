// Command killtest kills training runs with SIGKILL at random moments, resumes
// each until it is done, and compares its folder with the folder of a run that nothing
// disturbed: the models byte for byte, the metrics log and the summary but for the
// values that follow from a clock or the command line.
//
//	go run ./scripts/killtest [-kills 300] [-seed 1] [-train FILE] [-keep DIR]
//
// Its runs are those in scripts/killtest/configs, in turn. A run that does not go
// on, or ends otherwise, is lost; the exit status is then 1 and its folder stays.
package main

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"pare/run"
)

//go:embed configs/*.yaml
var configs embed.FS

func main() {
	kills := flag.Int("kills", 300, "how many processes to kill")
	seed := flag.Uint64("seed", 1, "of the moments")
	program := flag.String("train", "", "program to test; empty: it is built")
	keep := flag.String("keep", "", "folder for the runs; empty: a temporary one, which goes when no run is lost")
	flag.Parse()
	t := &test{kills: *kills, program: *program, folder: *keep, rng: rand.New(rand.NewPCG(*seed, 0x6b696c6c))}
	if err := t.all(); err != nil {
		fmt.Fprintln(os.Stderr, "killtest:", err)
		os.Exit(1)
	}
}

type test struct {
	kills           int
	program, folder string
	rng             *rand.Rand
}

// kind is a config with its undisturbed run.
type kind struct {
	name, config, whole string
	took                time.Duration
	runs, kills, lost   int
}

func (t *test) all() error {
	if t.folder == "" {
		dir, err := os.MkdirTemp("", "killtest")
		if err != nil {
			return err
		}
		t.folder = dir
	}
	if t.program == "" {
		t.program = filepath.Join(t.folder, "train")
		if out, err := exec.Command("go", "build", "-o", t.program, "pare/cmd/train").CombinedOutput(); err != nil {
			return fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	kinds, err := t.undisturbed()
	if err != nil {
		return err
	}
	killed, lost := 0, 0
	for killed < t.kills {
		k := slices.MinFunc(kinds, func(a, b *kind) int { return cmp.Compare(a.kills, b.kills) })
		dir := filepath.Join(t.folder, fmt.Sprintf("%s-%d", k.name, k.runs))
		before := k.kills
		if err := t.disturbed(k, dir, t.kills-killed); err != nil {
			fmt.Printf("LOST %s after %d kills: %v\n", dir, k.kills-before, err)
			k.lost++
			lost++
		} else if err := os.RemoveAll(dir); err != nil {
			return err
		}
		k.runs++
		killed += k.kills - before
	}
	fmt.Printf("%-14s %6s %6s %6s %14s\n", "run", "runs", "kills", "lost", "undisturbed")
	for _, k := range kinds {
		fmt.Printf("%-14s %6d %6d %6d %13.1fs\n", k.name, k.runs, k.kills, k.lost, k.took.Seconds())
	}
	fmt.Printf("%-14s %6s %6d %6d\n", "together", "", killed, lost)
	if lost > 0 {
		return fmt.Errorf("%d runs are lost; they are in %s", lost, t.folder)
	}
	return os.RemoveAll(t.folder)
}

// undisturbed runs every config as it should be.
func (t *test) undisturbed() ([]*kind, error) {
	files, err := configs.ReadDir("configs")
	if err != nil {
		return nil, err
	}
	var out []*kind
	for _, f := range files {
		text, err := configs.ReadFile("configs/" + f.Name())
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(f.Name(), ".yaml")
		k := &kind{name: name, config: filepath.Join(t.folder, f.Name()), whole: filepath.Join(t.folder, name)}
		if err := os.WriteFile(k.config, text, 0o644); err != nil {
			return nil, err
		}
		start := time.Now()
		if text, err := exec.Command(t.program, "-quiet", "-config", k.config, "-out", k.whole).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s: %w: %s", name, err, text)
		}
		k.took = time.Since(start)
		out = append(out, k)
	}
	return out, nil
}

// disturbed starts a run and kills and resumes it until it is done or has been killed the
// given number of times. The first kills come early, so that a run is killed more than
// once, also before its folder exists; later ones let it make progress.
func (t *test) disturbed(k *kind, dir string, most int) error {
	for killed := 0; ; {
		args := []string{"-quiet", "-resume", dir}
		if _, err := os.Stat(filepath.Join(dir, run.ConfigFile)); errors.Is(err, fs.ErrNotExist) {
			args = []string{"-quiet", "-config", k.config, "-out", dir}
		}
		c := exec.Command(t.program, args...)
		c.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", 1+t.rng.IntN(3)))
		start := time.Now()
		var out bytes.Buffer
		c.Stdout, c.Stderr = &out, &out
		if err := c.Start(); err != nil {
			return err
		}
		done := make(chan error, 1)
		go func() { done <- c.Wait() }()
		var moment <-chan time.Time // never
		if killed < most {
			moment = time.After(time.Duration(t.rng.Float64() * (0.6 + 0.1*float64(killed)) * float64(k.took)))
		}
		select {
		case err := <-done:
			if err != nil {
				return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(out.Bytes()))
			}
			if killed == 0 { // the machine may have become faster or slower
				k.took = time.Since(start)
			}
			return same(dir, k.whole)
		case <-moment:
		}
		if err := c.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		if err := <-done; err == nil { // it was done before the signal came
			return same(dir, k.whole)
		}
		killed++
		k.kills++
	}
}

// same compares the folders of two runs.
func same(got, want string) error {
	for _, name := range []string{"model.safetensors", "architecture.json", "model.onnx", "trained/model.safetensors",
		"pruned/model.safetensors", run.MetricsFile, run.SummaryFile} {
		a, err := results(got, name)
		if err != nil {
			return err
		}
		b, err := results(want, name)
		if err != nil {
			return err
		}
		if a != b {
			return fmt.Errorf("%s differs: %s", name, difference(a, b))
		}
	}
	left := ""
	err := filepath.WalkDir(got, func(path string, _ fs.DirEntry, err error) error {
		if strings.Contains(path, ".tmp-") {
			left = path
		}
		return err
	})
	if err == nil && left != "" {
		err = fmt.Errorf("%s is left behind", left)
	}
	return err
}

// difference is the first line in which two texts differ, if they are few lines of text.
func difference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] && utf8.ValidString(a[i]) && len(a[i]) < 10000 {
			return fmt.Sprintf("line %d is\n%s\nwant\n%s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d bytes, want %d", len(got), len(want))
}

// results is the text of a file, of the metrics log and the summary without the values that
// follow from a clock or the command line.
func results(folder, name string) (string, error) {
	path := filepath.Join(folder, name)
	text, err := os.ReadFile(path)
	if err != nil || name != run.MetricsFile && name != run.SummaryFile {
		return string(text), err
	}
	var out strings.Builder
	for d := json.NewDecoder(bytes.NewReader(text)); d.More(); {
		var v any
		if err := d.Decode(&v); err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		line, err := json.Marshal(timeless(v))
		if err != nil {
			return "", err
		}
		out.Write(append(line, '\n'))
	}
	return out.String(), nil
}

func timeless(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if strings.Contains(key, "seconds") || strings.Contains(key, "wait") || strings.Contains(key, "command") ||
				key == "finished" || key == "sessions" {
				delete(v, key)
			} else {
				v[key] = timeless(value)
			}
		}
	case []any:
		for i := range v {
			v[i] = timeless(v[i])
		}
	}
	return v
}
