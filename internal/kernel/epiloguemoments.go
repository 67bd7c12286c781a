package kernel

// momentChannels is the step in which the moments of a block are computed.
const momentChannels = 16

// blockMoments computes mean and variance of every channel of a result from
// blocks of its rows, each reported when it is complete and still in cache.
//
// A block is summed in one pass, relative to the mean of four of its rows. That
// is never farther from the mean of the block than √(rows/4) times its
// deviation, so nothing cancels however large the mean is. The blocks are
// combined in order.
type blockMoments struct {
	channels           int
	width              int       // channels rounded up
	rows               []int     // of each block
	shift, sum, square []float32 // [block][width]: of x - shift

	total  []float64 // [width]
	spread []float64 // [width]
	step   int       // channels per task of finish
	mean   []float32
	vari   []float32
	job    func(worker, task int)
}

// start prepares for the given number of blocks.
func (m *blockMoments) start(blocks, channels int) {
	if m.job == nil {
		m.job = m.combine
	}
	m.channels = channels
	m.width = (channels + momentChannels - 1) / momentChannels * momentChannels
	m.rows = grow(m.rows, blocks)
	clear(m.rows)
	n := blocks * m.width
	m.shift, m.sum, m.square = grow(m.shift, n), grow(m.sum, n), grow(m.square, n)
	m.total, m.spread = grow(m.total, m.width), grow(m.spread, m.width)
}

// block sums rows rows of x, one block of the result.
func (m *blockMoments) block(block int, x []float32, rows int) {
	m.rows[block] = rows
	at := block * m.width
	shift, sum, square := m.shift[at:at+m.width], m.sum[at:at+m.width], m.square[at:at+m.width]
	m.reference(shift, x, rows)
	if useAVX2 {
		momentRowsAVX2(&sum[0], &square[0], &x[0], &shift[0], rows, m.channels)
		return
	}
	for c := range m.channels {
		var s, q float64
		for r := range rows {
			d := float64(x[r*m.channels+c] - shift[c])
			s += d
			q += d * d
		}
		sum[c], square[c] = float32(s), float32(q)
	}
}

// reference computes the mean of four rows out of the given ones.
func (m *blockMoments) reference(mean, x []float32, rows int) {
	n := m.channels
	row := func(i int) []float32 { return x[(2*i+1)*rows/8*n:][:n] }
	r0, r1, r2, r3 := row(0), row(1), row(2), row(3)
	for c, v := range r0 {
		mean[c] = (v + r1[c] + r2[c] + r3[c]) * 0.25
	}
}

// finish combines the blocks, in float64 and in order.
func (m *blockMoments) finish(mean, variance []float32) {
	m.mean, m.vari = mean[:m.channels], variance[:m.channels]
	const pairs = 8192 // of block and channel per task
	m.step = (pairs/max(len(m.rows), 1) + momentChannels) / momentChannels * momentChannels
	parallel((m.channels+m.step-1)/m.step, m.job)
	m.mean, m.vari = nil, nil
}

// combine computes one range of channels.
func (m *blockMoments) combine(_, task int) {
	lo := task * m.step
	hi := min(lo+m.step, m.channels)
	total, spread := m.total[lo:hi], m.spread[lo:hi]
	clear(total)
	clear(spread)
	rows := 0
	for b, n := range m.rows {
		if n == 0 {
			continue
		}
		rows += n
		shift, sum := m.shift[b*m.width+lo:], m.sum[b*m.width+lo:]
		for c := range total {
			total[c] += float64(n)*float64(shift[c]) + float64(sum[c])
		}
	}
	scale := 1 / float64(max(rows, 1))
	for c := range total {
		total[c] *= scale
	}
	for b, n := range m.rows {
		if n == 0 {
			continue
		}
		inv := 1 / float64(n)
		at := b*m.width + lo
		shift, sum, square := m.shift[at:], m.sum[at:], m.square[at:]
		for c, mean := range total {
			// Within the block, and of the block's mean around the whole one's.
			s := float64(sum[c])
			d := float64(shift[c]) + s*inv - mean
			spread[c] += float64(square[c]) - s*s*inv + float64(n)*d*d
		}
	}
	for c, v := range spread {
		m.mean[lo+c] = float32(total[c])
		m.vari[lo+c] = float32(max(v*scale, 0))
	}
}
