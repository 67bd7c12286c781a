package graph

import "math"

// pivotScaling places nodes by the two leading components of their centred squared
// distances to at most 50 pivots, each as far as possible from those before.
func pivotScaling(links [][]int) []Point {
	n := len(links)
	if n == 1 {
		return make([]Point, 1)
	}
	pivots := min(n, 50)
	near := make([]float64, n)
	for i := range near {
		near[i] = math.Inf(1)
	}
	columns := make([][]float64, 0, pivots)
	next := 0
	for range pivots {
		d := hops(links, next)
		columns = append(columns, d)
		next = 0
		for i := range near {
			near[i] = min(near[i], d[i])
			if near[i] > near[next] {
				next = i
			}
		}
	}
	centre(columns, n)
	x := leading(columns, n, nil)
	y := leading(columns, n, x)
	points := make([]Point, n)
	for i := range points {
		// Nodes with the same distances, leaves of one node for instance, would
		// coincide, and stress could not part them.
		angle := float64(i) * math.Pi * (3 - math.Sqrt(5))
		points[i] = Point{x[i] + 0.1*math.Cos(angle), y[i] + 0.1*math.Sin(angle)}
	}
	return points
}

// centre squares the distances and takes the means of columns and rows away.
func centre(columns [][]float64, n int) {
	rows := make([]float64, n)
	var all float64
	for _, c := range columns {
		var mean float64
		for i := range c {
			c[i] *= c[i]
			mean += c[i] / float64(n)
		}
		for i := range c {
			c[i] -= mean
			rows[i] += c[i] / float64(len(columns))
		}
		all += mean
	}
	for _, c := range columns {
		for i := range c {
			c[i] = -(c[i] - rows[i]) / 2
		}
	}
}

// leading is the left singular vector of the columns with the largest singular
// value, orthogonal to another one, with the length that scaling gives it.
func leading(columns [][]float64, n int, other []float64) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = math.Sin(float64(i) + 1)
	}
	var value float64
	for range 100 {
		if other != nil {
			var o, s float64
			for i := range v {
				s += v[i] * other[i]
				o += other[i] * other[i]
			}
			if o > 0 {
				for i := range v {
					v[i] -= s / o * other[i]
				}
			}
		}
		norm := math.Sqrt(square(v))
		if norm < 1e-12 {
			return make([]float64, n)
		}
		for i := range v {
			v[i] /= norm
		}
		w := make([]float64, n)
		for _, c := range columns {
			var s float64
			for i := range c {
				s += c[i] * v[i]
			}
			for i := range c {
				w[i] += s * c[i]
			}
		}
		value = math.Sqrt(square(w)) // of the matrix times its transpose
		v = w
	}
	norm := math.Sqrt(square(v))
	if norm < 1e-12 {
		return make([]float64, n)
	}
	// The singular value σ of n×m inner products grows with √m; σ√(n/m) is about an
	// eigenvalue of all n×n, whose root scales the coordinates.
	scale := math.Sqrt(math.Sqrt(value) * math.Sqrt(float64(n)/float64(len(columns))))
	for i := range v {
		v[i] *= scale / norm
	}
	return v
}

func square(v []float64) float64 {
	var s float64
	for _, x := range v {
		s += x * x
	}
	return s
}

// majorise lowers the stress Σ (‖xᵢ−xⱼ‖ − dᵢⱼ)²/dᵢⱼ² by moving one node after the
// other to the minimum of its majoriser.
func majorise(points []Point, links [][]int) {
	n := len(points)
	d := make([][]float64, n)
	for i := range d {
		d[i] = hops(links, i)
	}
	for range 200 {
		var moved float64
		for i := range points {
			var x, y, weight float64
			for j, q := range points {
				if j == i {
					continue
				}
				w := 1 / (d[i][j] * d[i][j])
				dx, dy := points[i].X-q.X, points[i].Y-q.Y
				f := 0.0
				if r := math.Hypot(dx, dy); r > 1e-9 {
					f = d[i][j] / r
				}
				x += w * (q.X + f*dx)
				y += w * (q.Y + f*dy)
				weight += w
			}
			if weight == 0 {
				return
			}
			x, y = x/weight, y/weight
			moved = max(moved, math.Abs(x-points[i].X)+math.Abs(y-points[i].Y))
			points[i] = Point{x, y}
		}
		if moved < 1e-3 {
			return
		}
	}
}
