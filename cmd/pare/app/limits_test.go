package app

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"pare/cmd/internal/cli"
)

// onDisk writes a file into a new folder.
func onDisk(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// gzipped and zipped are 64 MiB of a piece, packed.
func gzipped(t *testing.T, piece string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	pack(t, z, piece)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipped(t *testing.T, name, piece string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	pack(t, w, piece)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pack(t *testing.T, w io.Writer, piece string) {
	t.Helper()
	block := bytes.Repeat([]byte(piece), 1<<20/len(piece))
	for range 64 {
		if _, err := w.Write(block); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWhatUnpacksIsBounded: a small file that becomes a large one, or one row that
// is a file, is refused in one line before it is in memory.
func TestWhatUnpacksIsBounded(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		text string
	}{
		{"row.csv.gz", gzipped(t, "1,"), "more than 524288 cells"},
		{"rows.csv.gz", gzipped(t, "1,2\n"), "100 times its size"},
		{"blank.csv.gz", gzipped(t, "\n"), "100 times its size"},
		{"quote.csv.gz", gzipped(t, "\"\"\n"), "100 times its size"},
		{"cell.csv.gz", gzipped(t, "x"), "100 times its size"},
		{"row.zip", zipped(t, "a.csv", "1,"), "more than 524288 cells"},
		{"rows.zip", zipped(t, "a.csv", "1;2\n"), "100 times its size"},
		{"name.zip", zipped(t, "a\x1b[2J.txt", "1\n"), "100 times its size"},
		{"row.csv", bytes.Repeat([]byte("1,"), 3<<20), "more than 524288 cells"},
		{"tabs.csv", bytes.Repeat([]byte("1\t"), 3<<20), "more than 524288 cells"},
		{"quoted.csv", append([]byte("a,b\n1,\""), bytes.Repeat([]byte("x\n"), 20<<20)...), "the row behind the first 1 has more than 32 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := onDisk(t, c.name, c.data)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			fail(t, cli.ExitBadInput, c.text, "glasso", "-data", path)
			runtime.ReadMemStats(&after)
			if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 500 { // all together, of which most is given back at once
				t.Errorf("%d MiB to refuse it", mb)
			}
		})
	}
}

// TestCountsAreBounded: every option that is a number of something.
func TestCountsAreBounded(t *testing.T) {
	data := onDisk(t, "d.csv", []byte("a,b,y\n"+strings.Repeat("1,2,3\n2,1,4\n0,5,1\n3,3,3\n", 4)))
	lasso, glasso := []string{"lasso", "-data", data, "-target", "y"}, []string{"glasso", "-data", data}
	diffusion := []string{"diffusion", "-inputs", data, "-outputs", data}
	simulate := []string{"diffusion", "-out", filepath.Join(t.TempDir(), "s"), "-simulate"}
	for _, n := range []string{"1000000000", "9000000000000000000"} {
		for _, c := range []struct {
			text string
			args []string
			more []string
		}{
			{"at most 10000", lasso, []string{"-path", n}},
			{"16 rows", lasso, []string{"-cv", n}},
			{"at most 1000000", lasso, []string{"-guard", "permutation", "-permutations", n}},
			{"at most 1000", lasso, []string{"-guard", "knockoffs", "-knockoffs", n}},
			{"0 to 1024", lasso, []string{"-threads", n}},
			{"at most 10000", glasso, []string{"-path", n}},
			{"at most 10000", glasso, []string{"-select", "stars", "-subsamples", n}},
			{"folds", glasso, []string{"-cv", n}},
			{"at most 10000", diffusion, []string{"-path", n}},
			{"folds", diffusion, []string{"-cv", n}},
			{"memory", simulate, []string{"er", "-nodes", n}},
			{"memory", simulate, []string{"ba", "-nodes", n}},
			{"memory", simulate, []string{"ring", "-nodes", n}},
			{"memory", simulate, []string{"grid", "-nodes", n}},
			{"memory", simulate, []string{"er", "-observations", n}},
			{"65536", []string{"bench", "-model", "mlp"}, []string{"-batch", n}},
			{"1000000", []string{"bench", "-model", "mlp"}, []string{"-steps", n}},
			{"at most 2000", []string{"bench"}, []string{"-model", "resnet" + n}},
		} {
			fail(t, cli.ExitBadInput, c.text, append(append([]string{}, c.args...), c.more...)...)
		}
	}
}

// TestNamesReachNoTerminalRaw: names in a file cannot command the terminal, neither in
// results nor in errors; in JSON they are unchanged.
func TestNamesReachNoTerminalRaw(t *testing.T) {
	const red = "a\x1b[31mRED\u009b1m\u202e"
	data := onDisk(t, "e.csv", []byte(red+",y\n1,2\n3,4\n5,7\n2,2\n4,9\n7,1\n"))
	for _, args := range [][]string{
		{"lasso", "-data", data, "-target", "y", "-lambda", "0.01"},
		{"lasso", "-data", data, "-target", "y", "-lambda", "0.01", "-json"},
		{"glasso", "-data", data, "-lambda", "0.01"},
		{"lasso", "-data", data, "-target", "y", "-drop", red},
		{"lasso", "-data", data, "-target", red + "!"},
		{"lasso", "-data", onDisk(t, "c.csv", []byte("a\x1b]0;x\a,y\nq\x1b[2J,1\nb,2\nc,3\n")), "-target", "y"},
		{"glasso", "-data", onDisk(t, "two.zip", append(zipped(t, "a\x1b[2J.csv", "1\n"), 0)), "-lambda", "1"},
		{"inspect", "no\x1b[2Jthing\x9b"},
	} {
		status, out, errs := pare(args...)
		for _, text := range []string{out, errs} {
			if i := strings.IndexAny(text, "\x1b\a\u009b\u202e"); i >= 0 || strings.Contains(text, "\x9b") && !strings.Contains(text, "\u009b") {
				t.Errorf("pare %q, status %d: raw at %d of %q", args, status, i, text)
			}
		}
		if out+errs == "" {
			t.Errorf("pare %q prints nothing", args)
		}
	}
	contains(t, succeed(t, "lasso", "-data", data, "-target", "y", "-lambda", "0.01", "-json"), `a\u001b[31mRED\u009b1m\u202e`)
}

// TestMatricesAreBounded: memory for the square of the number of columns is refused before
// it is allocated.
func TestMatricesAreBounded(t *testing.T) {
	var text strings.Builder
	for row := range 4 {
		for j := range 1500 {
			if j > 0 {
				text.WriteByte(',')
			}
			text.WriteByte(byte('0' + (7*row*row+3*j*row+j)%10))
		}
		text.WriteByte('\n')
	}
	data := onDisk(t, "wide.csv", []byte(text.String()))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(64 << 20))
	fail(t, cli.ExitBadInput, "a graph of 1500 nodes takes", "diffusion", "-no-header", "-outputs", data)
	fail(t, cli.ExitBadInput, "takes 103.0 MiB, more than the memory", "glasso", "-no-header", "-data", data, "-lambda", "1e-9")
}

// TestPipesAreNamed: a pipe is not taken for an empty file.
func TestPipesAreNamed(t *testing.T) {
	if _, err := os.Stat("/dev/null"); err != nil {
		t.Skip(err)
	}
	fail(t, cli.ExitBadInput, "/dev/null is no regular file", "lasso", "-data", "/dev/null", "-target", "y")
	fail(t, cli.ExitBadInput, "/dev/null is no regular file", "glasso", "-data", "/dev/null")
}
