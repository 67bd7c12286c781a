package nn

// Statistics are running statistics that a layer gathers anew while a program in
// mode Measure runs: each run adds its batch.
type Statistics interface {
	// Reset forgets all batches.
	Reset()
	// Store puts the statistics of the batches since Reset in place of the running
	// ones; there must be at least one.
	Store()
}

// Statistics registers what the layer being built gathers in mode Measure.
func (b *Builder) Statistics(s Statistics) { b.statistics = append(b.statistics, s) }

// Statistics are those that the layers of a program in mode Measure gather; none
// where no layer has any.
func (p *Program) Statistics() []Statistics { return p.statistics }

// HasBuffers reports whether a network has parameters that are not trained, such as
// running statistics.
func (n *Network) HasBuffers() bool {
	for _, p := range n.Params() {
		if !p.Trainable() {
			return true
		}
	}
	return false
}
