package prune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"pare/nn"
	"pare/prune/importance"
)

// Selection zeroes the least important units until the network meets a budget: the
// baselines that papers compare with. Prune then removes them.
type Selection struct {
	Importance importance.Importance // criterion by which units go
	Scope      string                // "global": the lowest scores of the network; "layer": the same share of each layer; "" means global
	MACs       float64               // share of the multiply-accumulates to keep, in (0, 1]; 0: no such budget
	Params     float64               // share of the parameters to keep, in (0, 1]; 0: no such budget
	Latency    float64               // share of the time of an inference to keep, in (0, 1]; 0: no such budget
	Batch      int                   // examples of an inference that is timed; 0 means 1
	// Layers are the shares of their units that layers keep at most, in (0, 1], by name or
	// pattern; units of these layers do not compete for the other budget. nil: no such budgets.
	Layers map[string]float64
	// Keep and RoundTo demand units of the layers, as in Options. Of the units that would have
	// gone, the most important ones stay.
	Keep    Keep
	RoundTo int
	Seed    uint64           // of random scores, and of the inputs that are timed
	Data    *importance.Data // for criteria that need data; nil: none
	Clock   Clock            // times inferences; nil: measures them on this machine

	Progress func(what string, done, total int64) // of Choose: called after each piece of work; nil: none
}

// Choice is the outcome of a Selection.
type Choice struct {
	Latency *Latency  // measured times; nil: the budget is another one
	Limited []Limited // layers that keep units by Keep or RoundTo that would have gone
	Held    nn.Held   // for Options.Held: the dead units that the removal keeps by Keep or RoundTo; nil: none
}

// Methods lists the pruning methods with a line about each.
func Methods() [][2]string {
	return [][2]string{
		{"zeros", "removes the units that training drove to exactly zero"},
		{"least", "zeroes the units of least importance up to a budget, then removes them"},
		{"magnitude", "is least with importance magnitude"},
		{"random", "is least with importance random"},
		{"weights", "zeroes single weights up to a budget, at once, gradually or by an N:M pattern"},
		{"rigl", "trains with few single weights from the start, which move where gradients are large"},
		{"none", "keeps the network whole"},
	}
}

// Validate reports options that make no sense.
func (s Selection) Validate() error {
	if s.Importance == nil {
		return errors.New("the selection has no importance to choose units by")
	}
	if s.Scope != "" && s.Scope != "global" && s.Scope != "layer" {
		return fmt.Errorf("selection scope %q is not global or layer", s.Scope)
	}
	for _, b := range s.budgets() {
		if !(b.share >= 0 && b.share <= 1) {
			return fmt.Errorf("budget %s is %g, it must be above 0 and at most 1", b.name, b.share)
		}
	}
	for _, pattern := range slices.Sorted(maps.Keys(s.Layers)) {
		if v := s.Layers[pattern]; !(v > 0 && v <= 1) {
			return fmt.Errorf("budget layers gives %q %g, it must be above 0 and at most 1", pattern, v)
		}
	}
	if n := len(s.given()); n > 1 || n == 0 && len(s.Layers) == 0 {
		return errors.New("it needs exactly one budget: either macs or params or latency, or layers alone")
	}
	if s.Batch < 0 || s.Batch > 0 && s.Latency == 0 {
		return fmt.Errorf("the batch is %d; it must be at least 1, and only budget latency takes one", s.Batch)
	}
	if s.RoundTo < 0 {
		return fmt.Errorf("round_to is %d, it must be at least 1", s.RoundTo)
	}
	if err := s.Keep.Validate(); err != nil {
		return fmt.Errorf("keep.%w", err)
	}
	return nil
}

// budget is a budget of the whole network.
type budget struct {
	name  string
	share float64
}

func (s Selection) budgets() []budget {
	return []budget{{"macs", s.MACs}, {"params", s.Params}, {"latency", s.Latency}}
}

// given are the budgets of the whole network that are set.
func (s Selection) given() []budget {
	return slices.DeleteFunc(s.budgets(), func(b budget) bool { return b.share == 0 })
}

// Fits returns the error of a criterion that cannot score the units of a network. Without
// data it does not try a criterion that needs data.
func (s Selection) Fits(net *nn.Network) error {
	if _, err := s.candidates(context.Background(), net); !errors.Is(err, importance.ErrNoData) {
		return err
	}
	return nil
}

