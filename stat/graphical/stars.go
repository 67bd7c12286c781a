package graphical

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"pare/stat/internal/progress"
)

// Stability is the share of subsamples in which a pair of variables is an edge.
type Stability struct {
	I         int     `json:"i"` // variables from 0, I < J
	J         int     `json:"j"`
	Frequency float64 `json:"frequency"`
}

// subsamples walk down a path together, each a random part of the observations.
type subsamples struct {
	walks []*walk
	p     int
}

func newSubsamples(x []float64, n, p int, o SelectOptions, lambdas []float64) (*subsamples, error) {
	opt, err := o.Path.Options.check(p)
	if err != nil {
		return nil, err
	}
	size := int(0.8 * float64(n))
	if n > 144 {
		size = int(10 * math.Sqrt(float64(n)))
	}
	s := &subsamples{p: p}
	for k := range o.Subsamples {
		rows := shuffled(n, o.Seed, uint64(k)+2)[:size]
		c, err := fromData(rowsOf(x, p, rows), size, p, o.Correlation)
		if err != nil {
			return nil, fmt.Errorf("subsample %d of %d: %w", k+1, o.Subsamples, err)
		}
		s.walks = append(s.walks, newWalk(c, o.Penalty, opt, lambdas))
	}
	return s, nil
}

// step fits all subsamples at λ and returns the frequencies of edges above zero.
func (s *subsamples) step(lambda float64, done *progress.Counter) ([]Stability, error) {
	counts := make(map[[2]int]int)
	for _, w := range s.walks {
		net, err := w.step(lambda)
		if err != nil {
			return nil, err
		}
		for _, e := range net.Edges {
			counts[[2]int{e.I, e.J}]++
		}
		done.Add(1)
	}
	out := make([]Stability, 0, len(counts))
	for pair, k := range counts {
		out = append(out, Stability{pair[0], pair[1], float64(k) / float64(len(s.walks))})
	}
	slices.SortFunc(out, func(a, b Stability) int {
		return cmp.Or(cmp.Compare(b.Frequency, a.Frequency), cmp.Compare(a.I, b.I), cmp.Compare(a.J, b.J))
	})
	return out, nil
}

// instability is the mean of 2ξ(1−ξ) over all pairs.
func (s *subsamples) instability(edges []Stability) float64 {
	sum := 0.0
	for _, e := range edges {
		sum += 2 * e.Frequency * (1 - e.Frequency)
	}
	return sum / (float64(s.p) * float64(s.p-1) / 2)
}

// subsample is StARS. It stops at the first λ that is not stable: instability, made
// monotone, stays above the limit from there on.
func (s *Selection) subsample(x []float64, n, p int, o SelectOptions) error {
	lambdas := s.Path.Lambdas()
	samples, err := newSubsamples(x, n, p, o, lambdas)
	if err != nil {
		return err
	}
	s.Score = make([]float64, len(lambdas))
	for i := range s.Score {
		s.Score[i] = math.NaN()
	}
	done := progress.New(o.Path.Progress, len(lambdas), len(lambdas)*(1+o.Subsamples))
	for i, lambda := range lambdas {
		edges, err := samples.step(lambda, done)
		if err != nil {
			return err
		}
		s.Score[i] = samples.instability(edges)
		if i > 0 && s.Score[i] > o.Instability {
			break
		}
		s.Best, s.OneSE, s.Stability = i, i, edges
	}
	return nil
}

// EdgeStability fits subsamples of the data at the given λ, as StARS does, and returns how
// often each pair is an edge, the most frequent first. Of o it reads Penalty (with Lambda 0),
// Correlation, Subsamples, Seed, and of Path the options of a fit and the progress.
func EdgeStability(x []float64, n, p int, lambda float64, o SelectOptions) ([]Stability, error) {
	if _, _, err := center(x, n, p); err != nil {
		return nil, err
	}
	o.Method = StARS
	o.Instability = 0 // there is no limit to keep to
	if err := o.check(n); err != nil {
		return nil, err
	}
	if err := o.Penalty.with(lambda).check(p); err != nil {
		return nil, err
	}
	samples, err := newSubsamples(x, n, p, o, []float64{lambda})
	if err != nil {
		return nil, err
	}
	return samples.step(lambda, progress.New(o.Path.Progress, 0, o.Subsamples))
}
