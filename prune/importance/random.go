package importance

import "math/rand/v2"

// Random is a number drawn evenly from [0, 1) for each group: the baseline that shows how
// much the choice of groups contributes to a result.
type Random struct{}

var _ OfWeights = Random{}

func init() {
	Criteria.Register("random", "drawn at random: a baseline", func() Importance { return Random{} })
}

// Score implements Importance.
func (Random) Score(s *Sample) ([]float64, error) {
	rng := rand.New(rand.NewPCG(s.Seed, 0x73656c))
	out := make([]float64, len(s.Groups.Slots()))
	for g := range out {
		out[g] = rng.Float64()
	}
	return out, nil
}

// ScoreWeights implements OfWeights.
func (Random) ScoreWeights(s *WeightSample) ([][]float32, error) {
	rng := rand.New(rand.NewPCG(s.Seed, 0x77676874))
	return s.perWeight(func(int, int) float32 { return rng.Float32() }), nil
}
