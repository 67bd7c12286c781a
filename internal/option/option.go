// Package option describes options by tags on the fields of a struct, and registers kinds
// of things by name, each a struct with its own options. A fact about an option stands in
// its tags alone: parsers, checks, schemas and help texts read them.
//
//	yaml:"lr"            the key; without it the name of the field in lower case; "-": no option
//	yaml:"eps,omitempty" the zero value stands for a key that is left out
//	yaml:",inline"       the options of this struct are options of the outer one, as those
//	                     of an embedded struct are
//	kind:"type"          the interface holds the kind that the option "type" of the same
//	                     struct names, whose options are options of the outer struct
//	doc:"…"              one sentence on the option, with its unit and default
//	range:"[0,1)"        the interval of a number, or of each number of a list or map;
//	                     without a limit on a side: "(0,)"
//	share:"or count"     numbers below 1 are shares, from 1 on they are whole
//	fraction:"yes"       a number, or each of a list, may be written as a fraction: 8/255
//	enum:"a,b"           the texts that are allowed
//	required:"true"      the key must be there
//	list:"single"        a list of one may be written as that one, and a kind as its name
//	empty:"no"           a text or list must not be empty; leave the key out instead
package option

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pare/internal/suggest"
)

// Field is an option of a struct.
type Field struct {
	Key       string
	Doc       string
	Value     reflect.Value // can be set where the struct can
	OmitEmpty bool          // the zero value stands for a key that is left out
	Required  bool
	Rules
}

// IsSection reports whether the option is a section that may be missing.
func (f Field) IsSection() bool {
	t := f.Value.Type()
	return t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct
}

// Rules are the checks of a value beyond its type.
type Rules struct {
	Single   bool // one value stands for a list of it, a name for the kind with its defaults
	Filled   bool // a text or list is not empty
	Fraction bool // a number may be written as a fraction
	share    bool // numbers below 1 are shares, from 1 on they are whole
	enum     []string
	limits   *interval
}

// String is the values that are allowed, in words: "a or b", "at least 0 and below 1"; empty
// where tags allow all of the type.
func (r Rules) String() string {
	if r.limits != nil {
		return r.limits.String()
	}
	return OneOf(r.enum)
}

// Fields lists the options of v, a struct or a pointer to one, in the order of its fields,
// with the options of the kind that it holds. Faulty tags panic.
func Fields(v reflect.Value) []Field {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return nil
	}
	if _, ok := NumbersOf(v); ok {
		return nil
	}
	var out []Field
	for i := range v.NumField() {
		f, value := v.Type().Field(i), v.Field(i)
		tag := f.Tag.Get
		key, options, _ := strings.Cut(tag("yaml"), ",")
		switch {
		case key == "-":
			continue
		case tag("kind") != "":
			out = append(out, Fields(value)...)
			continue
		case f.Type.Kind() == reflect.Struct && (f.Anonymous && key == "" || options == "inline"):
			out = append(out, Fields(value)...)
			continue
		case !f.IsExported(), f.Anonymous && key == "" && f.Type.Kind() == reflect.Interface: // there for its methods
			continue
		case key == "":
			key = strings.ToLower(f.Name)
		}
		limits, err := parseInterval(tag("range"))
		if err != nil {
			panic(fmt.Sprintf("option: field %s of %s: %v", f.Name, v.Type(), err))
		}
		field := Field{Key: key, Doc: tag("doc"), Value: value, OmitEmpty: options == "omitempty", Required: tag("required") == "true",
			Rules: Rules{Single: tag("list") == "single", Filled: tag("empty") == "no", Fraction: tag("fraction") == "yes",
				share: tag("share") != "", limits: limits}}
		if enum := tag("enum"); enum != "" {
			field.enum = strings.Split(enum, ",")
		}
		out = append(out, field)
	}
	return out
}

// Choice is a place of a struct for one of several kinds.
type Choice struct {
	Key   string        // of the option that names the kind
	Name  reflect.Value // the value of that option
	Kind  reflect.Value // the interface that holds the kind
	Kinds Registry
}

// ChoiceOf returns the choice that v, a struct, leaves; false where there is none.
func ChoiceOf(v reflect.Value) (Choice, bool) {
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("kind")
		if key == "" {
			continue
		}
		kinds, ok := registries[v.Field(i).Type()]
		at := slices.IndexFunc(Fields(v), func(f Field) bool { return f.Key == key })
		if !ok || at < 0 {
			panic(fmt.Sprintf("option: %s: there are no kinds of %s, or there is no option %s", v.Type(), v.Field(i).Type(), key))
		}
		return Choice{Key: key, Name: Fields(v)[at].Value, Kind: v.Field(i), Kinds: kinds}, true
	}
	return Choice{}, false
}

