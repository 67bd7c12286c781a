package main

import (
	"bytes"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"
)

// Files are JPEGs of at least the size asked for, all different, and the same for one seed.
func TestWrite(t *testing.T) {
	dirs := [2]string{filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")}
	for _, dir := range dirs {
		if err := write(11, dir, 1, 200_000); err != nil {
			t.Fatal(err)
		}
	}
	names, err := filepath.Glob(filepath.Join(dirs[0], "class*", "*.jpg"))
	if err != nil || len(names) != 11 {
		t.Fatalf("%d files: %v", len(names), err)
	}
	seen := map[string]bool{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := jpeg.DecodeConfig(bytes.NewReader(data)); err != nil || len(data) < 200_000 || c.Width != width || c.Height != height {
			t.Errorf("%s: %d bytes, %+v, %v", name, len(data), c, err)
		}
		below, _ := filepath.Rel(dirs[0], name)
		if again, err := os.ReadFile(filepath.Join(dirs[1], below)); err != nil || !bytes.Equal(data, again) {
			t.Errorf("%s differs the second time: %v", below, err)
		}
		seen[string(data)] = true
	}
	if len(seen) != 11 {
		t.Errorf("%d different files", len(seen))
	}
	if err := write(1, filepath.Join(t.TempDir(), "c"), 1, 1<<30); err == nil {
		t.Error("no error for a size out of reach")
	}
}
