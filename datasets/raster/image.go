// Package raster holds 8-bit images as plain arrays and the geometry that reading and
// augmenting them share. Resizing gives the bytes of Pillow's Image.resize with BILINEAR,
// which is torchvision's Resize of a PIL image.
package raster

// Image is an image of H rows and W columns with C channels: 1 for grey, 3 for red, green
// and blue. Channel c of pixel (row, col) is Pix[(row*W+col)*C+c], 0 black to 255 full.
// The zero value is an empty image, to be shaped by Reset.
type Image struct {
	H, W, C int
	Pix     []uint8
}

// Reset gives the image a shape. Its memory is used again where it is large enough; the
// values are then arbitrary.
func (m *Image) Reset(h, w, c int) {
	m.H, m.W, m.C = h, w, c
	m.Pix = grow(m.Pix, h*w*c)
}

// CopyFrom makes the image a copy of another one.
func (m *Image) CopyFrom(from *Image) {
	m.Reset(from.H, from.W, from.C)
	copy(m.Pix, from.Pix)
}

// Convert changes the number of channels in place, from 1 or 3 to 1 or 3. Colours become
// grey by ITU-R 601-2 luma as in Pillow's convert("L"); grey becomes three equal channels.
func (m *Image) Convert(channels int) {
	n := m.H * m.W
	switch {
	case m.C == 3 && channels == 1:
		for i := range n {
			m.Pix[i] = Luma(m.Pix[3*i], m.Pix[3*i+1], m.Pix[3*i+2])
		}
		m.Pix = m.Pix[:n]
	case m.C == 1 && channels == 3:
		grey := m.Pix
		m.Pix = grow(m.Pix, 3*n)
		for i := n - 1; i >= 0; i-- {
			v := grey[i]
			m.Pix[3*i], m.Pix[3*i+1], m.Pix[3*i+2] = v, v, v
		}
	}
	m.C = channels
}

// Luma is the grey value of a colour, (299 R + 587 G + 114 B)/1000 rounded, in Pillow's
// fixed-point numbers.
func Luma(r, g, b uint8) uint8 {
	return uint8((uint32(r)*19595 + uint32(g)*38470 + uint32(b)*7471 + 0x8000) >> 16)
}

// Crop makes m the h × w window of from whose corner is at (top, left). Pixels of the
// window outside of from get the values of fill, one per channel; nil means 0.
func (m *Image) Crop(from *Image, top, left, h, w int, fill []uint8) {
	c := from.C
	m.Reset(h, w, c)
	x0, x1 := min(max(-left, 0), w), max(min(from.W-left, w), 0)
	for y := range h {
		row := m.Pix[y*w*c:][:w*c]
		if y+top < 0 || y+top >= from.H || x0 >= x1 {
			pad(row, fill, c)
			continue
		}
		pad(row[:x0*c], fill, c)
		copy(row[x0*c:x1*c], from.Pix[((y+top)*from.W+left+x0)*c:])
		pad(row[x1*c:], fill, c)
	}
}

func pad(row, fill []uint8, c int) {
	if fill == nil {
		clear(row)
		return
	}
	for i := 0; i < len(row); i += c {
		copy(row[i:i+c], fill)
	}
}

// CropCentre makes m the h × w window at the centre of from, by torchvision's CenterCrop:
// offsets of half a pixel are rounded to the even number, and an image that is smaller
// than the window is surrounded by black, with the odd pixel at the bottom and right.
func (m *Image) CropCentre(from *Image, h, w int) {
	offset := func(have, want int) int {
		if have < want {
			return -((want - have) / 2)
		}
		half := (have - want) / 2
		if (have-want)%2 == 1 {
			half += half % 2
		}
		return half
	}
	m.Crop(from, offset(from.H, h), offset(from.W, w), h, w, nil)
}

// FlipColumns mirrors the image left to right in place.
func (m *Image) FlipColumns() {
	c := m.C
	for y := range m.H {
		row := m.Pix[y*m.W*c:][:m.W*c]
		for a, b := 0, (m.W-1)*c; a < b; a, b = a+c, b-c {
			for k := range c {
				row[a+k], row[b+k] = row[b+k], row[a+k]
			}
		}
	}
}

// Orient makes m the image from turned and mirrored by an EXIF orientation, 1 to 8
// (EXIF 2.32, tag 0x0112): row 0 and column 0 of from are, for 1, top and left of m; 2 top
// and right; 3 bottom and right; 4 bottom and left; 5 left and top; 6 right and top; 7
// right and bottom; 8 left and bottom. Other numbers count as 1.
func (m *Image) Orient(from *Image, orientation int) {
	if orientation < 2 || orientation > 8 {
		m.CopyFrom(from)
		return
	}
	h, w, c := from.H, from.W, from.C
	// Pixel (0, 0) of from goes to start; stepY and stepX are the steps in m of a row
	// and a column of from, all in pixels.
	var start, stepY, stepX int
	switch orientation {
	case 2:
		start, stepY, stepX = w-1, w, -1
	case 3:
		start, stepY, stepX = h*w-1, -w, -1
	case 4:
		start, stepY, stepX = (h-1)*w, -w, 1
	case 5:
		start, stepY, stepX = 0, 1, h
	case 6:
		start, stepY, stepX = h-1, -1, h
	case 7:
		start, stepY, stepX = h*w-1, -1, -h
	case 8:
		start, stepY, stepX = (w-1)*h, 1, -h
	}
	if orientation >= 5 {
		m.Reset(w, h, c)
	} else {
		m.Reset(h, w, c)
	}
	i := 0
	for y := range h {
		at := (start + y*stepY) * c
		for range w {
			for k := range c {
				m.Pix[at+k] = from.Pix[i+k]
			}
			i, at = i+c, at+stepX*c
		}
	}
}

// grow is s with n elements, the old ones first.
func grow[E any](s []E, n int) []E {
	if n <= cap(s) {
		return s[:n]
	}
	next := make([]E, n)
	copy(next, s)
	return next
}
