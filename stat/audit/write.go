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
// protected ones that are in a model. What is not defined is an empty cell.
func WriteCSV(w io.Writer, steps []Step, names []string) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"lambda", "selected", "protected", "group", "rows", "base", "predicted", "loss", "positive", "error", "false_positive", "false_negative"}); err != nil {
		return err
	}
	for _, s := range steps {
		var protected []string
		for _, j := range s.Protected {
			protected = append(protected, names[j])
		}
		write := func(group, rows string, values ...float64) error {
			record := []string{number(s.Lambda), strconv.Itoa(s.Selected), strings.Join(protected, " "), group, rows}
			for _, v := range values {
				record = append(record, number(v))
			}
			return out.Write(record)
		}
		measures := func(group string, m Measures) error {
			return write(group, strconv.Itoa(m.Rows), m.Base, m.Predicted, m.Loss, m.Positive, m.Error, m.FalsePositive, m.FalseNegative)
		}
		if err := measures("all", s.All); err != nil {
			return err
		}
		for _, m := range s.Groups {
			if err := measures(m.Group, m); err != nil {
				return err
			}
		}
		g := s.Gaps
		if err := write("gap", "", g.Base, g.Predicted, g.Loss, g.Positive, g.Error, g.FalsePositive, g.FalseNegative); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func number(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
