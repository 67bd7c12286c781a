package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// experiment groups runs that differ only in the seed.
type experiment struct {
	runs     []Outcome
	places   []int // of the runs in the list they come from
	settings any
}

// experiments groups runs by their settings, in the order of their first runs.
func experiments(runs []Outcome) []experiment {
	var out []experiment
	at := map[string]int{}
	for place, r := range runs {
		key := jsonText(r.Settings)
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, experiment{settings: anything(r.Settings)})
		}
		out[i].runs, out[i].places = append(out[i].runs, r), append(out[i].places, place)
	}
	return mergeBudgets(out)
}

// sameBudget is the largest ratio of two budgets that count as one: a baseline is cut
// to the size that another run of its seed reached.
const sameBudget = 1.1

// mergeBudgets makes one experiment of those that differ a little in a budget of
// pruning, and have no seed in common.
func mergeBudgets(all []experiment) []experiment {
	type budgeted struct {
		key     string
		budgets []float64
	}
	about := make([]budgeted, len(all))
	for i, e := range all {
		rest := pathsWhere("", e.settings, isBudget, func(path string, v any) { // in the order of paths
			f, _ := v.(float64)
			about[i].budgets = append(about[i].budgets, f)
		})
		about[i].key = jsonText(rest)
	}
	var out []experiment
	var first []budgeted // of each of out
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return slices.Compare(about[a].budgets, about[b].budgets) })
	joined := make([]int, len(all)) // place in out
	near := func(x, y float64) bool { return x <= y && y <= x*sameBudget }
	for _, i := range order {
		joined[i] = slices.IndexFunc(first, func(b budgeted) bool {
			return b.key == about[i].key && len(b.budgets) > 0 && slices.EqualFunc(b.budgets, about[i].budgets, near)
		})
		if k := joined[i]; k < 0 || shareSeed(out[k].runs, all[i].runs) {
			joined[i] = len(out)
			out, first = append(out, all[i]), append(first, about[i])
			continue
		}
		out[joined[i]].join(all[i])
	}
	// Back to the order of the first runs.
	var sorted []experiment
	done := map[int]bool{}
	for i := range all {
		if k := joined[i]; !done[k] {
			done[k] = true
			sorted = append(sorted, out[k])
		}
	}
	return sorted
}

// join adds the runs of another experiment; budgets become ranges.
func (e *experiment) join(o experiment) {
	e.runs, e.places = append(slices.Clone(e.runs), o.runs...), append(slices.Clone(e.places), o.places...)
	var highest []any
	pathsWhere("", o.settings, isBudget, func(_ string, v any) { highest = append(highest, v) })
	k := 0
	e.settings = replaceWhere("", e.settings, isBudget, func(low any) any {
		high := highest[k]
		k++
		if jsonText(low) == jsonText(high) {
			return low
		}
		from, _, _ := strings.Cut(fmt.Sprint(low), "–")
		return from + "–" + fmt.Sprint(high)
	})
}

func shareSeed(a, b []Outcome) bool {
	return slices.ContainsFunc(a, func(x Outcome) bool {
		return slices.ContainsFunc(b, func(y Outcome) bool { return x.Seed == y.Seed })
	})
}

func isBudget(path string) bool {
	return strings.HasSuffix(path, "prune.budget.macs") || strings.HasSuffix(path, "prune.budget.params")
}

// isAmount reports whether a setting says how much of the network to keep: runs that differ
// only in such settings are one curve of a trade-off.
func isAmount(path string) bool {
	keys := strings.Split(path, ".")
	last, section := keys[len(keys)-1], ""
	if len(keys) > 1 {
		section = keys[len(keys)-2]
	}
	return isBudget(path) || last == "lambda" || section == "target" && slices.Contains([]string{"macs", "params", "groups"}, last) ||
		section == "thresholds" && slices.Contains([]string{"density", "loss"}, last)
}

// curveKey is the same for experiments of one curve.
func (e experiment) curveKey() string {
	return jsonText(pathsWhere("", e.settings, isAmount, func(string, any) {}))
}

// pathsWhere visits the values at chosen paths in order, and returns a copy without
// them.
func pathsWhere(path string, v any, chosen func(string) bool, visit func(string, any)) any {
	return replaceAt(path, v, chosen, func(path string, v any) any {
		visit(path, v)
		return nil
	})
}

// replaceWhere returns a copy with other values at chosen paths.
func replaceWhere(path string, v any, chosen func(string) bool, other func(any) any) any {
	return replaceAt(path, v, chosen, func(_ string, v any) any { return other(v) })
}

func replaceAt(path string, v any, chosen func(string) bool, other func(string, any) any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for _, k := range sortedKeys(v) {
			out[k] = replaceAt(joinPath(path, k), v[k], chosen, other)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = replaceAt(joinPath(path, strconv.Itoa(i)), item, chosen, other)
		}
		return out
	}
	if chosen(path) {
		return other(path, v)
	}
	return v
}

func joinPath(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// jsonText is the same for equal settings.
func jsonText(v any) string {
	text, _ := json.Marshal(v) // settings come from JSON
	return string(text)
}

// anything is settings as differences take them: absent ones are nil.
func anything(settings map[string]any) any {
	if settings == nil {
		return nil
	}
	return settings
}
