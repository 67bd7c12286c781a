package diffusion

// approach lists values of λ to pass through on the way down from one that has been
// solved, or at which all is zero, to the next. Where inputs are collinear, the steps
// of coordinate descent along directions that do not change the loss are as small as
// λ: a tiny λ started from far away would take of the order of 1/λ passes, and these
// values, solved roughly, take a few each.
func approach(from, to float64) []float64 {
	var way []float64
	if to <= 0 {
		return nil
	}
	for l := from / 2; l > 1.5*to; l /= 2 {
		way = append(way, l)
	}
	return way
}

// rough is the gap, relative to the objective, at which such a value is left.
const rough = 0.001
