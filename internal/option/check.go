package option

import (
	"fmt"
	"reflect"
	"strconv"
)

// Error is a fault in an option.
type Error struct {
	Key  string // with dots between the keys of nested sections
	Text string // goes on after the key: "must be at least 0, got -1"
}

func (e *Error) Error() string { return e.Key + " " + e.Text }

// Errorf makes the Error of an option. The text goes on after the key.
func Errorf(key, format string, args ...any) error {
	return &Error{Key: key, Text: fmt.Sprintf(format, args...)}
}

// Validator is implemented by structs with rules that tags cannot express, such as rules
// between options. Validate is called after the tags have been checked. Its errors are made
// by Errorf or begin with the key at fault and a colon.
type Validator interface{ Validate() error }

// Check reports the first fault in the options of v, a struct or a pointer to one, as its
// tags and its Validate have it. The zero value of a field with omitempty, and an empty
// text, are options that are left out.
func Check(v any) error { return check(reflect.ValueOf(v), "", Rules{}) }

func check(v reflect.Value, path string, r Rules) error {
	text := ""
	if n, ok := NumbersOf(v); ok {
		return checkNumbers(n, path, r)
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		if v.Elem().Kind() != reflect.Struct {
			return check(v.Elem(), path, r)
		}
		if err := checkFields(v.Elem(), path); err != nil {
			return err
		}
		return validate(v, path)
	case reflect.Struct:
		if err := checkFields(v, path); err != nil {
			return err
		}
		return validate(v, path)
	case reflect.Slice:
		text, r = r.List(v.Len()), r.Item(v.Type())
		for i := range v.Len() {
			if err := check(v.Index(i), Join(path, strconv.Itoa(i)), r); err != nil {
				return err
			}
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			if err := check(v.MapIndex(key), Join(path, key.String()), r); err != nil {
				return err
			}
		}
	case reflect.String:
		text = r.Text(v.String(), strconv.Quote(v.String()))
	default:
		if f, ok := number(v); ok {
			text = r.Number(f, fmt.Sprint(v.Interface()))
		}
	}
	if text != "" {
		return &Error{path, text}
	}
	return nil
}

func checkNumbers(n Numbers, path string, r Rules) error {
	for _, v := range n.Numbers() {
		if text := r.Number(float64(v), strconv.Itoa(v)); text != "" {
			return &Error{path, text}
		}
	}
	return nil
}

func checkFields(v reflect.Value, path string) error {
	for _, f := range Fields(v) {
		full := Join(path, f.Key)
		if left := f.Value.IsZero() && (f.OmitEmpty || f.Value.Kind() == reflect.String); left {
			if f.Required {
				return &Error{full, "is missing; it is " + f.Doc}
			}
			continue
		}
		if err := check(f.Value, full, f.Rules); err != nil {
			return err
		}
	}
	// Fields gave the options of a kind, but not its Validate.
	if c, ok := ChoiceOf(v); ok && !c.Kind.IsNil() {
		return validate(c.Kind.Elem(), path)
	}
	return nil
}

func validate(v reflect.Value, path string) error {
	if v.CanAddr() {
		v = v.Addr()
	}
	check, ok := v.Interface().(Validator)
	if !ok {
		return nil
	}
	err := check.Validate()
	if e, located := err.(*Error); located && path != "" {
		return &Error{Join(path, e.Key), e.Text}
	}
	if err != nil && path != "" {
		return fmt.Errorf("%s.%w", path, err)
	}
	return err
}

// number is the value of a number.
func number(v reflect.Value) (float64, bool) {
	switch {
	case v.CanInt():
		return float64(v.Int()), true
	case v.CanUint():
		return float64(v.Uint()), true
	case v.CanFloat():
		return v.Float(), true
	}
	return 0, false
}

// Join is the dotted path of a key below path.
func Join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
