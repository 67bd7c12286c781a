package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Paths of the model and of teachers start at the config where they are there, else at the working
// directory; a run keeps them absolute, but for the earlier run that it starts from.
func TestPaths(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(t.TempDir())
	for path, text := range map[string]string{
		filepath.Join(dir, "beside.safetensors"): "", "here.csv": "", filepath.Join(dir, "both"): "", "both": "",
		filepath.Join(dir, "c.yaml"): "data: {dataset: digits}\n" +
			"model: {type: resnet18, weights: beside.safetensors, names: here.csv}\n" +
			"train: {epochs: 1, distill: {run: both}}\nfinetune: {distill: {run: self}}\n",
		filepath.Join(dir, "s.yaml"): "data: {dataset: digits}\nmodel: {type: saved, run: here.csv}\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	at := func(file string, sets ...string) *Config {
		t.Helper()
		c, err := Load(filepath.Join(dir, file), sets)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	texts := func(c *Config) (out []string) {
		for _, p := range c.Paths() {
			out = append(out, p.Key+"="+p.Text)
		}
		return out
	}
	c := at("c.yaml")
	want := []string{"model.weights=" + dir + "/beside.safetensors", "model.names=here.csv", "train.distill.run=" + dir + "/both"}
	if got := texts(c); !slices.Equal(got, want) {
		t.Errorf("paths %q, want %q", got, want)
	}
	if err := c.AbsolutePaths(); err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs("here.csv")
	if err != nil {
		t.Fatal(err)
	}
	want[1] = "model.names=" + here
	if got := texts(mustParse(t, string(c.YAML()))); !slices.Equal(got, want) {
		t.Errorf("written paths %q, want %q", got, want)
	}
	if got := texts(at("c.yaml", "train.distill.run=both")); got[2] != "train.distill.run=both" {
		t.Errorf("the path of an override is %q", got)
	}
	s := at("s.yaml")
	if err := s.AbsolutePaths(); err != nil || !slices.Equal(texts(s), []string{"model.run=here.csv"}) {
		t.Errorf("paths %q, %v", texts(s), err)
	}
	sets, err := s.PathOverrides()
	if err != nil || len(sets) != 1 || !strings.Contains(sets[0], here) {
		t.Errorf("overrides %q, %v", sets, err)
	}
}
