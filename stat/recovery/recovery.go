// Package recovery scores how well a set of edges, or the entries of a matrix that are
// not zero, was found where the truth is known.
package recovery

// Score counts the entries found and missed.
type Score struct {
	TruePositives  int `json:"true_positives"`
	FalsePositives int `json:"false_positives"`
	FalseNegatives int `json:"false_negatives"`
	TrueNegatives  int `json:"true_negatives"`
	// Precision is 1 if nothing was found, Recall 1 if there was nothing to find; F1 is
	// their harmonic mean, 0 if both are 0.
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	// Hamming is the number of entries that are in one set only.
	Hamming int `json:"hamming"`
}

// Of completes a score from its four counts.
func Of(truePositives, falsePositives, falseNegatives, trueNegatives int) Score {
	s := Score{TruePositives: truePositives, FalsePositives: falsePositives, FalseNegatives: falseNegatives, TrueNegatives: trueNegatives,
		Precision: share(truePositives, falsePositives), Recall: share(truePositives, falseNegatives),
		Hamming: falsePositives + falseNegatives}
	if s.Precision+s.Recall > 0 {
		s.F1 = 2 * s.Precision * s.Recall / (s.Precision + s.Recall)
	}
	return s
}

// Pairs scores unordered pairs of n items; a pair counts once however often it is
// there, and one of an item with itself not at all.
func Pairs(found, truth [][2]int, n int) Score {
	f, t := set(found), set(truth)
	hits := 0
	for k := range f {
		if t[k] {
			hits++
		}
	}
	return Of(hits, len(f)-hits, len(t)-hits, n*(n-1)/2-len(f)-len(t)+hits)
}

// Area is that under precision over recall, the mean precision, of scores in the order
// in which more is found. A set found at random has the share of the truth.
func Area(scores []Score) float64 {
	var area, before float64
	for _, s := range scores {
		if s.Recall > before {
			area += s.Precision * (s.Recall - before)
			before = s.Recall
		}
	}
	return area
}

func set(pairs [][2]int) map[[2]int]bool {
	out := make(map[[2]int]bool, len(pairs))
	for _, p := range pairs {
		if p[0] != p[1] {
			out[[2]int{min(p[0], p[1]), max(p[0], p[1])}] = true
		}
	}
	return out
}

func share(hits, misses int) float64 {
	if hits+misses == 0 {
		return 1
	}
	return float64(hits) / float64(hits+misses)
}
