package attack

import (
	"errors"
	"math"
	"math/rand/v2"
)

func init() {
	Kinds.Register("square", "random squares of the largest change, kept where they help; no gradients",
		func() Attack { return NewSquare() })
}

// SquareAttack is Square Attack (Andriushchenko et al. 2020): random search without gradients. Each
// query changes a random square of the image, and the change stays where it lowers the margin of
// the example's class. Squares become smaller with time. Inputs with one axis of positions, or
// none, are changed in windows.
type SquareAttack struct {
	Queries  int     `yaml:"queries" range:"[1,)" doc:"number of points that are tried for an example"`
	Restarts int     `yaml:"restarts" range:"[1,)" doc:"number of starts; examples that are broken are left out of the next"`
	Share    float64 `yaml:"share" range:"(0,1]" doc:"share of the positions that the first squares cover"`
	Rescale  bool    `yaml:"rescale" doc:"shrink the squares as fast as the number of queries asks; otherwise as fast as with 10000"`
}

// NewSquare has the settings of AutoAttack.
func NewSquare() *SquareAttack { return &SquareAttack{Queries: 5000, Restarts: 1, Share: 0.8} }

// Search implements Attack.
func (a *SquareAttack) Search(s *Search) error {
	switch {
	case s.labels == nil:
		return errors.New("square lowers the margin of classes, but the examples have numbers")
	case s.a.o.Maximise:
		return errors.New("square lowers the margin and raises no other loss: use pgd or apgd where every example is attacked")
	}
	for range a.Restarts {
		s.Begin("square")
		rows := s.Open()
		if len(rows) == 0 {
			break
		}
		if err := a.run(s, rows); err != nil {
			return err
		}
	}
	return nil
}

// grid is how the values of an example lie: channels of h×w positions, channels last.
type grid struct{ channels, h, w int }

// gridOf reads a shape. The values of a vector count as positions.
func (s *Search) grid() grid {
	switch len(s.Shape) {
	case 1:
		return grid{1, 1, s.D}
	case 2:
		return grid{s.Shape[0], 1, s.Shape[1]}
	}
	return grid{s.Shape[0], s.Shape[1], s.D / s.Shape[0] / s.Shape[1]}
}

// side is the side of a square that covers a share of the positions, or the width of a window.
func (g grid) side(share float64) int {
	if g.h == 1 {
		return int(math.Round(share * float64(g.w)))
	}
	return int(math.Round(math.Sqrt(share * float64(g.h*g.w))))
}

// window is a rectangle of positions.
type window struct{ top, left, h, w int }

// random is a window of a side at a random place. Squares leave out the last row and column, as in
// the authors' code, whose figures the literature has.
func (g grid) random(side int, rng *rand.Rand) window {
	w := window{h: min(side, g.h), w: min(side, g.w)}
	if g.h == 1 {
		w.left = rng.IntN(g.w - w.w + 1)
		return w
	}
	w.top, w.left = rng.IntN(max(g.h-w.h, 1)), rng.IntN(max(g.w-w.w, 1))
	return w
}

// each calls f for the positions of a window, with the place of the first channel's value.
func (g grid) each(w window, f func(row, column, at int)) {
	for r := range w.h {
		for c := range w.w {
			f(r, c, ((w.top+r)*g.w+w.left+c)*g.channels)
		}
	}
}

// sign is 1 or −1.
func sign(rng *rand.Rand) float64 { return float64(2*int(rng.Uint64()>>63) - 1) }

// shareAt is the share of the positions that squares cover in a query: half of it after 10 of
// 10000 queries, a quarter after 50, …
func (a *SquareAttack) shareAt(query int) float64 {
	if a.Rescale {
		query = int(float64(query) / float64(a.Queries) * 10000)
	}
	share := a.Share
	for _, after := range []int{10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000} {
		if query > after {
			share /= 2
		}
	}
	return share
}

// run searches from one start for each row.
func (a *SquareAttack) run(s *Search, rows []int) error {
	g, n := s.grid(), len(rows)
	x, trial, best := s.Points(rows), s.Points(rows), make([]float64, n)
	rngs := make([]*rand.Rand, n)
	for i, row := range rows {
		rngs[i], best[i] = s.Rand(row), math.Inf(-1)
	}
	for query := range a.Queries + 1 { // the first point is the start
		if places := s.openPlaces(rows); len(places) < len(rows) {
			m := len(rows)
			x, trial, best = pick(x, m, places), pick(trial, m, places), pick(best, m, places)
			rngs, rows = pick(rngs, m, places), pick(rows, m, places)
		}
		if len(rows) == 0 {
			break
		}
		side := g.side(a.shareAt(query - 1))
		s.Each(rows, func(i, row int) {
			from, to, clean := s.at(x, i), s.at(trial, i), s.Clean(row)
			switch {
			case query == 0 && s.Threat.Norm == Linf:
				copy(to, clean)
				g.stripes(to, s.Threat.Eps, rngs[i])
			case query == 0:
				copy(to, clean)
				g.tiles(to, s.Threat.Eps, rngs[i])
			case s.Threat.Norm == Linf:
				copy(to, from)
				g.square(to, s.Threat.Eps, max(side, 1), rngs[i])
			default:
				g.bump(to, from, clean, s.Threat.Eps, side, rngs[i])
			}
			s.ball.Project(to, s.limits(row))
		})
		z, err := s.Outputs(rows, trial)
		if err != nil {
			return err
		}
		for i, row := range rows {
			out := z[i*s.K:][:s.K]
			loss := Margin{}.Loss(out, Target{Label: s.labels[row]}, nil)
			if loss > best[i] {
				best[i] = loss
				copy(s.at(x, i), s.at(trial, i))
			}
			s.Offer(row, i, out, loss)
		}
	}
	return nil
}