// Set makes a new kind of the name in the place.
func (c Choice) Set(name string) error {
	kind, err := c.Kinds.Make(name)
	if err == nil {
		c.Name.SetString(name)
		c.Kind.Set(reflect.ValueOf(kind))
	}
	return err
}

// HasOption reports whether any of the kinds has the option.
func (c Choice) HasOption(key string) bool {
	return slices.ContainsFunc(c.Kinds.Names(), func(name string) bool {
		kind, err := c.Kinds.Make(name)
		return err == nil && slices.ContainsFunc(Fields(reflect.ValueOf(kind)), func(f Field) bool { return f.Key == key })
	})
}

// Text says why a text is not allowed: "must be a or b, got …"; empty where it is. got is
// how the message shows it.
func (r Rules) Text(s, got string) string {
	switch {
	case r.Filled && s == "":
		return emptyText
	case r.enum == nil || slices.Contains(r.enum, s):
		return ""
	}
	text := fmt.Sprintf("must be %s, got %s", OneOf(r.enum), got)
	if near := suggest.Nearest(s, r.enum); len(near) > 0 {
		text += "; did you mean " + near[0] + "?"
	}
	return text
}

const emptyText = "must not be empty; remove the key to have its default"

// List says why a list of n items is not allowed; empty where it is.
func (r Rules) List(n int) string {
	if r.Filled && n == 0 {
		return emptyText
	}
	return ""
}

// Item are the rules of the items of a list. That it is not empty is said of the list, and of
// lists in it.
func (r Rules) Item(list reflect.Type) Rules {
	r.Filled = r.Filled && list.Elem().Kind() == reflect.Slice
	return r
}

// Number says why a number is not allowed; empty where it is. got is how the message shows
// it. Networks compute in float32, where a number must not be infinite, nor 0 unless it is.
func (r Rules) Number(v float64, got string) string {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "must be a finite number, got " + got
	case r.limits != nil && !r.limits.contains(v):
		return fmt.Sprintf("must be %s, got %s", r.limits, got)
	case r.share && v >= 1 && v != math.Trunc(v):
		return "must be a whole number or a share below 1, got " + got
	case math.Abs(v) > math.MaxFloat32:
		return "is too large for single precision: " + got
	case v != 0 && float32(v) == 0:
		return "is too small for single precision: " + got
	}
	return ""
}

// AtLeastZero are the rules with the limit that a type without signs has, unless they have
// others.
func (r Rules) AtLeastZero() Rules {
	if r.limits == nil {
		r.limits = &interval{hi: math.Inf(1)}
	}
	return r
}

// OneOf joins words: "a, b or c".
func OneOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// interval is a range of numbers; a side may be infinite.
type interval struct {
	lo, hi         float64
	loOpen, hiOpen bool
}

var intervalPattern = regexp.MustCompile(`^([\[(])([^,]*),([^,]*)([\])])$`)

// parseInterval reads "[0,1)" and, without a limit on a side, "(0,)"; the empty text stands
// for no interval.
func parseInterval(s string) (*interval, error) {
	if s == "" {
		return nil, nil
	}
	m := intervalPattern.FindStringSubmatch(s)
	if m == nil {
		return nil, fmt.Errorf("range:%q is not an interval", s)
	}
	limit := func(text string, none float64) (float64, error) {
		if text == "" {
			return none, nil
		}
		return strconv.ParseFloat(text, 64)
	}
	lo, err := limit(m[2], math.Inf(-1))
	hi, also := limit(m[3], math.Inf(1))
	return &interval{lo: lo, hi: hi, loOpen: m[1] == "(", hiOpen: m[4] == ")"}, errors.Join(err, also)
}

func (in *interval) contains(v float64) bool {
	return (v > in.lo || v == in.lo && !in.loOpen) && (v < in.hi || v == in.hi && !in.hiOpen)
}

// String is the interval in words: "at least 0 and below 1".
func (in *interval) String() string {
	var words []string
	say := func(limit float64, open bool, opened, closed string) {
		word := closed
		if open {
			word = opened
		}
		if !math.IsInf(limit, 0) {
			words = append(words, word+" "+strconv.FormatFloat(limit, 'f', -1, 64))
		}
	}
	say(in.lo, in.loOpen, "above", "at least")
	say(in.hi, in.hiOpen, "below", "at most")
	return strings.Join(words, " and ")
}
