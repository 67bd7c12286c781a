package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// entry is one tensor of a parsed header.
type entry struct {
	name       string
	code       string // the dtype: "F32"
	shape      []int
	begin, end int64 // relative to the first byte after the header
}

// headerParser reads the header token by token, so that duplicate keys are
// seen and nothing but the expected structure is built in memory.
type headerParser struct {
	dec *json.Decoder
}

// parseHeader parses the JSON header. The entries keep the header's order.
func parseHeader(text []byte) ([]entry, map[string]string, error) {
	if len(text) == 0 || text[0] != '{' {
		return nil, nil, errors.New("header does not start with '{'")
	}
	if !utf8.Valid(text) {
		return nil, nil, errors.New("header is not valid UTF-8")
	}
	p := headerParser{json.NewDecoder(bytes.NewReader(text))}
	p.dec.UseNumber()
	var entries []entry
	var metadata map[string]string
	err := p.object(func(key string) error {
		if key == metadataKey {
			m, err := p.metadata()
			if err != nil {
				return fmt.Errorf("metadata: %w", err)
			}
			metadata = m
			return nil
		}
		e, err := p.entry()
		if err != nil {
			return fmt.Errorf("tensor %s: %w", quote(key), err)
		}
		e.name = key
		entries = append(entries, e)
		return nil
	})
	if err == nil {
		if _, end := p.dec.Token(); !errors.Is(end, io.EOF) {
			err = errors.New("unexpected text after the object")
		}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("header offset %d: %w", p.dec.InputOffset(), err)
	}
	return entries, metadata, nil
}

// token returns the next token; the end of the header is an error.
func (p headerParser) token() (json.Token, error) {
	t, err := p.dec.Token()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("header ends too early")
	}
	if err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	return t, nil
}

func (p headerParser) delim(want json.Delim) error {
	t, err := p.token()
	if err != nil {
		return err
	}
	if t != want {
		return fmt.Errorf("expected '%s'", want)
	}
	return nil
}

// object reads an object and calls value with each key to read its value.
func (p headerParser) object(value func(key string) error) error {
	if err := p.delim('{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for {
		t, err := p.token()
		if err != nil {
			return err
		}
		key, ok := t.(string)
		if !ok { // the decoder allows only strings and the closing brace here
			return nil
		}
		if seen[key] {
			return fmt.Errorf("duplicate key %s", quote(key))
		}
		seen[key] = true
		if err := value(key); err != nil {
			return err
		}
	}
}

func (p headerParser) str() (string, error) {
	t, err := p.token()
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", errors.New("expected a string")
	}
	return s, nil
}

func (p headerParser) metadata() (map[string]string, error) {
	var m map[string]string
	err := p.object(func(key string) error {
		v, err := p.str()
		if err != nil {
			return fmt.Errorf("key %s: %w", quote(key), err)
		}
		if m == nil {
			m = map[string]string{}
		}
		m[key] = v
		return nil
	})
	return m, err
}

// entry reads the description of one tensor. Unknown keys are skipped, as in
// the reference implementation.
func (p headerParser) entry() (entry, error) {
	var e entry
	var offsets []int64
	var found int
	err := p.object(func(key string) (err error) {
		found++
		switch key {
		case "dtype":
			e.code, err = p.str()
		case "shape":
			e.shape = []int{}
			err = p.integers(func(v int64) { e.shape = append(e.shape, int(v)) })
		case "data_offsets":
			err = p.integers(func(v int64) { offsets = append(offsets, v) })
		default:
			found--
			var skip json.RawMessage
			err = p.dec.Decode(&skip)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", quote(key), err)
		}
		return nil
	})
	if err != nil {
		return e, err
	}
	if found != 3 {
		return e, errors.New("expected the keys dtype, shape and data_offsets")
	}
	if len(offsets) != 2 {
		return e, fmt.Errorf("data_offsets has %d values, expected 2", len(offsets))
	}
	e.begin, e.end = offsets[0], offsets[1]
	return e, nil
}

// integers reads an array of non-negative integers.
func (p headerParser) integers(add func(int64)) error {
	if err := p.delim('['); err != nil {
		return err
	}
	for {
		t, err := p.token()
		if err != nil {
			return err
		}
		if t == json.Delim(']') {
			return nil
		}
		number, ok := t.(json.Number)
		if !ok {
			return errors.New("expected a number")
		}
		v, err := strconv.ParseInt(number.String(), 10, strconv.IntSize)
		if err != nil || v < 0 {
			return fmt.Errorf("%s is not a valid non-negative integer", quote(number.String()))
		}
		add(v)
	}
}
