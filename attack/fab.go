package attack

import (
	"errors"
	"math"
)

func init() {
	Kinds.Register("fab", "nearest points across the boundaries, by linear models of the outputs", func() Attack { return NewFAB() })
}

// FAB is the fast adaptive boundary attack (Croce & Hein 2020a): it looks for the nearest point at
// which the model is wrong. Each step projects the current point and the example onto the boundary
// of two classes as the gradients have it, within the range, and goes to a mean of both, a little
// beyond; a point across the true boundary is drawn back towards the example.
type FAB struct {
	Steps    int     `yaml:"steps" range:"[1,)" doc:"number of steps, towards each class where there are targets"`
	Restarts int     `yaml:"restarts" range:"[1,)" doc:"number of starts, the first at the example, others near it"`
	Targets  int     `yaml:"targets" range:"[0,)" doc:"number of classes to aim at one after the other; 0: in each step the nearest of all, for a pass back for each class"`
	AlphaMax float64 `yaml:"alpha_max" range:"(0,1]" doc:"largest share of the example's own projection in a step"`
	Eta      float64 `yaml:"eta" range:"[1,)" doc:"how far steps go beyond the projections"`
	Beta     float64 `yaml:"beta" range:"(0,1)" doc:"share of the distance that remains after a step back"`
}

// NewFAB has the settings of FAB-T in AutoAttack.
func NewFAB() *FAB {
	return &FAB{Steps: 100, Restarts: 1, Targets: 9, AlphaMax: 0.1, Eta: 1.05, Beta: 0.9}
}

// Search implements Attack.
func (a *FAB) Search(s *Search) error {
	switch {
	case s.labels == nil:
		return errors.New("fab looks for the boundary of classes, but the examples have numbers")
	case s.a.o.Maximise:
		return errors.New("fab looks for the nearest wrong point and raises no loss: use pgd or apgd where every example is attacked")
	}
	if a.Targets > 0 {
		return s.aim("fab", a.Targets, a.Restarts, func(rows []int, targets []Target, restart int) error {
			return a.run(s, rows, targets, restart)
		})
	}
	for restart := range a.Restarts {
		s.Begin("fab")
		rows := s.Open()
		if len(rows) == 0 {
			break
		}
		targets, err := s.targets(rows, false)
		if err != nil {
			return err
		}
		if err := a.run(s, rows, targets, restart); err != nil {
			return err
		}
	}
	return nil
}

// boundary is a linear model of the boundary between an example's class and another around points:
// the difference of the outputs at the point, and its gradient w.
type boundary struct {
	difference []float64
	w          []float64
	distance   []float64 // to the boundary, in the norm
}

// run searches from one start for each row.
func (a *FAB) run(s *Search, rows []int, targets []Target, restart int) error {
	outer := s.Threat // points on the way may leave the ball, but not the range
	outer.Eps = math.Inf(1)
	n := len(rows)
	x, nearest := s.Points(rows), make([]float64, n) // the least distance of a wrong point
	for i, row := range rows {
		copy(s.at(x, i), s.Clean(row))
		nearest[i] = math.Inf(1)
	}
	if restart > 0 {
		s.startOnSphere(rows, x)
		for i, row := range rows {
			for j, c := range s.Clean(row) {
				x[i*s.D+j] = c + (x[i*s.D+j]-c)/2
			}
		}
	}
	b := boundary{make([]float64, n), s.Points(rows), make([]float64, n)}
	grad := s.Points(rows)
	for range a.Steps {
		if err := a.boundaries(s, outer, rows, targets, x, grad, &b); err != nil {
			return err
		}
		s.Each(rows, func(i, row int) {
			a.step(s, s.at(x, i), s.Clean(row), s.at(b.w, i), b.difference[i])
		})
		z, err := s.evaluate(outer, rows, x)
		if err != nil {
			return err
		}
		for i, row := range rows {
			if out := z[i*s.K:][:s.K]; s.Wrong(row, out) {
				if s.distance(row, i) <= s.Threat.Eps {
					s.Offer(row, i, out, Margin{}.Loss(out, targets[i], nil))
				}
				for j, c := range s.Clean(row) {
					x[i*s.D+j] = c + a.Beta*(x[i*s.D+j]-c)
				}
			}
		}
		if places := s.openPlaces(rows); len(places) < len(rows) {
			m := len(rows)
			x, grad, b.w = pick(x, m, places), pick(grad, m, places), pick(b.w, m, places)
			b.difference, b.distance = pick(b.difference, m, places), pick(b.distance, m, places)
			targets, rows = pick(targets, m, places), pick(rows, m, places)
		}
		if len(rows) == 0 {
			break
		}
	}
	return nil
}