// stripes adds ±eps to each column of each channel.
func (g grid) stripes(p []float64, eps float64, rng *rand.Rand) {
	signs := make([]float64, g.w*g.channels)
	for i := range signs {
		signs[i] = sign(rng)
	}
	for j := range p {
		p[j] += eps * signs[j%len(signs)]
	}
}

// square moves the values of a random square by ±2·eps, one sign for each channel: to the side
// of the ball after the projection.
func (g grid) square(p []float64, eps float64, side int, rng *rand.Rand) {
	w := g.random(side, rng)
	signs := make([]float64, g.channels)
	for c := range signs {
		signs[c] = sign(rng)
	}
	g.each(w, func(_, _, at int) {
		for c, v := range signs {
			p[at+c] += 2 * eps * v
		}
	})
}

// tiles adds bumps on a grid of five by five windows to p, with a random sign for each channel,
// scaled to the length eps.
func (g grid) tiles(p []float64, eps float64, rng *rand.Rand) {
	delta := make([]float64, len(p))
	h, w := max(g.h/5, 1), max(g.w/5, 1)
	for top := g.h % h / 2; top+h <= g.h; top += h {
		for left := g.w % w / 2; left+w <= g.w; left += w {
			shape := eta(h, w, rng)
			for c := range g.channels {
				v := sign(rng)
				g.each(window{top, left, h, w}, func(row, column, at int) { delta[at+c] = v * shape[row*w+column] })
			}
		}
	}
	length := norm2(delta)
	for j, d := range delta {
		p[j] += eps * d / (length + tiny)
	}
}

// bump is a step of algorithm 3 of the paper: the length that the perturbation of one random
// window has, and the length that is free, go to another window, whose perturbation turns towards
// a random bump.
func (g grid) bump(to, from, clean []float64, eps float64, side int, rng *rand.Rand) {
	side = max(side, 3) | 1
	target, source := g.random(side, rng), g.random(side, rng)
	delta := make([]float64, len(to))
	for j, v := range from {
		delta[j] = v - clean[j]
	}
	total := 0.0
	for _, d := range delta {
		total += d * d
	}
	both := target.meet(source)
	shape := eta(target.h, target.w, rng)
	values := make([]float64, target.h*target.w*g.channels)
	for c := range g.channels {
		v := sign(rng)
		squares := func(w window) (sum float64) {
			g.each(w, func(_, _, at int) { sum += delta[at+c] * delta[at+c] })
			return sum
		}
		budget := squares(target) + squares(source) - squares(both)
		old, sum := math.Sqrt(squares(target)), 0.0
		g.each(target, func(row, column, at int) {
			k := row*target.w + column
			u := v*shape[k] + delta[at+c]/(tiny+old)
			values[k*g.channels+c] = u
			sum += u * u
		})
		scale := math.Sqrt(max(eps*eps-total, 0)/float64(g.channels)+budget) / (tiny + math.Sqrt(sum))
		for k := range target.h * target.w {
			values[k*g.channels+c] *= scale
		}
	}
	g.each(source, func(_, _, at int) { clear(delta[at:][:g.channels]) })
	g.each(target, func(row, column, at int) {
		copy(delta[at:][:g.channels], values[(row*target.w+column)*g.channels:])
	})
	length := norm2(delta)
	for j, d := range delta {
		to[j] = clean[j] + eps*d/(length+tiny)
	}
}

// meet is the window of the positions that are in both.
func (w window) meet(v window) window {
	top, left := max(w.top, v.top), max(w.left, v.left)
	bottom, right := min(w.top+w.h, v.top+v.h), min(w.left+w.w, v.left+v.w)
	return window{top, left, max(bottom-top, 0), max(right-left, 0)}
}

// eta is a bump of length 1: falling from the centre in one half of the window, and its negative
// in the other half (figure 2 of the paper); the halves are above each other or side by side.
func eta(h, w int, rng *rand.Rand) []float64 {
	across := h == 1 || w > 1 && rng.Uint64()>>63 == 1
	if across {
		h, w = w, h
	}
	half := h / 2
	shape := append(cone(half, w), cone(h-half, w)...)
	for i := half * w; i < len(shape); i++ {
		shape[i] = -shape[i]
	}
	length := norm2(shape)
	turned := make([]float64, len(shape))
	for r := range h {
		for c := range w {
			k := r*w + c
			if across {
				k = c*h + r
			}
			turned[k] = shape[r*w+c] / length
		}
	}
	return turned
}

// cone is a sum of centred rectangles of growing size and falling height 1/k², of length 1.
func cone(h, w int) []float64 {
	v := make([]float64, h*w)
	if len(v) == 0 {
		return v
	}
	top, left := h/2, w/2
	for k := range max(h/2, w/2) + 1 {
		for r := max(top-k, 0); r < min(top+k+1, h); r++ {
			for c := max(left-k, 0); c < min(left+k+1, w); c++ {
				v[r*w+c] += 1 / float64((k+1)*(k+1))
			}
		}
	}
	length := norm2(v)
	for i := range v {
		v[i] /= length
	}
	return v
}
