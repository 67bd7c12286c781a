package audit

import "testing"

// BenchmarkCompare is 1,000 samples of 10,000 rows in two groups at two stages.
func BenchmarkCompare(b *testing.B) {
	o, g := halves(10000, 0.9, 0.7)
	for b.Loop() {
		if _, err := Compare([]*Outcomes{o, o}, g, Options{MinRows: 30, Resamples: 1000, Confidence: 0.95}); err != nil {
			b.Fatal(err)
		}
	}
}
