// Package audit looks at the effect of linear models along a path on protected features
// and on the groups that rows belong to: the protected features in each model, and losses,
// errors and gaps of every group.
package audit

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"
	"strings"
)

// WriteCSV writes a row for every λ and group, one for all rows (group "all")
// and one of gaps (group "gap"). names are the columns of the design, for the
// protected ones that are in a model. A measure that is not defined is an empty cell.
func WriteCSV(w io.Writer, steps []Step, names []string) error {
	out := csv.NewWriter(w)
	out.Write([]string{"lambda", "selected", "protected", "group", "rows",
		"base", "predicted", "loss", "positive", "error", "false_positive", "false_negative"})
	for _, s := range steps {
		var protected []string
		for _, j := range s.Protected {
			protected = append(protected, names[j])
		}
		write := func(group, rows string, rates Rates) {
			record := []string{number(s.Lambda), strconv.Itoa(s.Selected), strings.Join(protected, " "), group, rows}
			for _, v := range rates.values() {
				record = append(record, number(v))
			}
			out.Write(record)
		}
		write("all", strconv.Itoa(s.All.Rows), s.All.Rates)
		for _, m := range s.Groups {
			write(m.Group, strconv.Itoa(m.Rows), m.Rates)
		}
		write("gap", "", s.Gaps.Rates)
	}
	out.Flush()
	return out.Error() // of any of the writes
}

func number(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
