package parquet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	library "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/format"
	"pgregory.net/rapid"

	"pare/internal/hostile"
)

func open(t testing.TB, path string) *File {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return f
}

// same compares numbers; NaN equals itself.
func same(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return x == y || x != x && y != y })
}

// numbers are the columns of numbers that testdata/write.py writes, by row.
var numbers = map[string]func(i float64) float64{
	"id": func(i float64) float64 { return 10 * i },
	"u1": func(i float64) float64 { return i + 100 },
	"i2": func(i float64) float64 { return -i },
	"u4": func(i float64) float64 { return i + 3e9 },
	"u8": func(i float64) float64 { return 1<<63 + 4096*i },
	"f2": func(i float64) float64 { return missing(i, 9, 1, i/2) },
	"f4": func(i float64) float64 { return i / 4 },
	"f8": func(i float64) float64 { return missing(i, 7, 3, i/3) },
	"flag": func(i float64) float64 {
		third := 0.0
		if math.Mod(i, 3) == 0 {
			third = 1
		}
		return missing(i, 5, 4, third)
	},
	"ms":      func(i float64) float64 { return 1577836800 + 3600*i },
	"ns":      func(i float64) float64 { return 1577836800 + 3600*i },
	"day":     func(i float64) float64 { return 18262 + i },
	"clock":   func(i float64) float64 { return 60 * i },
	"decimal": func(i float64) float64 { return missing(i, 1000, 8, (i-50)*1.25) },
	"small":   func(i float64) float64 { return (i - 50) * 1.25 },
	"nothing": func(i float64) float64 { return math.NaN() },
}

// missing is v, or NaN in every so manieth row.
func missing(i, period, at, v float64) float64 {
	if math.Mod(i, period) == at {
		return math.NaN()
	}
	return v
}

func checkTable(t *testing.T, path string) {
	t.Helper()
	f := open(t, path)
	names := f.Names()
	if len(names) != 18 || f.Rows() != 100 {
		t.Fatalf("%s: %d rows of %q", path, f.Rows(), names)
	}
	heard := 0
	columns, err := f.Read(names, func(read, total int) {
		if heard++; read != heard || total != 18 {
			t.Errorf("progress %d of %d", read, total)
		}
	})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for _, c := range columns {
		if of, ok := numbers[c.Name]; ok {
			want := make([]float64, 100)
			for i := range want {
				want[i] = of(float64(i))
			}
			if !same(c.Numbers, want) {
				t.Errorf("%s: %s is %v, want %v", path, c.Name, c.Numbers, want)
			}
			continue
		}
		for i, code := range c.Codes {
			want := []string{"red", "green", "blue"}[i%3]
			if c.Name == "word" && i%10 == 9 {
				want = ""
			}
			if c.Levels[code] != want {
				t.Errorf("%s: row %d of %s is %q, want %q", path, i, c.Name, c.Levels[code], want)
			}
		}
		if len(c.Codes) != 100 || c.Numbers != nil {
			t.Errorf("%s: %s has %d rows of text", path, c.Name, len(c.Codes))
		}
	}
}

var tables = []string{"none", "snappy", "gzip", "brotli", "zstd", "lz4", "encodings"}

// TestPyArrow reads files that pyarrow wrote, with each compression, encoding and version of
// pages.
func TestPyArrow(t *testing.T) {
	for _, name := range tables {
		checkTable(t, filepath.Join("testdata", name+".parquet"))
	}
	columns, err := open(t, filepath.Join("testdata", "int96.parquet")).Read([]string{"ns"}, nil)
	if err != nil || columns[0].Numbers[99] != 1577836800+3600*99 {
		t.Errorf("int96: %v", err)
	}
	checkImages(t, "testdata")
}

// TestPyArrowNow does the same with files that the installed pyarrow writes.
func TestPyArrowNow(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-c", "import pyarrow.parquet").Run() != nil {
		t.Skip("python3 with pyarrow is not installed")
	}
	dir := t.TempDir()
	if out, err := exec.Command(python, filepath.Join("testdata", "write.py"), dir).CombinedOutput(); err != nil {
		t.Fatalf("write.py: %v\n%s", err, out)
	}
	for _, name := range tables {
		checkTable(t, filepath.Join(dir, name+".parquet"))
	}
	checkImages(t, dir)
}

