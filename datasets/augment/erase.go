package augment

import (
	"fmt"
	"math"
	"math/rand/v2"

	"pare/datasets/raster"
)

// Erase replaces a random rectangle, with a probability (Zhong et al. 2017, "Random erasing
// data augmentation"; torchvision's RandomErasing). Where ten rectangles are too large for
// the image, it stays as it is.
type Erase struct {
	P     float64 // 0 means 0.5
	Scale Range   // area over the area of the image; the zero value means 0.02 to 0.33
	Ratio Range   // height over width, uniform in the logarithm; the zero value means 0.3 to 3.3
	Fill  Fill    // colour of the rectangle
	Noise bool    // in place of Fill: each value random, uniform in 0 to 255, as in the paper
}

// Check implements Transform.
func (t Erase) Check() error {
	if err := checkChance("erase: p", t.P); err != nil {
		return err
	}
	if t.Noise && t.Fill != nil {
		return fmt.Errorf("erase: both noise and fill; choose one")
	}
	if err := t.Fill.check("erase: fill"); err != nil {
		return err
	}
	t = t.defaults()
	if err := t.Scale.check("erase: scale", 0, 1); err != nil {
		return err
	}
	return t.Ratio.check("erase: ratio", 1e-3, 1e3)
}

func (t Erase) defaults() Erase {
	t.Scale = t.Scale.or(Range{0.02, 0.33})
	t.Ratio = t.Ratio.or(Range{0.3, 3.3})
	return t
}

// Apply implements Transform.
func (t Erase) Apply(im *raster.Image, _ *Work, r *rand.Rand) {
	if !chance(r, half(t.P)) {
		return
	}
	t = t.defaults()
	for range 10 {
		area := float64(im.H*im.W) * t.Scale.draw(r)
		ratio := t.Ratio.drawLog(r)
		h, w := int(math.RoundToEven(math.Sqrt(area*ratio))), int(math.RoundToEven(math.Sqrt(area/ratio)))
		if h >= im.H || w >= im.W {
			continue
		}
		cover(im, rectangle{r.IntN(im.H - h + 1), r.IntN(im.W - w + 1), h, w}, t.Fill, t.Noise, r)
		return
	}
}

// Cutout covers a square whose centre is a random pixel; the part of it outside of the
// image is lost (DeVries & Taylor 2017, "Improved regularization of convolutional neural
// networks with cutout").
type Cutout struct {
	Size int  // side in pixels
	Fill Fill // colour of the square
}

// Check implements Transform.
func (t Cutout) Check() error {
	if t.Size < 1 {
		return fmt.Errorf("cutout: a size of %d pixels; choose 1 or more", t.Size)
	}
	return t.Fill.check("cutout: fill")
}

// Apply implements Transform.
func (t Cutout) Apply(im *raster.Image, _ *Work, r *rand.Rand) {
	top, left := r.IntN(im.H)-t.Size/2, r.IntN(im.W)-t.Size/2
	bottom, right := min(top+t.Size, im.H), min(left+t.Size, im.W)
	top, left = max(top, 0), max(left, 0)
	cover(im, rectangle{top, left, bottom - top, right - left}, t.Fill, false, r)
}

// cover replaces the pixels of a rectangle within an image.
func cover(im *raster.Image, at rectangle, fill Fill, noise bool, r *rand.Rand) {
	var values [3]uint8
	colour := fill.on(im.C, &values)
	for y := range at.h {
		row := im.Pix[((at.top+y)*im.W+at.left)*im.C:][:at.w*im.C]
		for i := range row {
			if noise {
				row[i] = uint8(r.Uint32())
			} else {
				row[i] = colour[i%im.C]
			}
		}
	}
}
