package augment

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"pare/datasets/raster"
)

func noise(h, w, c int, seed uint64) raster.Image {
	r := rand.New(rand.NewPCG(seed, 9))
	var m raster.Image
	m.Reset(h, w, c)
	for i := range m.Pix {
		m.Pix[i] = uint8(r.Uint32())
	}
	return m
}

// all is a chain of every transform.
func all() Chain {
	return Chain{
		ResizedCrop{Height: 20, Width: 24}, Crop{Padding: 3, Fill: Fill{9}}, Flip{},
		Rotation{Degrees: 25, Bilinear: true}, Rotation{Degrees: 90, Fill: Fill{1, 2, 3}},
		ColorJitter{0.4, 0.4, 0.4, 0.1}, Erase{}, Erase{P: 1, Noise: true}, Cutout{Size: 7}, RandAugment{N: 3, M: 14, Fill: Fill{128}},
	}
}

// TestSameForAnyGoroutine: the random numbers and the image alone determine a result, not
// the working memory or the goroutine.
func TestSameForAnyGoroutine(t *testing.T) {
	chain := all()
	if err := chain.Check(); err != nil {
		t.Fatal(err)
	}
	const n = 64
	run := func(goroutines int) []string {
		out := make([]string, n)
		var group sync.WaitGroup
		for g := range goroutines {
			group.Go(func() {
				var w Work
				for i := g; i < n; i += goroutines {
					im := noise(17+i%9, 23, 1+2*(i%2), uint64(i))
					chain.Apply(&im, &w, rand.New(rand.NewPCG(5, uint64(i))))
					out[i] = fmt.Sprint(im)
				}
			})
		}
		group.Wait()
		return out
	}
	want := run(1)
	for _, g := range []int{2, 5} {
		if !slices.Equal(run(g), want) {
			t.Errorf("%d goroutines give other images", g)
		}
	}
}

// TestShapes: transforms keep the channels and give the sizes that they say, for images of
// any size.
func TestShapes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, w := rapid.IntRange(1, 40).Draw(t, "h"), rapid.IntRange(1, 40).Draw(t, "w")
		c := rapid.SampledFrom([]int{1, 3}).Draw(t, "c")
		seed := rapid.Uint64().Draw(t, "seed")
		r := rand.New(rand.NewPCG(seed, 1))
		im := noise(h, w, c, seed)
		var work Work
		for _, tr := range all()[1:] {
			tr.Apply(&im, &work, r)
			if im.H != h || im.W != w || im.C != c || len(im.Pix) != h*w*c {
				t.Fatalf("%T: %d×%d×%d from %d×%d×%d", tr, im.H, im.W, im.C, h, w, c)
			}
		}
		for _, tr := range []Transform{ResizedCrop{Height: 9, Width: 5}, Crop{Height: 9, Width: 5, Padding: 2}} {
			tr.Apply(&im, &work, r)
			if im.H != 9 || im.W != 5 || im.C != c || len(im.Pix) != 45*c {
				t.Fatalf("%T: %d×%d×%d", tr, im.H, im.W, im.C)
			}
		}
	})
}

// TestResizedCropWindow: windows lie within the image, and their areas and shapes are in
// the ranges, up to rounding; where none can be, the window is at the centre.
func TestResizedCropWindow(t *testing.T) {
	c := ResizedCrop{Height: 1, Width: 1}.defaults()
	r := rand.New(rand.NewPCG(1, 1))
	area, ratio := 0.0, 0.0
	const n = 20000
	for range n {
		at := c.window(200, 300, r)
		if at.top < 0 || at.left < 0 || at.h < 1 || at.w < 1 || at.top+at.h > 200 || at.left+at.w > 300 {
			t.Fatalf("window %v", at)
		}
		a, q := float64(at.h*at.w)/60000, float64(at.w)/float64(at.h)
		if a < 0.077 || a > 1 || q < 0.73 || q > 1.37 {
			t.Fatalf("window %v: area %.3f, ratio %.3f", at, a, q)
		}
		area, ratio = area+a/n, ratio+math.Log(q)/n
	}
	// Means of 20,000 calls of torchvision's RandomResizedCrop.get_params; large windows
	// often do not fit.
	if math.Abs(area-0.390) > 0.01 || math.Abs(ratio-0.0325) > 0.01 {
		t.Errorf("mean area %.3f, mean logarithm of the ratio %.3f", area, ratio)
	}
	for _, shape := range [][3]int{{300, 10, 13}, {10, 300, 10}} {
		at := c.window(shape[0], shape[1], r)
		if at.h != shape[2] || at.top != (shape[0]-at.h)/2 || at.left != (shape[1]-at.w)/2 {
			t.Errorf("%v: window %v", shape, at)
		}
	}
}

