package webdataset

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/internal/hostile"
)

// member is one entry of a test shard.
type member struct {
	name, data string
	kind       byte // 0: a regular file
}

func pack(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		h := &tar.Header{Name: m.name, Typeflag: m.kind, Mode: 0o644, Size: int64(len(m.data))}
		if m.kind == 0 {
			h.Typeflag = tar.TypeReg
		}
		if m.kind == tar.TypeSymlink || m.kind == tar.TypeLink {
			h.Linkname, h.Size = m.data, 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte(m.data)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func zipped(t testing.TB, data []byte) []byte {
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

var first = []member{
	{"./", "", tar.TypeDir},
	{"./README", "about", 0},
	{"./__meta__.json", "{}", 0},
	{"a/0001.jpg", "first image", 0},
	{"a/0001.cls", "2\n", 0},
	{"a/0002.seg.png", "mask", 0},
	{"a/0002.CLS", "0", 0},
	{"a/0002.png", "second", 0},
}

var second = []member{{"a/0001.jpeg", "third", 0}, {"a/0001.json", `{"label": 1, "meta": {"label": "dog"}}`, 0}}

func TestShards(t *testing.T) {
	for _, ending := range []string{"tar", "tar.gz"} {
		b, c := pack(t, first...), pack(t, second...)
		if ending == "tar.gz" {
			b, c = zipped(t, b), zipped(t, c)
		}
		s, err := Open([]string{write(t, "1."+ending, b), write(t, "2."+ending, c)}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if s.Len() != 3 || !slices.Equal(s.Classes(), []string{"0", "1", "2"}) {
			t.Errorf("%d examples of %q", s.Len(), s.Classes())
		}
		for i, want := range []struct {
			class       int
			image, name string
		}{
			{2, "first image", "1." + ending + ": a/0001.jpg"},
			{0, "second", "1." + ending + ": a/0002.png"},
			{1, "third", "2." + ending + ": a/0001.jpeg"},
		} {
			image, err := s.Image(i, []byte("before "))
			if err != nil || string(image) != "before "+want.image || s.Class(i) != want.class || s.Name(i) != want.name {
				t.Errorf("example %d: %s, class %d, %q, %v; want %+v", i, s.Name(i), s.Class(i), image, err, want)
			}
		}
		scratch, _ := filepath.Glob(filepath.Join(os.TempDir(), "pare-*.tar"))
		for _, sh := range s.shards {
			if sh.scratch != "" && !slices.Contains(scratch, sh.scratch) {
				t.Errorf("no scratch file %s", sh.scratch)
			}
		}
		s.Close()
	}
}

func TestLabels(t *testing.T) {
	json := []member{
		{"1.png", "x", 0}, {"1.json", `{"meta": {"kind": "dog"}, "label": 7}`, 0},
		{"2.png", "x", 0}, {"2.json", `{"meta": {"kind": "cat"}, "label": 7}`, 0},
	}
	words := []member{{"1.png", "x", 0}, {"1.cls", "dog", 0}, {"1.txt", "1", 0}, {"2.png", "x", 0}, {"2.cls", "cat", 0}, {"2.txt", "0", 0}}
	for _, c := range []struct {
		name    string
		members []member
		o       Options
		classes []string
		want    []int
	}{
		{"field", json, Options{Field: "meta.kind"}, []string{"cat", "dog"}, []int{1, 0}},
		{"numbers", json, Options{}, []string{"0", "1", "2", "3", "4", "5", "6", "7"}, []int{7, 7}},
		{"names", words, Options{}, []string{"cat", "dog"}, []int{1, 0}},
		{"given names", words, Options{Classes: []string{"dog", "cow", "cat"}}, []string{"dog", "cow", "cat"}, []int{0, 2}},
		{"numbers of given names", words, Options{Label: ".txt", Classes: []string{"cow", "cat"}}, []string{"cow", "cat"}, []int{1, 0}},
	} {
		s, err := Open([]string{write(t, "x.tar", pack(t, c.members...))}, c.o)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got := []int{s.Class(0), s.Class(1)}
		if !slices.Equal(s.Classes(), c.classes) || !slices.Equal(got, c.want) {
			t.Errorf("%s: classes %q, examples %v; want %q, %v", c.name, s.Classes(), got, c.classes, c.want)
		}
		s.Close()
	}
}

func TestErrors(t *testing.T) {
	ok := []member{{"1.png", "x", 0}, {"1.cls", "0", 0}}
	huge := pack(t, ok...)
	copy(huge[124:136], "77777777777\x00") // the size of the first member
	fixChecksum(huge)
	bomb := zipped(t, pack(t, member{"1.png", strings.Repeat("\x00", 64<<20), 0}))
	for _, c := range []struct {
		name string
		data []byte
		o    Options
		want string
	}{
		{"empty", nil, Options{}, "x.tar: the shard has no examples"},
		{"no tar", bytes.Repeat([]byte{'x'}, 2000), Options{}, "x.tar: cut off or no tar file"},
		{"cut off", pack(t, first...)[:5000], Options{}, "x.tar: "},
		{"huge", huge, Options{}, `x.tar: member "1.png": cut off: expected 8589934591 bytes`},
		{"bomb", bomb, Options{}, "x.tar: cannot unpack it: it unpacks to more than"},
		{"broken gzip", []byte{0x1f, 0x8b, 1, 2, 3}, Options{}, "x.tar: corrupt gzip header"},
		{"above", pack(t, member{"../1.png", "x", 0}), Options{}, `member "../1.png": its name is no plain path`},
		{"absolute", pack(t, member{"/1.png", "x", 0}), Options{}, "no plain path"},
		{"symbolic link", pack(t, member{"1.png", "/etc/passwd", tar.TypeSymlink}), Options{}, `it is a link to "/etc/passwd"`},
		{"hard link", pack(t, member{"1.png", "2.png", tar.TypeLink}), Options{}, "it is a link"},
		{"device", pack(t, member{"1.png", "", tar.TypeChar}), Options{}, "it is no regular file"},
		{"no image", pack(t, member{"1.cls", "0", 0}), Options{}, `example "1": it has no image (.jpg, .jpeg`},
		{"no label", pack(t, member{"1.png", "x", 0}), Options{}, `example "1": it has no label (.cls, .json), only .png`},
		{"other image", pack(t, ok...), Options{Image: "jpg"}, "it has no image (.jpg), only .png, .cls"},
		{"twice", pack(t, ok[0], ok[0]), Options{}, `member "1.png" is there twice`},
		{"apart", pack(t, ok[0], ok[1], member{"2.png", "x", 0}, member{"2.cls", "0", 0}, ok[0], ok[1]), Options{}, `example "1" is there twice`},
		{"empty label", pack(t, ok[0], member{"1.cls", " ", 0}), Options{}, "its label .cls: it is empty"},
		{"lines", pack(t, ok[0], member{"1.cls", "1\n2", 0}), Options{}, "it has several lines"},
		{"no JSON", pack(t, ok[0], member{"1.json", "{", 0}), Options{}, "its label .json: not JSON"},
		{"no field", pack(t, ok[0], member{"1.json", `{"a": 1}`, 0}), Options{Field: "b"}, "it has no field b"},
		{"no value", pack(t, ok[0], member{"1.json", `{"label": [1]}`, 0}), Options{}, "it is neither a number nor a text"},
		{"negative", pack(t, ok[0], member{"1.cls", "-1", 0}), Options{}, "label -1 is not from 0 to"},
		{"unknown class", pack(t, ok[0], member{"1.cls", "dog", 0}), Options{Classes: []string{"cat"}}, `label "dog" is none of the 1 classes`},
		{"class number", pack(t, ok[0], member{"1.cls", "1", 0}), Options{Classes: []string{"cat"}}, "label 1 is not from 0 to 0"},
	} {
		_, err := Open([]string{write(t, "x.tar", c.data)}, c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// fixChecksum sets the checksum of the first header.
func fixChecksum(b []byte) {
	copy(b[148:156], "        ")
	sum := 0
	for _, c := range b[:512] {
		sum += int(c)
	}
	for k := range 6 {
		b[148+k] = '0' + byte(sum>>(3*(5-k))&7)
	}
	b[154] = 0
}

// TestWebDataset reads a shard that the webdataset package of Python wrote.
func TestWebDataset(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-c", "import webdataset").Run() != nil {
		t.Skip("python3 with webdataset is not installed")
	}
	path := filepath.Join(t.TempDir(), "python.tar")
	script := `import sys, webdataset
with webdataset.TarWriter(sys.argv[1]) as w:
    for i in range(5):
        w.write({"__key__": f"train/{i:06d}", "png": bytes([i] * (i * 300)), "cls": i % 3, "json": {"label": i}})`
	if out, err := exec.Command(python, "-c", script, path).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s, err := Open([]string{path}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 5 {
		image, err := s.Image(i, nil)
		if err != nil || !bytes.Equal(image, bytes.Repeat([]byte{byte(i)}, 300*i)) || s.Class(i) != i%3 {
			t.Errorf("%s: %d bytes, class %d, %v", s.Name(i), len(image), s.Class(i), err)
		}
	}
}

func FuzzIndex(f *testing.F) {
	f.Add(pack(f, first...))
	f.Add(pack(f, second...))
	f.Add(pack(f, member{"1.png", "x", 0}, member{"1.json", `{"label": "dog"}`, 0}))
	f.Fuzz(func(t *testing.T, in []byte) {
		hostile.Bounded(t, len(in), hostile.Bytes{Base: 16 << 20, Ratio: 1000}, func() {
			s := &Set{}
			sh := &shard{name: "fuzz", r: bytes.NewReader(in)}
			s.shards = append(s.shards, sh)
			labels, err := s.index(sh, int64(len(in)), nil, Options{})
			if err == nil {
				if err = s.unique(); err == nil {
					err = s.number(labels, nil)
				}
			}
			if err != nil {
				if strings.Contains(err.Error(), "\n") {
					t.Fatalf("error of several lines: %q", err)
				}
				return
			}
			for i := range s.Len() {
				if _, err := s.Image(i, nil); err != nil {
					t.Fatal(err)
				}
				if c := s.Class(i); c < 0 || c >= len(s.Classes()) {
					t.Fatalf("class %d of %d", c, len(s.Classes()))
				}
			}
		})
	})
}

// TestSparse refuses the sparse files of GNU tar in both of its formats.
func TestSparse(t *testing.T) {
	if _, err := exec.LookPath("tar"); err != nil {
		t.Skip("tar is not installed")
	}
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "1.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(1 << 20); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"gnu", "posix"} {
		path := filepath.Join(dir, format+".tar")
		if out, err := exec.Command("tar", "--sparse", "--format="+format, "-C", dir, "-cf", path, "1.png").CombinedOutput(); err != nil {
			t.Skipf("this tar writes no sparse files: %v %s", err, out)
		}
		if _, err := Open([]string{path}, Options{}); err == nil || !strings.Contains(err.Error(), "it is a sparse file") {
			t.Errorf("%s: %v", format, err)
		}
	}
}
