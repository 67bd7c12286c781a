package results

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// label infers the methods and points of rows whose sources have none, and the keys that
// vary.
func (s *Set) label() {
	var inferred []*Row
	for _, r := range s.Rows {
		if !r.labelled {
			r.Method, r.Point = methodOf(r.settings), pointOf(r.settings)
			inferred = append(inferred, r)
		}
	}
	for _, r := range inferred {
		s.narrow(r)
	}
	own := make([]map[string]any, len(inferred))
	for i, r := range inferred {
		own[i] = leaves(r.settings)
		maps.DeleteFunc(own[i], func(path string, _ any) bool {
			section, _, _ := strings.Cut(strings.TrimPrefix(path, "model."), ".")
			return path == "stage" || section == "run" // the settings of the run before
		})
	}
	if len(inferred) == 0 {
		return
	}
	vary := differing(own)
	for i, r := range inferred {
		r.Keys = map[string]any{}
		for _, path := range vary {
			if v, ok := own[i][path]; ok {
				r.Keys[path] = v
			}
		}
	}
}

// narrow names a dense network that is narrower than one from which another run started:
// the same model with other numbers. Its shares are of that one.
func (s *Set) narrow(r *Row) {
	if r.Method != methodDense || parent(r.settings) != nil {
		return
	}
	var widest *Row
	for _, q := range s.Rows {
		if q.Data == r.Data && q.MACs.From > r.MACs.From && (widest == nil || q.MACs.From > widest.MACs.From) &&
			sameForm(r.settings, first(q.settings)) {
			widest = q
		}
	}
	if widest == nil {
		return
	}
	r.Method, r.Point = methodNarrow, ""
	r.Params.From, r.MACs.From = widest.Params.From, widest.MACs.From
	to := map[string]int{}
	for _, l := range r.Layers {
		to[l.Layer] = l.To
	}
	r.Layers = slices.Clone(widest.Layers)
	for i := range r.Layers {
		r.Layers[i].To = to[r.Layers[i].Layer]
	}
}

// first is the settings of the run that a chain began with.
func first(settings any) any {
	for {
		before, ok := parent(settings).(map[string]any)
		if !ok {
			return settings
		}
		settings = before
	}
}

// sameForm reports whether models differ in numbers alone.
func sameForm(a, b any) bool {
	both := []map[string]any{leaves(at(a, "model")), leaves(at(b, "model"))}
	return !slices.ContainsFunc(differing(both), func(path string) bool { return !numeric(both[0][path]) || !numeric(both[1][path]) })
}

// labelCurves names curves by their method; those of one method also by the name that their
// runs have in common, or else by the settings in which they differ.
func labelCurves(curves []Curve) {
	same := map[string][]int{}
	for i, c := range curves {
		same[c.Method] = append(same[c.Method], i)
	}
	for method, members := range same {
		if len(members) == 1 {
			curves[members[0]].Label = method
			continue
		}
		words := make([]string, len(members))
		for k, i := range members {
			words[k] = curves[i].commonName()
		}
		if len(compact(words)) < len(words) || slices.Contains(words, "") {
			words = differences(curves, members)
		}
		seen := map[string]int{}
		for k, i := range members {
			label := method
			if words[k] != "" && words[k] != method {
				label += ", " + words[k]
			}
			if seen[label]++; seen[label] > 1 {
				label = fmt.Sprintf("%s (%d)", label, seen[label])
			}
			curves[i].Label = label
		}
	}
}

// commonName is the name that all runs of a curve have; "": they have none in common, or a
// sweep made them.
func (c Curve) commonName() string {
	name := c.Groups[0].Rows[0].Name
	for _, g := range c.Groups {
		for _, r := range g.Rows {
			if r.Name != name || r.labelled {
				return ""
			}
		}
	}
	return name
}

// differences words the settings in which curves of one method differ, as few as tell them
// apart.
func differences(curves []Curve, members []int) []string {
	all := make([]map[string]any, len(members))
	for k, i := range members {
		all[k] = curves[i].Groups[0].Rows[0].rest()
	}
	words := make([][]string, len(members))
	vary := differing(all)
	slices.SortStableFunc(vary, func(a, b string) int { return strings.Count(a, ".") - strings.Count(b, ".") })
	for _, path := range vary {
		texts := make([]string, len(members))
		for k := range members {
			if v, ok := all[k][path]; ok {
				texts[k] = shortest(path, vary) + " " + scalarText(v)
			}
		}
		if !separates(words, texts) {
			continue
		}
		for k, text := range texts {
			if text != "" {
				words[k] = append(words[k], text)
			}
		}
	}
	out := make([]string, len(members))
	for k := range members {
		out[k] = strings.Join(words[k], ", ")
	}
	return out
}

// separates reports whether texts tell two apart that have had the same words so far.
func separates(words [][]string, texts []string) bool {
	for i := range words {
		for j := range i {
			if texts[i] != texts[j] && slices.Equal(words[i], words[j]) {
				return true
			}
		}
	}
	return false
}