// candidate is a unit that may go, with all its slots.
type candidate struct {
	unit  int
	layer int   // node that makes it first
	makes []int // all nodes that make it
	slots []nn.Slot
	score float64
}

// Zero sets the parameters of the selected units to 0, in place. Every layer
// keeps at least one unit. A budget that this cannot meet is an error, and then
// the network is unchanged.
func (s Selection) Zero(net *nn.Network) error {
	_, err := s.Choose(context.Background(), net)
	return err
}

// Choose is Zero with its outcome. When ctx ends it returns the error of ctx, and then the network
// is unchanged.
func (s Selection) Choose(ctx context.Context, net *nn.Network) (*Choice, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	list, err := s.candidates(ctx, net)
	if err != nil {
		return nil, err
	}
	forced, list, err := s.layerwise(net, list)
	if err != nil {
		return nil, err
	}
	t, err := newTrial(net, append(forced, list...), s.Keep, s.RoundTo)
	if err != nil {
		return nil, err
	}
	t.step = s.step(ctx, choosing)
	t.shares = len(s.Layers) > 0
	choice, err := s.choose(ctx, t, len(forced))
	if err != nil {
		t.restore()
		return nil, err
	}
	choice.Limited, choice.Held = t.limited, t.held
	if s.Progress != nil {
		s.Progress(choosing, 1, 1)
	}
	return choice, nil
}

// choosing and scoring are the names of work for Progress.
const choosing, scoring = "choosing units", "scoring units"

// step counts a piece of work, and returns the error of ctx.
func (s Selection) step(ctx context.Context, what string) func(done, total int64) error {
	return func(done, total int64) error {
		if s.Progress != nil {
			s.Progress(what, done, total)
		}
		return ctx.Err()
	}
}

// candidates lists the units in the order of removal, without the last unit of each layer.
func (s Selection) candidates(ctx context.Context, net *nn.Network) ([]candidate, error) {
	units := nn.MapUnits(net)
	live := analyse(net).made // a dead unit is not worth choosing
	fixed := map[int]bool{}
	for _, u := range units.Out(len(net.Nodes) - 1) {
		fixed[u] = true
	}
	slots := units.Slots()
	var all []candidate
	var scored importance.Units
	for _, u := range slices.Sorted(maps.Keys(slots)) {
		if fixed[u] {
			continue
		}
		c := candidate{unit: u, layer: -1}
		var counts []nn.Slot // slots by which the unit is scored
		for _, slot := range slots[u] {
			if slot.Param.Axes[slot.Axis] != nn.AxisOut || !slot.Param.Trainable() {
				continue
			}
			c.slots = append(c.slots, slot)
			makes := slot.Param.Role == nn.RoleWeight && !slot.Reads()
			if makes && !live[slot.Node][slot.Index] {
				continue
			}
			counts = append(counts, slot)
			if makes && c.layer < 0 {
				c.layer = slot.Node
			}
			if makes && !slices.Contains(c.makes, slot.Node) {
				c.makes = append(c.makes, slot.Node)
			}
		}
		if c.layer >= 0 {
			all, scored = append(all, c), append(scored, counts)
		}
	}
	scores, err := importance.Scores(s.Importance, &importance.Sample{Net: net, Groups: scored, Seed: s.Seed, Data: s.Data,
		Step: s.step(ctx, scoring)})
	if err = cmp.Or(ctx.Err(), err); err != nil { // batches of data end early with ctx
		return nil, err
	}
	if s.Progress != nil {
		s.Progress(scoring, 1, 1)
	}
	layers := map[int][]candidate{}
	for i, c := range all {
		c.score = scores[i]
		layers[c.layer] = append(layers[c.layer], c)
	}
	return s.order(layers), nil
}

func (s Selection) order(layers map[int][]candidate) []candidate {
	var all []candidate
	for _, list := range layers {
		slices.SortStableFunc(list, func(a, b candidate) int { return cmp.Compare(a.score, b.score) })
		if s.Scope == "layer" {
			for i := range list {
				list[i].score = float64(i+1) / float64(len(list))
			}
		}
		all = append(all, list[:len(list)-1]...)
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(a.layer, b.layer), cmp.Compare(a.slots[0].Index, b.slots[0].Index))
	})
	return all
}
