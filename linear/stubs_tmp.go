package linear

func (p *Problem) checkGroups(f int) error                          { return nil }
func newGroupEngine(p *Problem, t *task, o Options) (engine, error) { return nil, nil }
func newMultinomial(p *Problem, t *task, o Options) (engine, error) { return nil, nil }
