package recovery

import (
	"math"
	"testing"
)

func TestPairs(t *testing.T) {
	s := Pairs([][2]int{{1, 0}, {0, 1}, {2, 3}, {2, 2}}, [][2]int{{0, 1}, {1, 2}, {3, 0}}, 5)
	if s.TruePositives != 1 || s.FalsePositives != 1 || s.FalseNegatives != 2 || s.TrueNegatives != 6 || s.Hamming != 3 {
		t.Errorf("counts are %+v", s)
	}
	if s.Precision != 0.5 || math.Abs(s.Recall-1.0/3) > 1e-15 || math.Abs(s.F1-0.4) > 1e-15 {
		t.Errorf("shares are %+v", s)
	}
}

func TestNothing(t *testing.T) {
	if s := Of(0, 0, 3, 1); s.Precision != 1 || s.Recall != 0 || s.F1 != 0 {
		t.Errorf("nothing found: %+v", s)
	}
	if s := Of(0, 3, 0, 1); s.Precision != 0 || s.Recall != 1 {
		t.Errorf("nothing to be found: %+v", s)
	}
	if s := Of(0, 1, 1, 0); s.F1 != 0 {
		t.Errorf("nothing right: %+v", s)
	}
}

func TestArea(t *testing.T) {
	scores := []Score{Of(0, 0, 4, 4), Of(1, 0, 3, 4), Of(2, 2, 2, 2), Of(2, 3, 2, 1), Of(4, 4, 0, 0)}
	if got, want := Area(scores), 1*0.25+0.5*0.25+0.5*0.5; math.Abs(got-want) > 1e-15 {
		t.Errorf("area %v, want %v", got, want)
	}
}
