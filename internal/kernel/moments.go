package kernel

// moments collects the mean and the variance of every channel of a tensor that
// is computed in tasks, each from the part just written, while that is in cache.
// Within a task values are summed in float32 relative to the mean of a few; the tasks
// are combined in float64 in their order (Chan, Golub and LeVeque, 1979), so
// that results do not depend on which worker ran which task.
type moments struct {
	channels int
	rows     []int     // rows seen by each task
	part     []float32 // [task][3][channels]: shift, Σ(x−shift), Σ(x−shift)²
	mean, m2 []float64
}

// start forgets what was collected and prepares for the given number of tasks.
func (m *moments) start(tasks, channels int) {
	m.channels = channels
	m.rows = grow(m.rows, tasks)
	m.part = grow(m.part, tasks*3*channels)
	m.mean, m.m2 = grow(m.mean, channels), grow(m.m2, channels)
	clear(m.rows)
}

// add collects the contiguous rows x [·, channels] for a task. Different tasks
// may add at the same time.
func (m *moments) add(task int, x []float32) {
	c := m.channels
	rows := len(x) / max(c, 1)
	if rows == 0 {
		return
	}
	part := m.part[task*3*c:][:3*c]
	if m.rows[task] == 0 {
		reference(part[:c], x, rows)
		clear(part[c:])
	}
	m.rows[task] += rows
	momentRows(part[c:2*c], part[2*c:], x, part[:c], rows, c)
}

// reference computes the mean of four rows. It is never farther from the mean of
// all of them than √(rows/4) times their deviation, so that little cancels.
func reference(mean, x []float32, rows int) {
	n := len(mean)
	row := func(i int) []float32 { return x[(2*i+1)*rows/8*n:][:n] }
	r0, r1, r2, r3 := row(0), row(1), row(2), row(3)
	for c, v := range r0 {
		mean[c] = (v + r1[c] + r2[c] + r3[c]) * 0.25
	}
}

// finish writes the mean and the biased variance over all rows; no rows give
// zeros.
func (m *moments) finish(mean, variance []float32) {
	c := m.channels
	clear(m.mean)
	clear(m.m2)
	total := 0.0
	for t, rows := range m.rows {
		if rows == 0 {
			continue
		}
		n := float64(rows)
		share := n / (total + n)
		weight := total * share
		per := 1 / n
		part := m.part[t*3*c:][:3*c]
		shift, sum, square := part[:c], part[c:2*c], part[2*c:]
		for i, s := range sum {
			d := float64(s) * per
			m2 := float64(square[i]) - float64(s)*d
			d += float64(shift[i]) - m.mean[i]
			m.mean[i] += d * share
			m.m2[i] += max(m2, 0) + d*d*weight
		}
		total += n
	}
	if total == 0 {
		total = 1
	}
	for i := range mean[:c] {
		mean[i] = float32(m.mean[i])
		variance[i] = float32(m.m2[i] / total)
	}
}

// momentRows adds to sum and square the sums of x − shift and of its square
// over contiguous rows of n.
func momentRows(sum, square, x, shift []float32, rows, n int) {
	i := 0
	if useAVX2 && n >= 8 && rows > 0 {
		i = n &^ 7
		momentRowsAVX2(&sum[0], &square[0], &x[0], &shift[0], rows, i, n)
	}
	if i == n {
		return
	}
	for r := range rows {
		v := x[r*n : (r+1)*n]
		for j := i; j < n; j++ {
			d := v[j] - shift[j]
			sum[j] += d
			square[j] += d * d
		}
	}
}
