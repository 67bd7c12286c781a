package activity

// Report is how sparse activations are.
type Report struct {
	// Overall is the share of all values, of all layers together, that are not
	// exactly 0.
	Overall float64 `json:"overall"`
	// Dead is the share of all units that were 0 at every position of every
	// example.
	Dead   float64          `json:"dead_units"`
	Layers map[string]Layer `json:"layers"` // by name
}

// Layer is how sparse the output of one layer is.
type Layer struct {
	Density float64 `json:"density"` // share of the values that are not exactly 0
	Units   int     `json:"units"`
	Dead    int     `json:"dead_units"` // units that were 0 throughout
	// Hoyer is the mean over positions, where not all is 0, of Hoyer's index
	// (√n − ‖a‖₁/‖a‖₂)/(√n − 1) of the n units: 0 where all are the same size, 1
	// where one alone is not 0, and 0 for a single unit.
	Hoyer float64 `json:"hoyer"`
}

// Report sums up the runs since the last Reset; nil where the network has no
// Sites or there was no run.
func (m *Meter) Report() *Report {
	if len(m.sites) == 0 || m.sites[0].rows == 0 {
		return nil
	}
	r := &Report{Layers: map[string]Layer{}}
	var fired, values, dead, units int64
	for _, s := range m.sites {
		l := Layer{Units: len(s.fired)}
		n := int64(0)
		for _, f := range s.fired {
			n += f
			if f == 0 {
				l.Dead++
			}
		}
		all := s.rows * int64(l.Units)
		l.Density = float64(n) / float64(all)
		if s.alive > 0 {
			l.Hoyer = s.hoyer / float64(s.alive)
		}
		r.Layers[s.name] = l
		fired, values = fired+n, values+all
		dead, units = dead+int64(l.Dead), units+int64(l.Units)
	}
	r.Overall, r.Dead = float64(fired)/float64(values), float64(dead)/float64(units)
	return r
}
