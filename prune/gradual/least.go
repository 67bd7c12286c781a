package gradual

import (
	"math"
	"slices"

	"pare/nn"
	"pare/prune/importance"
	"pare/regularize"
	"pare/train"
)

// Method Least works in intervals. After a pause of a quarter of the interval it chooses
// the least important groups, as many as the plan asks for; they fade to zero over the rest
// of the interval and are removed at its end (after HESSO, Chen et al. 2024, which ranks
// and shrinks groups in periods).

const (
	// evidence is the number of batches whose gradients tell the importance of groups. A
	// network that fits its data well has a gradient on few batches: two of them rank by
	// chance.
	evidence = 25
	// shortest is the shortest interval in steps: the remaining groups have to make up
	// for those that go.
	shortest = 40
)

// lasting is the number of steps of an interval: every, or the first multiple of it that
// is not too short. A training with few steps between the plan's From and By is halved
// at least.
func lasting(every int, p Plan, steps int) int {
	least := min(shortest, int((p.By-p.From)*float64(steps))/2)
	return every * max(1, (least+every-1)/every)
}

// pause is the number of steps at the start of an interval before groups are chosen.
func (s *Shrinker) pause() int { return max(1, s.interval/4) }

// enough is the number of batches that a choice of groups needs.
func (s *Shrinker) enough() int { return max(s.pause(), min(evidence, s.interval)) }

// ahead is the number of steps until groups are chosen; at 0 and below, the pause is over.
func (s *Shrinker) ahead(at train.Place) int {
	f := &s.Fading
	if at.Share < s.goal.Plan.From {
		steps := float64(s.interval) / s.goal.Step // of the training
		return int(math.Ceil(s.goal.Plan.From*steps)) - at.Step + s.pause()
	}
	return f.Left + s.pause() - f.Paused
}

// least is the turn of method Least after a step.
func (s *Shrinker) least(net *nn.Network, at train.Place) (*train.Reshaped, error) {
	f := &s.Fading
	s.strengthen(at.Share)
	if by, ok := s.o.Target.importance().(importance.OfGradients); ok {
		if n := s.ahead(at); f.Batches < s.enough() && n <= s.enough() {
			f.add(by, s.candidates(), at.Grad)
			if n <= 0 {
				return nil, nil
			}
		}
	}
	switch {
	case f.Left > 1:
		f.fade()
		return nil, nil
	case f.Left == 1:
		f.fade()
		f.end()
		return s.gone(net, at)
	case at.Share < s.goal.Plan.From:
		return nil, nil
	case f.Paused < s.pause():
		f.Paused++
		return nil, nil
	}
	return nil, s.choose(net, at)
}

// candidates are the penalties whose groups may go.
func (s *Shrinker) candidates() terms {
	return s.terms().where(func(t *regularize.Term) bool { return t.Grouped() && zeroes(t) })
}

// gone removes the groups that an interval has brought to zero.
func (s *Shrinker) gone(net *nn.Network, at train.Place) (*train.Reshaped, error) {
	share, err := s.left(net)
	if err != nil {
		return nil, err
	}
	if share <= s.TargetShare {
		return s.arrive(net, share, at)
	}
	terms := s.terms()
	change, err := s.shrink(net)
	if err != nil {
		return nil, err
	}
	if change == nil {
		change = &train.Reshaped{Keep: true}
	} else if err := s.Fading.follow(terms, change.Net); err != nil {
		return nil, err
	}
	change.Target = &train.ControlRecord{Share: share, Planned: s.goal.Plan.At(at.Share), Factor: s.Factor}
	return change, nil
}

// choose chooses the groups that fade in the rest of the interval.
func (s *Shrinker) choose(net *nn.Network, at train.Place) error {
	values := kept{}.keep(s.terms().grouped())
	scores, err := s.scores(net, s.candidates(), at.Step)
	if err != nil {
		return err
	}
	all := ranked(s.candidates(), scores)
	line := s.goal.Plan.At(at.Share + s.goal.Step)
	chosen := all
	for _, list := range [][]group{halves(all), all} {
		values.put(all, list)
		share, err := s.left(net)
		if err != nil {
			return err
		}
		if share <= line {
			if chosen, _, err = values.choose(list, line, share, s.measuring(net)); err != nil {
				return err
			}
			if chosen, err = values.spare(chosen, line, s.measuring(net)); err != nil {
				return err
			}
			break
		}
	}
	values.put(all, nil)
	s.Fading.begin(chosen, max(1, s.interval-s.pause()), s.terms())
	return nil
}

