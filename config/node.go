package config

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// kind is the type of a YAML value.
type kind int

const (
	null kind = iota
	boolean
	integer
	float
	text
	list
	section
)

// node is a value of a config and the place where it is written. Nodes do not
// change after reading, except for lists and sections while overrides apply.
type node struct {
	kind    kind
	at      at
	text    string // scalars: as written, or without the quotes for texts
	missing bool   // null: nothing is written at all
	items   []*node
	entries []entry
}

// entry is a key of a section with its value.
type entry struct {
	key   string
	at    at // of the key
	value *node
}

// get returns the value of a key, or nil.
func (n *node) get(key string) *node {
	if n == nil || n.kind != section {
		return nil
	}
	for _, e := range n.entries {
		if e.key == key {
			return e.value
		}
	}
	return nil
}

// has reports whether a key has a value that is not null.
func (n *node) has(key string) bool {
	v := n.get(key)
	return v != nil && v.kind != null
}

// without returns a section that lacks the keys.
func (n *node) without(keys ...string) *node {
	out := &node{kind: section, at: n.at}
next:
	for _, e := range n.entries {
		for _, k := range keys {
			if e.key == k {
				continue next
			}
		}
		out.entries = append(out.entries, e)
	}
	return out
}

// withoutRemoved returns a section without the keys that overrides set to null, here
// and in the sections below.
func (n *node) withoutRemoved() *node {
	if n.kind != section {
		return n
	}
	out := &node{kind: section, at: n.at}
	for _, e := range n.entries {
		if e.value.kind == null && e.value.at.overridden() {
			continue
		}
		e.value = e.value.withoutRemoved()
		out.entries = append(out.entries, e)
	}
	return out
}

// find returns the value at a dotted path, or nil, and its place. The place of a path that
// is not in the file is the key of the nearest section in the file.
func (n *node) find(path string) (*node, at) {
	where := n.at
	for path != "" {
		head, rest, _ := strings.Cut(path, ".")
		var next *node
		switch n.kind {
		case section:
			for _, e := range n.entries {
				// A key may itself have dots, as in factors.
				if e.key == path {
					rest = ""
				}
				if e.key == head || e.key == path {
					next, where = e.value, e.at
				}
			}
		case list:
			if i, err := strconv.Atoi(head); err == nil && i >= 0 && i < len(n.items) {
				next = n.items[i]
				where = next.at
			}
		}
		if next == nil {
			return nil, where
		}
		n, path = next, rest
	}
	if n.kind != null {
		where = n.at
	}
	return n, where
}

// place is the place that find returns.
func (n *node) place(path string) at {
	_, where := n.find(path)
	return where
}

// String is the value as messages quote it.
func (n *node) String() string {
	switch n.kind {
	case null:
		return "nothing"
	case text:
		return strconv.Quote(n.text)
	case list:
		return "a list"
	case section:
		return "a section of keys"
	}
	return n.text
}

// plain is the value as Go types: nil, bool, int64, uint64, float64, string,
// []any or map[string]any. Numbers too large for them are texts.
func (n *node) plain() any {
	switch n.kind {
	case null:
		return nil
	case boolean:
		return isTrue(n.text)
	case integer:
		if i, err := parseInt(n.text, 64); err == nil {
			return i
		}
		if u, err := parseUint(n.text, 64); err == nil {
			return u
		}
	case float:
		if f, err := parseFloat(n.text, 64); err == nil {
			return f
		}
	case list:
		out := make([]any, len(n.items))
		for i, item := range n.items {
			out[i] = item.plain()
		}
		return out
	case section:
		out := make(map[string]any, len(n.entries))
		for _, e := range n.entries {
			out[e.key] = e.value.plain()
		}
		return out
	}
	return n.text
}

// The core schema, YAML 1.2.2 section 10.3.2.
var (
	intPattern   = regexp.MustCompile(`^([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$`)
	floatPattern = regexp.MustCompile(`^([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$`)
	// plainPattern matches the texts that are written without quotes; it is
	// narrower than YAML.
	plainPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_./-]*$`)
)

// resolve returns the kind of a scalar that is written without quotes.
func resolve(s string) kind {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return null
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return boolean
	}
	switch {
	case intPattern.MatchString(s):
		return integer
	case floatPattern.MatchString(s):
		return float
	}
	return text
}

func isTrue(s string) bool { return s[0] == 't' || s[0] == 'T' }

// digits splits the text of an integer into its digits, with the sign, and the
// base. A leading zero does not mean octal, 0o does.
func digits(s string) (string, int) {
	if rest, ok := strings.CutPrefix(s, "0o"); ok {
		return rest, 8
	}
	if rest, ok := strings.CutPrefix(s, "0x"); ok {
		return rest, 16
	}
	return strings.TrimPrefix(s, "+"), 10
}

func parseInt(s string, bits int) (int64, error) {
	d, base := digits(s)
	return strconv.ParseInt(d, base, bits)
}

func parseUint(s string, bits int) (uint64, error) {
	d, base := digits(s)
	return strconv.ParseUint(d, base, bits)
}

var errNotFinite = errors.New("not a finite number")

// parseFloat reads an integer or a float.
func parseFloat(s string, bits int) (float64, error) {
	if d, base := digits(s); base != 10 {
		u, err := strconv.ParseUint(d, base, 64)
		return float64(u), err
	}
	if strings.HasSuffix(strings.ToLower(s), "inf") || strings.EqualFold(s, ".nan") {
		return 0, errNotFinite
	}
	f, err := strconv.ParseFloat(s, bits)
	if err == nil && math.IsInf(f, 0) {
		err = errNotFinite
	}
	return f, err
}

// quote writes a text so that it is read back as that text.
func quote(s string) string {
	if resolve(s) == text && plainPattern.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
