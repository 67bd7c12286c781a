package config

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// field is what the tags of a struct field say.
type field struct {
	index     []int
	typ       reflect.Type
	key       string
	omitEmpty bool
	required  bool
	doc       string
	rules     rules
}

// rules are the checks of a value beyond its type.
type rules struct {
	limits *interval
	enum   []string
	single bool // one value stands for a list of it
	filled bool // a text or list is not empty
}

// fieldsOf lists the fields of a struct that have a key. Structs that are
// embedded without a key, or inline, add theirs.
func fieldsOf(t reflect.Type) ([]field, error) {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		key, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if key == "-" {
			continue
		}
		if f.Type.Kind() == reflect.Struct && (f.Anonymous && key == "" || options == "inline") {
			inner, err := fieldsOf(f.Type)
			if err != nil {
				return nil, err
			}
			for _, in := range inner {
				in.index = append([]int{i}, in.index...)
				out = append(out, in)
			}
			continue
		}
		if !f.IsExported() {
			continue
		}
		if key == "" {
			key = strings.ToLower(f.Name)
		}
		limits, err := parseInterval(f.Tag.Get("range"))
		if err != nil {
			return nil, fmt.Errorf("config: field %s of %s: %w", f.Name, t, err)
		}
		out = append(out, field{
			index: []int{i}, typ: f.Type, key: key,
			omitEmpty: options == "omitempty",
			required:  f.Tag.Get("required") == "true",
			doc:       f.Tag.Get("doc"),
			rules:     rules{limits: limits, enum: enumOf(f.Tag.Get("enum")), single: f.Tag.Get("list") == "single", filled: f.Tag.Get("empty") == "no"},
		})
	}
	return out, nil
}

func enumOf(tag string) []string {
	if tag == "" {
		return nil
	}
	return strings.Split(tag, ",")
}

// interval is a range of numbers; a side may be infinite.
type interval struct {
	lo, hi         float64
	loOpen, hiOpen bool
}

// parseInterval reads "[0,1)" and, without a limit on a side, "(0,)"; the empty
// text is no interval.
func parseInterval(s string) (*interval, error) {
	if s == "" {
		return nil, nil
	}
	bad := fmt.Errorf("range:%q is not an interval", s)
	if len(s) < 3 || !strings.Contains("[(", s[:1]) || !strings.Contains("])", s[len(s)-1:]) {
		return nil, bad
	}
	lo, hi, ok := strings.Cut(s[1:len(s)-1], ",")
	if !ok {
		return nil, bad
	}
	in := &interval{lo: math.Inf(-1), hi: math.Inf(1), loOpen: s[0] == '(', hiOpen: s[len(s)-1] == ')'}
	var err error
	if lo != "" {
		if in.lo, err = strconv.ParseFloat(lo, 64); err != nil {
			return nil, bad
		}
	}
	if hi != "" {
		if in.hi, err = strconv.ParseFloat(hi, 64); err != nil {
			return nil, bad
		}
	}
	return in, nil
}

func (in *interval) contains(v float64) bool {
	return (v > in.lo || v == in.lo && !in.loOpen) && (v < in.hi || v == in.hi && !in.hiOpen)
}

// String is the interval in words: "at least 0 and below 1".
func (in *interval) String() string {
	var words []string
	if !math.IsInf(in.lo, 0) {
		word := "at least"
		if in.loOpen {
			word = "above"
		}
		words = append(words, word+" "+number(in.lo))
	}
	if !math.IsInf(in.hi, 0) {
		word := "at most"
		if in.hiOpen {
			word = "below"
		}
		words = append(words, word+" "+number(in.hi))
	}
	return strings.Join(words, " and ")
}

// number writes a limit with all its digits.
func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
