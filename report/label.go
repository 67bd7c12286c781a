package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// labels names lists of runs with distinct names: by the name that all runs of a list
// have, or the beginning of their names, and where lists share that by the settings
// that differ between them.
func labels(lists [][]Outcome, settings []any) []string {
	out := make([]string, len(lists))
	same := map[string][]int{}
	for i, runs := range lists {
		out[i] = commonName(runs)
		same[out[i]] = append(same[out[i]], i)
	}
	for base, members := range same {
		if len(members) == 1 {
			continue
		}
		trees := make([]any, len(members))
		for k, i := range members {
			trees[k] = settings[i]
		}
		for k, words := range differences(trees) {
			out[members[k]] = strings.Join(append([]string{base}, words...), ", ")
		}
	}
	// Lists without settings to tell them apart are counted.
	seen := map[string]int{}
	for i, name := range out {
		if seen[name]++; seen[name] > 1 {
			out[i] = fmt.Sprintf("%s (%d)", name, seen[name])
		}
	}
	return out
}

// commonName is the name of all runs, or how all names begin: words of digits and the
// s of a seed at the end of that are left out. Without a common beginning it is the
// first name.
func commonName(runs []Outcome) string {
	name := runs[0].Name
	for _, r := range runs[1:] {
		n := 0
		for n < min(len(name), len(r.Name)) && name[n] == r.Name[n] {
			n++
		}
		name = name[:n]
	}
	if name == runs[0].Name && !slices.ContainsFunc(runs, func(r Outcome) bool { return r.Name != name }) {
		return name
	}
	for {
		cut := strings.TrimRight(name, "-_. ")
		start := strings.LastIndexAny(cut, "-_. ") + 1
		word := strings.TrimRight(cut[start:], "0123456789")
		if start > 0 && (word == "" || word == "s" || word == "seed") {
			cut = cut[:start-1]
		}
		switch cut {
		case "": // names that have nothing in common
			return runs[0].Name
		case name:
			return name
		}
		name = cut
	}
}

// difference is a setting that differs: in words for each tree; "" where a tree has
// no part in it.
type difference struct {
	path  string
	words []string
	bare  bool // the words say it all, without the path
}

// kinds are the settings that labels always name where they differ.
var kinds = []string{"prune.method", "model.type", "model.weights"}

// differences describes in words how settings differ: first by kinds, then by the other
// settings that separate experiments of the same kinds.
func differences(trees []any) [][]string {
	part := make([]bool, len(trees))
	for i := range part {
		part[i] = true
	}
	var found, chosen []difference
	compareTrees("", trees, part, &found)
	for _, kind := range kinds {
		if k := slices.IndexFunc(found, func(d difference) bool { return d.path == kind && d.bare }); k >= 0 {
			chosen = append(chosen, found[k])
			found = slices.Delete(found, k, k+1)
		}
	}
	out := make([][]string, len(trees))
	for _, d := range slices.Concat(chosen, found) {
		if !slices.Contains(kinds, d.path) && !d.separates(out) {
			continue
		}
		for i, w := range d.words {
			switch {
			case w == "":
			case d.bare:
				out[i] = append(out[i], w)
			default:
				out[i] = append(out[i], shortPath(found, d.path)+" "+w)
			}
		}
	}
	return out
}

// separates reports whether the difference distinguishes two trees that have had the same
// words so far.
func (d difference) separates(words [][]string) bool {
	for i := range words {
		for j := range i {
			if d.words[i] != d.words[j] && slices.Equal(words[i], words[j]) {
				return true
			}
		}
	}
	return false
}

