package prune

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"pare/nn"
)

// TestAnalysisAfterProperty: an analysis that takes results over from one before values and marks
// changed is the analysis of the new values.
func TestAnalysisAfterProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		net := randomNetwork(t)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 7))
		held := nn.Held{}
		a := analyse(net)
		for range 4 {
			changed := map[*nn.Param]bool{}
			for _, p := range net.Params() {
				if !p.Trainable() || rng.IntN(3) > 0 {
					continue
				}
				changed[p.Param] = true
				if rng.IntN(3) == 0 {
					set := make([]bool, p.Size())
					for i := range set {
						set[i] = rng.IntN(2) == 0
					}
					held[p.Param] = set
				}
				values := p.Data()
				some := rng.Float64()
				for i := range values {
					values[i] = 0
					if rng.Float64() < some {
						values[i] = float32(rng.NormFloat64())
					}
				}
			}
			a = a.afterHeld(changed, held)
			if want := analyseHeld(net, held); !reflect.DeepEqual(a, want) {
				t.Fatalf("an analysis after changes of %d parameters of %s differs from a new one", len(changed), kinds(net))
			}
		}
	})
}
