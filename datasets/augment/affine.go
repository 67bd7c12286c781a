package augment

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"pare/datasets/raster"
)

// Rotation turns an image around its centre by an angle that is uniform in ±Degrees. The
// image keeps its size (torchvision's RandomRotation).
type Rotation struct {
	Degrees  float64 // 0 to 180
	Bilinear bool    // interpolate; false takes the nearest pixel
	Fill     Fill    // colour of the corners
}

// Check implements Transform.
func (t Rotation) Check() error {
	if !(t.Degrees >= 0 && t.Degrees <= 180) {
		return fmt.Errorf("rotation: %v degrees; choose 0 to 180", t.Degrees)
	}
	return t.Fill.check("rotation: fill")
}

// Apply implements Transform.
func (t Rotation) Apply(im *raster.Image, w *Work, r *rand.Rand) {
	rotate(im, w, Range{-t.Degrees, t.Degrees}.draw(r), t.Bilinear, t.Fill)
}

// affine maps the pixel (x, y) of a result to its place in the image that it comes from,
// (a[0] x + a[1] y + a[2], a[3] x + a[4] y + a[5]). Centres of pixels are at halves.
type affine [6]float64

// rotate turns an image by degrees counter-clockwise.
func rotate(im *raster.Image, w *Work, degrees float64, bilinear bool, fill Fill) {
	if degrees == 0 {
		return
	}
	// The order of the roundings is Pillow's, as are the 15 digits.
	if degrees < 0 {
		degrees += 360
	}
	sin, cos := math.Sincos(-(degrees * (math.Pi / 180)))
	sin, cos = digits15(sin), digits15(cos)
	x, y := float64(im.W)/2, float64(im.H)/2
	shiftX := float64(cos*-x) + float64(sin*-y) + x
	shiftY := float64(-sin*-x) + float64(cos*-y) + y
	transform(im, w, affine{cos, sin, shiftX, -sin, cos, shiftY}, bilinear, fill)
}

// digits15 is v rounded to 15 decimal places.
func digits15(v float64) float64 {
	var buf [32]byte
	rounded, err := strconv.ParseFloat(string(strconv.AppendFloat(buf[:0], v, 'f', 15, 64)), 64)
	if err != nil {
		return v
	}
	return rounded
}

// shear moves the pixels of row y by x·y to the right and the pixels of column x by y·x down,
// from the corner on.
func shear(im *raster.Image, w *Work, x, y float64, fill Fill) {
	transform(im, w, affine{1, x, 0, y, 1, 0}, false, fill)
}

// translate moves an image by whole pixels.
func translate(im *raster.Image, w *Work, right, down int, fill Fill) {
	var values [3]uint8
	w.spare.Crop(im, -down, -right, im.H, im.W, fill.on(im.C, &values))
	w.swap(im)
}

// transform gives each pixel the value from where a maps it, and fill where that is
// outside.
func transform(im *raster.Image, w *Work, a affine, bilinear bool, fill Fill) {
	var values [3]uint8
	under := fill.on(im.C, &values)
	w.spare.Reset(im.H, im.W, im.C)
	if bilinear {
		interpolate(&w.spare, im, a, under)
	} else {
		nearest(&w.spare, im, a, under)
	}
	w.swap(im)
}

// nearest uses 16 bits behind the point, as Pillow does.
func nearest(to, from *raster.Image, a affine, under []uint8) {
	fix := func(v float64) int { return int(math.Floor(v*65536 + 0.5)) }
	dx, dy := fix(a[0]), fix(a[3])
	stepX, stepY := fix(a[1]), fix(a[4])
	startX, startY := fix(a[2]+a[0]*0.5+a[1]*0.5), fix(a[5]+a[3]*0.5+a[4]*0.5)
	c, i := to.C, 0
	for range to.H {
		atX, atY := startX, startY
		for range to.W {
			value := under
			if x, y := atX>>16, atY>>16; uint(x) < uint(from.W) && uint(y) < uint(from.H) {
				value = from.Pix[(y*from.W+x)*c:][:c]
			}
			copy(to.Pix[i:i+c], value)
			i += c
			atX, atY = atX+dx, atY+dy
		}
		startX, startY = startX+stepX, startY+stepY
	}
}

// interpolate cuts values off at whole numbers, as Pillow does.
func interpolate(to, from *raster.Image, a affine, under []uint8) {
	c, i := to.C, 0
	for row := range to.H {
		v := float64(row) + 0.5
		for column := range to.W {
			u := float64(column) + 0.5
			x, y := float64(a[0]*u)+float64(a[1]*v)+a[2], float64(a[3]*u)+float64(a[4]*v)+a[5]
			out := to.Pix[i:][:c]
			i += c
			if !(x >= 0 && x < float64(from.W) && y >= 0 && y < float64(from.H)) {
				copy(out, under)
				continue
			}
			x, y = x-0.5, y-0.5
			left, top := math.Floor(x), math.Floor(y)
			x, y = x-left, y-top
			x0, x1 := max(int(left), 0), min(int(left)+1, from.W-1)
			y0, y1 := max(int(top), 0), min(int(top)+1, from.H-1)
			p, q := from.Pix[(y0*from.W+x0)*c:], from.Pix[(y0*from.W+x1)*c:]
			s, t := from.Pix[(y1*from.W+x0)*c:], from.Pix[(y1*from.W+x1)*c:]
			for k := range out {
				upper := blend64(p[k], q[k], x)
				lower := blend64(s[k], t[k], x)
				out[k] = uint8(upper + float64((lower-upper)*y))
			}
		}
	}
}

// blend64 is a + (b−a)·t. The conversion keeps the product from being fused with the sum,
// which would round differently on other processors.
func blend64(a, b uint8, t float64) float64 {
	return float64(a) + float64((float64(b)-float64(a))*t)
}
