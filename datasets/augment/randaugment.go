package augment

import (
	"fmt"
	"math"
	"math/rand/v2"

	"pare/datasets/raster"
)

// RandAugment applies random operations, all of one magnitude, one after the other (Cubuk
// et al. 2020, "RandAugment: practical automated data augmentation with a reduced search
// space"). Operations and magnitudes equal torchvision's RandAugment: identity,
// shear and translate in x and y, rotate, brightness, color, contrast, sharpness,
// posterize, solarize, autocontrast and equalize, each equally likely, and in both
// directions where there are two. Pixels are taken from the nearest place.
type RandAugment struct {
	N    int  // operations per image, from 1; 2 is usual
	M    int  // magnitude, 0 to Magnitudes-1; 9 is usual
	Fill Fill // colour of pixels from outside
}

// Magnitudes is the number of magnitudes of RandAugment.
const Magnitudes = 31

// Check implements Transform.
func (t RandAugment) Check() error {
	if t.N < 1 {
		return fmt.Errorf("randaugment: n is %d operations; choose 1 or more", t.N)
	}
	if t.M < 0 || t.M >= Magnitudes {
		return fmt.Errorf("randaugment: m is %d; choose a magnitude of 0 to %d", t.M, Magnitudes-1)
	}
	return t.Fill.check("randaugment: fill")
}

// Apply implements Transform.
func (t RandAugment) Apply(im *raster.Image, w *Work, r *rand.Rand) {
	for range t.N {
		op := &operations[r.IntN(len(operations))]
		negative := op.signed && r.Uint64()&1 == 1
		op.apply(im, w, op.at(im, t.M, negative), t.Fill)
	}
}

// operation is one that RandAugment chooses from. Its magnitude grows from low to high,
// which may depend on the image.
type operation struct {
	name      string
	signed    bool
	low, high func(im *raster.Image) float64
	apply     func(im *raster.Image, w *Work, magnitude float64, fill Fill)
}

// at is the m-th of Magnitudes values, spread evenly. Like torchvision's, they are float32.
func (op *operation) at(im *raster.Image, m int, negative bool) float64 {
	low, high := float32(op.low(im)), float32(op.high(im))
	step := (high - low) / (Magnitudes - 1)
	v := low + float32(step*float32(m))
	if m >= Magnitudes/2 {
		v = high - float32(step*float32(Magnitudes-1-m))
	}
	if negative {
		v = -v
	}
	return float64(v)
}

func always(v float64) func(*raster.Image) float64 {
	return func(*raster.Image) float64 { return v }
}

// reach is the longest way of a translation, of the 331 pixels of the images of AutoAugment
// (Cubuk et al. 2019).
const reach = 150.0 / 331

var operations = []operation{
	{"Identity", false, always(0), always(0), func(*raster.Image, *Work, float64, Fill) {}},
	{"ShearX", true, always(0), always(0.3), func(im *raster.Image, w *Work, m float64, fill Fill) { shear(im, w, m, 0, fill) }},
	{"ShearY", true, always(0), always(0.3), func(im *raster.Image, w *Work, m float64, fill Fill) { shear(im, w, 0, m, fill) }},
	{"TranslateX", true, always(0), func(im *raster.Image) float64 { return reach * float64(im.W) },
		func(im *raster.Image, w *Work, m float64, fill Fill) { translate(im, w, int(m), 0, fill) }},
	{"TranslateY", true, always(0), func(im *raster.Image) float64 { return reach * float64(im.H) },
		func(im *raster.Image, w *Work, m float64, fill Fill) { translate(im, w, 0, int(m), fill) }},
	{"Rotate", true, always(0), always(30), func(im *raster.Image, w *Work, m float64, fill Fill) { rotate(im, w, m, false, fill) }},
	{"Brightness", true, always(0), always(0.9), func(im *raster.Image, _ *Work, m float64, _ Fill) { brightness(im, 1+m) }},
	{"Color", true, always(0), always(0.9), func(im *raster.Image, _ *Work, m float64, _ Fill) { saturation(im, 1+m) }},
	{"Contrast", true, always(0), always(0.9), func(im *raster.Image, _ *Work, m float64, _ Fill) { contrast(im, 1+m) }},
	{"Sharpness", true, always(0), always(0.9), func(im *raster.Image, w *Work, m float64, _ Fill) { sharpness(im, w, 1+m) }},
	{"Posterize", false, always(0), always(4), func(im *raster.Image, _ *Work, m float64, _ Fill) { posterize(im, 8-int(math.RoundToEven(m))) }},
	{"Solarize", false, always(255), always(0), func(im *raster.Image, _ *Work, m float64, _ Fill) { solarize(im, m) }},
	{"AutoContrast", false, always(0), always(0), func(im *raster.Image, _ *Work, _ float64, _ Fill) { autoContrast(im) }},
	{"Equalize", false, always(0), always(0), func(im *raster.Image, _ *Work, _ float64, _ Fill) { equalize(im) }},
}

