package raster

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func random(h, w, c int) *Image {
	r := rand.New(rand.NewPCG(uint64(h), uint64(w*4+c)))
	var m Image
	m.Reset(h, w, c)
	for i := range m.Pix {
		m.Pix[i] = uint8(r.Uint32())
	}
	return &m
}

// TestResizeGolden: values of Pillow 12.3,
//
//	a = (np.arange(5 * 7 * 3) * 37 % 256).astype(np.uint8).reshape(5, 7, 3)
//	np.asarray(Image.fromarray(a).resize((3, 2), Image.BILINEAR)).ravel()
//
// More sizes are among the goldens of package imagefile.
func TestResizeGolden(t *testing.T) {
	from := Image{H: 5, W: 7, C: 3, Pix: make([]uint8, 5*7*3)}
	for i := range from.Pix {
		from.Pix[i] = uint8(i * 37)
	}
	to := Image{H: 2, W: 3}
	new(Resizer).Resize(&to, &from)
	want := []uint8{104, 86, 123, 146, 123, 100, 123, 160, 142, 105, 104, 141, 145, 122, 118, 141, 161, 131}
	if !slices.Equal(to.Pix, want) {
		t.Errorf("got %v, want %v", to.Pix, want)
	}
}

// TestResizeConstant: an image of one value keeps it in every size.
func TestResizeConstant(t *testing.T) {
	var r Resizer
	for _, c := range []int{1, 3} {
		for _, size := range [][4]int{{1, 1, 7, 9}, {40, 3, 3, 40}, {17, 19, 17, 19}, {300, 2, 1, 1}, {5, 6, 5, 90}} {
			from := Image{H: size[0], W: size[1], C: c, Pix: slices.Repeat([]uint8{200}, size[0]*size[1]*c)}
			to := Image{H: size[2], W: size[3]}
			r.Resize(&to, &from)
			if to.C != c || len(to.Pix) != to.H*to.W*c || slices.Max(to.Pix) != 200 || slices.Min(to.Pix) != 200 {
				t.Errorf("%v, %d channels: %d×%d×%d with values %d to %d", size, c, to.H, to.W, to.C, slices.Min(to.Pix), slices.Max(to.Pix))
			}
		}
	}
}

// TestResizeAllocates nothing once it has seen the sizes.
func TestResizeAllocates(t *testing.T) {
	var r Resizer
	from, to := random(60, 80, 3), Image{H: 32, W: 32}
	if n := testing.AllocsPerRun(5, func() { r.Resize(&to, from) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkResize(b *testing.B) {
	var r Resizer
	from, to := random(768, 1024, 3), Image{H: 224, W: 224}
	for b.Loop() {
		r.Resize(&to, from)
	}
}
