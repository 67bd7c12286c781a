package audit

import (
	"fmt"
	"slices"
)

// Changed is a row that pruning makes the networks predict otherwise: a pruning-identified example
// (Hooker, Courville, Clark, Dauphin & Frome 2019, arXiv:1911.05248). Before and After are the modal
// predictions of the networks before and after pruning.
type Changed struct {
	Row                  int
	Truth, Before, After int32
	// BeforeVotes and AfterVotes are the shares of the networks that predict the modes.
	BeforeVotes, AfterVotes float64
}

// ChangedRows compares the modal predictions of networks before and after pruning, one list of
// predicted classes for each network, such as one a seed. Of classes with equally many votes the
// lowest is the mode.
func ChangedRows(truth []int32, before, after [][]int32) ([]Changed, error) {
	if len(before) == 0 || len(after) == 0 {
		return nil, fmt.Errorf("there are no predictions before pruning, or none after it")
	}
	for _, p := range slices.Concat(before, after) {
		if len(p) != len(truth) {
			return nil, fmt.Errorf("there are %d predictions of %d rows", len(p), len(truth))
		}
	}
	var out []Changed
	for i, t := range truth {
		was, votesWas := mode(before, i)
		is, votesIs := mode(after, i)
		if was != is {
			out = append(out, Changed{i, t, was, is, votesWas, votesIs})
		}
	}
	return out, nil
}

// mode is the class that most networks predict for row i, with the share of them.
func mode(predictions [][]int32, i int) (class int32, share float64) {
	votes := map[int32]int{}
	best := 0
	for _, p := range predictions {
		votes[p[i]]++
	}
	for c, n := range votes {
		if n > best || n == best && c < class {
			class, best = c, n
		}
	}
	return class, float64(best) / float64(len(predictions))
}

// Changes counts changed rows in all, by class and by group.
type Changes struct {
	Before   int `json:"networks_before"` // whose modal predictions are compared
	After    int `json:"networks_after"`
	Examples int `json:"examples"` // rows that were compared
	Changed  int `json:"changed"`
	Harmed   int `json:"harmed"` // right before, wrong after
	Helped   int `json:"helped"` // wrong before, right after

	Classes []Share       `json:"classes"` // by the class of the target
	Groups  []GroupShares `json:"groups"`

	Rows []Changed `json:"-"`
}

// GroupShares are the shares of the groups of one or several columns.
type GroupShares struct {
	By     []string `json:"by"`
	Groups []Share  `json:"groups"`
}

// Name joins the columns with ×.
func (g GroupShares) Name() string { return groupName(g.By) }

// NewChanges finds the changed rows by ChangedRows and counts them. classes names the classes.
func NewChanges(truth []int32, before, after [][]int32, classes []string, groupings []*Groups) (*Changes, error) {
	rows, err := ChangedRows(truth, before, after)
	if err != nil {
		return nil, err
	}
	c := &Changes{Before: len(before), After: len(after), Examples: len(truth), Changed: len(rows), Rows: rows,
		Classes: Shares(rows, truth, classes)}
	for _, s := range c.Classes {
		c.Harmed, c.Helped = c.Harmed+s.Harmed, c.Helped+s.Helped
	}
	for _, g := range groupings {
		c.Groups = append(c.Groups, GroupShares{g.By, Shares(rows, g.Of, g.Names())})
	}
	return c, nil
}

// Share is how often the rows of a group, or of a class, are among the changed ones.
type Share struct {
	Name    string `json:"name"`
	Rows    int    `json:"rows"`
	Changed int    `json:"changed"`
	// Harmed counts changed rows that were right before and are wrong after, Helped those that
	// were wrong and are right.
	Harmed int `json:"harmed"`
	Helped int `json:"helped"`
	// Overrepresented is the share of the changed rows that are of the group over the share of
	// all rows that are (Hooker, Moorosi, Clark, Bengio & Denton 2020, arXiv:2010.03058); 0 where
	// nothing changed.
	Overrepresented float64 `json:"overrepresented"`
}

// Shares counts changed rows by group; of is the group of each row, −1 for none, and names are
// the names of the groups.
func Shares(changed []Changed, of []int32, names []string) []Share {
	out := make([]Share, len(names))
	for k, name := range names {
		out[k].Name = name
	}
	for _, k := range of {
		if k >= 0 {
			out[k].Rows++
		}
	}
	for _, c := range changed {
		k := of[c.Row]
		if k < 0 {
			continue
		}
		s := &out[k]
		s.Changed++
		if c.Before == c.Truth {
			s.Harmed++
		}
		if c.After == c.Truth {
			s.Helped++
		}
	}
	for k := range out {
		if s := &out[k]; len(changed) > 0 && s.Rows > 0 {
			s.Overrepresented = float64(s.Changed) / float64(len(changed)) / (float64(s.Rows) / float64(len(of)))
		}
	}
	return out
}
