package train

import (
	"fmt"

	"pare/nn"
)

// paramTensors are the values of all parameters, buffers included; one that two
// layers share is listed once.
func paramTensors(net *nn.Network) []NamedTensor {
	var out []NamedTensor
	seen := map[*nn.Param]bool{}
	for _, p := range net.Params() {
		if !seen[p.Param] {
			seen[p.Param] = true
			out = append(out, NamedTensor{p.Full, p.Data()})
		}
	}
	return out
}

// stateTensors are the live values that layers of a program carry from run to
// run; nil where none does.
func stateTensors(p *nn.Program) []NamedTensor {
	var out []NamedTensor
	for _, s := range p.State() {
		out = append(out, NamedTensor{s.Name, s.Data})
	}
	return out
}

// sameTensors reports the first difference in names and lengths.
func sameTensors(want, got []NamedTensor) error {
	for i, w := range want {
		if i >= len(got) {
			return fmt.Errorf("tensor %s is missing", w.Name)
		}
		if g := got[i]; g.Name != w.Name {
			return fmt.Errorf("found tensor %s where %s was expected", g.Name, w.Name)
		} else if len(g.Data) != len(w.Data) {
			return fmt.Errorf("tensor %s has %d values, expected %d", w.Name, len(g.Data), len(w.Data))
		}
	}
	if len(got) > len(want) {
		return fmt.Errorf("tensor %s is not expected", got[len(want)].Name)
	}
	return nil
}

// copyTensors copies values; names and lengths agree.
func copyTensors(dst, src []NamedTensor) {
	for i := range dst {
		copy(dst[i].Data, src[i].Data)
	}
}

// cloneTensors returns a deep copy.
func cloneTensors(ts []NamedTensor) []NamedTensor {
	out := make([]NamedTensor, len(ts))
	for i, t := range ts {
		out[i] = NamedTensor{t.Name, append([]float32(nil), t.Data...)}
	}
	return out
}

// nonFinite names the first tensor that holds a NaN or an infinity, or is "".
func nonFinite(ts []NamedTensor) string {
	for _, t := range ts {
		if !finite(t.Data) {
			return t.Name
		}
	}
	return ""
}

func finite(values []float32) bool {
	for _, v := range values {
		if v-v != 0 {
			return false
		}
	}
	return true
}
