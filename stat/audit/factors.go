// Package audit looks at what a path of linear models does with protected
// features and to the groups that rows belong to: penalties that keep protected
// features out, and losses, errors and gaps of every group along the path.
package audit

import (
	"fmt"
	"math"
	"strings"

	"pare/internal/table"
)

// Columns are the indices of the columns that stand for protected features: a
// column of that name, or one-hot columns called feature=value. A feature that
// no column stands for is an error.
func Columns(columns, protected []string) ([]int, error) {
	out := []int{}
	for _, feature := range protected {
		found := false
		for j, name := range columns {
			if name == feature || strings.HasPrefix(name, feature+"=") {
				out = append(out, j)
				found = true
			}
		}
		if !found {
			return nil, fmt.Errorf("no column stands for the protected feature %q%s", feature, table.Suggestion(feature, "columns", columns))
		}
	}
	return out, nil
}

// PenaltyFactors is 1 for every column and factor for those of protected
// features: above 1 they have to earn their place, +Inf leaves them out, 0
// leaves them unpenalised, which takes what they explain from the others.
func PenaltyFactors(columns, protected []string, factor float64) ([]float64, error) {
	if factor < 0 || math.IsNaN(factor) {
		return nil, fmt.Errorf("a penalty factor cannot be %v", factor)
	}
	at, err := Columns(columns, protected)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(columns))
	for j := range out {
		out[j] = 1
	}
	for _, j := range at {
		out[j] = factor
	}
	return out, nil
}
