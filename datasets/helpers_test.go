package datasets

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pare/datasets/official"
)

const (
	idxImages = official.IDXImages
	idxLabels = official.IDXLabels
)

// idxBytes builds an IDX file with values that tell the examples apart.
func idxBytes(magic uint32, dims ...int) []byte {
	b := binary.BigEndian.AppendUint32(nil, magic)
	n := 1
	for _, d := range dims {
		b = binary.BigEndian.AppendUint32(b, uint32(d))
		n *= d
	}
	for i := range n {
		if magic == idxLabels {
			b = append(b, byte(i%10))
		} else {
			b = append(b, byte(i))
		}
	}
	return b
}

func cifarBytes(records int) []byte {
	b := make([]byte, records*cifarRecord)
	for i := range b {
		b[i] = byte(i)
		if i%cifarRecord == 0 {
			b[i] = byte(i / cifarRecord % 10)
		}
	}
	return b
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func put(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// wantError checks that err is one line and says all of the parts.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error has several lines: %q", err)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
}

// dataDir is a folder under $PARE_DATA, or the test is skipped.
func dataDir(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("PARE_DATA")
	if root == "" {
		t.Skip("set PARE_DATA to a folder with real data")
	}
	dir := filepath.Join(root, name)
	if _, err := os.Stat(dir); err != nil {
		t.Skip(err)
	}
	return dir
}

// stored is the split of a part of images.
func stored(p Part) *Split { return p.(*Images).Split() }

// opts are options of any dataset, for tests.
type opts struct {
	Dir, Classes, File, Vocabulary, Sequence string
	Download                                 *bool
	Train, Validation, Test                  Amount
	Window, Length, Symbols                  int
	Color, Carry, Permute                    bool
	Seed                                     uint64
	Progress                                 func(doing string, done, total int64)
}

// load loads a dataset with the options that it has; any other option that is set panics.
func load(ctx context.Context, name string, o opts) (*Set, error) {
	d, err := Kinds.New(name)
	if err != nil {
		return nil, err
	}
	shared := Options{Train: o.Train, Validation: o.Validation, Test: o.Test, Seed: o.Seed, Progress: o.Progress}
	given := reflect.ValueOf(o)
	for _, key := range []string{"Dir", "Classes", "File", "Vocabulary", "Sequence", "Download", "Window", "Length", "Symbols", "Color", "Carry", "Permute"} {
		if v := given.FieldByName(key); !v.IsZero() {
			reflect.ValueOf(d).Elem().FieldByName(key).Set(v)
		}
	}
	return Load(ctx, name, d, shared)
}
