package imagefile

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/datasets/raster"
)

// golden is an image as Pillow and torchvision read it, see testdata/golden.py.
type golden struct {
	File       string `json:"file"`
	H, W, C    int
	Pix        []byte
	Shorter    int
	Height     int
	Width      int
	Channels   int
	Background uint8
}

func goldens(t testing.TB) []golden {
	t.Helper()
	f, err := os.Open("testdata/golden.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var cases []golden
	if err := json.NewDecoder(z).Decode(&cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// difference is the largest difference of two images, and its mean.
func difference(a, b []uint8) (int, float64) {
	largest, sum := 0, 0
	for i := range a {
		d := int(a[i]) - int(b[i])
		d = max(d, -d)
		largest, sum = max(largest, d), sum+d
	}
	return largest, float64(sum) / float64(len(a))
}

// TestGolden compares with Pillow and torchvision, whose values are exact but for JPEG:
// the inverse cosine transforms of libjpeg and Go round differently, by 1, and the matrix
// to RGB makes at most 3 of it.
func TestGolden(t *testing.T) {
	for _, c := range goldens(t) {
		d, err := NewDecoder(Options{Channels: c.Channels, Shorter: c.Shorter, Height: c.Height, Width: c.Width, Background: c.Background})
		if err != nil {
			t.Fatal(err)
		}
		var im raster.Image
		if err := d.File(&im, filepath.Join("testdata/images", c.File)); err != nil {
			t.Error(err)
			continue
		}
		want := c.C
		if c.Channels != 0 {
			want = c.Channels
		}
		if im.H != c.H || im.W != c.W || im.C != want || len(im.Pix) != len(c.Pix) {
			t.Errorf("%s: %d×%d×%d of %d values, want %d×%d×%d of %d (HWC)", c.File, im.H, im.W, im.C, len(im.Pix), c.H, c.W, c.C, len(c.Pix))
			continue
		}
		largest, mean := difference(im.Pix, c.Pix)
		tolerance, meanTolerance := 0, 0.0
		if strings.HasSuffix(c.File, ".jpg") {
			tolerance, meanTolerance = 3, 0.3
		}
		if largest > tolerance || mean > meanTolerance {
			t.Errorf("%s (%d, %d×%d, %d): differs by up to %d, %.4f in the mean", c.File, c.Shorter, c.Height, c.Width, c.Channels, largest, mean)
		}
	}
}
