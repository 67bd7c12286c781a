package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// header is the parsed dictionary of a .npy file.
type header struct {
	descr   string
	fortran bool
	shape   []int
}

// readHeader reads everything before the elements.
func readHeader(r io.Reader) (header, error) {
	var pre [len(magic) + 2]byte
	if n, err := io.ReadFull(r, pre[:]); err != nil {
		return header{}, truncated("magic and version", len(pre), n, err)
	}
	if string(pre[:len(magic)]) != magic {
		return header{}, fmt.Errorf("not a NumPy file: it starts with %q, expected %q", pre[:len(magic)], magic)
	}
	var lenBytes [4]byte
	size := 4
	switch major, minor := pre[len(magic)], pre[len(magic)+1]; {
	case major == 1 && minor == 0:
		size = 2
	case (major == 2 || major == 3) && minor == 0:
	default:
		return header{}, fmt.Errorf("format version %d.%d is not supported (1.0, 2.0 and 3.0 are)", major, minor)
	}
	if n, err := io.ReadFull(r, lenBytes[:size]); err != nil {
		return header{}, truncated("header length", size, n, err)
	}
	length := binary.LittleEndian.Uint32(lenBytes[:])
	if length > maxHeader {
		return header{}, fmt.Errorf("header of %d bytes, at most %d are supported", length, maxHeader)
	}
	text := make([]byte, length)
	if n, err := io.ReadFull(r, text); err != nil {
		return header{}, truncated("header", len(text), n, err)
	}
	p := parser{s: string(text)}
	h, err := p.dict()
	if err != nil {
		return header{}, fmt.Errorf("header offset %d: %w", p.pos, err)
	}
	return h, nil
}

// truncated describes a read that ended early, or any other read error.
func truncated(what string, want, got int, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("truncated %s: expected %d bytes, found %d: %w", what, want, got, io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("read %s: %w", what, err)
}

// parser reads the Python dictionary literal of a header. It knows only the syntax
// that NumPy writes there: strings without escapes, True and False, and tuples of
// non-negative integers.
type parser struct {
	s   string
	pos int
}

// peek skips white space and returns the next byte, 0 at the end.
func (p *parser) peek() byte {
	for p.pos < len(p.s) {
		switch c := p.s[p.pos]; c {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return c
		}
	}
	return 0
}

// accept consumes c if it comes next.
func (p *parser) accept(c byte) bool {
	if p.peek() != c || p.pos >= len(p.s) {
		return false
	}
	p.pos++
	return true
}

func (p *parser) expect(c byte) error {
	if !p.accept(c) {
		return fmt.Errorf("expected %q", c)
	}
	return nil
}

func (p *parser) dict() (header, error) {
	var h header
	var seen []string
	if err := p.expect('{'); err != nil {
		return h, err
	}
	for !p.accept('}') {
		if len(seen) > 0 {
			if err := p.expect(','); err != nil {
				return h, err
			}
			if p.accept('}') {
				break
			}
		}
		key, err := p.str("a key in quotes")
		if err != nil {
			return h, err
		}
		for _, k := range seen {
			if k == key {
				return h, fmt.Errorf("duplicate key %q", key)
			}
		}
		seen = append(seen, key)
		if err := p.expect(':'); err != nil {
			return h, err
		}
		switch key {
		case "descr":
			h.descr, err = p.str("a plain type in quotes for descr (structured types are not supported)")
		case "fortran_order":
			h.fortran, err = p.boolean()
		case "shape":
			h.shape, err = p.tuple()
		default:
			err = fmt.Errorf("unknown key %q", key)
		}
		if err != nil {
			return h, err
		}
	}
	if len(seen) != 3 {
		return h, fmt.Errorf("expected the keys descr, fortran_order and shape, found %q", seen)
	}
	if p.peek(); p.pos != len(p.s) {
		return h, errors.New("unexpected text after the dictionary")
	}
	return h, nil
}

func (p *parser) str(what string) (string, error) {
	q := p.peek()
	if q != '\'' && q != '"' {
		return "", fmt.Errorf("expected %s", what)
	}
	for i := p.pos + 1; i < len(p.s); i++ {
		switch p.s[i] {
		case q:
			v := p.s[p.pos+1 : i]
			p.pos = i + 1
			return v, nil
		case '\\', '\n':
			return "", errors.New("escapes and line breaks in strings are not supported")
		}
	}
	return "", errors.New("unterminated string")
}

func (p *parser) boolean() (bool, error) {
	p.peek()
	for word, v := range map[string]bool{"True": true, "False": false} {
		if end := p.pos + len(word); end <= len(p.s) && p.s[p.pos:end] == word {
			p.pos = end
			return v, nil
		}
	}
	return false, errors.New("expected True or False for fortran_order")
}

func (p *parser) tuple() ([]int, error) {
	shape := []int{}
	if err := p.expect('('); err != nil {
		return nil, err
	}
	for !p.accept(')') {
		if len(shape) >= maxRank {
			return nil, fmt.Errorf("more than %d dimensions", maxRank)
		}
		p.peek()
		start := p.pos
		for p.pos < len(p.s) && p.s[p.pos] >= '0' && p.s[p.pos] <= '9' {
			p.pos++
		}
		d, err := strconv.Atoi(p.s[start:p.pos])
		if err != nil {
			return nil, fmt.Errorf("dimension %d of shape is not a non-negative integer", len(shape))
		}
		shape = append(shape, d)
		p.accept('L') // Python 2 wrote long integers with this suffix
		if !p.accept(',') {
			if err := p.expect(')'); err != nil {
				return nil, err
			}
			if len(shape) == 1 {
				return nil, errors.New("shape is a number, expected a tuple")
			}
			break
		}
	}
	return shape, nil
}
