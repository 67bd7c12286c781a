package datasets

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// randomSplit has n images of random bytes.
func randomSplit(n, h, w, c int, seed uint64) *Split {
	r := rand.New(rand.NewPCG(seed, 0))
	s := &Split{N: n, H: h, W: w, C: c, Classes: 10, Pixels: make([]uint8, n*h*w*c), Labels: make([]int32, n)}
	for i := range s.Pixels {
		s.Pixels[i] = uint8(r.IntN(256))
	}
	for i := range s.Labels {
		s.Labels[i] = int32(r.IntN(10))
	}
	return s
}

func TestStats(t *testing.T) {
	s := &Split{N: 2, H: 1, W: 2, C: 2, Classes: 1, Labels: make([]int32, 2),
		Pixels: []uint8{0, 51, 255, 51, 0, 51, 255, 51}}
	norm := s.Stats()
	if norm.Mean[0] != 0.5 || norm.Std[0] != 0.5 {
		t.Errorf("channel 0: mean %v, deviation %v; want 0.5, 0.5", norm.Mean[0], norm.Std[0])
	}
	if norm.Mean[1] != 0.2 || norm.Std[1] != 1 {
		t.Errorf("constant channel: mean %v, deviation %v; want 0.2, 1", norm.Mean[1], norm.Std[1])
	}
	empty := Split{H: 1, W: 1, C: 1, Classes: 1}
	if norm := empty.Stats(); norm.Mean[0] != 0 || norm.Std[0] != 1 {
		t.Errorf("no images: %v", norm)
	}
}

func TestBatchNormalises(t *testing.T) {
	s := randomSplit(50, 5, 4, 3, 1)
	idx := make([]int, s.N)
	for i := range idx {
		idx[i] = i
	}
	x, y := make([]float32, len(s.Pixels)), make([]float32, s.N)
	if err := normalised(s, x, y, idx, s.Stats(), nil, 0, 0); err != nil {
		t.Fatal(err)
	}
	for c := range s.C {
		var sum, squares float64
		for i := c; i < len(x); i += s.C {
			sum += float64(x[i])
			squares += float64(x[i]) * float64(x[i])
		}
		n := float64(len(x) / s.C)
		if math.Abs(sum/n) > 1e-5 || math.Abs(squares/n-1) > 1e-5 {
			t.Errorf("channel %d: mean %g, variance %g; want 0 and 1", c, sum/n, squares/n)
		}
	}
	if y[7] != float32(s.Labels[7]) {
		t.Errorf("class %v, want %d", y[7], s.Labels[7])
	}
}

// TestAugment checks that every augmented image is a shifted, perhaps mirrored one, and
// that all shifts come up.
func TestAugment(t *testing.T) {
	s := randomSplit(1, 4, 4, 2, 1)
	norm := Normalization{Mean: []float32{0.25, 0.5}, Std: []float32{1, 2}}
	plain, x, y := make([]float32, 32), make([]float32, 32), make([]float32, 1)
	if err := normalised(s, plain, y, []int{0}, norm, nil, 0, 0); err != nil {
		t.Fatal(err)
	}
	shifted := func(dy, dx int, flip bool) []float32 {
		out := make([]float32, 32)
		for row := range 4 {
			for col := range 4 {
				from := col + dx
				if flip {
					from = 3 - from
				}
				if r := row + dy; r >= 0 && r < 4 && from >= 0 && from < 4 {
					copy(out[(row*4+col)*2:][:2], plain[(r*4+from)*2:][:2])
				}
			}
		}
		return out
	}
	seen := map[[3]int]int{}
	for epoch := range uint64(500) {
		if err := normalised(s, x, y, []int{0}, norm, &Augment{Crop: 1, Flip: true}, 5, epoch); err != nil {
			t.Fatal(err)
		}
		found := false
		for k := range 18 {
			key := [3]int{k/2/3 - 1, k/2%3 - 1, k % 2}
			if slices.Equal(x, shifted(key[0], key[1], key[2] == 1)) {
				seen[key]++
				found = true
			}
		}
		if !found {
			t.Fatalf("epoch %d: %v is no shift of %v", epoch, x, plain)
		}
	}
	if len(seen) != 18 {
		t.Errorf("saw %d of 18 changes", len(seen))
	}
}

