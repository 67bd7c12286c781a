// Package augment changes training images at random: crops, flips, rotations, colours,
// erased rectangles and RandAugment for single images, mixup and CutMix for batches.
//
// Transforms of single images work on 8-bit images of 1 or 3 channels, values 0 to 255,
// before normalisation. Given the same parameters they give the bytes that torchvision
// 0.29 gives for PIL images with Pillow 12 (testdata/golden.py); the parameters are drawn
// from the same distributions, with other random numbers. Mixup and CutMix work on float32
// batches in NHWC order, of any range, after normalisation.
//
// All randomness comes from the *rand.Rand of a call. Seeded with the example's index and
// the epoch, a transform does the same to an example on any number of goroutines.
package augment

import (
	"fmt"
	"math"
	"math/rand/v2"

	"pare/datasets/raster"
)

// Transform changes an image at random. Several goroutines may use one at once.
type Transform interface {
	// Apply changes the image, which may change its size, with random numbers of r. The
	// working memory must belong to the calling goroutine.
	Apply(im *raster.Image, w *Work, r *rand.Rand)
	// Check reports a setting that makes no sense, with the name of its field.
	Check() error
}

// Work is memory that transforms use again from image to image. The zero value is ready.
type Work struct {
	spare   raster.Image
	resizer raster.Resizer
}

// swap makes spare the image and the image spare.
func (w *Work) swap(im *raster.Image) { *im, w.spare = w.spare, *im }

// Chain is transforms one after the other.
type Chain []Transform

// Apply implements Transform.
func (c Chain) Apply(im *raster.Image, w *Work, r *rand.Rand) {
	for _, t := range c {
		t.Apply(im, w, r)
	}
}

// Check implements Transform.
func (c Chain) Check() error {
	for _, t := range c {
		if err := t.Check(); err != nil {
			return err
		}
	}
	return nil
}

// Range is the closed interval that a number is drawn from. Where a field says so, the
// zero value stands for a default.
type Range struct{ Low, High float64 }

// or is the range, or another one where it is the zero value.
func (a Range) or(b Range) Range {
	if a == (Range{}) {
		return b
	}
	return a
}

// check reports a range that is empty or reaches out of least to most.
func (a Range) check(name string, least, most float64) error {
	if !(a.Low >= least && a.Low <= a.High && a.High <= most) {
		return fmt.Errorf("%s is %v to %v; choose a range within %v to %v", name, a.Low, a.High, least, most)
	}
	return nil
}

func (a Range) draw(r *rand.Rand) float64 { return a.Low + (a.High-a.Low)*r.Float64() }

// drawLog draws a number whose logarithm is uniform.
func (a Range) drawLog(r *rand.Rand) float64 {
	return math.Exp(Range{math.Log(a.Low), math.Log(a.High)}.draw(r))
}

// chance reports true with the probability p.
func chance(r *rand.Rand, p float64) bool { return r.Float64() < p }

// checkChance reports a probability out of 0 to 1.
func checkChance(name string, p float64) error {
	if !(p >= 0 && p <= 1) {
		return fmt.Errorf("%s is %v; a probability is 0 to 1", name, p)
	}
	return nil
}

// Fill is the colour of pixels that come from outside of an image: one value for all
// channels or one per channel; nil is black.
type Fill []uint8

func (f Fill) check(name string) error {
	if n := len(f); n > 1 && n != 3 {
		return fmt.Errorf("%s has %d values; give 1, or 3 for red, green and blue", name, n)
	}
	return nil
}

// on is the fill for a number of channels, in memory of the caller.
func (f Fill) on(channels int, to *[3]uint8) []uint8 {
	if len(f) > 0 {
		for c := range to {
			to[c] = f[min(c, len(f)-1)]
		}
		if len(f) == 3 && channels == 1 {
			to[0] = raster.Luma(f[0], f[1], f[2])
		}
	}
	return to[:channels]
}
