package report

// curves returns the charts of a run; those without a value are left out.
func curves(phases []Phase) []lineChart {
	shifts, spans := timeline(phases)
	line := func(name string, value func(Point) float64) series {
		return series{name: name, pieces: pieces(phases, shifts, value)}
	}
	charts := []lineChart{
		{title: "Loss", zero: true, lines: []series{
			line("training", func(p Point) float64 { return p.TrainLoss }),
			line("validation", func(p Point) float64 { return p.ValLoss })}},
		{title: "Validation accuracy", percent: true, lines: []series{
			line("validation accuracy", func(p Point) float64 { return p.ValAccuracy })}},
		{title: "Sparsity", percent: true, zero: true, lines: []series{
			line("weights that are 0", func(p Point) float64 { return p.Zeros }),
			line("groups that are 0", func(p Point) float64 { return p.GroupsZero / p.GroupsTotal })}},
		{title: "Left after removal", percent: true, zero: true, lines: []series{
			line("parameters", func(p Point) float64 { return p.ParamsLeft }),
			line("multiply-accumulates", func(p Point) float64 { return p.MACsLeft })}},
		{title: "Penalty", zero: true, lines: []series{
			line("penalty", func(p Point) float64 { return p.Penalty })}},
		{title: "Learning rate", zero: true, lines: []series{
			line("learning rate", func(p Point) float64 { return p.LR })}},
	}
	charts = append(charts, trajectories(phases, shifts)...)
	var out []lineChart
	for _, c := range charts {
		var known []series
		for _, s := range c.lines {
			if s.known() {
				known = append(known, s)
			}
		}
		if c.lines, c.spans = known, spans; len(known) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// known reports whether a curve says anything: one that is 0 throughout was not
// measured.
func (s series) known() bool {
	for _, piece := range s.pieces {
		for _, d := range piece {
			if d.y != 0 {
				return true
			}
		}
	}
	return false
}

// timeline puts phases one after another: a phase that counts its epochs anew
// is shifted behind the one before. Spans meet halfway between the phases.
func timeline(phases []Phase) (shifts []float64, spans []span) {
	shifts = make([]float64, len(phases))
	for i, phase := range phases {
		first, last, ok := extent(phase)
		if !ok {
			continue
		}
		if n := len(spans); n > 0 {
			before := spans[n-1].to
			if first <= before {
				shifts[i] = before + 1 - first
			}
			first, last = first+shifts[i], last+shifts[i]
			spans[n-1].to = (before + first) / 2
			first = spans[n-1].to
		}
		spans = append(spans, span{name: phase.Name, from: first, to: last})
	}
	return shifts, spans
}

// extent is the first and the last epoch of a phase.
func extent(phase Phase) (first, last float64, ok bool) {
	for _, p := range phase.Epochs {
		if !finite(p.Epoch) {
			continue
		}
		if !ok {
			first, last, ok = p.Epoch, p.Epoch, true
		}
		first, last = min(first, p.Epoch), max(last, p.Epoch)
	}
	return first, last, ok
}

// pieces collects a curve. It breaks between phases and where a value is missing.
func pieces(phases []Phase, shifts []float64, value func(Point) float64) [][]dot {
	var out [][]dot
	for i, phase := range phases {
		var piece []dot
		for _, p := range phase.Epochs {
			y := value(p)
			if finite(p.Epoch) && finite(y) {
				piece = append(piece, dot{p.Epoch + shifts[i], y})
				continue
			}
			if len(piece) > 0 {
				out = append(out, piece)
			}
			piece = nil
		}
		if len(piece) > 0 {
			out = append(out, piece)
		}
	}
	return out
}
