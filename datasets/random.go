package datasets

import "math/rand/v2"

// Streams keep the random numbers of different uses of one seed apart.
const (
	streamDivide uint64 = iota + 1
	streamOrder
	streamAugment
	streamGlyphTrain
	streamGlyphValidation
	streamGlyphTest
	streamGlyphLabels
	streamPermute
	streamWindows
	streamStreams
	streamLexicon
	streamChain
	streamChainTrain
	streamChainValidation
	streamChainTest
	streamTrain
	streamValidation
	streamTest
	streamPlanted
	streamSplit
	streamAugmentChain
	streamSample
	streamMix
)

// mix folds words into one that depends on each of them and on their order, so that seeds
// that differ in one bit give unrelated generators (splitmix64's finisher, word by word).
func mix(words ...uint64) uint64 {
	var h uint64
	for _, w := range words {
		h += w + 0x9e3779b97f4a7c15
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	return h
}

// between draws evenly from lo to hi.
func between(r *rand.Rand, lo, hi float64) float64 {
	return lo + (hi-lo)*r.Float64()
}