// TestCropPlaces: every place of the window occurs, equally often.
func TestCropPlaces(t *testing.T) {
	input := noise(8, 8, 1, 1)
	counts := map[string]int{}
	r := rand.New(rand.NewPCG(2, 2))
	var w Work
	const n = 8100
	for range n {
		im := raster.Image{}
		im.CopyFrom(&input)
		Crop{Padding: 1}.Apply(&im, &w, r)
		counts[string(im.Pix)]++
	}
	if len(counts) != 9 {
		t.Fatalf("%d windows, want 9", len(counts))
	}
	for _, k := range counts {
		if math.Abs(float64(k)-n/9) > 5*math.Sqrt(n/9) {
			t.Errorf("a window occurs %d times, want %d", k, n/9)
		}
	}
}

// TestErase: the share of pixels that change is Scale's, and all of them lie in one
// rectangle.
func TestErase(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	mean := 0.0
	const n = 2000
	for range n {
		im := raster.Image{H: 40, W: 50, C: 1, Pix: bytes.Repeat([]byte{200}, 2000)}
		Erase{P: 1, Fill: Fill{7}}.Apply(&im, nil, r)
		top, left, bottom, right, count := 99, 99, -1, -1, 0
		for i, v := range im.Pix {
			if v != 200 {
				top, bottom, left, right, count = min(top, i/50), max(bottom, i/50), min(left, i%50), max(right, i%50), count+1
			}
		}
		if count != (bottom-top+1)*(right-left+1) || count < 25 || count > 700 {
			t.Fatalf("%d pixels in rows %d to %d, columns %d to %d", count, top, bottom, left, right)
		}
		mean += float64(count) / 2000 / n
	}
	// The mean of 5,000 calls of torchvision's RandomErasing.get_params.
	if math.Abs(mean-0.1714) > 0.01 {
		t.Errorf("mean share %.4f, want about 0.1714", mean)
	}
}

func TestCutout(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	sizes := map[int]bool{}
	for range 500 {
		im := raster.Image{H: 10, W: 10, C: 3, Pix: bytes.Repeat([]byte{200}, 300)}
		Cutout{Size: 4}.Apply(&im, nil, r)
		sizes[300-bytes.Count(im.Pix, []byte{200})] = true
	}
	if !sizes[48] || !sizes[12] || len(sizes) < 4 || sizes[0] {
		t.Errorf("values covered: %v", sizes)
	}
}

// TestProbability: Flip and Erase act as often as P says.
func TestProbability(t *testing.T) {
	for p, want := range map[float64]float64{0: 0.5, 0.2: 0.2, 1: 1} {
		r := rand.New(rand.NewPCG(4, 4))
		flips, erased := 0, 0
		const n = 4000
		for range n {
			im := raster.Image{H: 1, W: 2, C: 1, Pix: []byte{1, 2}}
			Flip{P: p}.Apply(&im, nil, r)
			if im.Pix[0] == 2 {
				flips++
			}
			large := raster.Image{H: 30, W: 30, C: 1, Pix: bytes.Repeat([]byte{9}, 900)}
			Erase{P: p}.Apply(&large, nil, r)
			if bytes.IndexByte(large.Pix, 0) >= 0 {
				erased++
			}
		}
		for name, k := range map[string]int{"flip": flips, "erase": erased} {
			if math.Abs(float64(k)/n-want) > 0.04 {
				t.Errorf("%s with p %v: %d of %d", name, p, k, n)
			}
		}
	}
}

