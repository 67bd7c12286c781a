package datasets

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"pare/datasets/augment"
	"pare/datasets/raster"
)

// Augment changes training images at random, anew in each epoch. Changes apply in the order
// of the fields from ResizedCrop on, and Crop and Flip last. The zero value changes nothing.
type Augment struct {
	// Crop surrounds an image with that many pixels of the channel's mean on each side and
	// cuts a piece of the original size out at a random place.
	Crop int  `yaml:"crop" range:"[0,)" doc:"largest random shift in pixels, each way; 0: none"`
	Flip bool `yaml:"flip" doc:"mirror left and right with probability one half"`

	ResizedCrop float64     `yaml:"resized_crop,omitempty" range:"[0,1)" doc:"cut out a random rectangle of at least this share of the area, its sides 3:4 to 4:3, and resize it; left out: none"`
	Rotation    float64     `yaml:"rotation,omitempty" range:"[0,180]" doc:"largest random turn in degrees, each way; left out: none"`
	RandAugment RandAugment `yaml:"randaugment,omitempty" doc:"random operations of one strength (Cubuk et al. 2020); left out: none"`
	ColorJitter ColorJitter `yaml:"color_jitter,omitempty" doc:"random brightness, contrast, saturation and hue; left out: none"`
	Erase       float64     `yaml:"erase,omitempty" range:"[0,1]" doc:"probability that a random rectangle becomes the mean colour (Zhong et al. 2017); left out: none"`
	Cutout      int         `yaml:"cutout,omitempty" range:"[0,)" doc:"side in pixels of a square at a random place that becomes the mean colour (DeVries & Taylor 2017); left out: none"`
}

// RandAugment are the options of augment.RandAugment.
type RandAugment struct {
	N int `yaml:"n" range:"[1,100]" doc:"operations on an image"`
	M int `yaml:"m" range:"[0,30]" doc:"their strength"`
}

// Defaults sets the values of the keys that a section leaves out.
func (a *RandAugment) Defaults() { *a = RandAugment{N: 2, M: 9} }

// ColorJitter are the options of augment.ColorJitter.
type ColorJitter struct {
	Brightness float64 `yaml:"brightness" range:"[0,10]" doc:"factors are drawn from 1 minus to 1 plus this; 0: none"`
	Contrast   float64 `yaml:"contrast" range:"[0,10]" doc:"as brightness"`
	Saturation float64 `yaml:"saturation" range:"[0,10]" doc:"as brightness"`
	Hue        float64 `yaml:"hue" range:"[0,0.5]" doc:"largest change each way, as a share of the colour circle; 0: none"`
}

// augmenter is an Augment for images of one shape and normalisation.
type augmenter struct {
	Augment
	chain augment.Chain // all changes but Crop and Flip; nil: none
	spare sync.Pool     // of *augmentWork
}

type augmentWork struct {
	augment.Work
	image raster.Image
}

func newAugmenter(a Augment, s *Split, norm Normalization) (*augmenter, error) {
	out := &augmenter{Augment: a}
	out.spare.New = func() any { return &augmentWork{} }
	var mean augment.Fill // which normalisation makes 0, or near to it
	for _, m := range norm.Mean {
		mean = append(mean, uint8(math.Round(min(max(float64(m), 0), 1)*255)))
	}
	if a.ResizedCrop != 0 {
		out.chain = append(out.chain, augment.ResizedCrop{Height: s.H, Width: s.W, Scale: augment.Range{Low: a.ResizedCrop, High: 1}})
	}
	if a.Rotation != 0 {
		out.chain = append(out.chain, augment.Rotation{Degrees: a.Rotation, Bilinear: true, Fill: mean})
	}
	if a.RandAugment.N != 0 {
		out.chain = append(out.chain, augment.RandAugment{N: a.RandAugment.N, M: a.RandAugment.M, Fill: mean})
	}
	if j := a.ColorJitter; j != (ColorJitter{}) {
		out.chain = append(out.chain, augment.ColorJitter{Brightness: j.Brightness, Contrast: j.Contrast, Saturation: j.Saturation, Hue: j.Hue})
	}
	if a.Erase != 0 {
		out.chain = append(out.chain, augment.Erase{P: a.Erase, Fill: mean})
	}
	if a.Cutout != 0 {
		out.chain = append(out.chain, augment.Cutout{Size: a.Cutout, Fill: mean})
	}
	if a.Crop < 0 {
		return nil, fmt.Errorf("augment: crop is %d, must not be below 0", a.Crop)
	}
	if out.chain != nil && s.C != 1 && s.C != 3 {
		return nil, fmt.Errorf("augment: images of %d channels can be cropped and flipped alone; others need 1 or 3", s.C)
	}
	if err := out.chain.Check(); err != nil {
		return nil, fmt.Errorf("augment: %w", err)
	}
	return out, nil
}

// none reports whether images stay as they are.
func (a *augmenter) none() bool { return a.chain == nil && a.Crop == 0 && !a.Flip }

// apply writes image i of the split, changed and normalised. Draws depend on seed and i. The
// image has the split's size, or any with ResizedCrop; it stays as it is.
func (a *augmenter) apply(s *Split, to []float32, im *raster.Image, table []float32, seed, i uint64) {
	var pcg rand.PCG
	r := rand.New(&pcg)
	pixels := im.Pix
	if a.chain != nil {
		w := a.spare.Get().(*augmentWork)
		defer a.spare.Put(w)
		pcg.Seed(seed, mix(streamAugmentChain, i))
		w.image.CopyFrom(im)
		a.chain.Apply(&w.image, &w.Work, r)
		pixels = w.image.Pix
	}
	if a.Crop == 0 && !a.Flip {
		s.copyPlain(to, pixels, table)
		return
	}
	pcg.Seed(seed, mix(streamAugment, i))
	dy := r.IntN(2*a.Crop+1) - a.Crop
	dx := r.IntN(2*a.Crop+1) - a.Crop
	s.copyMoved(to, pixels, table, dy, dx, a.Flip && r.Uint64()&1 == 1)
}

// spread calls f for 0 to n-1 on all processors.
func spread(n int, f func(k int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		workers.Go(func() {
			for k := int(next.Add(1)) - 1; k < n; k = int(next.Add(1)) - 1 {
				f(k)
			}
		})
	}
	workers.Wait()
}
