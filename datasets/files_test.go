package datasets

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
)

func pair(t *testing.T, images, labels []byte) (*Split, error) {
	t.Helper()
	x, err := newInput(t.Context(), bytes.NewReader(images), "images")
	if err != nil {
		return nil, err
	}
	y, err := newInput(t.Context(), bytes.NewReader(labels), "labels")
	if err != nil {
		return nil, err
	}
	return readIDXPair(x, y, 10)
}

func TestIDX(t *testing.T) {
	images, labels := idxBytes(idxImages, 12, 3, 2), idxBytes(idxLabels, 12)
	for _, packed := range []bool{false, true} {
		x, y := images, labels
		if packed {
			x, y = gzipped(t, images), gzipped(t, labels)
		}
		s, err := pair(t, x, y)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(); err != nil || s.N != 12 || s.H != 3 || s.W != 2 || s.C != 1 {
			t.Fatalf("%d×%d×%d×%d: %v", s.N, s.H, s.W, s.C, err)
		}
		if s.Pixels[6] != 6 || s.Labels[11] != 1 {
			t.Error("wrong contents")
		}
	}
}

func TestIDXErrors(t *testing.T) {
	images, labels := idxBytes(idxImages, 12, 3, 2), idxBytes(idxLabels, 12)
	edit := func(b []byte, at int, v byte) []byte {
		b = slices.Clone(b)
		b[at] = v
		return b
	}
	packed := gzipped(t, images)
	for _, c := range []struct {
		name           string
		images, labels []byte
		want           []string
	}{
		{"swapped", labels, images, []string{"images: byte 0", "0x00000801", "0x00000803", "label file"}},
		{"magic", edit(images, 2, 9), labels, []string{"byte 0", "0x00000903"}},
		{"empty", nil, labels, []string{"images", "byte 0", "4 bytes, found 0"}},
		{"header", images[:9], labels, []string{"byte 8", "4 bytes, found 1"}},
		{"truncated", images[:50], labels, []string{"12 images of 3×2", "byte 16", "72 bytes, found 34"}},
		{"huge", edit(images, 4, 255), labels, []string{"byte 4", "below"}},
		{"huge but allowed", edit(images, 5, 255), labels, []string{"found 72"}},
		{"zero", edit(images, 7, 0), labels, []string{"byte 4", "dimension 0 is 0"}},
		{"trailing", append(slices.Clone(images), 1, 2, 3), labels, []string{"3 trailing bytes", "byte 88"}},
		{"counts", images, idxBytes(idxLabels, 11), []string{"11 labels", "12 images"}},
		{"label", images, edit(labels, 8+7, 10), []string{"labels: label 10 of example 7", "byte 15"}},
		{"gzip header", packed[:5], labels, []string{"gzip header"}},
		{"gzip cut", packed[:len(packed)-12], labels, []string{"gzip", "unpacked data"}},
		{"gzip sum", edit(packed, len(packed)-6, 77), labels, []string{"gzip", "checksum"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := pair(t, c.images, c.labels)
			wantError(t, err, c.want...)
		})
	}
}

