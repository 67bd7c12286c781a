package regularize

import (
	"math"
	"slices"

	"pare/nn"
)

var weights = Target{Name: "weights", Doc: "every value of a layer's weights", parts: findCells,
	single: "%s needs groups of several values, and on single weights it equals l1; use type: l1, or on: channels or neurons"}

// cells is a parameter whose every value is a group, under an elementwise penalty.
type cells struct {
	pen   Penalty
	bound []*nn.Param // the one
	data  []float32
	scale float64
}

var _ part = (*cells)(nil)

func (c *cells) params() []*nn.Param { return c.bound }

func (c *cells) value(data [][]float32) float64 { return c.scale * c.pen.Value(data[0]) }

func (c *cells) gradient(dst []float32, _ int, data [][]float32, factor float64) {
	c.pen.Subgradient(dst, data[0])
	scaleBy(dst, float32(c.scale*factor))
}

func (c *cells) prox(tau float64, metric metric) {
	c.pen.Prox(c.data, metricOf(metric, c.bound[0]), float32(tau*c.scale))
}

func (c *cells) norms(dst []float64) []float64 {
	for _, v := range c.data {
		dst = append(dst, math.Abs(float64(v)))
	}
	return dst
}

func (c *cells) scales(dst []float64) []float64 {
	return append(dst, slices.Repeat([]float64{c.scale}, len(c.data))...)
}

func (c *cells) areas() []*block {
	return []*block{{param: c.bound[0], outer: 1, n: len(c.data), inner: 1}}
}

// findCells lays out the weights that a Spec chooses: every parameter by itself.
func findCells(f *finder, t *topology, s Spec, pen Penalty) ([]part, error) {
	choose, factors := newChooser(s.Layers), newFactors(s.Factors)
	var found []*cells
	var cost []float64
	values, total := 0.0, 0.0
	for i, node := range t.net.Nodes {
		for _, p := range node.Params() {
			if p.Role != nn.RoleWeight || !choose.take([]string{node.Name}) {
				continue
			}
			factor, err := factors.find("the weights of "+node.Name, []string{node.Name, node.Name + "." + p.Name})
			if err != nil {
				return nil, err
			}
			macs := t.perWeight(i)
			values += float64(p.Size())
			total += macs * float64(p.Size())
			found = append(found, &cells{pen: pen, bound: []*nn.Param{p}, data: p.Data(), scale: factor})
			cost = append(cost, macs)
		}
	}
	if err := choose.check(s.On); err != nil && !f.partial {
		return nil, err
	}
	if err := factors.check(); err != nil && !f.partial {
		return nil, err
	}
	macs := s.scale(pen) == "macs" && total > 0
	price := 0.0
	if macs {
		price = f.priceOf(int(values), total)
	}
	var parts []part
	for i, c := range found {
		if macs {
			c.scale *= cost[i] * price
		}
		if c.scale > 0 {
			parts = append(parts, c)
		}
	}
	return parts, nil
}

// Separate splits Prox for an optimizer that applies penalties of single values in the pass
// of its update. It calls take for every parameter whose proximal map, value by value, is
// the map of step·Lambda()·scale·Σ(alpha·|w| + (1−alpha)/2·w²): l1 or an elastic net. rest
// is Prox for the parameters for which take returned false; nil if there are none.
func (t *Term) Separate(take func(p *nn.Param, scale, alpha float64) bool) (rest func(step float64, metric metric)) {
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
	return func(step float64, metric metric) { t.prox(left, step, metric) }
}

// valueByValue splits a part into parameters in which every value is a group; nil if that
// is not possible.
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
