package datasets

import (
	"encoding/binary"
	"fmt"
	"math"
)

// usageRows bounds the training examples that Usage reads.
const usageRows = 100_000

// Usage is the share of the training examples in which a variable is not at its most frequent
// value, by name of the variable: near 1 for measurements, and the share of the examples that have
// it for a flag. Values are the same where all inputs of the variable are. The first 100,000
// examples count. Inputs must have names (Set.Features).
func Usage(s *Set) (map[string]float64, error) {
	if s.Features == nil {
		return nil, fmt.Errorf("inputs of %s have no names", s.Name)
	}
	places := map[string][]int{}
	for j, f := range s.Features {
		places[f.Of()] = append(places[f.Of()], j)
	}
	n, width := min(s.Train.Len(), usageRows), len(s.Features)
	counts := make(map[string]map[string]int, len(places))
	for name := range places {
		counts[name] = map[string]int{}
	}
	const chunk = 256
	x, y := make([]float32, chunk*width), make([]float32, chunk*s.Task.Targets)
	var idx []int
	var value []byte
	for first := 0; first < n; first += chunk {
		idx = idx[:0]
		for i := first; i < min(first+chunk, n); i++ {
			idx = append(idx, i)
		}
		if err := s.Train.Fill(x, y, idx, Draw{}); err != nil {
			return nil, err
		}
		for k := range idx {
			for name, inputs := range places {
				value = value[:0]
				for _, j := range inputs {
					value = binary.LittleEndian.AppendUint32(value, math.Float32bits(x[k*width+j]))
				}
				counts[name][string(value)]++
			}
		}
	}
	out := make(map[string]float64, len(places))
	for name, values := range counts {
		most := 0
		for _, count := range values {
			most = max(most, count)
		}
		out[name] = float64(n-most) / float64(n)
	}
	return out, nil
}
