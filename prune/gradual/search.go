package gradual

import (
	"slices"

	"pare/prune"
)

// choose zeroes the first groups of a list so that a share of line is left, or the largest
// possible share below it, and returns these groups and the share; the other groups have
// the values that were kept. share is the share left with the whole list gone, and measure
// gives the one left now.
func (v kept) choose(all []group, line, share float64, measure func() (float64, error)) ([]group, float64, error) {
	list, best, chosen := all, share, all
	for range lumps {
		n, got, err := prune.Fewest(len(list), line, func(gone int) (float64, error) {
			v.put(list, list[:gone])
			return measure()
		})
		if err != nil {
			return nil, share, err
		}
		if got > line {
			break // too much is left without the lumps
		}
		if got >= best {
			best, chosen = got, slices.Clone(list[:n])
		}
		if n == 0 || got >= line-slack {
			break
		}
		v.put(list[n-1:n], nil)
		list = slices.Delete(slices.Clone(list), n-1, n)
	}
	v.put(all, chosen)
	return chosen, best, nil
}

const (
	lumps = 16   // groups that come back because they take too much along
	slack = 0.02 // of the network: less is not worth another search
)

// spare gives groups of a list that are gone their values back as long as no more than
// line is left, the most important first, and returns the rest. Groups that bring the
// network little nearer to its target stay if more expensive ones take it beyond.
func (v kept) spare(gone []group, line float64, measure func() (float64, error)) ([]group, error) {
	for n := (len(gone) + 1) / 2; len(gone) > 0; n = (n + 1) / 2 {
		for last := len(gone); last > 0; last -= n {
			part := gone[max(0, last-n):last]
			v.put(part, nil)
			rest := slices.Concat(gone[:max(0, last-n)], gone[last:])
			v.put(nil, rest) // values of two groups
			left, err := measure()
			if err != nil {
				return nil, err
			}
			if left <= line {
				gone = rest
			} else {
				v.put(nil, part)
			}
		}
		if n == 1 {
			break
		}
	}
	return gone, nil
}
