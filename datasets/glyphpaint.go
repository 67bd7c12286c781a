package datasets

import (
	"image"
	"math"
	"math/rand/v2"

	"golang.org/x/image/vector"
)

// painter draws shapes onto a small square picture. Its values are fixed point with 8 bits
// of fraction, and the corners of shapes are rounded to 1/64 pixel before they are filled,
// so that pictures do not depend on how a processor rounds.
type painter struct {
	side, channels int
	canvas, spare  []int32 // side*side*channels, channels last; 256 is one level
	mask, thick    *image.Alpha
	fill           *vector.Rasterizer
	points         []vec
}

// paint is a colour: levels of the channels, 0..255.
type paint [3]float64

func newPainter(side, channels int) *painter {
	area := image.Rect(0, 0, side, side)
	n := side * side * channels
	return &painter{side: side, channels: channels,
		canvas: make([]int32, n), spare: make([]int32, n),
		mask: image.NewAlpha(area), thick: image.NewAlpha(area),
		fill: vector.NewRasterizer(side, side)}
}

// rasterize fills closed polygons into the mask.
func (p *painter) rasterize(points []vec, ends []int) {
	round := func(v float64) float32 { return float32(math.Round(v*64) / 64) }
	p.fill.Reset(p.side, p.side)
	start := 0
	for _, end := range ends {
		for i, q := range points[start:end] {
			if i == 0 {
				p.fill.MoveTo(round(q.x), round(q.y))
			} else {
				p.fill.LineTo(round(q.x), round(q.y))
			}
		}
		p.fill.ClosePath()
		start = end
	}
	clear(p.mask.Pix)
	p.fill.Draw(p.mask, p.mask.Rect, image.Opaque, image.Point{})
}

// weigh makes the strokes of the mask thicker (by > 0) or thinner (by < 0); by is in
// pixels on each side, -1 to 1.
func (p *painter) weigh(by float64) {
	amount := int(math.Round(math.Abs(by) * 256))
	if amount == 0 {
		return
	}
	s, pix := p.side, p.mask.Pix
	for y := range s {
		for x := range s {
			i := y*s + x
			here := pix[i]
			up, down, left, right := here, here, here, here
			if y > 0 {
				up = pix[i-s]
			}
			if y < s-1 {
				down = pix[i+s]
			}
			if x > 0 {
				left = pix[i-1]
			}
			if x < s-1 {
				right = pix[i+1]
			}
			extreme := max(here, up, down, left, right)
			if by < 0 {
				extreme = min(here, up, down, left, right)
			}
			p.thick.Pix[i] = uint8(int(here) + (int(extreme)-int(here))*amount/256)
		}
	}
	p.mask, p.thick = p.thick, p.mask
}

// blend lays a colour over the canvas where the mask is, with opacity 0..1.
func (p *painter) blend(color paint, opacity float64) {
	alpha := int32(math.Round(opacity * 256))
	for c := range p.channels {
		level := int32(math.Round(color[c] * 256))
		for i, m := range p.mask.Pix {
			if m != 0 {
				at := i*p.channels + c
				p.canvas[at] += (level - p.canvas[at]) * (int32(m) * alpha / 255) / 256
			}
		}
	}
}

// background fills the canvas with a colour that changes evenly along a direction, by
// slope levels from one side to the other.
func (p *painter) background(color paint, angle, slope float64) {
	sin, cos := math.Sincos(angle)
	stepX := int32(math.Round(cos * slope / float64(p.side) * 256))
	stepY := int32(math.Round(sin * slope / float64(p.side) * 256))
	half := int32(p.side / 2)
	for c := range p.channels {
		level := int32(math.Round(color[c] * 256))
		for y := range p.side {
			for x := range p.side {
				p.canvas[(y*p.side+x)*p.channels+c] = level + (int32(x)-half)*stepX + (int32(y)-half)*stepY
			}
		}
	}
}

// line draws a straight stroke.
func (p *painter) line(a, b vec, width float64, color paint, opacity float64) {
	dx, dy := b.x-a.x, b.y-a.y
	length := math.Hypot(dx, dy)
	if length == 0 {
		return
	}
	nx, ny := -dy/length*width/2, dx/length*width/2
	p.points = append(p.points[:0], vec{a.x + nx, a.y + ny}, vec{b.x + nx, b.y + ny},
		vec{b.x - nx, b.y - ny}, vec{a.x - nx, a.y - ny})
	p.rasterize(p.points, []int{4})
	p.blend(color, opacity)
}

// dot draws a disc, as an octagon.
func (p *painter) dot(at vec, radius float64, color paint, opacity float64) {
	const d = 0.7071
	p.points = p.points[:0]
	for _, q := range [8]vec{{1, 0}, {d, d}, {0, 1}, {-d, d}, {-1, 0}, {-d, -d}, {0, -1}, {d, -d}} {
		p.points = append(p.points, vec{at.x + radius*q.x, at.y + radius*q.y})
	}
	p.rasterize(p.points, []int{8})
	p.blend(color, opacity)
}

// blur mixes each value with its neighbours in the row, then in the column: weight 0..0.33
// for each of the two.
func (p *painter) blur(weight float64) {
	w := int32(math.Round(weight * 256))
	pass := func(to, from []int32, step, stride int) {
		for line := range p.side {
			for k := range p.side {
				for c := range p.channels {
					i := line*stride + k*step + c
					before, after := i, i
					if k > 0 {
						before -= step
					}
					if k < p.side-1 {
						after += step
					}
					to[i] = (from[i]*(256-2*w) + (from[before]+from[after])*w) / 256
				}
			}
		}
	}
	row := p.side * p.channels
	pass(p.spare, p.canvas, p.channels, row)
	pass(p.canvas, p.spare, row, p.channels)
}

// noise adds nearly normal noise, a sum of four bytes for each value.
func (p *painter) noise(r *rand.Rand, deviation float64) {
	const mean, sd = 4 * 127.5, 147.8
	scale := int32(math.Round(deviation * 256 / sd))
	var bits uint64
	for i := range p.canvas {
		if i&1 == 0 {
			bits = r.Uint64()
		}
		sum := int32(bits&255 + bits>>8&255 + bits>>16&255 + bits>>24&255)
		bits >>= 32
		p.canvas[i] += (sum - mean) * scale
	}
}

// write rounds the canvas to bytes.
func (p *painter) write(to []uint8) {
	for i, v := range p.canvas {
		to[i] = uint8(min(max((v+128)>>8, 0), 255))
	}
}
