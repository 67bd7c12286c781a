package table

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// utf8Reader gives text as UTF-8: UTF-16 by its byte order mark, or by zeros in alternate
// bytes of its first four, and invalid UTF-8 as Windows-1252, which contains Latin-1. A
// byte order mark is dropped.
type utf8Reader struct {
	r     *bufio.Reader
	order binary.ByteOrder // of UTF-16; nil: UTF-8
	begun bool
	ready []byte // decoded and not read yet, a part of out
	out   []byte
	in    []byte
	held  int // bytes at the beginning of in: the start of a character
	err   error
	// name is the encoding, once it is known to be another than UTF-8.
	name string
}

func newUTF8Reader(r io.Reader) *utf8Reader {
	return &utf8Reader{r: bufio.NewReaderSize(r, 1<<12), in: make([]byte, 1<<15)}
}

// begin looks at the first bytes.
func (u *utf8Reader) begin() {
	u.begun = true
	first, _ := u.r.Peek(4)
	skip := 0
	switch {
	case len(first) >= 2 && first[0] == 0xff && first[1] == 0xfe:
		u.order, skip = binary.LittleEndian, 2
	case len(first) >= 2 && first[0] == 0xfe && first[1] == 0xff:
		u.order, skip = binary.BigEndian, 2
	case len(first) >= 3 && first[0] == 0xef && first[1] == 0xbb && first[2] == 0xbf:
		skip = 3
	case len(first) == 4 && first[0] != 0 && first[1] == 0 && first[2] != 0 && first[3] == 0:
		u.order = binary.LittleEndian
	case len(first) == 4 && first[0] == 0 && first[1] != 0 && first[2] == 0 && first[3] != 0:
		u.order = binary.BigEndian
	}
	_, _ = u.r.Discard(skip) // they have been seen
	if u.order != nil {
		u.name = "UTF-16"
	}
}

func (u *utf8Reader) Read(p []byte) (int, error) {
	if !u.begun {
		u.begin()
	}
	for len(u.ready) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		var n int
		n, u.err = u.r.Read(u.in[u.held:])
		if u.order != nil {
			u.wide(u.in[:u.held+n])
		} else {
			u.narrow(u.in[:u.held+n])
		}
	}
	n := copy(p, u.ready)
	u.ready = u.ready[n:]
	return n, nil
}

// keep holds the rest of the input back until more has been read.
func (u *utf8Reader) keep(rest []byte) { u.held = copy(u.in, rest) }

// narrow passes UTF-8 on, and Windows-1252 where it is none.
func (u *utf8Reader) narrow(in []byte) {
	end := len(in)
	if u.err == nil { // the last character may not be whole
		for k := 1; k <= min(utf8.UTFMax-1, len(in)); k++ {
			if b := in[len(in)-k]; utf8.RuneStart(b) {
				if !utf8.FullRune(in[len(in)-k:]) {
					end -= k
				}
				break
			}
		}
	}
	text := in[:end]
	if utf8.Valid(text) {
		u.out = append(u.out[:0], text...)
		u.ready = u.out
		u.keep(in[end:])
		return
	}
	u.name = "Windows-1252"
	u.out = u.out[:0]
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 {
			r = windows1252(text[0])
		}
		u.out = utf8.AppendRune(u.out, r)
		text = text[size:]
	}
	u.ready = u.out
	u.keep(in[end:])
}

// wide decodes UTF-16.
func (u *utf8Reader) wide(in []byte) {
	u.out = u.out[:0]
	for len(in) >= 2 {
		r, size := rune(u.order.Uint16(in)), 2
		if utf16.IsSurrogate(r) {
			if len(in) < 4 && u.err == nil {
				break
			}
			var low rune
			if len(in) >= 4 {
				low = rune(u.order.Uint16(in[2:]))
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				size = 4
			}
		}
		u.out = utf8.AppendRune(u.out, r)
		in = in[size:]
	}
	if len(in) == 1 && u.err == io.EOF {
		u.err = errCutOff
	}
	u.ready = u.out
	u.keep(in)
}

// errCutOff is the error of UTF-16 with an odd number of bytes.
var errCutOff = errors.New("the file ends in the middle of a UTF-16 character: it was cut off")

// windows1252 is the character of a byte; those that it does not define stay controls.
func windows1252(b byte) rune {
	if b < 0x80 || b > 0x9f {
		return rune(b)
	}
	return [...]rune{'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
		0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ'}[b-0x80]
}
