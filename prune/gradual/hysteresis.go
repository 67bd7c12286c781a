package gradual

import "pare/nn"

// hysteresis keeps groups out of a removal that were not zero at the previous check: while
// the rate is high, groups reach zero and come back, and a removed group cannot come back.
// The zero value has made no check yet.
type hysteresis struct {
	Zero [][]byte `json:"zero,omitempty"` // by penalty, a bit for each group: zero at the last look
}

// fresh are the values of the groups that have come to zero since the last look, for a
// removal to hold. Terms of nil are left out.
func (h *hysteresis) fresh(ts terms) nn.Held {
	held := nn.Held{}
	for k, t := range ts.all() {
		norms := t.Norms()
		t.Visit(func(g int, p *nn.Param, i int) {
			if norms[g] != 0 || h.zero(k, g) {
				return
			}
			if held[p] == nil {
				held[p] = make([]bool, p.Size())
			}
			held[p][i] = true
		})
	}
	return held
}

// look remembers which groups are zero.
func (h *hysteresis) look(ts terms) {
	h.Zero = make([][]byte, len(ts))
	for k, t := range ts.all() {
		norms := t.Norms()
		bits := make([]byte, (len(norms)+7)/8)
		for g, v := range norms {
			if v == 0 {
				bits[g/8] |= 1 << (g % 8)
			}
		}
		h.Zero[k] = bits
	}
}

func (h *hysteresis) zero(term, group int) bool {
	return term < len(h.Zero) && group/8 < len(h.Zero[term]) && h.Zero[term][group/8]&(1<<(group%8)) != 0
}