// TestAugmentAlone checks that an example's change does not depend on its batch.
func TestAugmentAlone(t *testing.T) {
	s := randomSplit(20, 6, 5, 1, 2)
	norm, size := s.Stats(), s.Size()
	rapid.Check(t, func(t *rapid.T) {
		idx := rapid.SliceOfN(rapid.IntRange(0, s.N-1), 1, 8).Draw(t, "idx")
		aug := &Augment{Crop: rapid.IntRange(0, 9).Draw(t, "crop"), Flip: rapid.Bool().Draw(t, "flip")}
		seed, epoch := rapid.Uint64().Draw(t, "seed"), rapid.Uint64().Draw(t, "epoch")
		x, y := make([]float32, len(idx)*size), make([]float32, len(idx))
		if err := normalised(s, x, y, idx, norm, aug, seed, epoch); err != nil {
			t.Fatal(err)
		}
		one, label := make([]float32, size), make([]float32, 1)
		for k, i := range idx {
			if err := normalised(s, one, label, []int{i}, norm, aug, seed, epoch); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(one, x[k*size:(k+1)*size]) || label[0] != y[k] {
				t.Fatalf("example %d differs at place %d", i, k)
			}
		}
	})
}

func TestBatchErrors(t *testing.T) {
	s := randomSplit(4, 2, 2, 1, 1)
	norm := s.Stats()
	x, y := make([]float32, 8), make([]float32, 2)
	wantError(t, normalised(s, x[:7], y, []int{0, 1}, norm, nil, 0, 0), "7 values", "need 8")
	wantError(t, normalised(s, x, y[:1], []int{0, 1}, norm, nil, 0, 0), "y 1")
	wantError(t, normalised(s, x, y, []int{0, 4}, norm, nil, 0, 0), "index 4 at place 1", "4 examples")
	wantError(t, normalised(s, x, y, []int{-1}, norm, nil, 0, 0), "index -1")
	wantError(t, normalised(s, x, y, nil, Normalization{}, nil, 0, 0), "0 means")
	wantError(t, normalised(s, x, y, nil, Normalization{Mean: []float32{0}, Std: []float32{0}}, nil, 0, 0), "channel 0")
	wantError(t, normalised(s, x, y, nil, norm, &Augment{Crop: -1}, 0, 0), "crop is -1")
}

func BenchmarkBatch(b *testing.B) {
	s := randomSplit(1000, 32, 32, 3, 1)
	norm := s.Stats()
	idx := rand.New(rand.NewPCG(1, 1)).Perm(s.N)[:128]
	x, y := make([]float32, 128*s.Size()), make([]float32, 128)
	for name, aug := range map[string]*Augment{"plain": nil, "augmented": {Crop: 4, Flip: true}} {
		b.Run(name, func(b *testing.B) {
			draw := Draw{Seed: 1, Epoch: 1, Augment: aug != nil}
			if aug == nil {
				aug = &Augment{}
			}
			p, err := NewImages(s, norm, *aug)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if err := p.Fill(x, y, idx, draw); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(128*float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}

// normalised fills a batch of images that are normalised and augmented.
func normalised(s *Split, x, y []float32, idx []int, norm Normalization, aug *Augment, seed, epoch uint64) error {
	draw := Draw{Seed: seed, Epoch: epoch, Augment: aug != nil}
	if aug == nil {
		aug = &Augment{}
	}
	p, err := NewImages(s, norm, *aug)
	if err != nil {
		return err
	}
	return p.Fill(x, y, idx, draw)
}
