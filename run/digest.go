package run

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"pare/config"
	"pare/export"
	"pare/nn/onnx"
)

// Digests identifies the content of the files that a config is read from beside its data: the
// model's files and the networks of earlier runs, by key, such as model.weights. A file or run
// that cannot be read is an error that points to the key. Keys that skip accepts are left out;
// nil: none.
func Digests(c *config.Config, skip func(key string) bool) (map[string]string, error) {
	var out map[string]string
	for _, p := range c.Paths() {
		if skip != nil && skip(p.Key) {
			continue
		}
		files, err := filesOf(p)
		var sum string
		if err == nil {
			sum, err = digest(files)
		}
		if err != nil {
			return nil, c.Errorf(p.Key, "%s", err)
		}
		if out == nil {
			out = map[string]string{}
		}
		out[p.Key] = sum
	}
	return out, nil
}

// filesOf lists the files of a path, in an order that does not depend on the place.
func filesOf(p config.Path) ([]string, error) {
	switch {
	case p.Run:
		a, err := OpenArtifact(p.Text)
		if err != nil {
			return nil, err
		}
		return a.networkFiles()
	case isONNX(p.Text):
		return onnx.Files(p.Text)
	}
	return []string{p.Text}, nil
}

// networkFiles lists the files that Final reads, or of an unfinished run those of its pruned
// network.
func (a *Artifact) networkFiles() ([]string, error) {
	inFolder := func(dir string) []string {
		return []string{filepath.Join(dir, export.ArchitectureFile), filepath.Join(dir, export.SafetensorsFile)}
	}
	switch {
	case a.Kind == KindONNX:
		return onnx.Files(a.Path)
	case exists(filepath.Join(a.Path, export.ArchitectureFile)):
		return inFolder(a.Path), nil
	case exists(filepath.Join(a.Path, export.ONNXFile)):
		return onnx.Files(filepath.Join(a.Path, export.ONNXFile))
	case a.Kind != KindRun:
		return nil, &InputError{fmt.Errorf("%s has no network", a.Path)}
	}
	out := inFolder(a.folder.path(prunedDir))
	if f := a.Config.Finetune; f != nil && f.Epochs > 0 {
		tuned, _ := filepath.Glob(a.folder.path(checkpointsDir, finetunePhase, "*.ckpt"))
		slices.Sort(tuned)
		out = append(out, tuned...)
	}
	return out, nil
}

// digest is a hash of the contents of files.
func digest(files []string) (string, error) {
	all := sha256.New()
	for _, path := range files {
		one := sha256.New()
		f, err := os.Open(path)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(one, f)
		f.Close() // only read
		if err != nil {
			return "", err
		}
		all.Write(one.Sum(nil))
	}
	return fmt.Sprintf("%x", all.Sum(nil))[:32], nil
}
