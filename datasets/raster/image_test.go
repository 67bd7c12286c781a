package raster

import (
	"slices"
	"testing"
)

func TestOrient(t *testing.T) {
	from := Image{H: 2, W: 3, C: 1, Pix: []uint8{1, 2, 3, 4, 5, 6}}
	for orientation, want := range map[int][]uint8{
		0: {1, 2, 3, 4, 5, 6}, 9: {1, 2, 3, 4, 5, 6},
		1: {1, 2, 3, 4, 5, 6}, 2: {3, 2, 1, 6, 5, 4}, 3: {6, 5, 4, 3, 2, 1}, 4: {4, 5, 6, 1, 2, 3},
		5: {1, 4, 2, 5, 3, 6}, 6: {4, 1, 5, 2, 6, 3}, 7: {6, 3, 5, 2, 4, 1}, 8: {3, 6, 2, 5, 1, 4},
	} {
		var to Image
		to.Orient(&from, orientation)
		h, w := 2, 3
		if orientation >= 5 && orientation <= 8 {
			h, w = 3, 2
		}
		if to.H != h || to.W != w || !slices.Equal(to.Pix, want) {
			t.Errorf("orientation %d: %d×%d %v, want %v", orientation, to.H, to.W, to.Pix, want)
		}
	}
	// Three channels move together.
	colour, grey := random(4, 5, 3), Image{H: 4, W: 5, C: 1, Pix: make([]uint8, 20)}
	for i := range grey.Pix {
		grey.Pix[i] = colour.Pix[3*i+1]
	}
	for o := 1; o <= 8; o++ {
		var a, b Image
		a.Orient(colour, o)
		b.Orient(&grey, o)
		for i, v := range b.Pix {
			if a.Pix[3*i+1] != v {
				t.Fatalf("orientation %d: pixel %d", o, i)
			}
		}
	}
}

func TestCrop(t *testing.T) {
	from := Image{H: 2, W: 2, C: 3, Pix: []uint8{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}
	fill := []uint8{91, 92, 93}
	for top := -4; top < 5; top++ {
		for left := -4; left < 5; left++ {
			var to Image
			to.Crop(&from, top, left, 3, 2, fill)
			for y := range 3 {
				for x := range 2 {
					want := fill
					if y+top >= 0 && y+top < 2 && x+left >= 0 && x+left < 2 {
						want = from.Pix[((y+top)*2+x+left)*3:][:3]
					}
					if got := to.Pix[(y*2+x)*3:][:3]; !slices.Equal(got, want) {
						t.Errorf("window at %d, %d: pixel (%d, %d) is %v, want %v", top, left, y, x, got, want)
					}
				}
			}
		}
	}
	var black Image
	black.Crop(&from, 5, 5, 1, 1, nil)
	if !slices.Equal(black.Pix, []uint8{0, 0, 0}) {
		t.Errorf("outside: %v", black.Pix)
	}
}

func TestFlipColumns(t *testing.T) {
	for _, w := range []int{1, 2, 5} {
		m := random(3, w, 3)
		want := Image{}
		want.Orient(m, 2)
		m.FlipColumns()
		if !slices.Equal(m.Pix, want.Pix) {
			t.Errorf("width %d", w)
		}
	}
}

func TestConvert(t *testing.T) {
	m := Image{H: 1, W: 2, C: 1, Pix: []uint8{7, 250}}
	m.Convert(3)
	if m.C != 3 || !slices.Equal(m.Pix, []uint8{7, 7, 7, 250, 250, 250}) {
		t.Errorf("to colours: %v", m)
	}
	m.Convert(3)
	m.Convert(1)
	if m.C != 1 || !slices.Equal(m.Pix, []uint8{7, 250}) {
		t.Errorf("to grey: %v", m)
	}
}
