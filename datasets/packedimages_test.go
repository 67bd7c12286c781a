package datasets

import (
	"archive/tar"
	"bytes"
	"path/filepath"
	"slices"
	"testing"
)

// tarOf is a shard of grey images whose classes are names.
func tarOf(t *testing.T, classes ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i, class := range classes {
		for ending, data := range map[string][]byte{"png": pngOf(t, 6, 5, i), "cls": []byte(class)} {
			if err := w.WriteHeader(&tar.Header{Name: string(rune('a'+i)) + "." + ending, Mode: 0o644, Size: int64(len(data))}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(data); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Test files take the classes of the training files, by name; parts may stay in files.
func TestShards(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "train-0.tar"), tarOf(t, "cat", "dog", "eel", "dog"))
	put(t, filepath.Join(dir, "train-1.tar"), tarOf(t, "eel"))
	put(t, filepath.Join(dir, "test.tar"), tarOf(t, "eel", "dog"))
	d := &WebDataset{Shards: Shards{Files: filepath.Join(dir, "train-*.tar"), TestFiles: filepath.Join(dir, "test.tar"), Decoding: Decoding{Channels: "grey"}}}
	set, err := Load(t.Context(), "webdataset", d, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(stored(set.Train).Labels, []int32{0, 1, 2, 1, 2}) || !slices.Equal(stored(set.Test).Labels, []int32{2, 1}) {
		t.Errorf("labels %v and %v", stored(set.Train).Labels, stored(set.Test).Labels)
	}
	mebibyte = 1
	defer func() { mebibyte = 1 << 20 }()
	other, err := Load(t.Context(), "webdataset", d, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(fillAll(t, set.Train, 30, Draw{}), fillAll(t, other.Train, 30, Draw{})) {
		t.Error("images that stay in files differ")
	}
	put(t, filepath.Join(dir, "gaps.tar"), tarOf(t, "0", "3", "0"))
	gaps := &WebDataset{Shards: Shards{Files: filepath.Join(dir, "gaps.tar"), TestFiles: filepath.Join(dir, "gaps.tar")}}
	if set, err := Load(t.Context(), "webdataset", gaps, Options{}); err != nil || len(set.Notes) == 0 ||
		set.Notes[0] != "2 of the 4 classes have no example, 1 first" {
		t.Errorf("%+v, %v", set, err)
	}
	put(t, filepath.Join(dir, "test.tar"), tarOf(t, "owl"))
	_, err = Load(t.Context(), "webdataset", d, Options{})
	wantError(t, err, "webdataset: test_files", `the class "owl"`)
	put(t, filepath.Join(dir, "test.tar"), []byte("x"))
	for kind, d := range map[string]Dataset{"webdataset": d, "parquet": &Parquet{Shards: Shards{Files: filepath.Join(dir, "test.tar")}}} {
		_, err = Load(t.Context(), kind, d, Options{})
		wantError(t, err, kind+": test.tar: ")
	}
	d.Files = filepath.Join(dir, "none-*")
	_, err = Load(t.Context(), "webdataset", d, Options{})
	wantError(t, err, "webdataset: files ", "matches no file")
}
