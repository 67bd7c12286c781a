package imagefile

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"pare/datasets/raster"
)

// photo is a picture with the spectrum of a photograph, roughly: smooth areas and noise.
func photo(h, w int, seed uint64) *image.RGBA {
	r := rand.New(rand.NewPCG(seed, 1))
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	phase := r.Float64() * 6
	for y := range h {
		for x := range w {
			fx, fy := float64(x)/float64(w), float64(y)/float64(h)
			noise := r.NormFloat64() * 9
			v := func(a, b float64) uint8 {
				return uint8(min(max(128+90*math.Sin(a*fx*9+b*fy*7+phase)+noise, 0), 255))
			}
			m.SetRGBA(x, y, color.RGBA{v(1, 2), v(2, -1), v(-1, 1), 255})
		}
	}
	return m
}

func benchmark(b *testing.B, data []byte, o Options) {
	d, err := NewDecoder(o)
	if err != nil {
		b.Fatal(err)
	}
	var im raster.Image
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Bytes(&im, "photo", data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkJPEG(b *testing.B) {
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, photo(768, 1024, 1), &jpeg.Options{Quality: 90}); err != nil {
		b.Fatal(err)
	}
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			if _, err := jpeg.Decode(bytes.NewReader(buf.Bytes())); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("whole", func(b *testing.B) { benchmark(b, buf.Bytes(), Options{}) })
	b.Run("224", func(b *testing.B) { benchmark(b, buf.Bytes(), Options{Shorter: 256, Height: 224, Width: 224}) })
}

func BenchmarkPNG32(b *testing.B) {
	var buf bytes.Buffer
	if err := png.Encode(&buf, photo(32, 32, 1)); err != nil {
		b.Fatal(err)
	}
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			if _, err := png.Decode(bytes.NewReader(buf.Bytes())); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("whole", func(b *testing.B) { benchmark(b, buf.Bytes(), Options{}) })
}

// BenchmarkPhotos decodes the JPEG files of a folder that PARE_PHOTOS names, such as
// scripts/photos writes; scripts/bench/jpeg.py compares it with other decoders.
func BenchmarkPhotos(b *testing.B) {
	dir := os.Getenv("PARE_PHOTOS")
	if dir == "" {
		b.Skip("PARE_PHOTOS names no folder")
	}
	folder, err := ListFolder(dir)
	if err != nil {
		b.Fatal(err)
	}
	for _, o := range []Options{{}, {Height: 64, Width: 64}} {
		b.Run(fmt.Sprint(o.Width), func(b *testing.B) {
			d, err := NewDecoder(o)
			if err != nil {
				b.Fatal(err)
			}
			var im raster.Image
			for b.Loop() {
				for _, f := range folder.Files {
					if err := d.File(&im, f.Path); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
