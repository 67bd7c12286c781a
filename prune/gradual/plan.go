package gradual

// Plan is the share of a network to keep at each point of training, a share of its steps.
type Plan struct {
	Share    float64 // to keep in the end, in (0, 1)
	From, By float64 // points where the share begins to fall and where it has arrived
}

// early is the part of the time after which the plan has arrived, so that groups that lag
// behind it go in time.
const early = 0.9

// At is 1 up to From and falls to Share along a cubic, fast at first and slowly in
// the end (Zhu & Gupta 2017, eq. 1).
func (p Plan) At(x float64) float64 {
	rest := 1 - (x-p.From)/(early*(p.By-p.From))
	rest = min(max(rest, 0), 1)
	return p.Share + (1-p.Share)*rest*rest*rest
}
