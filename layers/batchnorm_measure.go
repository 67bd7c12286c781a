package layers

// measured gathers the moments of all rows of several batches of one size, as if
// they were one (Chan et al. 1979). It implements nn.Statistics.
type measured struct {
	layer   *BatchNorm
	rows    int       // of a batch
	batches int       // so far
	mean    []float64 // of all rows
	between []float64 // Σ (mean of a batch − mean)²
	within  []float64 // Σ variance of a batch, biased
}

func newMeasured(l *BatchNorm, rows int) *measured {
	c := l.mean.Size()
	return &measured{layer: l, rows: rows, mean: make([]float64, c), between: make([]float64, c), within: make([]float64, c)}
}

// add takes a batch in.
func (m *measured) add(mean, variance []float32) {
	m.batches++
	for i, v := range mean {
		d := float64(v) - m.mean[i]
		m.mean[i] += d / float64(m.batches)
		m.between[i] += d * (float64(v) - m.mean[i])
		m.within[i] += float64(variance[i])
	}
}

// Reset implements nn.Statistics.
func (m *measured) Reset() {
	m.batches = 0
	clear(m.mean)
	clear(m.between)
	clear(m.within)
}

// Store implements nn.Statistics; the running variance is the unbiased one.
func (m *measured) Store() {
	mean, variance := m.layer.mean.Data(), m.layer.variance.Data()
	n := float64(m.batches) * float64(m.rows)
	for i := range mean {
		mean[i] = float32(m.mean[i])
		variance[i] = float32((m.within[i] + m.between[i]) / float64(m.batches) * n / (n - 1))
	}
}