func TestColumnErrors(t *testing.T) {
	f := open(t, filepath.Join("testdata", "nested.parquet"))
	if want := []string{"id", "list", "struct", "raw", "__index_level_0__", "large"}; !slices.Equal(f.Names(), want) {
		t.Errorf("names %q, want %q", f.Names(), want)
	}
	names, index := f.TableNames()
	if want := []string{"id", "list", "struct", "raw", "large"}; !slices.Equal(names, want) || !slices.Equal(index, []string{"__index_level_0__"}) {
		t.Errorf("names %q and %q", names, index)
	}
	for name, want := range map[string]string{
		"list":   "parquet: column list is nested",
		"struct": "parquet: column struct is nested",
		"raw":    "parquet: row 1, column raw: bytes that are no text",
		"large":  "parquet: row 1, column large: 9007199254740993 is not exact",
		"other":  `no column "other"`,
	} {
		_, err := f.Read([]string{"id", name}, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", name, err, want)
		}
	}
}

// A name with a line break leaves the error on one line.
func TestNameOfLines(t *testing.T) {
	var b bytes.Buffer
	w := library.NewWriter(&b, library.NewSchema("x", library.Group{"a\nb": library.Leaf(library.FixedLenByteArrayType(3))}))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Read([]string{"a\nb"}, nil)
	if want := `parquet: column a\u000ab: type FIXED_LEN_BYTE_ARRAY is not supported`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// row has a column of each type that parquet-go writes by default.
type row struct {
	I    int64    `parquet:"i"`
	U    uint32   `parquet:"u"`
	D    int32    `parquet:"d,delta"`
	F    float32  `parquet:"f,split"`
	G    *float64 `parquet:"g,optional"`
	B    bool     `parquet:"b"`
	S    string   `parquet:"s,dict"`
	T    string   `parquet:"t,delta"`
	P    string   `parquet:"p,plain"`
	O    *string  `parquet:"o,optional"`
	M    int64    `parquet:"m,decimal(3:18)"`
	When int64    `parquet:"when,timestamp(microsecond)"`
	ID   [16]byte `parquet:"id,uuid"`
}

// TestOwnLibrary reads files that parquet-go wrote, of random rows.
func TestOwnLibrary(t *testing.T) {
	codecs := []compress.Codec{&library.Uncompressed, &library.Snappy, &library.Gzip, &library.Brotli, &library.Zstd, &library.Lz4Raw}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 300).Draw(t, "rows")
		small := rapid.StringMatching(`[a-c]{0,3}`)
		rows := make([]row, n)
		for i := range rows {
			r := &rows[i]
			r.I = rapid.Int64Range(-1<<53, 1<<53).Draw(t, "i")
			r.U, r.D, r.F, r.B = rapid.Uint32().Draw(t, "u"), rapid.Int32().Draw(t, "d"), rapid.Float32().Draw(t, "f"), rapid.Bool().Draw(t, "b")
			if rapid.Bool().Draw(t, "has g") {
				g := rapid.Float64().Draw(t, "g")
				r.G = &g
			}
			if rapid.Bool().Draw(t, "has o") {
				o := small.Draw(t, "o")
				r.O = &o
			}
			r.S, r.T, r.P = small.Draw(t, "s"), rapid.String().Draw(t, "t"), small.Draw(t, "p")
			r.M, r.When = rapid.Int64Range(-1e6, 1e6).Draw(t, "m"), rapid.Int64Range(-1e15, 1e15).Draw(t, "when")
			r.ID[0], r.ID[15] = byte(i), 0xab
		}
		var b bytes.Buffer
		w := library.NewGenericWriter[row](&b, library.Compression(rapid.SampledFrom(codecs).Draw(t, "codec")),
			library.DataPageVersion(rapid.IntRange(1, 2).Draw(t, "version")), library.PageBufferSize(rapid.IntRange(64, 4096).Draw(t, "page")),
			library.MaxRowsPerRowGroup(int64(rapid.IntRange(10, 400).Draw(t, "group"))))
		if _, err := w.Write(rows); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		f, err := Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		columns, err := f.Read(f.Names(), nil)
		if err != nil {
			t.Fatal(err)
		}
		by := map[string]*Column{}
		for i := range columns {
			by[columns[i].Name] = &columns[i]
		}
		text := func(name string, i int) string { return by[name].Levels[by[name].Codes[i]] }
		for i := range rows {
			r := &rows[i]
			g, o, bit := math.NaN(), "", 0.0
			if r.G != nil {
				g = *r.G
			}
			if r.O != nil {
				o = *r.O
			}
			if r.B {
				bit = 1
			}
			got := []float64{by["i"].Numbers[i], by["u"].Numbers[i], by["d"].Numbers[i], by["f"].Numbers[i], by["g"].Numbers[i], by["b"].Numbers[i],
				by["m"].Numbers[i], by["when"].Numbers[i]}
			want := []float64{float64(r.I), float64(r.U), float64(r.D), float64(r.F), g, bit, float64(r.M) / 1000, float64(r.When) / 1e6}
			if !same(got, want) {
				t.Fatalf("row %d: %v, want %v", i, got, want)
			}
			texts := []string{text("s", i), text("t", i), text("p", i), text("o", i), text("id", i)}
			if want := []string{r.S, r.T, r.P, o, fmt.Sprintf("%02x000000-0000-0000-0000-0000000000ab", byte(i))}; !slices.Equal(texts, want) {
				t.Fatalf("row %d: %q, want %q", i, texts, want)
			}
		}
	})
}

