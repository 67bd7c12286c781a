package regularize

import (
	"math"

	"pare/nn"
)

// cells is a parameter every value of which is a group of its own, under an
// elementwise penalty.
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

func (c *cells) prox(tau float64, metric func(*nn.Param) []float32) {
	proxWhole(c.pen, c.bound[0], c.data, float32(tau*c.scale), metric)
}

// proxWhole applies an elementwise penalty to a whole parameter.
func proxWhole(pen Penalty, p *nn.Param, w []float32, tau float32, metric func(*nn.Param) []float32) {
	if metric != nil {
		if d := metric(p); d != nil {
			pen.ProxMetric(w, d, tau)
			return
		}
	}
	pen.Prox(w, tau)
}

func (c *cells) count() (total, zero int) {
	for _, v := range c.data {
		if v == 0 {
			zero++
		}
	}
	return len(c.data), zero
}

func (c *cells) norms(dst []float64) []float64 {
	for _, v := range c.data {
		dst = append(dst, math.Abs(float64(v)))
	}
	return dst
}

func scaleBy(w []float32, f float32) {
	for i := range w {
		w[i] *= f
	}
}

// findCells returns the weights that a Spec chooses, with the scale and the
// factor of each.
func (f *finder) findCells(t *topology, s Spec, pen Penalty) ([]part, error) {
	choose, factors := newChooser(s.Layers), newFactors(s.Factors)
	var found []*cells
	var cost []float64
	values, total := 0.0, 0.0
	for i, node := range t.net.Nodes {
		for _, p := range node.Layer.Params() {
			if p.Role != nn.RoleWeight || !choose.take([]string{node.Name}) {
				continue
			}
			factor, err := factors.of("the weights of "+node.Name, []string{node.Name, node.Name + "." + p.Name})
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
	if macs {
		f.priced = int(values)
		if f.price == 0 {
			f.price = values / total
		}
	}
	var parts []part
	for i, c := range found {
		if macs {
			c.scale *= cost[i] * f.price
		}
		if c.scale > 0 {
			parts = append(parts, c)
		}
	}
	return parts, nil
}
