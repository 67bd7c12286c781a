package regularize

import (
	"math"

	"pare/internal/kernel/prox"
	"pare/nn"
)

func (s *groupSet) prox(tau float64, metric func(*nn.Param) []float32) {
	s.tau, s.inMetric = tau, metric != nil
	switch {
	case s.whole:
		for k, b := range s.blocks {
			proxWhole(s.pen, b.param, s.data[k], float32(tau*s.scale[0]), metric)
		}
	case s.radial != nil && metric == nil:
		for g, q := range s.squares(s.data) {
			s.factor[g] = float32(s.radial.Shrink(math.Sqrt(q), tau*s.scale[g]))
		}
		s.factor[len(s.scale)] = 1
		s.multiply()
	default:
		s.proxTiles(metric)
	}
}

// multiply scales every group by its factor; values in no group have factor 1.
func (s *groupSet) multiply() {
	for k, b := range s.blocks {
		factor, same := s.lineFactor[:b.lines()], true
		for i := range factor {
			f := s.factor[b.group[i%b.n]]
			factor[i] = f
			same = same && f == 1
		}
		switch {
		case same:
		case b.inner == 1:
			prox.ScaleColumns(s.data[k], factor)
		default:
			prox.ScaleRows(s.data[k], factor, b.inner)
		}
	}
}

// proxTiles hands the groups to the penalty one by one.
func (s *groupSet) proxTiles(metric func(*nn.Param) []float32) {
	for k, b := range s.blocks {
		s.tiles.metric[k] = nil
		if metric != nil {
			s.tiles.metric[k] = metric(b.param)
		}
	}
	s.tiles.each(s.proxTask)
}

// proxTile is the share of proxTiles that is one tile.
func (s *groupSet) proxTile(worker, tile int) {
	t, desk := &s.tiles.tiles[tile], s.tiles.desk(worker)
	s.tiles.gather(desk.w, s.data, t)
	if s.inMetric {
		s.tiles.gather(desk.d, s.tiles.metric, t)
	}
	for g := t.first; g < t.last; g++ {
		w, step := s.tiles.group(desk.w, g), float32(s.tau*s.scale[g])
		if s.inMetric {
			s.pen.ProxMetric(w, s.tiles.group(desk.d, g), step)
		} else {
			s.pen.Prox(w, step)
		}
	}
	for k := range s.blocks {
		s.tiles.scatter(s.data[k], desk.w, k, t)
	}
}
