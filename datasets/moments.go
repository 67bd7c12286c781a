package datasets

import "math"

// moments are the mean and the deviation of values that come one by one, from sums around the
// first of them, so that a large mean costs no digits (Chan, Golub, LeVeque 1983, shifted
// data). The zero value has no values.
type moments struct {
	n            int
	first        float64
	sum, squares float64 // of differences from first
	varied       bool    // a value is not the first
}

func (m *moments) add(v float64) {
	if m.n == 0 {
		m.first = v
	}
	m.n++
	d := v - m.first
	m.varied = m.varied || d != 0
	m.sum += d
	m.squares += d * d
}

// mean is 0 where there are no values.
func (m *moments) mean() float64 {
	if m.n == 0 {
		return 0
	}
	return m.first + m.sum/float64(m.n)
}

// deviation is the population's; it is 0 exactly where all values are equal.
func (m *moments) deviation() float64 {
	if !m.varied {
		return 0
	}
	d := m.sum / float64(m.n)
	return max(math.Sqrt(max(0, m.squares/float64(m.n)-d*d)), math.SmallestNonzeroFloat64)
}
