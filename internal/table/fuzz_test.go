package table

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/internal/hostile"
	"pare/internal/npy"
)

// FuzzCSV: whatever the text, reading ends with a table of equal columns and
// different names, or with an error of one line.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a|b\n1|\"2\"\n", "a b\n1 2\n", "a,b\n1,2\n", "a;b\n1;\"x\n\"\n", "\xef\xbb\xbfa\n\"",
		"a,a\n1,1\n", "1\n007\nx\n", "\n\n,\n,", "a\tb\r\n1\t\r\n"} {
		for _, comma := range []rune{0, ',', ';', '\t', ' ', '|', '→'} {
			f.Add(s, false, comma)
			f.Add(s, true, comma)
		}
	}
	f.Fuzz(func(t *testing.T, text string, noHeader bool, comma rune) {
		hostile.Bounded(t, len(text), hostile.Bytes{Base: 16 << 20, Ratio: 1000}, func() {
			tab, err := ReadCSV("f", strings.NewReader(text), Options{NoHeader: noHeader, Comma: comma})
			if err != nil {
				if strings.ContainsAny(err.Error(), "\n\r") {
					t.Fatalf("error of several lines: %q", err)
				}
				return
			}
			seen := map[string]bool{}
			for _, name := range tab.Names() {
				c, err := tab.Column(name)
				if err != nil || seen[name] || c.Len() != tab.Rows() || len(c.Texts()) != tab.Rows() {
					t.Fatalf("column %q: %v, %d rows of %d, twice %v", name, err, c.Len(), tab.Rows(), seen[name])
				}
				seen[name] = true
				if m, err := tab.Target(name); err == nil && !c.Numeric() {
					t.Fatalf("text became numbers %v", m)
				} else if err != nil && strings.ContainsAny(err.Error(), "\n\r") && !strings.ContainsAny(name, "\n\r") {
					t.Fatalf("error of several lines: %q", err)
				}
			}
		})
	})
}

// FuzzRead: so it is for files of every kind.
func FuzzRead(f *testing.F) {
	text := []byte("a,b\n1,x\n2,y\n")
	var packed, archive, array bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(text)
	_ = z.Close()
	a := zip.NewWriter(&archive)
	w, err := a.Create("a.csv")
	if err != nil {
		f.Fatal(err)
	}
	_, _ = w.Write(text)
	_ = a.Close()
	if err := npy.Write(&array, []int{2, 3}, make([]float32, 6)); err != nil {
		f.Fatal(err)
	}
	kinds := []string{".csv", ".gz", ".zip", ".npy"}
	for i, data := range [][]byte{text, packed.Bytes(), archive.Bytes(), array.Bytes()} {
		f.Add(data, uint8(i))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte, kind uint8) {
		hostile.Bounded(t, len(data), hostile.Bytes{Base: 1 << 30, Ratio: 10000}, func() {
			path := filepath.Join(dir, "f"+kinds[int(kind)%len(kinds)])
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			tab, err := Read(path, Options{})
			if err != nil {
				if strings.ContainsAny(err.Error(), "\n\r") {
					t.Fatalf("error of several lines: %q", err)
				}
				return
			}
			for _, name := range tab.Names() {
				if c, err := tab.Column(name); err != nil || c.Len() != tab.Rows() {
					t.Fatalf("column %q: %v, %d rows of %d", name, err, c.Len(), tab.Rows())
				}
			}
		})
	})
}
