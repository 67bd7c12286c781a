package imagefile

import (
	"fmt"
	"image"
	"image/color"

	"pare/datasets/raster"
)

// pixels writes a decoded image to `to`: one channel where the file stores grey without
// alpha, else three. isWebP: YCbCr as in WebP, not as in JPEG.
func (d *Decoder) pixels(to *raster.Image, decoded image.Image, h, w int, isWebP bool) error {
	b := decoded.Bounds()
	under := d.options.Background
	// The frame of a GIF may cover a part of the picture.
	partial := b.Min != image.Point{} || b.Dx() != w || b.Dy() != h
	if _, isPaletted := decoded.(*image.Paletted); partial && (!isPaletted || !b.In(image.Rect(0, 0, w, h))) {
		return fmt.Errorf("the image has %d × %d pixels in place of %d × %d of the header", b.Dx(), b.Dy(), w, h)
	}
	switch m := decoded.(type) {
	case *image.Gray:
		to.Reset(h, w, 1)
		for y := range h {
			copy(to.Pix[y*w:], m.Pix[y*m.Stride:][:w])
		}
	case *image.Gray16:
		to.Reset(h, w, 1)
		for y := range h {
			out, in := to.Pix[y*w:][:w], m.Pix[y*m.Stride:]
			for x := range out {
				out[x] = narrow(in[2*x], in[2*x+1])
			}
		}
	case *image.YCbCr:
		to.Reset(h, w, 3)
		d.colour(to, m, isWebP)
	case *image.NYCbCrA:
		to.Reset(h, w, 3)
		d.colour(to, &m.YCbCr, isWebP)
		for y := range h {
			out, alpha := to.Pix[3*y*w:][:3*w], m.A[y*m.AStride:][:w]
			for i := range out {
				out[i] = over(out[i], alpha[i/3], under)
			}
		}
	case *image.CMYK:
		to.Reset(h, w, 3)
		for y := range h {
			out, in := to.Pix[3*y*w:][:3*w], m.Pix[y*m.Stride:]
			for x := range w {
				light := 255 - int(in[4*x+3])
				for c := range 3 {
					out[3*x+c] = uint8(max(light-div255(int(in[4*x+c])*light), 0))
				}
			}
		}
	case *image.RGBA: // opaque in all formats
		to.Reset(h, w, 3)
		for y := range h {
			out, in := to.Pix[3*y*w:][:3*w], m.Pix[y*m.Stride:][:4*w]
			for x := range w {
				copy(out[3*x:3*x+3], in[4*x:])
			}
		}
	case *image.NRGBA:
		to.Reset(h, w, 3)
		for y := range h {
			out, in := to.Pix[3*y*w:][:3*w], m.Pix[y*m.Stride:][:4*w]
			for x := range w {
				for c := range 3 {
					out[3*x+c] = over(in[4*x+c], in[4*x+3], under)
				}
			}
		}
	case *image.RGBA64: // opaque in all formats
		wide(to, m.Pix, m.Stride, h, w, under)
	case *image.NRGBA64:
		wide(to, m.Pix, m.Stride, h, w, under)
	case *image.Paletted:
		return d.palette(to, m, h, w)
	default:
		return fmt.Errorf("pixels of an unknown kind, %T", decoded)
	}
	return nil
}

// wide converts 16-bit colours with alpha.
func wide(to *raster.Image, pix []uint8, stride, h, w int, under uint8) {
	to.Reset(h, w, 3)
	for y := range h {
		out, in := to.Pix[3*y*w:][:3*w], pix[y*stride:][:8*w]
		for x := range w {
			p := in[8*x:][:8]
			alpha := narrow(p[6], p[7])
			for c := range 3 {
				out[3*x+c] = over(narrow(p[2*c], p[2*c+1]), alpha, under)
			}
		}
	}
}

// palette looks colours up. Pixels around the frame of a GIF are transparent.
func (d *Decoder) palette(to *raster.Image, m *image.Paletted, h, w int) error {
	var table [256][3]uint8
	under := d.options.Background
	for i, c := range m.Palette[:min(len(m.Palette), 256)] {
		p := color.NRGBAModel.Convert(c).(color.NRGBA)
		table[i] = [3]uint8{over(p.R, p.A, under), over(p.G, p.A, under), over(p.B, p.A, under)}
	}
	to.Reset(h, w, 3)
	if m.Rect.Dx() != w || m.Rect.Dy() != h {
		for i := range to.Pix {
			to.Pix[i] = under
		}
	}
	for y := range m.Rect.Dy() {
		out := to.Pix[3*((y+m.Rect.Min.Y)*w+m.Rect.Min.X):]
		for x, index := range m.Pix[y*m.Stride:][:m.Rect.Dx()] {
			if int(index) >= len(m.Palette) {
				return fmt.Errorf("a pixel has colour %d of a palette of %d", index, len(m.Palette))
			}
			copy(out[3*x:3*x+3], table[index][:])
		}
	}
	return nil
}

// narrow rounds a 16-bit value, v/257, to the nearest of 8 bits.
func narrow(high, low uint8) uint8 { return uint8((uint32(high)<<8 + uint32(low) + 128) / 257) }

// over is a value with an alpha over another one, rounded.
func over(v, alpha, under uint8) uint8 {
	if alpha == 255 {
		return v
	}
	return uint8(div255(int(v)*int(alpha) + int(under)*(255-int(alpha))))
}

// div255 is v/255 rounded to the nearest, for v from 0 to 255².
func div255(v int) int {
	v += 128
	return (v>>8 + v) >> 8
}
