package serve

import (
	"encoding/json"
	"fmt"
)

// A request is read in place: json.Valid checks the grammar once, and the functions below step
// through text that is known to be valid. Large arrays of numbers are thus never copied or boxed.

// skipSpace is v without white space in front.
func skipSpace(v []byte) []byte {
	for len(v) > 0 && (v[0] == ' ' || v[0] == '\n' || v[0] == '\t' || v[0] == '\r') {
		v = v[1:]
	}
	return v
}

// next splits valid JSON behind its first value.
func next(v []byte) (value, rest []byte) {
	v = skipSpace(v)
	depth := 0
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case '"':
			for i++; v[i] != '"'; i++ {
				if v[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return v[:i+1], v[i+1:]
			}
		case '[', '{':
			depth++
		case ']', '}':
			if depth == 0 { // of the array or object around a number
				return v[:i], v[i:]
			}
			if depth--; depth == 0 {
				return v[:i+1], v[i+1:]
			}
		case ',', ':', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return v[:i], v[i:]
			}
		}
	}
	return v, nil
}

// object calls f for the members of an object in valid JSON. Errors name the object by place.
func object(place string, v []byte, f func(key string, value []byte) error) error {
	v = skipSpace(v)
	if v[0] != '{' {
		return badRequest("%s is not a JSON object", place)
	}
	for v = skipSpace(v[1:]); v[0] != '}'; {
		var key, value []byte
		key, v = next(v)
		value, v = next(skipSpace(v)[1:]) // behind the colon
		var name string
		if err := json.Unmarshal(key, &name); err != nil {
			return badRequest("%s: %v", place, err)
		}
		if err := f(name, value); err != nil {
			return err
		}
		if v = skipSpace(v); v[0] == ',' {
			v = skipSpace(v[1:])
		}
	}
	return nil
}

// members splits an object into the values of the keys it may have. Keys of other names and
// repeated ones are errors.
func members(place string, v []byte, keys map[string]*[]byte) error {
	return object(place, v, func(key string, value []byte) error {
		to, ok := keys[key]
		switch {
		case !ok:
			return badRequest("%s has an unknown key %s", place, quoted(key))
		case *to != nil:
			return badRequest("%s has the key %q twice", place, key)
		}
		*to = value
		return nil
	})
}

// array calls f for the elements of an array in valid JSON.
func array(place string, v []byte, f func(element []byte) error) error {
	v = skipSpace(v)
	if v[0] != '[' {
		return badRequest("%s is not a JSON array", place)
	}
	for v = skipSpace(v[1:]); v[0] != ']'; {
		var element []byte
		element, v = next(v)
		if err := f(element); err != nil {
			return err
		}
		if v = skipSpace(v); v[0] == ',' {
			v = skipSpace(v[1:])
		}
	}
	return nil
}

// text reads a JSON string; an absent value is "".
func text(place string, v []byte) (s string, err error) {
	if v == nil {
		return "", nil
	}
	if v[0] != '"' {
		return "", badRequest("%s is not a string", place)
	}
	if err := json.Unmarshal(v, &s); err != nil {
		return "", badRequest("%s: %v", place, err)
	}
	return s, nil
}

// whole reads a whole number of at least 0; an absent value is −1.
func whole(place string, v []byte) (int, error) {
	if v == nil {
		return -1, nil
	}
	n := 0
	if err := json.Unmarshal(v, &n); err != nil || n < 0 || v[0] == 'n' {
		return 0, badRequest("%s is not a whole number of at least 0", place)
	}
	return n, nil
}

// boolean reads true or false; an absent value is otherwise.
func boolean(place string, v []byte, otherwise bool) (bool, error) {
	switch string(v) {
	case "":
		return otherwise, nil
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, badRequest("%s is not true or false", place)
}

// quoted is a text from a request in an error, cut to a length that suits a line.
func quoted(s string) string {
	const most = 60
	if len(s) > most {
		return fmt.Sprintf("%q…", s[:most])
	}
	return fmt.Sprintf("%q", s)
}