// boundaries computes the boundary of each row at x: to its target class or, without targets, to
// the nearest of all classes.
func (a *FAB) boundaries(s *Search, outer Threat, rows []int, targets []Target, x, grad []float64, b *boundary) error {
	for i := range rows {
		b.distance[i] = math.Inf(1)
	}
	classes := 1
	if a.Targets == 0 {
		classes = s.K
	}
	for class := range classes {
		other := func(i int) int {
			if a.Targets > 0 {
				return targets[i].Class
			}
			return class
		}
		z, err := s.gradient(outer, rows, x, grad, func(i int, _, gz []float64) {
			gz[other(i)]++
			gz[targets[i].Label]--
		})
		if err != nil {
			return err
		}
		for i := range rows {
			if other(i) == targets[i].Label {
				continue
			}
			out, g := z[i*s.K:][:s.K], s.at(grad, i)
			difference := out[other(i)] - out[targets[i].Label]
			if d := math.Abs(difference) / (tiny + s.Threat.Norm.dual(g)); d < b.distance[i] {
				b.distance[i], b.difference[i] = d, difference
				copy(s.at(b.w, i), g)
			}
		}
	}
	return nil
}

// dual is the norm that bounds products with a vector of norm 1.
func (n Norm) dual(w []float64) float64 {
	if n == L2 {
		return norm2(w)
	}
	sum := 0.0
	for _, v := range w {
		sum += math.Abs(v)
	}
	return sum
}

// farthest is the distance, in units of eps, that a value may go where the range has no end. Where a
// function is nearly flat, its plane is so far off that a network of float32 has no outputs there.
const farthest = 1e6

// step moves x towards the boundary on which difference + w·(· − x) is 0.
func (a *FAB) step(s *Search, x, clean, w []float64, difference float64) {
	there := difference
	for j, v := range w {
		there += v * (clean[j] - x[j])
	}
	fromX, fromClean := make([]float64, len(x)), make([]float64, len(x))
	a1 := max(s.Threat.toPlane(fromX, x, w, difference), 1e-8)
	a2 := max(s.Threat.toPlane(fromClean, clean, w, there), 1e-8)
	alpha := min(a1/(a1+a2), a.AlphaMax)
	for j, v := range x {
		v = (v+a.Eta*fromX[j])*(1-alpha) + (clean[j]+a.Eta*fromClean[j])*alpha
		low, high := s.Threat.Range.Lower, s.Threat.Range.Upper
		if math.IsInf(low, 0) {
			low = clean[j] - farthest*s.Threat.Eps
		}
		if math.IsInf(high, 0) {
			high = clean[j] + farthest*s.Threat.Eps
		}
		x[j] = min(max(v, low), high)
	}
}

// toPlane writes the shortest move from p, within the range, to the plane on which
// value + w·move is 0, and returns its norm. Where the range does not reach the plane, it is the
// move that comes nearest.
//
// The shortest move is −sign(w)·min(λ·s, room), value by value, with s = 1 for Linf and |w| for L2,
// and the room that the range leaves. The sum of |w|·min(λ·s, room) is concave in λ, so Newton's
// method rises to the λ of the plane and ends after a few steps, each of which passes a bound.
func (t *Threat) toPlane(move, p, w []float64, value float64) float64 {
	if value < 0 { // go down from the other side
		turned := make([]float64, len(w))
		for j, v := range w {
			turned[j] = -v
		}
		w, value = turned, -value
	}
	room := func(j int) float64 {
		if w[j] > 0 {
			return p[j] - t.Range.Lower
		}
		return t.Range.Upper - p[j]
	}
	lambda := 0.0
	for range len(w) + 1 {
		reached, slope := 0.0, 0.0
		for j, v := range w {
			v = math.Abs(v)
			s := 1.0
			if t.Norm == L2 {
				s = v
			}
			if r := room(j); v > 0 && lambda*s < r {
				reached += v * lambda * s
				slope += v * s
			} else if v > 0 {
				reached += v * r
			}
		}
		if slope == 0 {
			break
		}
		next := lambda + (value-reached)/slope
		if !(next > lambda) {
			break
		}
		lambda = next
	}
	largest, sum := 0.0, 0.0
	for j, v := range w {
		s := 1.0
		if t.Norm == L2 {
			s = math.Abs(v)
		}
		d := min(lambda*s, room(j))
		switch {
		case v > 0:
			move[j] = -d
		case v < 0:
			move[j] = d
		default:
			move[j], d = 0, 0
		}
		largest, sum = max(largest, d), sum+d*d
	}
	if t.Norm == L2 {
		return math.Sqrt(sum)
	}
	return largest
}
