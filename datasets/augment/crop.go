package augment

import (
	"fmt"
	"math"
	"math/rand/v2"

	"pare/datasets/raster"
)

// ResizedCrop cuts a rectangle of random area and shape out and resizes it (Szegedy et al.
// 2015, "Going deeper with convolutions"; torchvision's RandomResizedCrop, bilinear with
// antialias).
type ResizedCrop struct {
	Height, Width int   // of the result, in pixels
	Scale         Range // area over the area of the image; the zero value means 0.08 to 1
	Ratio         Range // width over height, uniform in the logarithm; the zero value means 3/4 to 4/3
}

// Check implements Transform.
func (t ResizedCrop) Check() error {
	if err := checkSize("resized crop", t.Height, t.Width); err != nil {
		return err
	}
	t = t.defaults()
	if err := t.Scale.check("resized crop: scale", 1e-6, 1); err != nil {
		return err
	}
	return t.Ratio.check("resized crop: ratio", 1e-3, 1e3)
}

func checkSize(name string, height, width int) error {
	const most = 1 << 14
	if height < 1 || width < 1 || height > most || width > most {
		return fmt.Errorf("%s: a size of %d × %d pixels; choose 1 to %d for height and width", name, height, width, most)
	}
	return nil
}

func (t ResizedCrop) defaults() ResizedCrop {
	t.Scale = t.Scale.or(Range{0.08, 1})
	t.Ratio = t.Ratio.or(Range{3.0 / 4, 4.0 / 3})
	return t
}

// Apply implements Transform.
func (t ResizedCrop) Apply(im *raster.Image, w *Work, r *rand.Rand) {
	t.defaults().cut(im, w, t.defaults().window(im.H, im.W, r))
}

// rectangle is a part of an image.
type rectangle struct{ top, left, h, w int }

// window draws the rectangle to cut out of an h × w image: one of ten tries that lies
// within, or else the largest at the centre whose shape is in Ratio.
func (t ResizedCrop) window(h, w int, r *rand.Rand) rectangle {
	for range 10 {
		area := float64(h*w) * t.Scale.draw(r)
		ratio := t.Ratio.drawLog(r)
		cut := rectangle{w: int(math.RoundToEven(math.Sqrt(area * ratio))), h: int(math.RoundToEven(math.Sqrt(area / ratio)))}
		if cut.w > 0 && cut.w <= w && cut.h > 0 && cut.h <= h {
			cut.top, cut.left = r.IntN(h-cut.h+1), r.IntN(w-cut.w+1)
			return cut
		}
	}
	cut := rectangle{h: h, w: w}
	switch ratio := float64(w) / float64(h); {
	case ratio < t.Ratio.Low:
		cut.h = int(math.RoundToEven(float64(w) / t.Ratio.Low))
	case ratio > t.Ratio.High:
		cut.w = int(math.RoundToEven(float64(h) * t.Ratio.High))
	}
	cut.h, cut.w = max(cut.h, 1), max(cut.w, 1)
	cut.top, cut.left = (h-cut.h)/2, (w-cut.w)/2
	return cut
}

func (t ResizedCrop) cut(im *raster.Image, w *Work, cut rectangle) {
	w.spare.Crop(im, cut.top, cut.left, cut.h, cut.w, nil)
	im.H, im.W = t.Height, t.Width
	w.resizer.Resize(im, &w.spare)
}

// Crop surrounds an image with a border and cuts a window out at a random place (He et al.
// 2015, "Deep residual learning"; torchvision's RandomCrop). An image that is too small
// for the window, border included, lies at a random place in it.
type Crop struct {
	Height, Width int  // of the window, in pixels; both 0: as the image
	Padding       int  // width of the border in pixels
	Fill          Fill // colour of the border
}

// Check implements Transform.
func (t Crop) Check() error {
	if t.Height != 0 || t.Width != 0 {
		if err := checkSize("crop", t.Height, t.Width); err != nil {
			return err
		}
	}
	if t.Padding < 0 {
		return fmt.Errorf("crop: a padding of %d pixels; choose 0 or more", t.Padding)
	}
	return t.Fill.check("crop: fill")
}

// Apply implements Transform.
func (t Crop) Apply(im *raster.Image, w *Work, r *rand.Rand) {
	h, width := t.Height, t.Width
	if h == 0 {
		h, width = im.H, im.W
	}
	place := func(have, want int) int {
		room := have + 2*t.Padding - want
		if room < 0 {
			return -t.Padding - r.IntN(1-room)
		}
		return r.IntN(room+1) - t.Padding
	}
	top, left := place(im.H, h), place(im.W, width)
	var fill [3]uint8
	w.spare.Crop(im, top, left, h, width, t.Fill.on(im.C, &fill))
	w.swap(im)
}

// Flip mirrors an image left to right with a probability.
type Flip struct {
	P float64 // 0 means 0.5
}

// Check implements Transform.
func (t Flip) Check() error { return checkChance("flip: p", t.P) }

// Apply implements Transform.
func (t Flip) Apply(im *raster.Image, _ *Work, r *rand.Rand) {
	if chance(r, half(t.P)) {
		im.FlipColumns()
	}
}

// half is a probability whose zero value means 0.5.
func half(p float64) float64 {
	if p == 0 {
		return 0.5
	}
	return p
}
