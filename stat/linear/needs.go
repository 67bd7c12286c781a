package linear

import "fmt"

// refuse returns why no solver takes a combination of family, penalty and constraints. The
// solver of one predictor takes any loss and any penalty; the one of several, one a class, takes
// penalties of single coefficients that are convex, and no offsets.
func (p *Problem) refuse() error {
	several := families[p.Family].loss == nil
	if p.Penalty != nil {
		if err := p.Penalty.check(); err != nil {
			return err
		}
	}
	_, ridge := p.Penalty.(Ridge)
	for _, rule := range []struct {
		broken bool
		reason string
	}{
		{several && p.Groups != nil, "groups with a multinomial response are not supported"},
		{several && p.Penalty != nil && !ridge, "MCP and SCAD with a multinomial response are not supported"},
		{several && p.Offset != nil, "offsets with a multinomial response are not supported"},
		{p.Groups != nil && p.Penalty != nil, "groups have a penalty of their own: leave Penalty nil"},
		{p.Groups != nil && p.PenaltyFactor != nil, "groups have GroupFactor, not PenaltyFactor"},
		{p.Groups != nil && (p.Lower != nil || p.Upper != nil), "bounds of coefficients in groups are not supported"},
		{p.Groups == nil && p.GroupFactor != nil, "factors of groups without groups"},
		{p.Penalty != nil && p.Alpha != 0, "alpha is of the elastic net: leave it 0 with another penalty"},
	} {
		if rule.broken {
			return fmt.Errorf("linear: %s", rule.reason)
		}
	}
	return nil
}
