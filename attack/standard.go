package attack

func init() {
	Kinds.Register("standard", "the set of AutoAttack: apgd, apgdt, fab and square on the examples that hold", func() Attack { return NewStandard() })
}

// Standard is the standard set of AutoAttack (Croce & Hein 2020b): APGD with the cross-entropy,
// targeted APGD, targeted FAB and Square, in this order, each on the examples that the attacks
// before left unbroken.
type Standard struct {
	Steps   int `yaml:"steps" range:"[1,)" doc:"number of steps of each attack by gradients"`
	Targets int `yaml:"targets" range:"[1,)" doc:"number of classes that apgdt and fab aim at"`
	Queries int `yaml:"queries" range:"[1,)" doc:"number of points that square tries for an example"`
}

// NewStandard has the settings of AutoAttack.
func NewStandard() *Standard { return &Standard{Steps: 100, Targets: 9, Queries: 5000} }

// Attacks are the attacks of the set, in order.
func (a *Standard) Attacks() []Attack {
	apgd, targeted, fab, square := NewAPGD(), NewAPGDT(), NewFAB(), NewSquare()
	apgd.Steps, targeted.Steps, fab.Steps, square.Queries = a.Steps, a.Steps, a.Steps, a.Queries
	targeted.Targets, fab.Targets = a.Targets, a.Targets
	return []Attack{apgd, targeted, fab, square}
}

// Search implements Attack.
func (a *Standard) Search(s *Search) error {
	for _, part := range a.Attacks() {
		if err := part.Search(s); err != nil {
			return err
		}
	}
	return nil
}
