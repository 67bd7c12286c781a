package train

import (
	"fmt"
	"strings"

	"pare/nn"
)

// follower carries what belongs to the parameters of a network over to those
// that were selected from them.
type follower struct {
	names  map[*nn.Param]string     // full names in the network before
	params map[string]nn.NamedParam // of the network after, by full name
}

// newFollower relates a network to one that was made of it; small may be nil: the
// network stays.
func newFollower(large, small *nn.Network) *follower {
	f := &follower{names: map[*nn.Param]string{}, params: map[string]nn.NamedParam{}}
	for _, p := range large.Params() {
		if _, twice := f.names[p.Param]; !twice {
			f.names[p.Param] = p.Full
		}
	}
	if small == nil {
		small = large
	}
	for _, p := range small.Params() {
		if _, twice := f.params[p.Full]; !twice {
			f.params[p.Full] = p
		}
	}
	return f
}

// optimizer is the state of an optimizer on the network after, whose fresh state
// is given: moments of selected values are selected in the same way, those of new
// parameters stay as they are when fresh, and what belongs to no parameter is
// taken over.
func (f *follower) optimizer(before, fresh OptimizerState) (OptimizerState, error) {
	old := map[string][]float32{}
	for _, t := range before.Tensors {
		old[t.Name] = t.Data
	}
	after := before
	after.Tensors = nil
	for _, t := range fresh.Tensors {
		buffer, full, _ := strings.Cut(t.Name, "/")
		values, ok := old[t.Name]
		if p, of := f.params[full]; of {
			name, known := f.names[p.Origin()]
			values, ok = old[buffer+"/"+name]
			if ok = ok && known; ok {
				if len(values) != p.Origin().Size() {
					return after, fmt.Errorf("the optimizer keeps %d values %s for the %d of %s, which cannot follow when the network shrinks",
						len(values), buffer, p.Origin().Size(), name)
				}
				values = p.Follow(values)
			}
		}
		if !ok {
			values = append([]float32(nil), t.Data...)
		}
		after.Tensors = append(after.Tensors, NamedTensor{t.Name, values})
	}
	return after, nil
}

// state copies what layers carry from batch to batch, rows of units.
func (f *follower) state(before, after []NamedTensor, batch int) error {
	old := map[string][]float32{}
	for _, t := range before {
		old[t.Name] = t.Data
	}
	for _, t := range after {
		values, width := old[t.Name], len(t.Data)/batch
		kept := f.kept(t.Name[:strings.LastIndexByte(t.Name, '.')], len(values)/batch)
		if len(kept) != width {
			return fmt.Errorf("state %s of %d units cannot follow from %d", t.Name, width, len(values)/batch)
		}
		for r := range batch {
			for j, u := range kept {
				t.Data[r*width+j] = values[r*len(values)/batch+u]
			}
		}
	}
	return nil
}

// kept lists which of the units of a layer are left, as the parameters that are
// indexed by them tell.
func (f *follower) kept(layer string, units int) []int {
	for full, p := range f.params {
		if !strings.HasPrefix(full, layer+".") || p.Node.Name != layer {
			continue
		}
		axis := p.FindAxis(nn.AxisOut)
		if axis < 0 {
			continue
		}
		n, stride := p.Origin().AxisLen(axis)
		if n != units {
			continue
		}
		place := make([]float32, p.Origin().Size())
		for i := range place {
			place[i] = float32(i / stride % n)
		}
		m, step := p.AxisLen(axis)
		from := p.Follow(place)
		kept := make([]int, m)
		for j := range kept {
			kept[j] = int(from[j*step])
		}
		return kept
	}
	return nil
}
