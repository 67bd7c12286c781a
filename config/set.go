package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"pare/internal/option"
	"pare/internal/printable"
)

// set applies an override such as "train.epochs=3" to the file. The value is YAML; one that
// begins with * is text. Decoding checks later that the key exists; its errors then name
// the override.
func (n *node) set(override string) error {
	where := at{file: overridePrefix + printable.Text(override)}
	path, value, ok := strings.Cut(override, "=")
	keys := strings.Split(path, ".")
	for _, k := range keys {
		ok = ok && k != "" && k == strings.TrimSpace(k) && !strings.ContainsFunc(k, unicode.IsControl)
	}
	if !ok {
		return where.errorf("an override is key=value, for example train.epochs=3")
	}
	var v *node
	locate := func(int, int) at { return where }
	err := reader{locate}.checkText([]byte(path))
	if err != nil {
		return err
	}
	if strings.HasPrefix(value, "*") { // a pattern; it would be an alias
		v, err = reader{locate}.text(value, where)
	} else {
		v, err = read([]byte(value), locate)
	}
	if err != nil {
		return err
	}
	if err := n.assign("", keys, v); err != nil {
		return err
	}
	if n.depth() > maxDepth {
		return where.errorf("more than %d sections and lists within each other", maxDepth)
	}
	return nil
}

// depth is the number of sections and lists nested in each other.
func (n *node) depth() int {
	deepest := 0
	for _, e := range n.entries {
		deepest = max(deepest, 1+e.value.depth())
	}
	for _, item := range n.items {
		deepest = max(deepest, 1+item.depth())
	}
	return deepest
}

// assign puts v at the keys below n, whose path is path. Sections that do not
// exist are made.
func (n *node) assign(path string, keys []string, v *node) error {
	full := option.Join(path, keys[0])
	switch n.kind {
	case list:
		i, err := strconv.Atoi(keys[0])
		if err != nil || i < 0 || i >= len(n.items) {
			return v.at.errorf("%s does not exist; %s is a list of %d, counted from 0", full, path, len(n.items))
		}
		if len(keys) == 1 {
			n.items[i] = v
			return nil
		}
		return n.items[i].assign(full, keys[1:], v)
	case section:
		value := v
		if len(keys) > 1 {
			if value = n.get(keys[0]); value == nil || value.kind == null {
				value = &node{kind: section, at: v.at}
			}
			if err := value.assign(full, keys[1:], v); err != nil {
				return err
			}
		}
		for i, e := range n.entries {
			if e.key == keys[0] {
				if e.value != value {
					n.entries[i] = entry{keys[0], v.at, value}
				}
				return nil
			}
		}
		n.entries = append(n.entries, entry{keys[0], v.at, value})
		return nil
	}
	return v.at.errorf("%s does not exist; %s is %s and has no keys", full, path, n)
}

// defaultTypes are the kinds of the sections that fine-tuning inherits.
var defaultTypes = map[string]string{"optimizer": "sgd", "schedule": "constant"}

// inherit gives the fine-tuning section the keys of the training section that
// it leaves out. Options of another type of optimizer or schedule do not carry
// over.
func inherit(root *node) {
	train, tune := root.get("train"), root.get("finetune")
	if train == nil || tune == nil || train.kind != section || tune.kind != section {
		return
	}
	// Errors in inherited keys are reported where train is decoded, so that comes first.
	slices.SortStableFunc(root.entries, func(a, b entry) int { return cmp.Compare(index(a.key), index(b.key)) })
	for _, e := range train.entries {
		byDefault, kinds := defaultTypes[e.key]
		own := tune.get(e.key)
		switch {
		case !kinds && e.key != "epochs":
		case own == nil:
			tune.entries = append(tune.entries, e)
		case own.kind == section && e.value.kind == section && (own.get("type") == nil || own.typ(byDefault) == e.value.typ(byDefault)):
			for _, option := range e.value.entries {
				if own.get(option.key) == nil {
					own.entries = append(own.entries, option)
				}
			}
		}
	}
}

// index puts the fine-tuning section last.
func index(key string) int {
	if key == "finetune" {
		return 1
	}
	return 0
}

// typ is the type that a section names, or its default.
func (n *node) typ(byDefault string) string {
	if t := n.get("type"); t != nil && t.kind == text {
		return t.text
	}
	return byDefault
}
