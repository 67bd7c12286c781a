package augment

import (
	"fmt"
	"math"
	"math/rand/v2"

	"pare/datasets/raster"
)

// ColorJitter changes brightness, contrast, saturation and hue, in random order
// (torchvision's ColorJitter). Factors are uniform in 1±v, not below 0; the hue moves by a
// share of the colour circle that is uniform in ±Hue. 0 leaves a property as it is. Grey
// images have no saturation and hue.
type ColorJitter struct {
	Brightness, Contrast, Saturation float64 // 0 or more
	Hue                              float64 // 0 to 0.5
}

// Check implements Transform.
func (t ColorJitter) Check() error {
	for _, f := range []struct {
		name    string
		v, most float64
	}{
		{"brightness", t.Brightness, math.MaxFloat64}, {"contrast", t.Contrast, math.MaxFloat64},
		{"saturation", t.Saturation, math.MaxFloat64}, {"hue", t.Hue, 0.5},
	} {
		if !(f.v >= 0 && f.v <= f.most) {
			limit := "0 or more"
			if f.most == 0.5 {
				limit = "0 to 0.5"
			}
			return fmt.Errorf("color jitter: %s is %v; choose %s", f.name, f.v, limit)
		}
	}
	return nil
}

// Apply implements Transform.
func (t ColorJitter) Apply(im *raster.Image, _ *Work, r *rand.Rand) {
	order := [4]int{0, 1, 2, 3}
	r.Shuffle(4, func(i, j int) { order[i], order[j] = order[j], order[i] })
	factor := func(v float64) float64 { return Range{max(1-v, 0), 1 + v}.draw(r) }
	for _, k := range order {
		switch {
		case k == 0 && t.Brightness > 0:
			brightness(im, factor(t.Brightness))
		case k == 1 && t.Contrast > 0:
			contrast(im, factor(t.Contrast))
		case k == 2 && t.Saturation > 0:
			saturation(im, factor(t.Saturation))
		case k == 3 && t.Hue > 0:
			hue(im, Range{-t.Hue, t.Hue}.draw(r))
		}
	}
}

// blend is a + (b−a)·t in 0 to 255, cut off at a whole number: Pillow's Image.blend.
func blend(a, b uint8, t float32) uint8 {
	v := float32(a) + float32(t*float32(int(b)-int(a))) // the conversion keeps it from being fused
	return uint8(min(max(v, 0), 255))
}

// lookup replaces each value by that in a table.
func lookup(pix []uint8, table *[256]uint8) {
	for i, v := range pix {
		pix[i] = table[v]
	}
}

// brightness mixes an image with black.
func brightness(im *raster.Image, factor float64) { mixWith(im, 0, factor) }

// contrast mixes an image with its mean grey.
func contrast(im *raster.Image, factor float64) {
	sum := 0
	if im.C == 1 {
		for _, v := range im.Pix {
			sum += int(v)
		}
	} else {
		for i := 0; i+2 < len(im.Pix); i += 3 {
			sum += int(raster.Luma(im.Pix[i], im.Pix[i+1], im.Pix[i+2]))
		}
	}
	mixWith(im, uint8(float64(sum)/float64(im.H*im.W)+0.5), factor)
}

func mixWith(im *raster.Image, grey uint8, factor float64) {
	var table [256]uint8
	for v := range table {
		table[v] = blend(grey, uint8(v), float32(factor))
	}
	lookup(im.Pix, &table)
}

// saturation mixes an image with itself in grey.
func saturation(im *raster.Image, factor float64) {
	if im.C == 1 {
		return
	}
	t := float32(factor)
	for i := 0; i+2 < len(im.Pix); i += 3 {
		p := im.Pix[i:][:3]
		grey := raster.Luma(p[0], p[1], p[2])
		p[0], p[1], p[2] = blend(grey, p[0], t), blend(grey, p[1], t), blend(grey, p[2], t)
	}
}

// hue moves the hue by a share of the colour circle, in steps of 1/255 (torchvision's
// adjust_hue, on Pillow's 8-bit HSV).
func hue(im *raster.Image, share float64) {
	if im.C == 1 {
		return
	}
	step := uint8(int32(share * 255))
	for i := 0; i+2 < len(im.Pix); i += 3 {
		p := im.Pix[i:][:3]
		h, s, v := toHSV(p[0], p[1], p[2])
		p[0], p[1], p[2] = toRGB(h+step, s, v)
	}
}

// toHSV gives hue, saturation and value, each 0 to 255 (Smith 1978, "Color gamut transform
// pairs").
func toHSV(r, g, b uint8) (h, s, v uint8) {
	most, least := max(r, g, b), min(r, g, b)
	if most == least {
		return 0, 0, most
	}
	spread := float32(most - least)
	rc, gc, bc := float32(most-r)/spread, float32(most-g)/spread, float32(most-b)/spread
	var turn float32 // sixths of the circle
	switch most {
	case r:
		turn = bc - gc
	case g:
		turn = float32(2 + float64(rc) - float64(bc))
	default:
		turn = float32(4 + float64(gc) - float64(rc))
	}
	circle := float64(turn)/6 + 1 // from 5/6 to 11/6
	if circle >= 1 {
		circle--
	}
	share := float32(circle)
	return uint8(float64(share) * 255), uint8(float64(spread/float32(most)) * 255), most
}

// sectors are the sixth of the circle that each hue lies in, and its place there.
var sectors = func() (table [256]struct {
	sixth uint8
	place float32
}) {
	for h := range table {
		whole, place := math.Modf(float64(h) * 6 / 255)
		table[h].sixth, table[h].place = uint8(whole)%6, float32(place)
	}
	return table
}()

func toRGB(h, s, v uint8) (r, g, b uint8) {
	if s == 0 {
		return v, v, v
	}
	sector := &sectors[h]
	value, fs, f := float64(v), float32(float64(s)/255), sector.place
	p := uint8(float64(value*(1-float64(fs))) + 0.5)
	q := uint8(float64(value*(1-float64(fs*f))) + 0.5)
	t := uint8(float64(value*(1-float64(float32(float64(fs)*(1-float64(f)))))) + 0.5)
	switch sector.sixth {
	case 0:
		return v, t, p
	case 1:
		return q, v, p
	case 2:
		return p, v, t
	case 3:
		return p, q, v
	case 4:
		return t, p, v
	}
	return v, p, q
}
