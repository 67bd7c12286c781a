package raster

import (
	"image"
	"image/color"
	"math"

	"golang.org/x/image/vector"
)

// painter draws onto an image; coordinates are units of the picture.
type painter struct {
	img     *image.RGBA
	scale   float64
	coverer vector.Rasterizer
}

// fill paints the inside of pieces, by the nonzero rule.
func (p *painter) fill(pieces []piece, c color.NRGBA) {
	low, high := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, piece := range pieces {
		for _, at := range piece.points {
			low = point{min(low.x, at.x), min(low.y, at.y)}
			high = point{max(high.x, at.x), max(high.y, at.y)}
		}
	}
	box := image.Rect(p.floor(low.x), p.floor(low.y), p.floor(high.x)+1, p.floor(high.y)+1).Intersect(p.img.Bounds())
	if box.Empty() {
		return
	}
	p.coverer.Reset(box.Dx(), box.Dy())
	at := func(q point) (float32, float32) {
		return float32(q.x*p.scale - float64(box.Min.X)), float32(q.y*p.scale - float64(box.Min.Y))
	}
	for _, piece := range pieces {
		if len(piece.points) < 3 {
			continue
		}
		p.coverer.MoveTo(at(piece.points[0]))
		for _, q := range piece.points[1:] {
			p.coverer.LineTo(at(q))
		}
		p.coverer.ClosePath()
	}
	p.coverer.Draw(p.img, box, image.NewUniform(c), image.Point{})
}

// floor is the pixel of a coordinate, kept near the image.
func (p *painter) floor(v float64) int {
	return int(math.Floor(min(max(v*p.scale, -1), maxPixels)))
}

// stroke draws lines of a width along pieces, with round joins and flat ends.
func (p *painter) stroke(pieces []piece, width float64, dashes []float64, c color.NRGBA) {
	var strips []piece
	for _, piece := range pieces {
		line := piece.points
		if piece.closed {
			line = append(line[:len(line):len(line)], line[0])
		}
		for _, dash := range dashed(line, dashes) {
			strips = append(strips, ribbons(dash, width/2, piece.closed && dashes == nil)...)
		}
	}
	p.fill(strips, c)
}

// ribbons are a rectangle for each part of a line and a disc for each of its bends, all in
// one sense of rotation so that they add up under the nonzero rule.
func ribbons(line []point, half float64, closed bool) []piece {
	var out []piece
	for i := 1; i < len(line); i++ {
		a, b := line[i-1], line[i]
		length := math.Hypot(b.x-a.x, b.y-a.y)
		if length == 0 {
			continue
		}
		nx, ny := -(b.y-a.y)/length*half, (b.x-a.x)/length*half
		out = append(out, piece{[]point{{a.x - nx, a.y - ny}, {b.x - nx, b.y - ny}, {b.x + nx, b.y + ny}, {a.x + nx, a.y + ny}}, true})
		if i+1 < len(line) || closed {
			var o outline
			o.circle(b.x, b.y, half)
			out = append(out, o.pieces...)
		}
	}
	return out
}

// dashed divides a line into its dashes.
func dashed(line []point, dashes []float64) [][]point {
	if dashes == nil {
		return [][]point{line}
	}
	var out [][]point
	k, left, on := 0, dashes[0], true
	for i := 1; i < len(line); i++ {
		a, b := line[i-1], line[i]
		length := math.Hypot(b.x-a.x, b.y-a.y)
		for done := 0.0; done < length; {
			step := min(left, length-done)
			from, to := along(a, b, done/length), along(a, b, (done+step)/length)
			if on {
				if n := len(out); n > 0 && len(out[n-1]) > 0 && out[n-1][len(out[n-1])-1] == from {
					out[n-1] = append(out[n-1], to)
				} else {
					out = append(out, []point{from, to})
				}
			}
			done += step
			if left -= step; left <= 1e-9 {
				k, on = (k+1)%len(dashes), !on
				left = dashes[k]
			}
		}
	}
	return out
}

func along(a, b point, t float64) point { return point{a.x + t*(b.x-a.x), a.y + t*(b.y-a.y)} }
