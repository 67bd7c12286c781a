package datasets

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"pare/internal/option"
	"pare/internal/printable"
)

// Amount says how many examples: a whole number from 1 on counts them, a number below 1 is
// their share of all. 0 stands for the default.
type Amount float64

// Of is the number of examples that a is of n: a share is rounded, and at least one.
func (a Amount) Of(n int) int {
	if a > 0 && a < 1 {
		return max(int(math.Round(float64(a)*float64(n))), 1)
	}
	return int(a)
}

// String shows a number of examples without an exponent.
func (a Amount) String() string { return strconv.FormatFloat(float64(a), 'f', -1, 64) }

// split divides n examples at random into the parts that o asks for; training without an
// amount gets the rest. class holds the class of each example, and every part then has
// nearly the same share of each class. group holds the group of each example, and
// the examples of a group stay in one part, so that parts are only near to their amounts.
// Either may be nil. The parts depend on Seed, n, class and group alone, and list their
// examples in increasing order.
func (o Options) split(n int, class, group []int) (train, validation, test []int, err error) {
	wanted := [3]int{o.Test.Of(n), o.Validation.Of(n), o.Train.Of(n)}
	held := wanted[0] + wanted[1]
	switch {
	case wanted[0] >= n:
		return nil, nil, nil, option.Errorf("test", "leaves nothing of the %d examples: it is %v", n, o.Test)
	case held >= n:
		return nil, nil, nil, option.Errorf("validation", "leaves nothing of the %d examples: it is %v, and test is %v", n, o.Validation, o.Test)
	case held+wanted[2] > n:
		return nil, nil, nil, option.Errorf("train", "is too large: train %v, validation %v and test %v together are more than the %d examples",
			o.Train, o.Validation, o.Test, n)
	}
	remaining := strataOf(rand.New(rand.NewPCG(mix(o.Seed), streamSplit)).Perm(n), class, group)
	var parts [3][]int
	for p, name := range [3]string{"test", "validation", "train"} {
		if name == "train" && o.Train == 0 {
			wanted[p] = n // all the rest
		}
		for s, quota := range remaining.quotas(wanted[p]) {
			parts[p] = append(parts[p], remaining[s].take(quota)...)
		}
		if wanted[p] > 0 && len(parts[p]) == 0 {
			return nil, nil, nil, option.Errorf(name, "gets none of the %d examples, as groups stay whole; ask for more", n)
		}
		slices.Sort(parts[p])
	}
	return parts[2], parts[1], parts[0], nil
}

// some are the examples of a part that has n of its own: as many as a says, all where it is 0,
// chosen as split does. name is the option that a comes from.
func (a Amount) some(name string, n int, class []int, seed uint64) ([]int, error) {
	if a.Of(n) > n {
		return nil, option.Errorf(name, "%v is more than the %d %s examples", a, n, name)
	}
	out, _, _, err := Options{Train: a, Seed: seed}.split(n, class, nil)
	return out, err
}

// untaught is a note of the classes that have examples, but none among the training examples;
// empty where there is none. Classes without names are numbers.
func untaught(names []string, class, train []int) string {
	if len(class) == 0 {
		return ""
	}
	there, taught := make([]bool, slices.Max(class)+1), make([]bool, slices.Max(class)+1)
	for _, c := range class {
		there[c] = true
	}
	for _, i := range train {
		taught[class[i]] = true
	}
	n, first := 0, -1
	for c := range there {
		if there[c] && !taught[c] {
			if n++; n == 1 {
				first = c
			}
		}
	}
	if n == 0 {
		return ""
	}
	name := strconv.Itoa(first)
	if first < len(names) {
		name = names[first]
	}
	return fmt.Sprintf("classes without a training example: %d, %s the first; validation and test have all of their examples", n, printable.Text(name))
}

// stratum are the examples of a class that no part has yet, as units: groups, or single
// examples.
type stratum struct {
	units [][]int
	size  int // examples
}

type strata []*stratum

// strataOf lists the units in the order of their first examples, each in the stratum of the
// class that most of its examples have.
func strataOf(order, class, group []int) strata {
	var units [][]int
	index := map[int]int{}
	for _, i := range order {
		if group == nil {
			units = append(units, []int{i})
			continue
		}
		u, ok := index[group[i]]
		if !ok {
			u = len(units)
			index[group[i]], units = u, append(units, nil)
		}
		units[u] = append(units[u], i)
	}
	all := strata{{}}
	if len(class) > 0 {
		all = make(strata, slices.Max(class)+1)
		for c := range all {
			all[c] = &stratum{}
		}
	}
	for _, u := range units {
		s := all[0]
		if class != nil {
			s = all[majority(u, class)]
		}
		s.units, s.size = append(s.units, u), s.size+len(u)
	}
	return all
}

// majority is the class of most examples of a unit, the lowest of several.
func majority(unit, class []int) int {
	count, best := map[int]int{}, class[unit[0]]
	for _, i := range unit {
		count[class[i]]++
	}
	for c, k := range count {
		if k > count[best] || k == count[best] && c < best {
			best = c
		}
	}
	return best
}

// quotas divides n examples among the strata in proportion to their sizes, by the largest
// remainders.
func (all strata) quotas(n int) []int {
	total := 0
	for _, s := range all {
		total += s.size
	}
	quotas, order := make([]int, len(all)), make([]int, len(all))
	if total == 0 {
		return quotas
	}
	n = min(n, total)
	left := n
	for i, s := range all {
		quotas[i], order[i] = n*s.size/total, i
		left -= quotas[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return n*all[b].size%total - n*all[a].size%total })
	for _, i := range order[:left] {
		quotas[i]++
	}
	return quotas
}

// take removes units of n examples: a unit that does not fit whole goes along where that
// comes nearer to n.
func (s *stratum) take(n int) (out []int) {
	var rest [][]int
	for _, u := range s.units {
		if missing := n - len(out); missing > 0 && len(u) <= 2*missing {
			out = append(out, u...)
		} else {
			rest = append(rest, u)
		}
	}
	s.units, s.size = rest, s.size-len(out)
	return out
}