func shards(t testing.TB, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "train-*.parquet"))
	if err != nil || len(paths) != 2 {
		t.Fatalf("%q %v", paths, err)
	}
	return paths
}

func checkImages(t *testing.T, dir string) {
	t.Helper()
	m, err := OpenImages(shards(t, dir), ImageOptions{Cache: 300})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if m.Len() != 80 || !slices.Equal(m.Classes(), []string{"cat", "dog", "eel"}) {
		t.Errorf("%d images of %q", m.Len(), m.Classes())
	}
	if got, want := m.Name(41), "train-00001-of-00002.parquet: row 2"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	var all sync.WaitGroup
	for worker := range 3 {
		all.Go(func() {
			for k := range 80 {
				i := (k*37 + worker) % 80
				image, err := m.Image(i, []byte("> "))
				if want := "> " + strings.Repeat(fmt.Sprintf("image %d ", i), i%7); err != nil || string(image) != want || m.Class(i) != i%3 {
					t.Errorf("image %d: %q, class %d, %v; want %q", i, image, m.Class(i), err, want)
				}
			}
		})
	}
	all.Wait()
	if m.held > 300 && m.used.Len() > 1 || len(m.pages) != m.used.Len() {
		t.Errorf("%d bytes in %d pages are held", m.held, m.used.Len())
	}
}

