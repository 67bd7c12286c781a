package results

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Settings are a config as decoded JSON. model.run holds the settings of the run that it
// starts from, or its path if that cannot be read.

// at is the value at a dotted path; nil without one.
func at(v any, path string) any {
	for key := range strings.SplitSeq(path, ".") {
		section, _ := v.(map[string]any)
		v = section[key]
	}
	return v
}

// text is the text at a path; "" without one.
func text(v any, path string) string {
	s, _ := at(v, path).(string)
	return s
}

// parent is the settings of the run that settings start from; a text is its path, nil that
// there is none.
func parent(settings any) any {
	if text(settings, "model.type") == "saved" {
		return at(settings, "model.run")
	}
	return at(settings, "run") // of a network that pare prune made
}

// jsonText is the same for equal settings.
func jsonText(v any) string {
	text, _ := json.Marshal(v) // settings come from JSON
	return string(text)
}

// leaves are the scalars of settings by their paths; the items of a list of sections have
// their numbers in the path, other lists are one scalar.
func leaves(v any) map[string]any {
	out := map[string]any{}
	addLeaves(out, "", v)
	return out
}

func addLeaves(out map[string]any, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, item := range v {
			addLeaves(out, join(path, k), item)
		}
		return
	case []any:
		if slices.ContainsFunc(v, func(item any) bool { _, ok := item.(map[string]any); return ok }) {
			for i, item := range v {
				addLeaves(out, join(path, strconv.Itoa(i)), item)
			}
			return
		}
	}
	out[path] = v
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// scalarText writes a scalar of settings; numbers of a list have a dash between them.
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

// paths are the keys of several maps, sorted.
func paths(all []map[string]any) []string {
	set := map[string]bool{}
	for _, m := range all {
		for k := range m {
			set[k] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// differing are the paths at which not all maps have the same value.
func differing(all []map[string]any) []string {
	return slices.DeleteFunc(paths(all), func(path string) bool {
		first, ok := all[0][path]
		return !slices.ContainsFunc(all[1:], func(m map[string]any) bool {
			v, has := m[path]
			return has != ok || jsonText(v) != jsonText(first)
		})
	})
}

// shortest is the end of a path that ends no other path of a list.
func shortest(path string, all []string) string {
	keys := strings.Split(path, ".")
	for n := 1; n < len(keys); n++ {
		end := strings.Join(keys[len(keys)-n:], ".")
		if _, err := strconv.Atoi(keys[len(keys)-n]); err == nil {
			continue // a number needs the key of its list
		}
		if !slices.ContainsFunc(all, func(other string) bool { return other != path && strings.HasSuffix("."+other, "."+end) }) {
			return end
		}
	}
	return path
}
