package imagefile

import (
	"image"

	"pare/datasets/raster"
)

// Decoders of JPEG and WebP give one chroma sample for up to four pixels. libjpeg and
// libwebp interpolate these with weights 3/4 and 1/4 per axis ("fancy upsampling"), and so
// does Pillow, which reads files through them; Go's image package repeats each sample.
// The functions below repeat the arithmetic of the two libraries, rounding included.

// colour converts an image from YCbCr to RGB.
func (d *Decoder) colour(to *raster.Image, m *image.YCbCr, isWebP bool) {
	h, w := to.H, to.W
	d.cb, d.cr = grow(d.cb, w+2), grow(d.cr, w+2)
	for y := range h {
		luma := m.Y[y*m.YStride:][:w]
		if isWebP {
			d.chromaWebP(m, y, h, w)
			webpRow(to.Pix[3*y*w:][:3*w], luma, d.cb, d.cr)
		} else {
			d.chromaJPEG(m, y, h, w)
			jpegRow(to.Pix[3*y*w:][:3*w], luma, d.cb, d.cr)
		}
	}
}

// chromaJPEG fills cb and cr with the chroma of row y (libjpeg-turbo, jdsample.c).
func (d *Decoder) chromaJPEG(m *image.YCbCr, y, h, w int) {
	rows := func(plane []uint8, near, far, n int) ([]uint8, []uint8) {
		return plane[near*m.CStride:][:n], plane[far*m.CStride:][:n]
	}
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio420:
		near, far := neighbour(y, (h+1)/2)
		n := (w + 1) / 2
		for _, c := range [2]struct{ out, plane []uint8 }{{d.cb, m.Cb}, {d.cr, m.Cr}} {
			a, b := rows(c.plane, near, far, n)
			h2v2(c.out, a, b)
		}
	case image.YCbCrSubsampleRatio422:
		n := (w + 1) / 2
		for _, c := range [2]struct{ out, plane []uint8 }{{d.cb, m.Cb}, {d.cr, m.Cr}} {
			a, _ := rows(c.plane, y, y, n)
			h2v1(c.out, a)
		}
	case image.YCbCrSubsampleRatio440:
		near, far := neighbour(y, (h+1)/2)
		bias := 1 + y&1
		for _, c := range [2]struct{ out, plane []uint8 }{{d.cb, m.Cb}, {d.cr, m.Cr}} {
			a, b := rows(c.plane, near, far, w)
			for x := range w {
				c.out[x] = uint8((3*int(a[x]) + int(b[x]) + bias) >> 2)
			}
		}
	case image.YCbCrSubsampleRatio444:
		copy(d.cb[:w], m.Cb[y*m.CStride:])
		copy(d.cr[:w], m.Cr[y*m.CStride:])
	default: // 4:1:1 and 4:1:0, which libjpeg repeats as well
		for x := range w {
			at := m.COffset(x, y)
			d.cb[x], d.cr[x] = m.Cb[at], m.Cr[at]
		}
	}
}

// neighbour gives the chroma row that holds pixel row y, and the next nearest one, of n.
func neighbour(y, n int) (near, far int) {
	near, far = y/2, y/2-1
	if y&1 == 1 {
		far = near + 1
	}
	return near, min(max(far, 0), n-1)
}

// h2v2 doubles a row of chroma; near and far are the two rows of samples next to it. out
// has room for 2·len(near) values.
func h2v2(out, near, far []uint8) {
	n := len(near)
	far, out = far[:n], out[:2*n]
	if n <= 2 { // libjpeg repeats samples where there are so few
		for i, v := range near {
			out[2*i], out[2*i+1] = v, v
		}
		return
	}
	before := 3*int(near[0]) + int(far[0])
	this := before
	for i := range near {
		next := this
		if i+1 < n {
			next = 3*int(near[i+1]) + int(far[i+1])
		}
		out[2*i] = uint8((3*this + before + 8) >> 4)
		out[2*i+1] = uint8((3*this + next + 7) >> 4)
		before, this = this, next
	}
}

// h2v1 doubles a row of chroma from the one row of samples that there is.
func h2v1(out, in []uint8) {
	n := len(in)
	out = out[:2*n]
	if n <= 2 {
		for i, v := range in {
			out[2*i], out[2*i+1] = v, v
		}
		return
	}
	for i, v := range in {
		out[2*i] = uint8((3*int(v) + int(in[max(i-1, 0)]) + 1) >> 2)
		out[2*i+1] = uint8((3*int(v) + int(in[min(i+1, n-1)]) + 2) >> 2)
	}
}

// jpegRow converts a row by JFIF's matrix in 16 bits behind the point (jdcolor.c).
func jpegRow(out, luma, cb, cr []uint8) {
	const half = 1 << 15
	for x, l := range luma {
		y, b, r := int32(l), int32(cb[x])-128, int32(cr[x])-128
		p := out[3*x:][:3]
		p[0] = clip(y + (91881*r+half)>>16)
		p[1] = clip(y + (-22554*b-46802*r+half)>>16)
		p[2] = clip(y + (116130*b+half)>>16)
	}
}

// chromaWebP fills cb and cr with the chroma of row y, which is 4:2:0 (libwebp,
// src/dsp/upsampling.c).
func (d *Decoder) chromaWebP(m *image.YCbCr, y, h, w int) {
	near, far := neighbour(y, (h+1)/2)
	n := (w + 1) / 2
	for _, c := range [2]struct{ out, plane []uint8 }{{d.cb, m.Cb}, {d.cr, m.Cr}} {
		a, b := c.plane[near*m.CStride:][:n], c.plane[far*m.CStride:][:n]
		out := c.out
		out[0] = uint8((3*int(a[0]) + int(b[0]) + 2) >> 2)
		for i := 1; i < n; i++ {
			// Two pixels lie between samples i-1 and i. The sum of all four samples
			// and the sums of the diagonals are rounded as there.
			tl, t, l, c := int(a[i-1]), int(a[i]), int(b[i-1]), int(b[i])
			sum := tl + t + l + c + 8
			out[2*i-1] = uint8(((sum+2*(t+l))>>3 + tl) >> 1)
			out[2*i] = uint8(((sum+2*(tl+c))>>3 + t) >> 1)
		}
		out[2*n-1] = uint8((3*int(a[n-1]) + int(b[n-1]) + 2) >> 2)
	}
}

// webpRow converts a row by the matrix of ITU-R BT.601, whose luma is 16 to 235 (libwebp,
// src/dsp/yuv.h).
func webpRow(out, luma, cb, cr []uint8) {
	for x, l := range luma {
		y, u, v := int32(l)*19077>>8, int32(cb[x]), int32(cr[x])
		p := out[3*x:][:3]
		p[0] = clip((y + v*26149>>8 - 14234) >> 6)
		p[1] = clip((y - u*6419>>8 - v*13320>>8 + 8708) >> 6)
		p[2] = clip((y + u*33050>>8 - 17685) >> 6)
	}
}

func clip(v int32) uint8 { return uint8(min(max(v, 0), 255)) }
