package run

import (
	"pare/nn"
	"pare/regularize"
)

// settled keeps groups out of a removal that were not yet zero at the look before:
// while the rate is high groups come to zero and back, and what is removed cannot
// come back. Its zero value has looked at nothing.
type settled struct {
	Zero [][]byte `json:"zero,omitempty"` // by penalty, a bit for each group: zero at the last look
}

// held marks values of groups that are to stay: so small that it changes no output,
// and nothing that training arrives at.
const held = float32(1.1754944e-38)

// hold marks groups that have come to zero since the last look, so that a removal
// leaves them. Terms of nil are left out.
func (z *settled) hold(terms []*regularize.Term) {
	for k, t := range terms {
		if t == nil {
			continue
		}
		norms := t.Norms()
		t.Visit(func(g int, p *nn.Param, i int) {
			if norms[g] == 0 && !z.zero(k, g) {
				p.Data()[i] = held
			}
		})
	}
}

// release makes what was held zero again.
func release(net *nn.Network) {
	for _, p := range net.Params() {
		for i, v := range p.Data() {
			if v == held {
				p.Data()[i] = 0
			}
		}
	}
}

// look remembers which groups are zero.
func (z *settled) look(terms []*regularize.Term) {
	z.Zero = make([][]byte, len(terms))
	for k, t := range terms {
		if t == nil {
			continue
		}
		norms := t.Norms()
		bits := make([]byte, (len(norms)+7)/8)
		for g, v := range norms {
			if v == 0 {
				bits[g/8] |= 1 << (g % 8)
			}
		}
		z.Zero[k] = bits
	}
}

func (z *settled) zero(term, group int) bool {
	return term < len(z.Zero) && group/8 < len(z.Zero[term]) && z.Zero[term][group/8]&(1<<(group%8)) != 0
}
