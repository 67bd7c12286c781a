package run

import "pare/nn"

// ChannelsFirst copies examples of a shape from the batched layout of compiled
// networks, (N, H, W, C), to that of files, (N, C, H, W). Vectors are the same
// in both.
func ChannelsFirst(x []float32, s nn.Shape) []float32 {
	out := make([]float32, len(x))
	permute(s, len(x), func(last, first int) { out[first] = x[last] })
	return out
}

// ChannelsLast is the inverse of ChannelsFirst.
func ChannelsLast(x []float32, s nn.Shape) []float32 {
	out := make([]float32, len(x))
	permute(s, len(x), func(last, first int) { out[last] = x[first] })
	return out
}

// permute calls f with the offsets of every value in both layouts.
func permute(s nn.Shape, values int, f func(last, first int)) {
	channels, positions := s.Units(), s.Positions()
	for example := 0; example < values; example += s.Size() {
		for p := range positions {
			for c := range channels {
				f(example+p*channels+c, example+c*positions+p)
			}
		}
	}
}
