package results

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
)

// csvColumn is a column of results.csv. A cell is a text, a whole number, or a number; NaN
// is an empty cell.
type csvColumn struct {
	name string
	cell func(*Row) any
}

func number(name string, of func(*Row) float64) csvColumn {
	return csvColumn{name, func(r *Row) any { return of(r) }}
}

// stageColumns are the measure of one kind at the stages; other rows have no value.
func stageColumns(name, measure string, of func(float64) float64) []csvColumn {
	column := func(stage string, value func(*Row) float64) csvColumn {
		return number(name+"_"+stage, func(r *Row) float64 {
			if r.Measure != measure {
				return math.NaN()
			}
			return of(value(r))
		})
	}
	return []csvColumn{column("trained", (*Row).trained), column("before_removal", (*Row).before),
		column("after_removal", (*Row).after), column("final", func(r *Row) float64 { return r.Value })}
}

func csvColumns(keys []string) []csvColumn {
	same := func(v float64) float64 { return v }
	columns := []csvColumn{
		{"path", func(r *Row) any { return r.Path }},
		{"name", func(r *Row) any { return r.Name }},
		{"method", func(r *Row) any { return r.Method }},
		{"point", func(r *Row) any { return r.Point }},
		{"seed", func(r *Row) any { return r.Seed }},
	}
	for _, key := range keys {
		columns = append(columns, csvColumn{key, func(r *Row) any { return r.Keys[key] }})
	}
	return slices.Concat(columns, []csvColumn{
		{"ancestor", func(r *Row) any { return r.Ancestor }},
		{"data", func(r *Row) any { return r.Data }},
		{"model", func(r *Row) any { return r.Model }},
		{"params_original", func(r *Row) any { return r.Params.From }},
		{"params", func(r *Row) any { return r.Params.To }},
		number("params_share", func(r *Row) float64 { return r.Params.Share() }),
		{"macs_original", func(r *Row) any { return r.MACs.From }},
		{"macs", func(r *Row) any { return r.MACs.To }},
		number("macs_share", func(r *Row) float64 { return r.MACs.Share() }),
		{"nonzero", func(r *Row) any { return r.NonZero }},
		number("nonzero_share", func(r *Row) float64 { return Change{r.Params.From, r.NonZero}.Share() }),
		number("macs_nonzero", func(r *Row) float64 { return r.WorkNonZero }),
		number("activation_density_trained", func(r *Row) float64 { return r.ActiveBefore }),
		number("activation_density_final", func(r *Row) float64 { return r.ActiveAfter }),
		number("activation_share", func(r *Row) float64 { return r.ActiveLeft }),
	}, stageColumns("accuracy", "error", func(v float64) float64 { return 1 - v }),
		stageColumns("perplexity", "perplexity", same), stageColumns("mse", "mean square error", same), []csvColumn{
			number("certificate", func(r *Row) float64 { return r.Certificate }),
			number("step_ms", func(r *Row) float64 { return r.StepMs }),
			number("latency_ms", func(r *Row) float64 { return r.LatencyMs }),
			number("train_seconds", func(r *Row) float64 { return r.TrainSeconds }),
			number("finetune_seconds", func(r *Row) float64 { return r.FinetuneSeconds }),
			{"started", func(r *Row) any { return r.Started }},
			{"finished", func(r *Row) any { return r.Finished }},
			{"host", func(r *Row) any { return r.Host }},
			{"command", func(r *Row) any { return r.Command }},
			{"version", func(r *Row) any { return r.Version }},
		})
}

// CSV writes results.csv: a row for each run, with a column for each varied key. Every
// column has one type; an unknown number is an empty cell.
func (s *Set) CSV(w io.Writer) error {
	all := make([]map[string]any, len(s.Rows))
	for i, r := range s.Rows {
		all[i] = r.Keys
	}
	fixed := csvColumns(nil)
	keys := slices.DeleteFunc(paths(all), func(key string) bool { // a varied seed or name has its column
		return slices.ContainsFunc(fixed, func(c csvColumn) bool { return c.name == key })
	})
	columns := csvColumns(keys)
	for _, k := range s.auditKeys() {
		columns = append(columns, number(k.column(), func(r *Row) float64 { return r.audited(k) }))
	}
	out := csv.NewWriter(w)
	record := make([]string, len(columns))
	for i, c := range columns {
		record[i] = c.name
	}
	if err := out.Write(record); err != nil {
		return err
	}
	for _, r := range s.Rows {
		for i, c := range columns {
			record[i] = csvCell(c.cell(r))
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func csvCell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case float64:
		if math.IsNaN(v) {
			return ""
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	case map[string]any:
		return jsonText(v)
	case []any:
		return scalarText(v)
	}
	return fmt.Sprint(v)
}
