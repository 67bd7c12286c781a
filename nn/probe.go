package nn

import "gorgonia.org/gorgonia"

// Probe is computed along with a program, in every mode, to see outputs of
// layers without keeping them. It has no effect on anything else.
type Probe interface {
	OutputReader
	// Build returns a node that depends on the outputs.
	Build(b *Builder) (*gorgonia.Node, error)
}

// buildProbes adds the probes to the graph.
func buildProbes(b *Builder, probes []Probe) error {
	for _, p := range probes {
		n, err := p.Build(b)
		if err != nil {
			return err
		}
		b.Pin(n)
	}
	return nil
}
