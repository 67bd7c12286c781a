package torchvision

import (
	"math"
	"math/rand/v2"

	"pare/nn"
)

// scheme draws the parameters of a family. Normalisations begin with a scale of 1 and a
// shift of 0 in all of them.
type scheme struct {
	conv, linear func(p *nn.Param, fanIn, fanOut int, rng *rand.Rand)
	bias         func(p *nn.Param, fanIn int, rng *rand.Rand)
}

// layer draws the parameters of one layer.
func (s scheme) layer(node *nn.Node, rng *rand.Rand) error {
	fanIn := 0
	for _, p := range node.Layer.Params() { // the weight comes before the bias
		switch p.Role {
		case nn.RoleWeight:
			shape := p.ExportShape() // [out, in of a group, height, width] or [out, in]
			fanIn = p.Size() / shape[0]
			draw := s.linear
			fanOut := shape[0]
			if len(shape) == 4 {
				draw, fanOut = s.conv, shape[0]*shape[2]*shape[3]
			}
			draw(p, fanIn, fanOut, rng)
		case nn.RoleBias:
			s.bias(p, fanIn, rng)
		}
	}
	return nil
}

// heIn and heOut are kaiming_normal_ of PyTorch with modes fan_in and fan_out (He et al. 2015,
// eqs. 10 and 14).
func heIn(p *nn.Param, fanIn, _ int, rng *rand.Rand)   { p.Normal(nn.HeStd(fanIn), rng) }
func heOut(p *nn.Param, _, fanOut int, rng *rand.Rand) { p.Normal(nn.HeStd(fanOut), rng) }

// normal is N(0, 0.01²).
func normal(p *nn.Param, _, _ int, rng *rand.Rand) { p.Normal(0.01, rng) }

// uniformIn and uniformOut are U(−1/√n, 1/√n) of the numbers of inputs and of outputs; the first
// is what PyTorch's layers do by themselves.
func uniformIn(p *nn.Param, fanIn, _ int, rng *rand.Rand) {
	p.Uniform(1/math.Sqrt(float64(fanIn)), rng)
}

func uniformOut(p *nn.Param, _, fanOut int, rng *rand.Rand) {
	p.Uniform(1/math.Sqrt(float64(fanOut)), rng)
}

func uniformBias(p *nn.Param, fanIn int, rng *rand.Rand) { uniformIn(p, fanIn, 0, rng) }

func zeroBias(p *nn.Param, _ int, _ *rand.Rand) { p.Fill(0) }
