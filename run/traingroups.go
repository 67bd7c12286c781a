package run

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pare/config"
	"pare/datasets"
	"pare/internal/option"
	"pare/internal/table"
	"pare/report"
	"pare/stat/audit"
	"pare/train"
)

// trainGroups are the groups of the training examples that the config names; nil: it names none.
func (r *runner) trainGroups() (*audit.Groups, error) {
	g := r.c.Train.Groups
	if g == nil {
		return nil, nil
	}
	if r.groups == nil {
		spec := config.Audit{By: g.By, File: g.File, Cut: g.Cut, Rare: g.Rare}
		columns, err := groupColumns(r.data, r.data.Set.Train, forTraining, spec)
		if err == nil {
			columns, err = joined(columns, spec)
		}
		if err != nil {
			return nil, r.c.Locate("train.groups", err)
		}
		groups := audit.GroupBy(columns...)
		if len(groups.Left) > 0 {
			return nil, r.c.Locate("train.groups", option.Errorf("by", "has the group %s of one training example alone; join rare values (rare)", groups.Left[0]))
		}
		r.groups = groups
	}
	return r.groups, nil
}

// weighGroups gives examples the weights of their groups, where the loss is balanced or has
// weights.
func (r *runner) weighGroups(l *datasets.Loader) (*datasets.Loader, error) {
	g, err := r.trainGroups()
	if g == nil || err != nil || r.c.Train.Groups.Loss == "worst" {
		return l, err
	}
	each, err := r.exampleWeights(g)
	if err != nil {
		return nil, err
	}
	weights := make([]float32, len(g.Of))
	for i, k := range g.Of {
		weights[i] = float32(each[k])
	}
	return l.Weighed(weights)
}

// exampleWeights are the weights of an example of each group, where the loss is balanced or has
// weights.
func (r *runner) exampleWeights(g *audit.Groups) ([]float64, error) {
	rows, names := g.Rows(), g.Names()
	each := make([]float64, len(rows))
	for k, n := range rows {
		each[k] = float64(len(g.Of)) / float64(len(rows)*n)
	}
	if given := r.c.Train.Groups.Weights; given != nil {
		for k := range each {
			each[k] = 1
		}
		for _, name := range slices.Sorted(maps.Keys(given)) {
			k := slices.Index(names, name)
			if k < 0 {
				return nil, r.c.Locate("train.groups", option.Errorf("weights", "names %s, which is no group%s", name, table.Suggestion(name, "groups", names)))
			}
			each[k] = given[name]
		}
		if slices.Max(each) == 0 {
			err := option.Errorf("weights", "gives all groups the weight 0, so nothing is learned; give one of them more")
			return nil, r.c.Locate("train.groups", err)
		}
	}
	return each, nil
}

// worstGroups are the groups for the loss of the worst ones; nil: the config asks for none.
func (r *runner) worstGroups() (*train.WorstGroups, error) {
	g, err := r.trainGroups()
	if g == nil || err != nil || r.c.Train.Groups.Loss != "worst" {
		return nil, err
	}
	_, weighed := r.data.Set.Train.(datasets.Weigher)
	switch t := r.c.Train; {
	case t.MixUp > 0 || t.CutMix > 0:
		return nil, r.c.Errorf("train.groups", "an example that is mixed of two is of no group; remove mixup and cutmix, or use loss: balanced")
	case weighed:
		return nil, r.c.Errorf("train.groups", "the rows have weights already; remove data.weights, or use loss: balanced")
	}
	return &train.WorstGroups{Of: g.Of, Sizes: g.Rows(), WorstGroupSpec: r.c.Train.Groups.WorstGroupSpec}, nil
}

// TrainGroup is a group of the training examples and its weight in the loss of steps.
type TrainGroup struct {
	Name   string  `json:"name"`   // values of the columns, with × between them
	Rows   int     `json:"rows"`   // training examples
	Weight float64 `json:"weight"` // of each example; with loss worst of the group, at the end of training
}

// weighedGroups are the groups of training examples with their weights; worst has the weights of the worst
// groups' loss. nil: the config names no groups, or nothing was trained.
func (r *runner) weighedGroups(worst []float32) ([]TrainGroup, error) {
	g, err := r.trainGroups()
	if g == nil || err != nil {
		return nil, err
	}
	var weights []float64
	if r.c.Train.Groups.Loss != "worst" {
		if weights, err = r.exampleWeights(g); err != nil {
			return nil, err
		}
	}
	for _, w := range worst {
		weights = append(weights, float64(w))
	}
	var out []TrainGroup
	rows, names := g.Rows(), g.Names()
	for k, w := range weights {
		out = append(out, TrainGroup{names[k], rows[k], w})
	}
	return out, nil
}

// listGroups lists groups with their weights.
func listGroups(groups []TrainGroup) string {
	var texts []string
	for k, g := range groups {
		if k == mostNames {
			texts = append(texts, fmt.Sprintf("and %d more", len(groups)-k))
			break
		}
		texts = append(texts, fmt.Sprintf("%s %.3g", g.Name, g.Weight))
	}
	return strings.Join(texts, ", ")
}

// groupsMeasure lists the groups of training examples for reports.
func groupsMeasure(groups []TrainGroup) report.Measure {
	return report.Measure{Name: "weights in loss",
		Readings: []report.Reading{{Stage: "of training examples", Value: plural(len(groups), "group")}}, Note: listGroups(groups)}
}

// noteGroups keeps and tells the weights of groups at the end of a phase; worst has the weights of
// the worst groups' loss.
func (r *runner) noteGroups(phase string, worst []float32) error {
	groups, err := r.weighedGroups(worst)
	if err != nil || groups == nil {
		return err
	}
	switch {
	case worst != nil:
		r.say("groups: their weights in the loss are %s", listGroups(groups))
	case phase == trainPhase:
		r.say("groups: their examples weigh %s", listGroups(groups))
	}
	if phase == trainPhase {
		r.weighed = groups
	}
	return nil
}
