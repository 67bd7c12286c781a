package regularize

import "pare/nn"

// Separate splits Prox for an optimizer that applies penalties of single values
// in the pass of its update. take is called for every parameter on which Prox is
// the proximal map of step·Lambda()·scale·Σ(alpha·|w| + (1−alpha)/2·w²), be it
// l1 or an elastic net, one value by itself; rest is Prox without the parameters
// for which take returned true, nil when there are no others.
func (t *Term) Separate(take func(p *nn.Param, scale, alpha float64) bool) (rest func(step float64, metric func(*nn.Param) []float32)) {
	var left []part
	for _, p := range t.active() {
		cells := valueByValue(p)
		if cells == nil {
			left = append(left, p)
		}
		for _, c := range cells {
			alpha := elasticAlpha(c.pen)
			if alpha == 0 || !take(c.bound[0], c.scale, alpha) {
				left = append(left, c)
			}
		}
	}
	if len(left) == 0 {
		return nil
	}
	return func(step float64, metric func(*nn.Param) []float32) { t.prox(left, step, metric) }
}

// valueByValue is a part as parameters whose values are groups of their own, nil
// when it does not come apart so.
func valueByValue(p part) []*cells {
	switch p := p.(type) {
	case *cells:
		return []*cells{p}
	case *groupSet:
		if !p.whole {
			return nil
		}
		var out []*cells
		for k, b := range p.blocks {
			out = append(out, &cells{pen: p.pen, bound: []*nn.Param{b.param}, data: p.data[k], scale: p.scale[0]})
		}
		return out
	}
	return nil
}

// elasticAlpha is α of a penalty α·Σ|w| + (1−α)/2·Σw², 0 for other penalties.
func elasticAlpha(p Penalty) float64 {
	switch p := p.(type) {
	case L1:
		return 1
	case *ElasticNet:
		return p.Alpha
	}
	return 0
}
