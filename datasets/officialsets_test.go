package datasets

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pare/datasets/official"
)

// loadOfficial loads a dataset from a folder.
func loadOfficial(t *testing.T, d Dataset, name string, o Options) (*Set, error) {
	t.Helper()
	return Load(t.Context(), name, d, o)
}

// The files are in the official layout, and but for the first record of each part all zero.
func TestCIFAR100(t *testing.T) {
	dir := t.TempDir()
	for name, records := range map[string]int64{"train.bin": official.CIFAR100Train, "test.bin": official.CIFAR100Test} {
		path := filepath.Join(dir, "cifar-100-binary", name)
		put(t, path, []byte{19, 99, 7})
		if err := os.Truncate(path, records*3074); err != nil {
			t.Fatal(err)
		}
	}
	for labels, want := range map[string]int32{"": 99, "coarse": 19} {
		set, err := loadOfficial(t, &CIFAR100{Files: Files{Dir: dir}, Labels: labels}, "cifar100", Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := stored(set.Train)
		if s.Labels[0] != want || s.Pixels[0] != 7 || set.Task.Classes != int(want)+1 || set.Test.Len() != official.CIFAR100Test {
			t.Errorf("%q: label %d of %d classes", labels, s.Labels[0], set.Task.Classes)
		}
	}
	_, err := loadOfficial(t, &CIFAR100{Files: Files{Dir: t.TempDir()}}, "cifar100", Options{})
	wantError(t, err, "cifar100: ", "no file train.bin", "no archive cifar-100-binary.tar.gz", "data.dir")
}

func TestEMNIST(t *testing.T) {
	dir := t.TempDir()
	idx := func(magic uint32, dims []uint32, data ...byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, magic)
		for _, d := range dims {
			b = binary.BigEndian.AppendUint32(b, d)
		}
		return append(b, data...)
	}
	for _, part := range []string{"train", "test"} {
		put(t, filepath.Join(dir, "gzip", "emnist-letters-"+part+"-images-idx3-ubyte.gz"), gzipped(t, idx(idxImages, []uint32{2, 2, 2}, 1, 2, 3, 4, 5, 6, 7, 8)))
		put(t, filepath.Join(dir, "gzip", "emnist-letters-"+part+"-labels-idx1-ubyte.gz"), gzipped(t, idx(idxLabels, []uint32{2}, 1, 26)))
	}
	set, err := loadOfficial(t, &EMNIST{Files: Files{Dir: dir}, Split: "letters"}, "emnist", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s := stored(set.Train); !slices.Equal(s.Labels, []int32{0, 25}) || !slices.Equal(s.Pixels[:4], []uint8{1, 3, 2, 4}) || set.ClassNames[25] != "Z" {
		t.Errorf("%v %v %q", s.Labels, s.Pixels, set.ClassNames)
	}
	_, err = loadOfficial(t, &EMNIST{Files: Files{Dir: dir}}, "emnist", Options{})
	wantError(t, err, "no file emnist-balanced-train", "no archive gzip.zip")
}

// svhnFile is a .mat file of one image of 2×2 pixels.
func svhnFile(label byte) []byte {
	le := binary.LittleEndian
	element := func(kind uint32, content []byte) []byte {
		b := append(le.AppendUint32(le.AppendUint32(nil, kind), uint32(len(content))), content...)
		return append(b, make([]byte, -len(content)&7)...)
	}
	array := func(name string, shape []uint32, values []byte) []byte {
		var dims []byte
		for _, d := range shape {
			dims = le.AppendUint32(dims, d)
		}
		return element(14, slices.Concat(element(6, []byte{9, 0, 0, 0, 0, 0, 0, 0}), element(5, dims), element(1, []byte(name)), element(2, values)))
	}
	b := bytes.Repeat([]byte{' '}, 128)
	copy(b, "MATLAB 5.0 MAT-file")
	copy(b[124:], "\x00\x01IM")
	pixels := make([]byte, 12)
	for i := range pixels {
		pixels[i] = byte(i)
	}
	return slices.Concat(b, array("X", []uint32{2, 2, 3, 1}, pixels), array("y", []uint32{1, 1}, []byte{label}))
}

func TestSVHN(t *testing.T) {
	dir := t.TempDir()
	for name, label := range map[string]byte{"train": 10, "test": 3, "extra": 4} {
		put(t, filepath.Join(dir, name+"_32x32.mat"), svhnFile(label))
	}
	set, err := loadOfficial(t, &SVHN{Files: Files{Dir: dir}, Extra: true}, "svhn", Options{})
	if err != nil {
		t.Fatal(err)
	}
	// MATLAB stores columns first.
	if s := stored(set.Train); !slices.Equal(s.Labels, []int32{0, 4}) || !slices.Equal(s.Pixels[:6], []uint8{0, 4, 8, 2, 6, 10}) {
		t.Errorf("%v %v", s.Labels, s.Pixels)
	}
	if err := os.Remove(filepath.Join(dir, "test_32x32.mat")); err != nil {
		t.Fatal(err)
	}
	_, err = loadOfficial(t, &SVHN{Files: Files{Dir: dir}}, "svhn", Options{})
	wantError(t, err, "svhn: "+dir, "no file test_32x32.mat")
}

func TestTinyImageNet(t *testing.T) {
	dir := t.TempDir()
	root := filepath.Join(dir, "tiny-imagenet-200")
	var picture bytes.Buffer
	if err := jpeg.Encode(&picture, image.NewGray(image.Rect(0, 0, 64, 64)), nil); err != nil {
		t.Fatal(err)
	}
	ids := []string{"n02012849", "n03126707", "n01443537"}
	put(t, filepath.Join(root, "wnids.txt"), []byte("n02012849\nn03126707\nn01443537\n"))
	put(t, filepath.Join(root, "words.txt"), []byte("n02012849\tcrane\nn03126707\tcrane\nn01443537\tgoldfish, Carassius auratus\n"))
	annotations := ""
	for i, id := range ids {
		for k := range 4 {
			put(t, filepath.Join(root, "train", id, "images", fmt.Sprintf("%s_%d.JPEG", id, k)), picture.Bytes())
		}
		name := fmt.Sprintf("val_%d.JPEG", i)
		put(t, filepath.Join(root, "val", "images", name), picture.Bytes())
		annotations += name + "\t" + id + "\t0\t0\t1\t1\n"
	}
	put(t, filepath.Join(root, "val", "val_annotations.txt"), []byte(annotations))
	set, err := loadOfficial(t, &TinyImageNet{Files: Files{Dir: dir}}, "tiny-imagenet", Options{Validation: 3})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(set.ClassNames, []string{"goldfish", "crane n02012849", "crane n03126707"}) || !slices.Equal(set.Task.Input, []int{3, 64, 64}) {
		t.Errorf("%q %v", set.ClassNames, set.Task.Input)
	}
	if set.Train.Len() != 9 || set.Validation.Len() != 3 || !slices.Equal(stored(set.Test).Labels, []int32{1, 2, 0}) {
		t.Errorf("%d, %d, %v", set.Train.Len(), set.Validation.Len(), stored(set.Test).Labels)
	}
	_, err = loadOfficial(t, &TinyImageNet{Files: Files{Dir: t.TempDir()}}, "tiny-imagenet", Options{})
	wantError(t, err, "wnids.txt", "no archive tiny-imagenet-200.zip")
}