// TestNeutral: settings of no strength leave an image as it is.
func TestNeutral(t *testing.T) {
	for _, c := range []int{1, 3} {
		input := noise(12, 15, c, 1)
		for _, tr := range []Transform{Crop{}, Rotation{}, ColorJitter{}, Chain{}} {
			im := raster.Image{}
			im.CopyFrom(&input)
			var w Work
			tr.Apply(&im, &w, rand.New(rand.NewPCG(1, 1)))
			if !bytes.Equal(im.Pix, input.Pix) {
				t.Errorf("%T, %d channels: changed", tr, c)
			}
		}
	}
}

// TestMixUp: λ is of Beta(α, α): its mean is 1/2 and its variance 1/(4(2α+1)).
func TestMixUp(t *testing.T) {
	for _, alpha := range []float64{0, 0.2, 1, 5} {
		r := rand.New(rand.NewPCG(5, 5))
		a := alpha
		if a == 0 {
			a = 1
		}
		mean, square := 0.0, 0.0
		const n = 20000
		b := Batch{N: 2, H: 1, W: 1, C: 1, X: make([]float32, 2), Y: []float32{3, 4}, Second: make([]float32, 2)}
		for range n {
			b.X[0], b.X[1] = 1, 0
			weight, err := MixUp{alpha}.Apply(&b, r)
			if err != nil || b.X[0] != weight || b.X[1] != 1-weight || b.Second[0] != 4 || b.Second[1] != 3 {
				t.Fatalf("weight %v: %v, %v", weight, b, err)
			}
			mean, square = mean+float64(weight)/n, square+float64(weight)*float64(weight)/n
		}
		if v := square - mean*mean; math.Abs(mean-0.5) > 0.01 || math.Abs(v-1/(4*(2*a+1))) > 0.005 {
			t.Errorf("alpha %v: mean %.3f, variance %.4f, want 0.5 and %.4f", alpha, mean, v, 1/(4*(2*a+1)))
		}
	}
	for range 100 { // both gammas of such a small alpha underflow
		if v := beta(1e-4, rand.New(rand.NewPCG(rand.Uint64(), 1))); !(v >= 0 && v <= 1) {
			t.Errorf("λ %v", v)
		}
	}
}

// TestCutMix: the weight is the share of the pixels that stay.
func TestCutMix(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for n := 1; n < 5; n++ {
		for range 200 {
			b := Batch{N: n, H: 9, W: 7, C: 2, X: make([]float32, n*126), Y: make([]float32, n), Second: make([]float32, n)}
			for i := range b.X {
				b.X[i] = float32(i / 126)
			}
			for i := range b.Y {
				b.Y[i] = float32(i)
			}
			weight, err := CutMix{}.Apply(&b, r)
			if err != nil {
				t.Fatal(err)
			}
			for i := range n {
				stay := 0
				for _, v := range b.X[i*126:][:126] {
					switch v {
					case b.Y[i]:
						stay++
					case b.Second[i]:
					default:
						t.Fatalf("value %v in image %d of %d", v, i, n)
					}
				}
				if share := float64(stay) / 126; n > 1 && math.Abs(share-float64(weight)) > 1e-6 {
					t.Fatalf("weight %v, share %v", weight, share)
				}
			}
		}
	}
}

