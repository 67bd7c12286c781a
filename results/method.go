package results

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// The methods that Read infers. The criterion of importance names any other method that
// removes units after training, and prune.method one that pare gets later.
const (
	methodDense      = "dense"      // nothing removes anything
	methodPenalty    = "penalty"    // zeros that penalties made
	methodTarget     = "target"     // penalties that lead to a budget
	methodThresholds = "thresholds" // ReLUs with thresholds
	methodScratch    = "scratch"    // a pruned shape from new weights
	methodNarrow     = "narrow"     // a uniformly narrower network from new weights
	methodTuned      = "fine-tuned" // a network that cannot be read, trained on
)

// methodOf is the method of a run with the settings.
func methodOf(settings any) string {
	if own := ownMethod(settings); own != methodDense {
		return own
	}
	start := parent(settings)
	before, known := start.(map[string]any)
	fresh := text(settings, "model.weights") == "new"
	switch {
	case start == nil:
		return methodDense
	case fresh && known && untrained(before):
		return methodNarrow
	case fresh && known && methodOf(before) == methodDense:
		return methodDense
	case fresh:
		return methodScratch
	case known:
		return methodOf(before)
	}
	return methodTuned
}

// ownMethod is the method of the config itself.
func ownMethod(settings any) string {
	method := text(settings, "prune.method")
	penalties, _ := at(settings, "penalties").([]any)
	switch {
	case method == "least":
		return cmp.Or(text(settings, "prune.importance"), "taylor")
	case method != "" && method != "zeros" && method != "none":
		return method
	case at(settings, "target") != nil:
		return methodTarget
	case len(penalties) > 0:
		return methodPenalty
	case at(settings, "thresholds") != nil:
		return methodThresholds
	}
	return methodDense
}

// untrained reports whether nothing trained a network: the width of such a network is the
// result of its budget alone.
func untrained(settings any) bool {
	if epochs, ok := at(settings, "train.epochs").(float64); !ok || epochs != 0 {
		return false
	}
	if epochs, ok := at(settings, "finetune.epochs").(float64); ok && epochs != 0 {
		return false
	}
	switch before := parent(settings).(type) {
	case nil:
		return true
	case map[string]any:
		return text(settings, "model.weights") == "new" || untrained(before)
	}
	return false
}

// isBudget reports whether a path holds a share of the network to keep.
func isBudget(path string) bool {
	section, key := lastKeys(path)
	return (section == "budget" || section == "target") && key != "from" && key != "by" && key != "method" && key != "importance"
}

// isAmount reports whether a path says how much to remove: runs that differ in amounts
// alone are points of one curve.
func isAmount(path string) bool {
	section, key := lastKeys(path)
	return isBudget(path) || key == "lambda" || section == "prune" && key == "pattern" ||
		section == "thresholds" && (key == "density" || key == "loss")
}

// lastKeys are the last two keys of a path.
func lastKeys(path string) (section, key string) {
	keys := strings.Split(path, ".")
	if n := len(keys); n > 1 {
		section = keys[n-2]
	}
	return section, keys[len(keys)-1]
}

// pointOf words the amounts of a run: those of its own config, or else of the run that it
// starts from.
func pointOf(settings any) string {
	own := leaves(settings)
	var budgets, lambdas []string
	for _, path := range paths([]map[string]any{own}) {
		_, key := lastKeys(path)
		switch {
		case strings.HasPrefix(path, "model.run.") || strings.HasPrefix(path, "run.") || !isAmount(path):
		case key == "lambda":
			lambdas = append(lambdas, amountText(own[path]))
		default:
			budgets = append(budgets, key+" "+amountText(own[path]))
		}
	}
	switch {
	case len(budgets) > 0:
		return strings.Join(budgets, ", ")
	case len(lambdas) > 0:
		return "λ " + strings.Join(compact(lambdas), ", ")
	}
	if before, ok := parent(settings).(map[string]any); ok {
		return pointOf(before)
	}
	return ""
}

// compact leaves out the texts that are the same as an earlier one.
func compact(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// amountText writes an amount with at most four digits.
func amountText(v any) string {
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'g', 4, 64)
	}
	return scalarText(v)
}
