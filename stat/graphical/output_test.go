package graphical

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func small(t *testing.T) *Network {
	return mustFit(t, sampled(t, rand.New(rand.NewPCG(1, 1)), 60, 6, 1), Penalty{Lambda: 0.2}, Options{})
}

func TestJSON(t *testing.T) {
	data, err := json.Marshal(small(t))
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lambda", "objective", "gap", "edges", "components", "iterations", "converged"} {
		if _, ok := fields[name]; !ok {
			t.Errorf("no %s in %s", name, data)
		}
	}
}

func TestJSONOfAnInfiniteGap(t *testing.T) {
	data, err := json.Marshal(&Network{Lambda: 0.5, Gap: math.Inf(1)})
	if err != nil || !strings.Contains(string(data), `"gap":null`) || strings.Count(string(data), `"gap"`) != 1 ||
		!strings.Contains(string(data), `"lambda":0.5`) {
		t.Errorf("%s, %v", data, err)
	}
}
