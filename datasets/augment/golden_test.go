package augment

import (
	"compress/gzip"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"pare/datasets/raster"
)

// golden holds images and batches as torchvision changes them, see testdata/golden.py.
type golden struct {
	Images map[string]raster.Image
	Cases  []struct {
		Image, Op string
		Args      []float64
		H, W      int
		Pix       []byte
	}
	Mixes []struct {
		Op         string
		Weight     float32
		X, Y, Out  []float32
		N, H, W, C int
		Box        []int // left, top, right, bottom
		Labels     []float32
	}
}

func goldens(t testing.TB) golden {
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
	var g golden
	if err := json.NewDecoder(z).Decode(&g); err != nil {
		t.Fatal(err)
	}
	return g
}

// TestGolden: with torchvision's parameters, each operation gives its bytes.
func TestGolden(t *testing.T) {
	g := goldens(t)
	var w Work
	count := map[string]int{}
	for _, c := range g.Cases {
		input := g.Images[c.Image]
		var im raster.Image
		im.CopyFrom(&input)
		fill := Fill{10, 200, 30}
		if im.C == 1 {
			fill = Fill{77}
		}
		a := c.Args
		switch c.Op {
		case "brightness":
			brightness(&im, a[0])
		case "contrast":
			contrast(&im, a[0])
		case "saturation":
			saturation(&im, a[0])
		case "hue":
			hue(&im, a[0])
		case "rotate", "bilinear":
			rotate(&im, &w, a[0], c.Op == "bilinear", nil)
		case "filled":
			rotate(&im, &w, a[0], true, fill)
		case "resizedcrop":
			ResizedCrop{Height: int(a[4]), Width: int(a[5])}.cut(&im, &w, rectangle{int(a[0]), int(a[1]), int(a[2]), int(a[3])})
		case "crop":
			var values [3]uint8
			w.spare.Crop(&im, int(a[0])-4, int(a[1])-4, im.H, im.W, fill.on(im.C, &values))
			w.swap(&im)
		case "flip":
			im.FlipColumns()
		default:
			k := slices.IndexFunc(operations, func(op operation) bool { return op.name == c.Op })
			if k < 0 {
				t.Fatalf("no operation %s", c.Op)
			}
			op := &operations[k]
			op.apply(&im, &w, op.at(&im, int(a[0]), a[1] < 0), nil)
		}
		count[c.Op]++
		if im.H != c.H || im.W != c.W || len(im.Pix) != len(c.Pix) {
			t.Errorf("%s %s%v: %d×%d, want %d×%d", c.Op, c.Image, a, im.H, im.W, c.H, c.W)
			continue
		}
		wrong, largest := 0, 0
		for i, v := range im.Pix {
			if d := int(v) - int(c.Pix[i]); d != 0 {
				wrong, largest = wrong+1, max(largest, d, -d)
			}
		}
		if wrong > 0 {
			t.Errorf("%s %s%v: %d of %d values differ, by up to %d", c.Op, c.Image, a, wrong, len(im.Pix), largest)
		}
	}
	for i := range operations {
		if count[operations[i].name] == 0 {
			t.Errorf("no case of %s", operations[i].name)
		}
	}
}

func TestGoldenMix(t *testing.T) {
	for _, c := range goldens(t).Mixes {
		b := Batch{N: c.N, H: c.H, W: c.W, C: c.C, X: slices.Clone(c.X), Y: c.Y, Second: make([]float32, c.N)}
		weight := c.Weight
		if c.Op == "mixup" {
			b.mix(weight)
		} else {
			weight = b.cut(rectangle{c.Box[1], c.Box[0], c.Box[3] - c.Box[1], c.Box[2] - c.Box[0]})
		}
		if math.Abs(float64(weight-c.Weight)) > 1e-6 {
			t.Errorf("%s: weight %v, want %v", c.Op, weight, c.Weight)
		}
		for i, v := range b.X {
			if math.Abs(float64(v-c.Out[i])) > 1e-6 {
				t.Errorf("%s: value %d is %v, want %v", c.Op, i, v, c.Out[i])
				break
			}
		}
		labels := make([]float32, len(c.Labels))
		for i := range b.N {
			labels[i*3+int(b.Y[i])] += weight
			labels[i*3+int(b.Second[i])] += 1 - weight
		}
		for i, v := range labels {
			if math.Abs(float64(v-c.Labels[i])) > 1e-6 {
				t.Errorf("%s: labels %v, want %v", c.Op, labels, c.Labels)
				break
			}
		}
	}
}

// TestHueAll compares all colours of a cube of 32 levels a channel, through their sum.
//
//	v = np.arange(32) * 8 + np.arange(32) // 4
//	a = np.stack(np.meshgrid(v, v, v, indexing="ij"), -1).reshape(1024, 32, 3).astype(np.uint8)
//	b = np.asarray(F.adjust_hue(Image.fromarray(a), 0.23)).astype(np.uint64).ravel()
//	print((b * (np.arange(b.size, dtype=np.uint64) % 1009 + 1)).sum())
func TestHueAll(t *testing.T) {
	level := func(i int) uint8 { return uint8(i*8 + i/4) }
	var im raster.Image
	im.Reset(1024, 32, 3)
	for i := range 32 * 32 * 32 {
		copy(im.Pix[3*i:], []uint8{level(i / 1024), level(i / 32 % 32), level(i % 32)})
	}
	hue(&im, 0.23)
	sum := 0
	for i, v := range im.Pix {
		sum += int(v) * (i%1009 + 1)
	}
	if sum != 6319761458 {
		t.Errorf("sum %d", sum)
	}
}