// sharpness mixes an image with itself, smoothed by the kernel (1 1 1, 1 5 1, 1 1 1)/13
// except at its border.
func sharpness(im *raster.Image, w *Work, factor float64) {
	const side, centre = float32(1) / 13, float32(5) / 13
	c, stride := im.C, im.W*im.C
	w.spare.CopyFrom(im)
	in, t := w.spare.Pix, float32(factor)
	for y := range im.H {
		inner := y > 0 && y < im.H-1
		for i := y * stride; i < (y+1)*stride; i++ {
			smooth := in[i]
			if inner && i >= y*stride+c && i < (y+1)*stride-c {
				row := func(at int, middle float32) float32 {
					return float32(float32(in[at-c])*side) + float32(float32(in[at])*middle) + float32(float32(in[at+c])*side)
				}
				sum := float32(0.5) + row(i+stride, side)
				sum += row(i, centre)
				sum += row(i-stride, side)
				smooth = uint8(min(max(sum, 0), 255))
			}
			im.Pix[i] = blend(smooth, in[i], t)
		}
	}
}

// posterize keeps the highest bits of each value.
func posterize(im *raster.Image, bits int) {
	mask := ^uint8(1<<(8-bits) - 1)
	for i, v := range im.Pix {
		im.Pix[i] = v & mask
	}
}

// solarize inverts values from a threshold on.
func solarize(im *raster.Image, threshold float64) {
	for i, v := range im.Pix {
		if float64(v) >= threshold {
			im.Pix[i] = 255 - v
		}
	}
}

// autoContrast stretches the values of each channel to 0 to 255.
func autoContrast(im *raster.Image) {
	for c := range im.C {
		counts := histogram(im, c)
		low, high := 0, 255
		for low < 255 && counts[low] == 0 {
			low++
		}
		for high > 0 && counts[high] == 0 {
			high--
		}
		if high <= low {
			continue
		}
		scale := 255 / float64(high-low)
		offset := float64(-low) * scale
		var table [256]uint8
		for v := range table {
			table[v] = uint8(min(max(int(float64(float64(v)*scale)+offset), 0), 255))
		}
		replace(im, c, &table)
	}
}

// equalize makes the histogram of each channel as even as it can be.
func equalize(im *raster.Image) {
	for c := range im.C {
		counts := histogram(im, c)
		last := 255
		for last > 0 && counts[last] == 0 {
			last--
		}
		step := (im.H*im.W - counts[last]) / 255
		if step == 0 {
			continue
		}
		sum := step / 2
		var table [256]uint8
		for v, n := range counts {
			table[v] = uint8(min(sum/step, 255))
			sum += n
		}
		replace(im, c, &table)
	}
}

// histogram counts the values of a channel.
func histogram(im *raster.Image, channel int) (counts [256]int) {
	for i := channel; i < len(im.Pix); i += im.C {
		counts[im.Pix[i]]++
	}
	return counts
}

// replace looks the values of a channel up in a table.
func replace(im *raster.Image, channel int, table *[256]uint8) {
	for i := channel; i < len(im.Pix); i += im.C {
		im.Pix[i] = table[im.Pix[i]]
	}
}
