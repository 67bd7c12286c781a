package app

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"path/filepath"
	"strings"
	"testing"
)

const idxConfig = `name: idx
data: {dataset: mnist, dir: data, validation: 8}
model:
  layers:
    - flatten
    - linear: {out: 10, name: out}
train: {epochs: 1, batch: 8, optimizer: {lr: 0.01}}
`

// idx is an IDX file of bytes with the given dimensions, all of value v.
func idx(v byte, dims ...uint32) []byte {
	out := binary.BigEndian.AppendUint32(nil, 0x800+uint32(len(dims)))
	n := 1
	for _, d := range dims {
		out = binary.BigEndian.AppendUint32(out, d)
		n *= int(d)
	}
	return append(out, bytes.Repeat([]byte{v}, n)...)
}

func zipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestBadData damages one file of a good dataset in every way.
func TestBadData(t *testing.T) {
	const images, labels = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
	good := map[string][]byte{images: idx(7, 40, 6, 6), labels: idx(3, 40),
		"t10k-images-idx3-ubyte": idx(9, 10, 6, 6), "t10k-labels-idx1-ubyte": idx(4, 10)}
	magic := idx(7, 40, 6, 6)
	magic[2] = 0x0d // floats
	cut := zipped(t, good[images])
	flipped := bytes.Clone(cut)
	flipped[len(flipped)-6] ^= 1 // of the checksum
	label := idx(3, 40)
	label[8+17] = 10
	for _, c := range []struct {
		name, file string
		data       []byte // nil: no such file
		words      []string
	}{
		{"good", labels, idx(5, 40), nil},
		{"missing", images, nil, []string{"no file " + images, "data.dir"}},
		{"magic", images, magic, []string{images, "byte 0", "magic number"}},
		{"swapped", images, good[labels], []string{images, "label file where images belong"}},
		{"empty", images, []byte{}, []string{images, "truncated"}},
		{"truncated", images, good[images][:500], []string{images, "truncated", "1440 bytes"}},
		{"truncated gzip", images, cut[:len(cut)-9], []string{images, "cut off gzip"}},
		{"corrupt gzip", images, flipped, []string{images, "corrupt", "gzip"}},
		{"label", labels, label, []string{labels, "label 10 of example 17"}},
		{"count", labels, idx(3, 39), []string{labels, "39 labels", "40 images"}},
		{"trailing", labels, append(idx(3, 40), 0), []string{labels, "1 trailing"}},
		{"huge", images, binary.BigEndian.AppendUint32([]byte{0, 0, 8, 3}, 1<<31), []string{images, "dimension 0"}},
		{"size", images, idx(7, 40, 5, 5), []string{"5×5", "6×6"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, filepath.Join(dir, "idx.yaml"), idxConfig)
			for name, data := range good {
				if name == c.file {
					data = c.data
				}
				if data != nil {
					write(t, filepath.Join(dir, "data", name), string(data))
				}
			}
			if c.words == nil {
				ok(t, dir, "-config", "idx.yaml")
				return
			}
			bad(t, dir, []string{"-config", "idx.yaml"}, append(c.words, "idx.yaml:2:")...)
		})
	}
	t.Run("no folder", func(t *testing.T) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "idx.yaml"), idxConfig)
		bad(t, dir, []string{"-config", "idx.yaml"}, "idx.yaml:2:", "in data", "data.dir")
	})
}

const textConfig = `name: text
data: {dataset: text, file: data/a.txt, window: 8, vocabulary: 'abc\n'}
model: {type: resnet}
`

// TestBadTexts: so are texts, with the line and the column.
func TestBadTexts(t *testing.T) {
	good := strings.Repeat("abc\n", 50)
	for _, c := range []struct {
		name, text string // "" is an empty file
		words      []string
	}{
		{"model", good, []string{"small.yaml:3:8:", "resnet needs images, text gives sequences of 8 tokens"}},
		{"empty", "", []string{"small.yaml:2:", "a.txt", "no text"}},
		{"not UTF-8", good + "ab\xff\n", []string{"small.yaml:2:", "a.txt: line 51, column 3", "0xff"}},
		{"rune", good + "a b\n", []string{"small.yaml:2:", "a.txt: line 51, column 2", "' ' (U+0020)"}},
		{"short", good[:60], []string{"small.yaml:2:", "60 characters", "window of 8"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, filepath.Join(dir, "small.yaml"), textConfig)
			write(t, filepath.Join(dir, "data", "a.txt"), c.text)
			bad(t, dir, []string{"-config", "small.yaml"}, c.words...)
		})
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "small.yaml"), textConfig)
	bad(t, dir, []string{"-config", "small.yaml"}, "small.yaml:2:", "data/a.txt")
	bad(t, dir, []string{"-config", "small.yaml", "-set", "data.file=null"}, "small.yaml:2:", "data.file", "data.dir")
	bad(t, dir, []string{"-config", "small.yaml", "-set", "data.color=true"}, "-set data.color=true", "data.color is not an option of text")
}