func compareTrees(path string, trees []any, part []bool, found *[]difference) {
	var here []int // trees with a value
	for i, p := range part {
		if p && trees[i] != nil {
			here = append(here, i)
		}
	}
	if len(here) == 0 {
		return
	}
	if name := lastKey(path); len(here) < taking(part) {
		d := difference{path: path, words: make([]string, len(trees)), bare: true}
		inner := make([]bool, len(trees))
		for i, p := range part {
			switch {
			case p && trees[i] == nil:
				d.words[i] = "no " + name
			case p:
				d.words[i] = summary(name, trees[i])
				inner[i] = true
			}
		}
		*found = append(*found, d)
		part = inner
	}
	first := trees[here[0]]
	if !slices.ContainsFunc(here, func(i int) bool { return jsonText(trees[i]) != jsonText(first) }) {
		return
	}
	keys, sections := childKeys(trees, here)
	if !sections {
		if len(here) < taking(part) || !slices.Contains(part, true) {
			return
		}
		d := difference{path: path, words: make([]string, len(trees)),
			bare: slices.Contains([]string{"method", "type", "on", "weights"}, lastKey(path))}
		for _, i := range here {
			d.words[i] = scalarText(trees[i])
			if d.bare && lastKey(path) == "weights" {
				d.words[i] += " weights"
			}
		}
		*found = append(*found, d)
		return
	}
	for _, k := range keys {
		children := make([]any, len(trees))
		for _, i := range here {
			children[i] = child(trees[i], k)
		}
		if k == "type" {
			compareTrees(joinPath(path, k), children, part, found)
			continue
		}
		for _, alike := range ofOneType(trees, part) { // another type has other options
			compareTrees(joinPath(path, k), children, alike, found)
		}
	}
}

// ofOneType divides the trees that take part by the type that their sections name.
func ofOneType(trees []any, part []bool) [][]bool {
	var out [][]bool
	at := map[string]int{}
	for i, p := range part {
		if !p {
			continue
		}
		typ := jsonText(child(trees[i], "type"))
		k, ok := at[typ]
		if !ok {
			k = len(out)
			at[typ] = k
			out = append(out, make([]bool, len(part)))
		}
		out[k][i] = true
	}
	return out
}

// childKeys are the keys below the trees; sections is false if one of them is neither a
// section nor a list of sections.
func childKeys(trees []any, here []int) (keys []string, sections bool) {
	for _, i := range here {
		switch v := trees[i].(type) {
		case map[string]any:
			keys = append(keys, sortedKeys(v)...)
		case []any:
			for k, item := range v {
				if _, ok := item.(map[string]any); !ok {
					return nil, false
				}
				keys = append(keys, strconv.Itoa(k))
			}
		default:
			return nil, false
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys), true
}

func child(v any, key string) any {
	switch v := v.(type) {
	case map[string]any:
		return v[key]
	case []any:
		if k, err := strconv.Atoi(key); err == nil && k < len(v) {
			return v[k]
		}
	}
	return nil
}

// summary describes in a few words a section that other experiments lack.
func summary(name string, v any) string {
	switch v := v.(type) {
	case map[string]any:
		typ, _ := v["type"].(string)
		on, _ := v["on"].(string)
		switch {
		case typ != "" && on != "":
			return typ + " on " + on
		case typ != "":
			return name + " " + typ
		}
		return name
	case []any:
		var words []string
		for _, item := range v {
			if _, ok := item.(map[string]any); !ok {
				return name + " " + scalarText(v)
			}
			words = append(words, summary(name, item))
		}
		return strings.Join(words, " and ")
	}
	return name + " " + scalarText(v)
}

func scalarText(v any) string {
	switch v := v.(type) {
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []any:
		words := make([]string, len(v))
		for i, item := range v {
			words[i] = scalarText(item)
		}
		return strings.Join(words, "-")
	case map[string]any:
		return jsonText(v)
	}
	return fmt.Sprint(v)
}

// lastKey is the last part of a path that is not a number.
func lastKey(path string) string {
	keys := strings.Split(path, ".")
	for _, k := range slices.Backward(keys) {
		if _, err := strconv.Atoi(k); err != nil {
			return k
		}
	}
	return path
}

// shortPath is the end of a path that no other difference has.
func shortPath(all []difference, path string) string {
	keys := strings.Split(path, ".")
	for n := 1; n < len(keys); n++ {
		end := strings.Join(keys[len(keys)-n:], ".")
		if !slices.ContainsFunc(all, func(d difference) bool {
			return d.path != path && !d.bare && strings.HasSuffix("."+d.path, "."+end)
		}) {
			return end
		}
	}
	return path
}

// taking counts the true elements.
func taking(part []bool) int {
	n := 0
	for _, p := range part {
		if p {
			n++
		}
	}
	return n
}
