package datasets

import (
	"fmt"
	"math/rand/v2"
)

// What data.sequence may be.
const (
	sequencePixels = "pixels"
	sequenceRows   = "rows"
)

// permuteSeed is that of the permutation of pixels, one for all: the year of "A Simple Way
// to Initialize Recurrent Networks of Rectified Linear Units" (Le, Jaitly and Hinton), which
// set the task.
const permuteSeed = 2015

func (o Options) checkSequence(name string) error {
	switch {
	case o.Sequence != "" && o.Sequence != sequencePixels && o.Sequence != sequenceRows:
		return fmt.Errorf("datasets: %s: sequence is %q; must be pixels or rows", name, o.Sequence)
	case o.Permute && o.Sequence == "":
		return fmt.Errorf("datasets: %s: permute is for sequences; set sequence to pixels or rows, or remove it", name)
	}
	return nil
}

// sequences returns the set of grey images as sequences, of pixels one by one or of whole
// rows from the top. The values of an example stay where they are, as an image (H, W, 1) and
// a sequence (T, D) are both written row by row, unless they are permuted.
func (s *Set) sequences(pixels, permute bool) *Set {
	out := *s
	split := s.Images()
	out.Task.Input = []int{split.W, split.H}
	if pixels {
		out.Task.Input = []int{1, split.Size()}
	}
	if !permute {
		return &out
	}
	order := make([]int32, split.Size())
	for i, from := range rand.New(rand.NewPCG(permuteSeed, streamPermute)).Perm(len(order)) {
		order[i] = int32(from)
	}
	for _, part := range []*Part{&out.Train, &out.Validation, &out.Test} {
		if *part != nil {
			images := *(*part).(*Images)
			images.order = order
			*part = &images
		}
	}
	return &out
}
