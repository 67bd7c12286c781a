package app

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"pare/nn"
)

// profileSteps is the number of steps of a profile.
const profileSteps = 30

// profileRow is one kind of operation in a training step.
type profileRow struct {
	Operation string  `json:"operation"`
	Count     int     `json:"count"` // in a step
	Ms        float64 `json:"ms"`    // in a step
}

// profile times every operation of a training step, the median of some steps,
// and sums them by kind, or with layers by layer as well. The update is a kind
// of its own.
func profile(ctx context.Context, p *nn.Program, update func(), layers bool) ([]profileRow, error) {
	var order []string
	times := map[string][]time.Duration{}
	record := func(op string, d time.Duration) {
		if times[op] == nil {
			order = append(order, op)
		}
		times[op] = append(times[op], d)
	}
	p.Run()
	for range profileSteps {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		p.RunTimed(record)
		start := time.Now()
		update()
		record("update", time.Since(start))
	}
	var rows []profileRow
	at := map[string]int{}
	for _, op := range order {
		kind := op
		if !layers {
			kind, _, _ = strings.Cut(op, " of layer ")
			kind, _, _ = strings.Cut(kind, "#")
		}
		i, ok := at[kind]
		if !ok {
			i = len(rows)
			at[kind] = i
			rows = append(rows, profileRow{Operation: kind})
		}
		rows[i].Count += len(times[op]) / profileSteps
		rows[i].Ms += medianMs(times[op]) * float64(len(times[op])/profileSteps)
	}
	if !layers {
		slices.SortStableFunc(rows, func(a, b profileRow) int { return cmp.Compare(b.Ms, a.Ms) })
	}
	for i := range rows {
		rows[i].Ms = rounded(rows[i].Ms)
	}
	return rows, nil
}

func printProfile(w io.Writer, rows []profileRow) {
	total := 0.0
	for _, r := range rows {
		total += r.Ms
	}
	fmt.Fprintf(w, "\n%9s %6s %6s  %s\n", "ms", "share", "count", "operation")
	for _, r := range rows {
		fmt.Fprintf(w, "%9.3f %5.1f%% %6d  %s\n", r.Ms, 100*r.Ms/total, r.Count, r.Operation)
	}
	fmt.Fprintf(w, "%9.3f %5.1f%%\n\n", total, 100.0)
}
