package official

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

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

func wantError(t *testing.T, name string, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: error %v, want %q", name, err, want)
	}
}

func TestFiles(t *testing.T) {
	for _, f := range slices.Concat(CIFAR100Files, EMNISTFiles, SVHNFiles, TinyImageNetFiles) {
		if !strings.HasSuffix(f.URL, "/"+f.Name) || len(f.MD5) != 32 || f.SHA256 != "" && len(f.SHA256) != 64 || f.Sums == "" {
			t.Errorf("%+v", f)
		}
	}
}

// record is a record of CIFAR-100 whose red, green and blue are functions of the place.
func record(coarse, fine byte) []byte {
	b := []byte{coarse, fine}
	for c := range 3 {
		for p := range 1024 {
			b = append(b, byte(p*(c+1)))
		}
	}
	return b
}

func TestCIFAR100(t *testing.T) {
	if len(CIFAR100Classes) != 100 || len(CIFAR100Superclasses) != 20 || !slices.IsSorted(CIFAR100Classes) || !slices.IsSorted(CIFAR100Superclasses) {
		t.Errorf("%d classes, %d superclasses", len(CIFAR100Classes), len(CIFAR100Superclasses))
	}
	data := append(record(4, 0), record(19, 99)...)
	m, err := ReadCIFAR100(bytes.NewReader(data), "train.bin", 2)
	if err != nil {
		t.Fatal(err)
	}
	if m.N != 2 || !slices.Equal(m.Labels, []uint8{0, 99}) || !slices.Equal(m.Coarse, []uint8{4, 19}) || len(m.Pixels) != 2*3072 {
		t.Errorf("%d images, labels %v, coarse %v, %d values", m.N, m.Labels, m.Coarse, len(m.Pixels))
	}
	if got := m.Pixels[3072+3*40:][:3]; !slices.Equal(got, []uint8{40, 80, 120}) {
		t.Errorf("pixel 40 is %v", got)
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"cut off", data[:4000], "train.bin: truncated: record 1 of 2 has 926 bytes, expected 3074"},
		{"longer", append(data, 0), "train.bin: bytes follow the data"},
		{"label", append(record(0, 0), record(0, 100)...), "record 1 has coarse label 0 and fine label 100"},
		{"coarse label", append(record(0, 0), record(20, 0)...), "record 1 has coarse label 20"},
	} {
		_, err := ReadCIFAR100(bytes.NewReader(c.data), "train.bin", 2)
		wantError(t, c.name, err, c.want)
	}
}