func TestImageColumns(t *testing.T) {
	path := filepath.Join("testdata", "plain.parquet")
	m, err := OpenImages([]string{path, path}, ImageOptions{Image: "picture", Label: "kind"})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	image, err := m.Image(5, nil)
	if err != nil || string(image) != "c" || !slices.Equal(m.Classes(), []string{"cat", "dog"}) || m.Class(5) != 1 || m.Class(4) != 0 {
		t.Errorf("%q %v, classes %q", image, err, m.Classes())
	}
	numbered, err := OpenImages([]string{path}, ImageOptions{Image: "picture", Label: "other"})
	if err != nil || len(numbered.Classes()) != 4 {
		t.Errorf("%v", err)
	}
	numbered.Close()
	for _, c := range []struct {
		o    ImageOptions
		want string
	}{
		{ImageOptions{}, `plain.parquet: no column "image"; say which of ["picture" "kind" "other"] it is`},
		{ImageOptions{Image: "picture"}, `no column "label"`},
		{ImageOptions{Image: "photo"}, `no column "photo"`},
		{ImageOptions{Image: "other", Label: "kind"}, "column other is neither bytes nor a structure"},
	} {
		_, err := OpenImages([]string{path}, c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.o, err, c.want)
		}
	}
	_, err = OpenImages(append(shards(t, "testdata"), path), ImageOptions{})
	if err == nil || !strings.Contains(err.Error(), "plain.parquet: ") {
		t.Errorf("a shard of another layout: %v", err)
	}
	_, err = OpenImages([]string{filepath.Join("testdata", "none.parquet")}, ImageOptions{Image: "word", Label: "f8"})
	if err == nil || !strings.Contains(err.Error(), "row 2, column f8: label 0.333") {
		t.Errorf("fractions as labels: %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	good, err := os.ReadFile(filepath.Join("testdata", "plain.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	footer := binary.LittleEndian.Uint32(good[len(good)-8:])
	tail := func(length uint32, mark string) []byte {
		b := slices.Clone(good[:len(good)-8])
		return append(binary.LittleEndian.AppendUint32(b, length), mark...)
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "expected at least 12 bytes, found 0"},
		{"CSV", []byte("a,b,c\n1,2,3\n"), `it starts with "a,b,"`},
		{"cut off", good[:len(good)-10], "cut off, or not a Parquet file"},
		{"encrypted", tail(footer, "PARE"), "the file is encrypted"},
		{"footer too long", tail(math.MaxUint32, "PAR1"), "footer of 4294967295 bytes in a file"},
		{"footer too short", tail(footer-1, "PAR1"), "footer: "},
		{"no footer", tail(0, "PAR1"), "footer: truncated structure"},
	} {
		_, err := Open(bytes.NewReader(c.data), int64(len(c.data)))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// Lengths that a damaged structure claims are compared with its bytes before any memory is
// taken for them.
func TestStructure(t *testing.T) {
	huge := []byte{0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07} // field 2, a list of 2³¹−1 structures
	many := append([]byte{0x29, 0xfc, 0x80, 0x80, 0x40}, make([]byte, 1<<20)...)
	for _, c := range []struct {
		name string
		data []byte
		want error
	}{{"huge list", huge, errShort}, {"empty structures", many, errStructure}, {"long text", []byte{0x18, 0xff, 0xff, 0x7f}, errShort},
		{"map", []byte{0x1b, 1}, errStructure}, {"nested", bytes.Repeat([]byte{0x1c}, 1000), errStructure}} {
		if _, err := structure(c.data); err != c.want {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestPagesThatLie(t *testing.T) {
	if _, err := unpackPage(format.Zstd, zstdZeros(t, 64<<20), 1000); err == nil {
		t.Error("64 MiB of zeros are 1000 bytes")
	}
	for _, codec := range []format.CompressionCodec{format.Snappy, format.Gzip, format.Brotli, format.Zstd, format.Lz4Raw, format.LZO, 99} {
		for _, data := range [][]byte{nil, {1}, bytes.Repeat([]byte{0xff}, 100)} {
			if out, err := unpackPage(codec, data, 1000); err == nil {
				t.Errorf("%s: %d bytes of %v", codec, len(out), data)
			}
		}
	}
	h := &format.PageHeader{Type: format.DataPage, CompressedPageSize: 100, UncompressedPageSize: 100}
	if _, err := newPage(h, 0, 1000, 10); err == nil || !strings.Contains(err.Error(), "without a header") {
		t.Errorf("no header: %v", err)
	}
	h.DataPageHeader.Valid = true
	for _, c := range []struct {
		packed, size, n int32
		want            string
	}{{-1, 5, 5, "-1 bytes"}, {5, -1, 5, "unpacked -1"}, {5, 5, -1, "of -1 values"}, {1001, 5, 5, "truncated: expected 1001 bytes, found 1000"},
		{5, 5, 11, "11 rows where 10 are left"}, {5, math.MaxInt32, 5, "it unpacks to 2147483647 bytes"}} {
		h.CompressedPageSize, h.UncompressedPageSize, h.DataPageHeader.V.NumValues = c.packed, c.size, c.n
		if _, err := newPage(h, 0, 1000, 10); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func zstdZeros(t *testing.T, n int) []byte {
	t.Helper()
	b, err := library.Zstd.Encode(nil, make([]byte, n))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestEncodings compares the decoders with the encoders of parquet-go.
func TestEncodings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 700).Draw(t, "n")
		width := rapid.IntRange(1, 31).Draw(t, "width")
		runs := rapid.Bool().Draw(t, "runs")
		levels := make([]int32, n)
		for i := range levels {
			if runs && i > 0 && rapid.IntRange(0, 9).Draw(t, "same") > 0 {
				levels[i] = levels[i-1]
			} else {
				levels[i] = rapid.Int32Range(0, int32(1<<width-1)).Draw(t, "level")
			}
		}
		encoded, err := (&rle.Encoding{BitWidth: width}).EncodeInt32(nil, levels)
		if err != nil {
			t.Fatal(err)
		}
		numbers, err := hybrid(encoded, width, n)
		if err != nil || !slices.EqualFunc(numbers, levels, func(a uint32, b int32) bool { return a == uint32(b) }) {
			t.Fatalf("%v %v, want %v", numbers, err, levels)
		}
		long := make([]int64, n)
		for i := range long {
			long[i] = rapid.Int64().Draw(t, "long")
		}
		packed, err := library.DeltaBinaryPacked.EncodeInt64(nil, long)
		if err != nil {
			t.Fatal(err)
		}
		got, rest, err := delta(append(packed, 1, 2, 3), n)
		if err != nil || !slices.Equal(got, long) || !bytes.HasSuffix(rest, []byte{1, 2, 3}) {
			t.Fatalf("%v, want %v; %d bytes behind them, %v", got, long, len(rest), err)
		}
	})
}

// TestTwoClassesOfOneName: classes are known by their names, so these must differ.
func TestTwoClassesOfOneName(t *testing.T) {
	name := "train-00000-of-00002.parquet"
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, bytes.ReplaceAll(b, []byte(`"dog", "eel"`), []byte(`"dog", "dog"`)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = OpenImages([]string{path}, ImageOptions{})
	if err == nil || err.Error() != "parquet: "+name+`: the metadata call two classes "dog"` {
		t.Errorf("error %v", err)
	}
}

// TestNoRows: a row group without rows has no pages, wherever they are said to be.
func TestNoRows(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "plain.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for g := range f.meta.RowGroups {
		f.meta.RowGroups[g].NumRows = 0
		for c := range f.meta.RowGroups[g].Columns {
			f.meta.RowGroups[g].Columns[c].MetaData.DataPageOffset = 0
		}
	}
	f.rows = 0
	columns, err := f.Read(f.Names()[:1], nil)
	if err != nil || len(columns[0].Numbers)+len(columns[0].Codes) != 0 {
		t.Errorf("%+v, %v", columns, err)
	}
}

func FuzzOpen(f *testing.F) {
	for _, name := range append([]string{"plain", "nested", "int96", "train-00000-of-00002"}, tables...) {
		b, err := os.ReadFile(filepath.Join("testdata", name+".parquet"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		hostile.Bounded(t, len(in), hostile.Bytes{Base: 256 << 20, Ratio: 1000}, func() {
			file, err := Open(bytes.NewReader(in), int64(len(in)))
			if err != nil {
				oneLine(t, err)
				return
			}
			if file.Rows() > 1<<16 {
				return // a few bytes may stand for many equal values, which take time
			}
			for _, name := range file.Names() {
				columns, err := file.Read([]string{name}, nil)
				if err != nil {
					oneLine(t, err)
				} else if c := &columns[0]; len(c.Numbers)+len(c.Codes) != file.Rows() {
					t.Fatalf("%d rows of %d", len(c.Numbers)+len(c.Codes), file.Rows())
				}
			}
			if _, err := file.features(); err != nil {
				oneLine(t, err)
			}
		})
	})
}

func FuzzImages(f *testing.F) {
	for _, name := range []string{"train-00000-of-00002", "train-00001-of-00002"} {
		b, err := os.ReadFile(filepath.Join("testdata", name+".parquet"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		hostile.Bounded(t, len(in), hostile.Bytes{Base: 256 << 20, Ratio: 1000}, func() {
			m := newImages(1 << 20)
			s := &shard{name: "fuzz"}
			m.shards = []*shard{s}
			names, texts, err := m.add(s, bytes.NewReader(in), int64(len(in)), ImageOptions{})
			if m.classes = names; err == nil {
				err = m.number(texts)
			}
			if err != nil {
				oneLine(t, err)
				return
			}
			for i := range min(m.Len(), 1000) {
				if _, err := m.Image(i, nil); err != nil {
					oneLine(t, err)
				}
				if m.Class(i) >= len(m.Classes()) {
					t.Fatalf("class %d of %d", m.Class(i), len(m.Classes()))
				}
			}
		})
	})
}

func oneLine(t *testing.T, err error) {
	t.Helper()
	if strings.Contains(err.Error(), "\n") {
		t.Fatalf("error of several lines: %q", err)
	}
}

// FuzzEncodings gives the decoders damaged bytes.
func FuzzEncodings(f *testing.F) {
	f.Add([]byte{3, 0x88, 0xc6, 0xfa}, 8, uint8(8), uint8(6), uint8(3))
	f.Add([]byte{128, 1, 4, 5, 2, 2, 0, 0, 0, 0}, 5, uint8(5), uint8(1), uint8(0))
	f.Fuzz(func(t *testing.T, data []byte, n int, encoding, kind, bits uint8) {
		hostile.Bounded(t, len(data), hostile.Bytes{Base: 64 << 20, Ratio: 1000}, func() {
			if n < 0 || n > 1<<16 {
				return
			}
			_, _ = hybrid(data, int(bits%40), n)
			e := &format.SchemaElement{}
			e.Type.V, e.Type.Valid = format.Type(kind%8), true
			e.TypeLength.V = int32(bits) - 3
			v, err := decodeValues(format.Encoding(encoding%10), e, data, n, 1<<20)
			if err == nil && v.len() != n {
				t.Fatalf("%d values, want %d", v.len(), n)
			}
		})
	})
}

// BenchmarkRead reads a million rows of three columns.
func BenchmarkRead(b *testing.B) {
	type narrow struct {
		X float64 `parquet:"x"`
		K int64   `parquet:"k,delta"`
		S string  `parquet:"s,dict"`
	}
	rows := make([]narrow, 1<<20)
	for i := range rows {
		rows[i] = narrow{math.Sqrt(float64(i)), int64(i * 7 % 1000), fmt.Sprint("word ", i%50)}
	}
	var file bytes.Buffer
	if err := library.Write(&file, rows, library.Compression(&library.Snappy)); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	for b.Loop() {
		f, err := Open(bytes.NewReader(file.Bytes()), int64(file.Len()))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := f.Read([]string{"x", "k", "s"}, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkImages reads images of 20 kB, in their order and at random.
func BenchmarkImages(b *testing.B) {
	type example struct {
		Image struct {
			Bytes []byte `parquet:"bytes"`
			Path  string `parquet:"path"`
		} `parquet:"image"`
		Label int64 `parquet:"label"`
	}
	rows := make([]example, 2000)
	noise := uint32(1)
	for i := range rows {
		rows[i].Image.Bytes = make([]byte, 20000)
		for k := range rows[i].Image.Bytes {
			noise = noise*1664525 + 1013904223
			rows[i].Image.Bytes[k] = byte(noise >> 24)
		}
	}
	path := filepath.Join(b.TempDir(), "train.parquet")
	if err := library.WriteFile(path, rows, library.Compression(&library.Snappy), library.PageBufferSize(1<<20)); err != nil {
		b.Fatal(err)
	}
	for _, order := range []struct {
		name string
		step int
	}{{"ordered", 1}, {"random", 1237}} {
		b.Run(order.name, func(b *testing.B) {
			m, err := OpenImages([]string{path}, ImageOptions{Cache: 4 << 20})
			if err != nil {
				b.Fatal(err)
			}
			defer m.Close()
			var buf []byte
			i := 0
			b.SetBytes(20000)
			for b.Loop() {
				if buf, err = m.Image(i, buf[:0]); err != nil {
					b.Fatal(err)
				}
				i = (i + order.step) % m.Len()
			}
		})
	}
}