func TestIDXLayouts(t *testing.T) {
	files := [4][]byte{idxBytes(idxImages, 20, 2, 2), idxBytes(idxLabels, 20), idxBytes(idxImages, 5, 2, 2), idxBytes(idxLabels, 5)}
	for name, file := range map[string]func(i int) (string, []byte){
		"plain": func(i int) (string, []byte) { return idxFiles[i], files[i] },
		"gzip":  func(i int) (string, []byte) { return idxFiles[i] + ".gz", gzipped(t, files[i]) },
		"raw":   func(i int) (string, []byte) { return "raw/" + idxFiles[i], files[i] },
		"dotted": func(i int) (string, []byte) {
			return string(bytes.Replace([]byte(idxFiles[i]), []byte("-idx"), []byte(".idx"), 1)), files[i]
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for i := range files {
				f, data := file(i)
				put(t, filepath.Join(dir, f), data)
			}
			set, err := load(t.Context(), "mnist", opts{Dir: dir, Train: 12, Validation: 4, Test: 3, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			if set.Train.Len() != 12 || set.Validation.Len() != 4 || set.Test.Len() != 3 || len(set.ClassNames) != 10 {
				t.Errorf("sizes %d, %d, %d", set.Train.Len(), set.Validation.Len(), set.Test.Len())
			}
			seen := map[byte]bool{} // first pixels are 4*i: all of them differ
			for _, s := range []*Split{stored(set.Train), stored(set.Validation)} {
				for i := range s.N {
					if p := s.Pixels[i*4]; seen[p] || s.Labels[i] != int32(p/4%10) {
						t.Fatalf("example %d: pixel %d, label %d", i, p, s.Labels[i])
					} else {
						seen[p] = true
					}
				}
			}
		})
	}
	_, err := load(t.Context(), "mnist", opts{Dir: t.TempDir()})
	wantError(t, err, "mnist", idxFiles[0], "data.dir")
}

func TestCIFAR(t *testing.T) {
	small := cifarSource{records: 3}
	for _, folder := range []string{"", cifarFolder} {
		dir := t.TempDir()
		for _, f := range cifarFiles {
			put(t, filepath.Join(dir, folder, f), cifarBytes(3))
		}
		set, err := small.load(t.Context(), Files{Dir: dir}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := stored(set.Train)
		if err := s.Validate(); err != nil || s.N != 15 || set.Test.Len() != 3 || s.C != 3 {
			t.Fatalf("%d×%d×%d×%d: %v", s.N, s.H, s.W, s.C, err)
		}
		raw := cifarBytes(3)
		for c := range 3 { // record 1, row 2, column 5
			want := raw[cifarRecord+1+c*1024+2*32+5]
			if got := s.Pixels[((1*32+2)*32+5)*3+c]; got != want {
				t.Errorf("channel %d: %d, want %d", c, got, want)
			}
		}
	}
}

func TestCIFARErrors(t *testing.T) {
	bad := cifarBytes(3)
	bad[2*cifarRecord] = 11
	for _, c := range []struct {
		name string
		data []byte
		want []string
	}{
		{"truncated", cifarBytes(3)[:5000], []string{"byte 0", "9219 bytes, found 5000"}},
		{"trailing", cifarBytes(4), []string{"3073 trailing bytes", "byte 9219"}},
		{"label", bad, []string{"label 11 of record 2", "byte 6146"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, f := range cifarFiles {
				put(t, filepath.Join(dir, f), cifarBytes(3))
			}
			put(t, filepath.Join(dir, cifarFiles[3]), c.data)
			_, err := cifarSource{records: 3}.load(t.Context(), Files{Dir: dir}, Options{})
			wantError(t, err, append(c.want, cifarFiles[3])...)
		})
	}
	dir := t.TempDir()
	_, err := load(t.Context(), "cifar10", opts{Dir: dir})
	wantError(t, err, dir, cifarArchive, "data.dir")
	put(t, filepath.Join(dir, cifarFiles[0]), cifarBytes(3))
	_, err = cifarSource{records: 3}.load(t.Context(), Files{Dir: dir}, Options{})
	wantError(t, err, cifarFiles[1], "which has")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = cifarSource{records: 3}.load(ctx, Files{Dir: dir}, Options{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestRealFiles(t *testing.T) {
	for name, folder := range map[string]string{"mnist": "mnist", "cifar10": cifarFolder} {
		t.Run(name, func(t *testing.T) {
			dir := dataDir(t, folder)
			set, err := load(t.Context(), name, opts{Dir: dir, Validation: 5000})
			if err != nil {
				t.Fatal(err)
			}
			norm := set.Images().Stats()
			t.Logf("%d/%d/%d, mean %v, deviation %v", set.Train.Len(), set.Validation.Len(), set.Test.Len(), norm.Mean, norm.Std)
			want := map[string]float32{"mnist": 0.1307, "cifar10": 0.4914}[name]
			if d := norm.Mean[0] - want; d > 0.003 || d < -0.003 {
				t.Errorf("mean %v, published %v", norm.Mean[0], want)
			}
		})
	}
}

func FuzzIDX(f *testing.F) {
	f.Add(idxBytes(idxImages, 3, 2, 2), idxBytes(idxLabels, 3))
	f.Add(gzipped(f, idxBytes(idxImages, 3, 2, 2)), gzipped(f, idxBytes(idxLabels, 3)))
	f.Add([]byte{0, 0, 8, 3, 127, 255, 255, 255, 0, 0, 0, 1, 0, 0, 0, 1}, []byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, images, labels []byte) {
		if s, err := pair(t, images, labels); err == nil {
			if err := s.Validate(); err != nil {
				t.Error(err)
			}
		}
	})
}

func FuzzCIFAR(f *testing.F) {
	f.Add(cifarBytes(2))
	f.Add(gzipped(f, cifarBytes(2)))
	f.Add(cifarBytes(2)[:4000])
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := newInput(t.Context(), bytes.NewReader(data), "batch")
		if err != nil {
			return
		}
		if b, err := readCIFAR(in, 2); err == nil {
			if err := cifarSplit([][]byte{b}).Validate(); err != nil {
				t.Error(err)
			}
		}
	})
}