func TestCIFAR100Archive(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, data := range map[string][]byte{
		"cifar-100-binary/train.bin": append(record(1, 2), record(3, 4)...),
		"cifar-100-binary/test.bin":  record(5, 6),
	} {
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: int64(len(data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	train, test, err := readCIFAR100Tar(bytes.NewReader(b.Bytes()), 2, 1)
	if err != nil || !slices.Equal(train.Labels, []uint8{2, 4}) || !slices.Equal(test.Labels, []uint8{6}) {
		t.Errorf("%v %v %v", train, test, err)
	}
	_, _, err = ReadCIFAR100Archive(bytes.NewReader(zipped(t, b.Bytes())))
	wantError(t, "too few records", err, "truncated: record")
	_, _, err = ReadCIFAR100Archive(strings.NewReader("no gzip"))
	wantError(t, "no gzip", err, "corrupt gzip header")
	_, _, err = readCIFAR100Tar(bytes.NewReader(make([]byte, 1024)), 2, 1)
	wantError(t, "empty", err, "the archive has no train.bin and test.bin")
}

func TestCIFAR100Folder(t *testing.T) {
	fsys := fstest.MapFS{
		"cifar-100-binary/train.bin":            {Data: bytes.Repeat(record(1, 2), CIFAR100Train)},
		"cifar-100-binary/test.bin":             {Data: bytes.Repeat(record(3, 4), CIFAR100Test)},
		"cifar-100-binary/fine_label_names.txt": {Data: []byte(strings.Join(CIFAR100Classes, "\n") + "\n\n")},
	}
	train, test, err := ReadCIFAR100Folder(fsys)
	if err != nil || train.N != CIFAR100Train || test.N != CIFAR100Test {
		t.Errorf("%v", err)
	}
	fsys["cifar-100-binary/fine_label_names.txt"].Data = []byte("apple\ncat\n")
	_, _, err = ReadCIFAR100Folder(fsys)
	wantError(t, "other names", err, `fine_label_names.txt: line 2: class 1 is "cat"`)
	delete(fsys, "cifar-100-binary/test.bin")
	_, _, err = ReadCIFAR100Folder(fsys)
	wantError(t, "no test", err, "no file test.bin in the folders ., cifar-100-binary")
}

// idx is an IDX file of bytes.
func idx(magic uint32, dims []uint32, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, magic)
	for _, d := range dims {
		b = binary.BigEndian.AppendUint32(b, d)
	}
	return append(b, data...)
}

func split(t *testing.T, name string) EMNISTSplit {
	t.Helper()
	for _, s := range EMNISTSplits {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no split %s", name)
	return EMNISTSplit{}
}

func TestEMNIST(t *testing.T) {
	for name, want := range map[string]int{"byclass": 62, "bymerge": 47, "balanced": 47, "letters": 26, "digits": 10, "mnist": 10} {
		if s := split(t, name); len(s.Classes) != want {
			t.Errorf("%s has %d classes, want %d", name, len(s.Classes), want)
		}
	}
	if s := split(t, "balanced"); s.Classes[36] != "a" || s.Classes[46] != "t" || s.Classes[10] != "A" {
		t.Errorf("%q", s.Classes)
	}
	images := idx(IDXImages, []uint32{2, 3, 2}, []byte{1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16}) // 3 columns of 2
	labels := idx(IDXLabels, []uint32{2}, []byte{1, 26})
	fsys := fstest.MapFS{
		"gzip/emnist-letters-train-images-idx3-ubyte.gz": {Data: zipped(t, images)},
		"gzip/emnist-letters-train-labels-idx1-ubyte.gz": {Data: zipped(t, labels)},
	}
	m, err := ReadEMNISTFolder(fsys, split(t, "letters"), "train")
	if err != nil {
		t.Fatal(err)
	}
	if want := []byte{1, 3, 5, 2, 4, 6, 11, 13, 15, 12, 14, 16}; !slices.Equal(m.Pixels, want) || m.N != 2 || m.H != 2 || m.W != 3 {
		t.Errorf("%d×%d×%d %v, want %v", m.N, m.H, m.W, m.Pixels, want)
	}
	if !slices.Equal(m.Labels, []uint8{0, 25}) {
		t.Errorf("labels %v", m.Labels)
	}
	_, err = ReadEMNISTFolder(fsys, split(t, "letters"), "test")
	wantError(t, "no test", err, "no file emnist-letters-test-images-idx3-ubyte.gz or emnist-letters-test-images-idx3-ubyte in")
	read := func(images, labels []byte, name string) error {
		_, err := ReadEMNIST(bytes.NewReader(images), bytes.NewReader(labels), "images", "labels", split(t, name))
		return err
	}
	wantError(t, "label 0", read(images, idx(IDXLabels, []uint32{2}, []byte{1, 0}), "letters"), "labels: label 0 of example 1 is not from 1 to 26")
	wantError(t, "label 26", read(images, labels, "digits"), "labels: label 26 of example 1 is not from 0 to 9")
	wantError(t, "fewer", read(images, idx(IDXLabels, []uint32{1}, []byte{1}), "letters"), "labels has 1 labels, but images has 2 images")
	wantError(t, "swapped", read(labels, images, "letters"), "images: ")
	wantError(t, "cut off", read(images[:20], labels, "letters"), "images: truncated: 2 images of 3×2 at byte 16 should take 12 bytes, found 4")
	wantError(t, "no header", read(images[:10], labels, "letters"), "images: truncated: a dimension at byte 8 should take 4 bytes, found 2")
	wantError(t, "2^31", read(idx(IDXImages, []uint32{1 << 16, 1 << 31, 1}, nil), labels, "letters"), "dimension 1 is 2147483648")
	wantError(t, "zero", read(idx(IDXImages, []uint32{0, 1, 1}, nil), labels, "letters"), "dimension 0 is 0")
	wantError(t, "longer", read(append(slices.Clone(images), 1), labels, "letters"), "images: 1 trailing bytes at byte 28")
}

// The published archive is read without being unpacked.
func TestEMNISTArchive(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, data := range map[string][]byte{
		"gzip/emnist-mnist-test-images-idx3-ubyte.gz": idx(IDXImages, []uint32{1, 1, 1}, []byte{7}),
		"gzip/emnist-mnist-test-labels-idx1-ubyte.gz": idx(IDXLabels, []uint32{1}, []byte{9}),
	} {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(zipped(t, data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	m, err := ReadEMNISTFolder(z, split(t, "mnist"), "test")
	if err != nil || m.Labels[0] != 9 || m.Pixels[0] != 7 {
		t.Errorf("%+v %v", m, err)
	}
}

// mat5 is a MATLAB 5 file of arrays of bytes.
func mat5(arrays ...[]byte) []byte {
	b := bytes.Repeat([]byte{' '}, 128)
	copy(b, "MATLAB 5.0 MAT-file")
	copy(b[124:], "\x00\x01IM")
	return append(b, slices.Concat(arrays...)...)
}

func array(name string, shape []uint32, values []byte) []byte {
	le := binary.LittleEndian
	element := func(kind uint32, content []byte) []byte {
		b := le.AppendUint32(le.AppendUint32(nil, kind), uint32(len(content)))
		b = append(b, content...)
		return append(b, make([]byte, -len(content)&7)...)
	}
	var dims []byte
	for _, d := range shape {
		dims = le.AppendUint32(dims, d)
	}
	flags := []byte{9, 0, 0, 0, 0, 0, 0, 0}
	return element(14, slices.Concat(element(6, flags), element(5, dims), element(1, []byte(name)), element(2, values)))
}

func TestSVHN(t *testing.T) {
	// Two images of 2 rows and 1 column: the first index is the fastest.
	x := array("X", []uint32{2, 1, 3, 2}, []byte{1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16})
	read := func(arrays ...[]byte) (*Images, error) {
		b := mat5(arrays...)
		return ReadSVHN(bytes.NewReader(b), int64(len(b)), "train_32x32.mat")
	}
	m, err := read(x, array("y", []uint32{2, 1}, []byte{10, 3}))
	if err != nil {
		t.Fatal(err)
	}
	want := []byte{1, 3, 5, 2, 4, 6, 11, 13, 15, 12, 14, 16}
	if !slices.Equal(m.Pixels, want) || !slices.Equal(m.Labels, []uint8{0, 3}) || m.H != 2 || m.W != 1 {
		t.Errorf("%+v", m)
	}
	for _, c := range []struct {
		name   string
		arrays [][]byte
		want   string
	}{
		{"no y", [][]byte{x}, `train_32x32.mat: mat: no array "y"`},
		{"label", [][]byte{x, array("y", []uint32{2, 1}, []byte{1, 11})}, "train_32x32.mat: array y: label 11 of example 1 is not from 1 to 10"},
		{"fewer labels", [][]byte{x, array("y", []uint32{1, 1}, []byte{1})}, "y has shape [1 1], expected 2 labels"},
		{"three axes", [][]byte{array("X", []uint32{2, 1, 3}, make([]byte, 6))}, "X has shape [2 1 3] and type |u1"},
	} {
		_, err := read(c.arrays...)
		wantError(t, c.name, err, c.want)
	}
}

func tiny() fstest.MapFS {
	image := func() *fstest.MapFile { return &fstest.MapFile{Data: []byte("image")} }
	return fstest.MapFS{
		"tiny-imagenet-200/wnids.txt":                          {Data: []byte("n02\nn01\n")},
		"tiny-imagenet-200/words.txt":                          {Data: []byte("n00\tentity\nn01\tgoldfish, Carassius auratus\r\n")},
		"tiny-imagenet-200/train/n01/images/n01_0.JPEG":        image(),
		"tiny-imagenet-200/train/n01/images/n01_1.JPEG":        image(),
		"tiny-imagenet-200/train/n01/n01_boxes.txt":            image(),
		"tiny-imagenet-200/train/n02/images/n02_0.JPEG":        image(),
		"tiny-imagenet-200/val/images/val_0.JPEG":              image(),
		"tiny-imagenet-200/val/images/val_1.JPEG":              image(),
		"tiny-imagenet-200/val/val_annotations.txt":            {Data: []byte("val_1.JPEG\tn01\t0\t32\t44\t62\nval_0.JPEG\tn02\t0\t0\t1\t1\n")},
		"tiny-imagenet-200/test/images/test_0.JPEG":            image(),
		"tiny-imagenet-200/test/images/.DS_Store":              image(),
		"tiny-imagenet-200/train/n01/images/n01_1.JPEG.backup": image(),
	}
}

func TestTinyImageNet(t *testing.T) {
	top, err := fs.Sub(tiny(), "tiny-imagenet-200")
	if err != nil {
		t.Fatal(err)
	}
	for prefix, fsys := range map[string]fs.FS{"tiny-imagenet-200/": tiny(), "": top} {
		f, err := ReadTinyImageNet(fsys)
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(f.Classes, f.Words, f.Train, f.Validation, f.Test)
		want := fmt.Sprint([]string{"n01", "n02"}, []string{"goldfish, Carassius auratus", "n02"},
			[]Image{{prefix + "train/n01/images/n01_0.JPEG", 0}, {prefix + "train/n01/images/n01_1.JPEG", 0}, {prefix + "train/n02/images/n02_0.JPEG", 1}},
			[]Image{{prefix + "val/images/val_0.JPEG", 1}, {prefix + "val/images/val_1.JPEG", 0}}, []string{prefix + "test/images/test_0.JPEG"})
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestTinyImageNetErrors(t *testing.T) {
	const root = "tiny-imagenet-200/"
	text := func(name, data string) func(fstest.MapFS) {
		return func(m fstest.MapFS) { m[root+name] = &fstest.MapFile{Data: []byte(data)} }
	}
	without := func(name string) func(fstest.MapFS) { return func(m fstest.MapFS) { delete(m, root+name) } }
	for _, c := range []struct {
		name   string
		change func(fstest.MapFS)
		want   string
	}{
		{"no classes", text("wnids.txt", "\n"), "wnids.txt names no classes"},
		{"path", text("wnids.txt", "../n01\n"), `wnids.txt: line 1: "../n01" is no id`},
		{"class twice", text("wnids.txt", "n01\n\nn01\n"), "wnids.txt: line 3: class n01 is there twice"},
		{"no folder", text("wnids.txt", "n01\nn02\nn03\n"), "train/n03/images"},
		{"words", text("words.txt", "n01 goldfish\n"), "words.txt: line 1: expected an id, a tab and names"},
		{"long line", text("words.txt", strings.Repeat("x", 2<<20)), "words.txt: line 1: "},
		{"no words", without("words.txt"), "no file words.txt"},
		{"unknown class", text("val/val_annotations.txt", "val_0.JPEG\tn09\t0\n"), `line 1: class "n09" of "val_0.JPEG" is not in wnids.txt`},
		{"unknown image", text("val/val_annotations.txt", "val_7.JPEG\tn01\t0\n"), `line 1: image "val_7.JPEG" is there twice, or not in`},
		{"image path", text("val/val_annotations.txt", "../val_0.JPEG\tn01\t0\n"), "expected the name of an image"},
		{"fewer lines", text("val/val_annotations.txt", "val_0.JPEG\tn01\t0\n"), `val/images/val_1.JPEG" has no line in`},
		{"no images", without("train/n02/images/n02_0.JPEG"), "train/n02/images"},
	} {
		m := tiny()
		c.change(m)
		_, err := ReadTinyImageNet(m)
		wantError(t, c.name, err, c.want)
	}
	_, err := ReadTinyImageNet(fstest.MapFS{})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty folder: %v", err)
	}
}

func FuzzEMNIST(f *testing.F) {
	f.Add(idx(IDXImages, []uint32{2, 3, 2}, make([]byte, 12)), idx(IDXLabels, []uint32{2}, []byte{1, 26}))
	f.Fuzz(func(t *testing.T, images, labels []byte) {
		m, err := ReadEMNIST(bytes.NewReader(images), bytes.NewReader(labels), "images", "labels", EMNISTSplits[3])
		if err == nil && (len(m.Pixels) != m.N*m.H*m.W || len(m.Labels) != m.N) {
			t.Fatalf("%d images of %d×%d have %d values, %d labels", m.N, m.H, m.W, len(m.Pixels), len(m.Labels))
		}
	})
}

func FuzzCIFAR100(f *testing.F) {
	f.Add(append(record(4, 0), record(19, 99)...))
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := ReadCIFAR100(bytes.NewReader(in), "train.bin", 2)
		if err == nil && (len(in) != 2*3074 || len(m.Pixels) != 2*3072) {
			t.Fatalf("%d bytes are %d values", len(in), len(m.Pixels))
		}
		_, _, _ = readCIFAR100Tar(bytes.NewReader(in), 1, 1) // it must not panic
	})
}

func FuzzSVHN(f *testing.F) {
	x := array("X", []uint32{2, 1, 3, 2}, []byte{1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16})
	f.Add(mat5(x, array("y", []uint32{2, 1}, []byte{10, 3})))
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := ReadSVHN(bytes.NewReader(in), int64(len(in)), "train_32x32.mat")
		if err == nil && len(m.Pixels) > 3*len(in) && len(m.Pixels) > 64<<20 {
			t.Fatalf("%d bytes are %d values", len(in), len(m.Pixels))
		}
	})
}

func FuzzTinyImageNet(f *testing.F) {
	f.Add("n02\nn01\n", "n01\tgoldfish\n", "val_1.JPEG\tn01\t0\t32\t44\t62\nval_0.JPEG\tn02\n")
	f.Fuzz(func(t *testing.T, wnids, words, annotations string) {
		m := tiny()
		for name, data := range map[string]string{"wnids.txt": wnids, "words.txt": words, "val/val_annotations.txt": annotations} {
			m["tiny-imagenet-200/"+name] = &fstest.MapFile{Data: []byte(data)}
		}
		folder, err := ReadTinyImageNet(m)
		if err != nil {
			return
		}
		for _, image := range slices.Concat(folder.Train, folder.Validation) {
			if _, err := fs.Stat(m, image.Path); err != nil || image.Class >= len(folder.Classes) {
				t.Fatalf("%+v: %v", image, err)
			}
		}
	})
}
