package conv

import (
	"math"

	"pare/internal/simd"
)

// A panel of a depthwise convolution is depthwiseLanes channels; a tile is at most
// depthwiseTile pixels of a panel, all in registers.
const (
	depthwiseLanes = 16
	depthwiseTile  = 7
)

// depthwiseSum is the sum that the tiles of a depthwise convolution hold for pixel i:
//
//	y[i·ys + c] = max(bias[c] + Σ_rows Σ_taps x[i·xs + row·xrow + tap·xtap + c] · w[w0 + row·wrow + tap·wtap + c], floor)
//
// for the channels c of a panel. With add, it is added to y.
type depthwiseSum struct {
	ys, xs     int
	xtap, xrow int
	w0         int // the first weights: distances may be negative
	wtap, wrow int
	taps, rows int
	floor      float32
	add        bool
	bias       []float32 // of a panel
}

// noFloor is the floor that leaves every value as it is.
var noFloor = float32(math.Inf(-1))

// tileWidth is the width of the smallest tile that holds count pixels or, from
// depthwiseTile pixels on, of the largest tile.
func tileWidth(count int) int {
	switch {
	case count <= 3:
		return 3
	case count <= 5:
		return 5
	}
	return depthwiseTile
}

// tiles computes a number of neighbouring tiles of 3, 5 or 7 pixels, as tileWidth gives.
func (s *depthwiseSum) tiles(y, x, w []float32, width, tiles int) {
	if simd.AVX2 {
		kernel := depthwise7AVX2
		switch width {
		case 3:
			kernel = depthwise3AVX2
		case 5:
			kernel = depthwise5AVX2
		}
		kernel(&y[0], s.ys, &x[0], s.xs, s.xtap, s.xrow, &w[s.w0], s.wtap, s.wrow, &s.bias[0], s.taps, s.rows, tiles, s.floor, s.add)
		return
	}
	for i := range width * tiles {
		acc := [depthwiseLanes]float32(s.bias)
		for row := range s.rows {
			for tap := range s.taps {
				u := (*[depthwiseLanes]float32)(x[i*s.xs+row*s.xrow+tap*s.xtap:])
				v := (*[depthwiseLanes]float32)(w[s.w0+row*s.wrow+tap*s.wtap:])
				for c := range acc {
					acc[c] += u[c] * v[c]
				}
			}
		}
		out := (*[depthwiseLanes]float32)(y[i*s.ys:])
		for c, v := range acc {
			if v < s.floor {
				v = s.floor
			}
			if s.add {
				v += out[c]
			}
			out[c] = v
		}
	}
}

// depthwisePack copies a panel of pixels whose channels lie ld apart.
func depthwisePack(dst, x []float32, ld, pixels int) {
	if simd.AVX2 {
		depthwisePackAVX2(&dst[0], &x[0], ld, pixels)
		return
	}
	for i := range pixels {
		copy(dst[i*depthwiseLanes:][:depthwiseLanes], x[i*ld:])
	}
}