func TestCheck(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		t    interface{ Check() error }
		want string
	}{
		{ResizedCrop{}, "resized crop: a size of 0 × 0"},
		{ResizedCrop{Height: 5, Width: 5, Scale: Range{0.5, 0.2}}, "resized crop: scale is 0.5 to 0.2"},
		{ResizedCrop{Height: 5, Width: 5, Scale: Range{0.5, 2}}, "resized crop: scale is 0.5 to 2"},
		{ResizedCrop{Height: 5, Width: 5, Ratio: Range{-1, 2}}, "resized crop: ratio is -1 to 2"},
		{Crop{Height: 5}, "crop: a size of 5 × 0"},
		{Crop{Padding: -1}, "crop: a padding of -1"},
		{Crop{Fill: Fill{1, 2}}, "crop: fill has 2 values"},
		{Flip{P: 1.5}, "flip: p is 1.5"},
		{Flip{P: nan}, "flip: p is NaN"},
		{Rotation{Degrees: 181}, "rotation: 181 degrees"},
		{Rotation{Degrees: nan}, "rotation: NaN degrees"},
		{ColorJitter{Brightness: -1}, "color jitter: brightness is -1; choose 0 or more"},
		{ColorJitter{Hue: 0.6}, "color jitter: hue is 0.6; choose 0 to 0.5"},
		{Erase{P: -1}, "erase: p is -1"},
		{Erase{Noise: true, Fill: Fill{1}}, "erase: both noise and fill"},
		{Erase{Scale: Range{0.1, 1.1}}, "erase: scale"},
		{Cutout{}, "cutout: a size of 0"},
		{RandAugment{M: 9}, "randaugment: n is 0"},
		{RandAugment{N: 2, M: 31}, "randaugment: m is 31; choose a magnitude of 0 to 30"},
		{Chain{Flip{}, Cutout{}}, "cutout: a size of 0"},
		{MixUp{-1}, "mixup: alpha is -1"},
		{CutMix{nan}, "cutmix: alpha is NaN"},
	} {
		if err := c.t.Check(); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%#v: %v, want %q", c.t, err, c.want)
		}
	}
	for _, c := range []interface{ Check() error }{
		MixUp{0.2}, CutMix{}, ColorJitter{}, Erase{Ratio: Range{1, 1}}, Crop{Height: 3, Width: 4},
	} {
		if err := c.Check(); err != nil {
			t.Errorf("%#v: %v", c, err)
		}
	}
	bad := Batch{N: 2, H: 1, W: 1, C: 1, X: make([]float32, 2), Y: make([]float32, 2)}
	for _, apply := range []func(*Batch, *rand.Rand) (float32, error){MixUp{}.Apply, CutMix{}.Apply} {
		want := "2 values, 2 and 0 targets for 2 images of 1×1×1 (HWC)"
		if _, err := apply(&bad, rand.New(rand.NewPCG(1, 1))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestNoAllocation: in the steady state no transform allocates.
func TestNoAllocation(t *testing.T) {
	input := noise(32, 32, 3, 1)
	var im raster.Image
	var w Work
	r := rand.New(rand.NewPCG(1, 1))
	for _, tr := range append(all(), ResizedCrop{Height: 32, Width: 32}) {
		for range 200 {
			im.CopyFrom(&input)
			tr.Apply(&im, &w, r)
		}
		n := testing.AllocsPerRun(200, func() {
			im.CopyFrom(&input)
			tr.Apply(&im, &w, r)
		})
		if n > 0 {
			t.Errorf("%T: %v allocations", tr, n)
		}
	}
}

func BenchmarkTransforms(b *testing.B) {
	for _, size := range []int{32, 224} {
		input := noise(size, size, 3, 1)
		for _, tr := range []Transform{
			ResizedCrop{Height: size, Width: size}, Crop{Padding: 4}, Flip{},
			Rotation{Degrees: 15}, Rotation{Degrees: 15, Bilinear: true},
			ColorJitter{Brightness: 0.4}, ColorJitter{Contrast: 0.4}, ColorJitter{Saturation: 0.4}, ColorJitter{Hue: 0.1},
			ColorJitter{0.4, 0.4, 0.4, 0.1}, Erase{P: 1}, Cutout{Size: size / 2}, RandAugment{N: 2, M: 9},
		} {
			b.Run(fmt.Sprintf("%d/%T", size, tr), func(b *testing.B) {
				var im raster.Image
				var w Work
				r := rand.New(rand.NewPCG(1, 1))
				b.ReportAllocs()
				for b.Loop() {
					im.CopyFrom(&input)
					tr.Apply(&im, &w, r)
				}
			})
		}
		b.Run(fmt.Sprintf("%d/MixUp per image", size), func(b *testing.B) {
			batch := Batch{N: 1, H: size, W: size, C: 3, X: make([]float32, size*size*3), Y: make([]float32, 1), Second: make([]float32, 1)}
			r := rand.New(rand.NewPCG(1, 1))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := (MixUp{}).Apply(&batch, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
