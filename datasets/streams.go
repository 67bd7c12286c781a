package datasets

import "math/rand/v2"

// How many streams an evaluation reads side by side: it does not depend on the batch, so
// that its result does not either. Each begins without a past, so they must be long.
const (
	evalStreams       = 32
	evalStreamWindows = 16 // at least, while there are several streams
)

// streams are windows for networks that keep their state from batch to batch: row r of a
// batch goes on where row r of the batch before ended. In training each row reads its own
// part of the text, and which windows are left over changes from epoch to epoch.
type streams struct{ *windows }

var _ Planner = (*streams)(nil)

// Plan implements Planner.
func (s *streams) Plan(n, batch int, draw Draw) []Turn {
	if !draw.Augment {
		return evaluationStreams(n, batch)
	}
	steps := n / batch
	first := rand.New(rand.NewPCG(mix(draw.Seed, draw.Epoch), streamStreams)).IntN(n - steps*batch + 1)
	turns := make([]Turn, steps)
	for b := range turns {
		examples := make([]int, batch)
		for r := range examples {
			examples[r] = first + r*steps + b
		}
		turns[b] = Turn{Examples: examples, Continues: b > 0}
	}
	return turns
}

// evaluationStreams reads n windows in streams whose lengths differ by one at most, longer
// ones first, as many side by side as a batch takes.
func evaluationStreams(n, batch int) []Turn {
	rows := min(max(n/evalStreamWindows, 1), evalStreams)
	length, longer := n/rows, n%rows // so many streams have a window more
	var turns []Turn
	for from := 0; from < rows; from += batch {
		for step := range length + 1 {
			to := min(from+batch, rows)
			if step == length {
				to = min(to, longer)
			}
			var examples []int
			for r := from; r < to; r++ {
				examples = append(examples, r*length+min(r, longer)+step)
			}
			if len(examples) > 0 {
				turns = append(turns, Turn{Examples: examples, Continues: step > 0})
			}
		}
	}
	return turns
}