// scores are the importance of the groups of each term; nil for a nil term.
func (s *Shrinker) scores(net *nn.Network, ts terms, step int) ([][]float64, error) {
	out := make([][]float64, len(ts))
	for k, t := range ts.all() {
		sample := &importance.Sample{Net: net, Groups: t, Seed: s.o.Seed ^ uint64(k)<<32 ^ uint64(step), Data: s.o.Data}
		if s.Fading.Batches > 0 {
			sample.Sums = s.Fading.Sums[k]
		}
		var err error
		if out[k], err = importance.Scores(s.o.Target.importance(), sample); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// measurable refuses a criterion that cannot score the groups of the penalties.
func (s *Shrinker) measurable(net *nn.Network) error {
	if _, ok := s.o.Target.importance().(importance.OfGradients); ok {
		return nil // training gives the gradients
	}
	if _, err := s.scores(net, s.candidates(), 0); err != nil {
		return &OptionError{Option: "Target.Importance", Err: err}
	}
	return nil
}

// ranked lists the groups that are not zero, by ascending score. Scores are divided by λ
// and by the weight of the group, so that groups of a larger λ, or of a larger weight in
// their penalty, go earlier. Sizes do not count: the importance of a large group is the
// importance of all of it. Groups of weight 0 are not penalised.
func ranked(ts terms, scores [][]float64) []group {
	var list []group
	for k, t := range ts.all() {
		norms, weights, lambda := t.Norms(), t.Weights(), t.FullLambda()
		at := make([]int, len(norms))
		for g := range norms {
			if at[g] = -1; norms[g] > 0 && weights[g] > 0 {
				at[g] = len(list)
				list = append(list, group{term: k, number: g, rank: scores[k][g] / (weights[g] * lambda)})
			}
		}
		t.Visit(func(g int, p *nn.Param, i int) {
			if at[g] >= 0 {
				list[at[g]].places = append(list[at[g]].places, place{p, i})
			}
		})
	}
	slices.SortFunc(list, group.order)
	return list
}

// halves keeps of a ranked list the first half of each layer's groups: the importance of
// a group beside the others of its layer says little of the importance of many together.
func halves(ranked []group) []group {
	type layer struct {
		term int
		p    *nn.Param
	}
	size, taken := map[layer]int{}, map[layer]int{}
	of := func(g group) layer { return layer{g.term, g.places[0].p} }
	for _, g := range ranked {
		size[of(g)]++
	}
	var out []group
	for _, g := range ranked {
		if taken[of(g)]++; 2*taken[of(g)] <= size[of(g)]+1 {
			out = append(out, g)
		}
	}
	return out
}

// gradients are the sums of a criterion OfGradients over the last batches before a choice:
// the batches of the pause and, if they are too few, of the steps before it.
type gradients struct {
	Sums    [][]float64 `json:"squares,omitempty"` // by penalty and group
	Batches int         `json:"batches,omitempty"`
}

// add adds the batch that gave the gradients. Terms of nil are left out.
func (y *gradients) add(by importance.OfGradients, ts terms, grad func(*nn.Param) []float32) {
	if y.Batches == 0 {
		y.Sums = make([][]float64, len(ts))
	}
	y.Batches++
	for k, t := range ts.all() {
		if y.Sums[k] == nil {
			y.Sums[k] = make([]float64, len(t.Norms()))
		}
		by.Add(y.Sums[k], t, grad)
	}
}

// follow takes the sums over to the groups that a removal has left.
func (y *gradients) follow(ts terms, small *nn.Network) error {
	if y.Batches == 0 {
		return nil
	}
	for k, t := range ts {
		if y.Sums[k] == nil {
			continue
		}
		from, err := t.Origins(small)
		if err != nil {
			return err
		}
		sums := make([]float64, len(from))
		for g, o := range from {
			if o >= 0 {
				sums[g] = y.Sums[k][o]
			}
		}
		y.Sums[k] = sums
	}
	return nil
}

// fading are the groups that go in the present interval. Their values shrink linearly to
// zero, and the others are penalised with the lambdas of the config only.
type fading struct {
	gradients
	Groups [][2]int `json:"groups,omitempty"` // number of the penalty and of the group in it
	Left   int      `json:"left,omitempty"`   // steps until they are zero
	Paused int      `json:"paused,omitempty"` // steps of the pause that have gone by

	places []place
}

// begin sets the groups that are to be zero after some steps; the gradients of the choice
// have served.
func (f *fading) begin(chosen []group, steps int, ts terms) {
	for _, g := range chosen {
		f.Groups = append(f.Groups, [2]int{g.term, g.number})
	}
	f.Left, f.Paused, f.gradients = steps, 0, gradients{}
	f.recall(ts)
}

// recall finds the values of the groups; a value that two groups share is listed once.
func (f *fading) recall(ts terms) {
	f.places = nil
	if len(f.Groups) == 0 {
		return
	}
	chosen, seen := map[[2]int]bool{}, map[place]bool{}
	for _, g := range f.Groups {
		chosen[g] = true
	}
	for k, t := range ts.all() {
		t.Visit(func(g int, p *nn.Param, i int) {
			if at := (place{p, i}); chosen[[2]int{k, g}] && !seen[at] {
				seen[at] = true
				f.places = append(f.places, at)
			}
		})
	}
}

// fade takes a step towards zero.
func (f *fading) fade() {
	keep := float32(f.Left-1) / float32(f.Left)
	for _, at := range f.places {
		at.p.Data()[at.i] *= keep
	}
	f.Left--
}

// end forgets the groups, which are zero.
func (f *fading) end() { f.Groups, f.places = nil, nil }
