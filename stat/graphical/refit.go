package graphical

import "math"

// Refit is the network with the same edges that fits S best without a penalty: the maximum
// likelihood estimate of the Gaussian graphical model, free of the shrinkage that chose the
// edges. It need not exist with few observations; the network then did not converge.
func Refit(c *Covariance, net *Network, o Options) (*Network, error) {
	p := c.P()
	pen := Penalty{Weights: make([]float64, p*p)}
	for k := range pen.Weights {
		pen.Weights[k] = math.Inf(1)
	}
	for _, e := range net.Edges {
		pen.Weights[e.I*p+e.J], pen.Weights[e.J*p+e.I] = 0, 0
	}
	return Fit(c, pen, o)
}
