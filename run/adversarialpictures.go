package run

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"

	"pare/attack"
	"pare/nn"
	"pare/report"
)

// show keeps pictures of an adversarial example: one of every class, up to the number of pictures.
func (a *assault) show(i int, eps float64, by string, x []float64) {
	class := a.labels[i]
	if len(a.out.Shown) >= a.Pictures || a.shown[class] || !a.images {
		return
	}
	shape := nn.Shape(a.model.Shape())
	if len(shape) != 3 || shape[0] != 1 && shape[0] != 3 {
		return
	}
	k := a.model.Outputs()
	z := make([]float64, k)
	if err := a.model.Forward(x, z); err != nil {
		return
	}
	before := make([]float64, a.size)
	for j, v := range a.x[i*a.size:][:a.size] {
		before[j] = float64(v)
	}
	shift, scale := a.threat.Range.Scale(a.channels)
	value := func(x []float64, j int) float64 { return x[j]*scale[j%a.channels] + shift[j%a.channels] }
	largest := 0.0
	for j := range x {
		largest = max(largest, math.Abs(value(x, j)-value(before, j)))
	}
	picture := func(at func(j int) float64) []byte { return pngOf(shape, at) }
	e := report.Adversarial{Example: i, Class: a.classText(class), Predicted: a.classText(attack.Predicted(z)), Eps: eps, Attack: by,
		Before: picture(func(j int) float64 { return value(before, j) }),
		After:  picture(func(j int) float64 { return value(x, j) }),
		Change: picture(func(j int) float64 { return 0.5 + (value(x, j)-value(before, j))/(2*largest) })}
	a.shown[class] = true
	a.out.Shown = append(a.out.Shown, e)
}

// pngOf is a picture of values in 0..1 in the batched layout of an image of one or three channels.
func pngOf(shape nn.Shape, at func(j int) float64) []byte {
	c, h, w := shape[0], shape[1], shape[2]
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	level := func(j int) uint8 { return uint8(math.Round(255 * min(max(at(j), 0), 1))) }
	for y := range h {
		for x := range w {
			j := (y*w + x) * c
			img.SetNRGBA(x, y, color.NRGBA{level(j), level(j + c/2), level(j + c - 1), 255})
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		panic(err) // memory does not fail to be written
	}
	return out.Bytes()
}
