package run

import (
	"fmt"

	"pare/attack"
	"pare/report"
)

// attackProgress is how far attacks and bounds on some networks have come. The zero value shows nothing.
type attackProgress struct {
	show        func(what string, done, total int64) // nil: nothing is shown
	parts, part int64                                // of the whole work, and those that are over
	what        string                               // the part at work
	share       float64                              // of it that is done
	rows        int64                                // examples that it has given to the network
}

// parts is the number of parts of the work on one network: an attack, or bounds, at one size.
func (o *Robustness) parts(attacks int) int64 {
	n := int64(len(o.Eps)*attacks) + 1 // beyond
	if o.Certify {
		n += int64(len(o.Eps)) + 1 // radii
	}
	return n
}

// begin starts a part.
func (p *attackProgress) begin(what string) { p.what, p.share, p.rows = what, 0, 0 }

// end ends a part.
func (p *attackProgress) end() {
	p.part++
	p.share = 0
	p.report()
}

// at says how much of the part is done.
func (p *attackProgress) at(done, total int) {
	p.share = float64(done) / float64(max(1, total))
	p.report()
}

// ran counts examples that the network has computed: a sign of life within a part.
func (p *attackProgress) ran(rows int) {
	p.rows += int64(rows)
	p.report()
}

func (p *attackProgress) report() {
	if p.show == nil {
		return
	}
	const grain = 1000
	what := p.what
	if p.rows > 0 {
		what = fmt.Sprintf("%s, %s evaluations", what, report.Count(p.rows))
	}
	p.show(what, p.part*grain+int64(grain*p.share), p.parts*grain)
}

// watchedModel is a network that reports its work.
type watchedModel struct {
	*attack.Network
	size     int // values of an example
	progress *attackProgress
}

// Forward implements attack.Model.
func (m *watchedModel) Forward(x, z []float64) error {
	err := m.Network.Forward(x, z)
	m.progress.ran(len(x) / m.size)
	return err
}

// Backward implements attack.Model.
func (m *watchedModel) Backward(x, gx []float64, upstream func(row int, z, gz []float64)) error {
	err := m.Network.Backward(x, gx, upstream)
	m.progress.ran(len(x) / m.size)
	return err
}

// finish ends the work, also one that ends early.
func (p *attackProgress) finish() {
	p.part, p.share, p.rows = p.parts, 0, 0
	p.report()
}
