package datasets

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math"
	"slices"
)

// usageRows bounds the training examples that Usage reads.
const usageRows = 100_000

// usageMemory is how many values of variables Usage has in memory, 256 MB; for more it reads the
// examples again.
var usageMemory = 1 << 25

// Usage is the share of the training examples in which a variable is not at its most frequent
// value, by name of the variable: near 1 for measurements, and the share of the examples that have
// it for a flag. Values are the same where all inputs of the variable are. The first 100,000
// examples count. Inputs must have names (Set.Features).
func Usage(s *Set) (map[string]float64, error) {
	if s.Features == nil {
		return nil, fmt.Errorf("inputs of %s have no names", s.Name)
	}
	var names []string
	places := map[string][]int{}
	for j, f := range s.Features {
		if places[f.Of()] == nil {
			names = append(names, f.Of())
		}
		places[f.Of()] = append(places[f.Of()], j)
	}
	n := min(s.Train.Len(), usageRows)
	out := make(map[string]float64, len(names))
	for some := range slices.Chunk(names, max(1, usageMemory/n)) {
		values, err := variableValues(s, n, some, places)
		if err != nil {
			return nil, err
		}
		for k, name := range some {
			out[name] = float64(n-mostEqual(values[k])) / float64(n)
		}
	}
	return out, nil
}

// variableValues are the values of variables in the first n training examples, as hashes; places are
// the inputs of a variable.
func variableValues(s *Set, n int, names []string, places map[string][]int) ([][]uint64, error) {
	const chunk = 256
	width, seed := len(s.Features), maphash.MakeSeed()
	x, y := make([]float32, chunk*width), make([]float32, chunk*s.Task.Targets)
	out := make([][]uint64, len(names))
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
		for k, name := range names {
			for i := range idx {
				value = value[:0]
				for _, j := range places[name] {
					value = binary.LittleEndian.AppendUint32(value, math.Float32bits(x[i*width+j]+0)) // -0 is 0
				}
				out[k] = append(out[k], maphash.Bytes(seed, value))
			}
		}
	}
	return out, nil
}

// mostEqual is how often the most frequent value occurs. It sorts the values.
func mostEqual(values []uint64) int {
	slices.Sort(values)
	most, first := 0, 0
	for i, v := range values {
		if v != values[first] {
			first = i
		}
		most = max(most, i-first+1)
	}
	return most
}
