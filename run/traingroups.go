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
	weights := make([]float32, len(g.Of))
	for i, k := range g.Of {
		weights[i] = float32(each[k])
	}
	return l.Weighed(weights)
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

// sayGroups tells the weights that the loss of the worst groups ended with; nil: it has none.
func (r *runner) sayGroups(weights []float32) {
	if weights == nil {
		return
	}
	var texts []string
	for k, name := range r.groups.Names() {
		texts = append(texts, fmt.Sprintf("%s %.3f", name, weights[k]))
	}
	r.say("groups: their weights in the loss are %s", strings.Join(texts, ", "))
}
