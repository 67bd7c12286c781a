// Package printable keeps texts that come from files, such as the names of
// columns, from commanding a terminal: characters without a glyph become escapes.
package printable

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text is s with every control character, every character that turns the
// direction of writing, and every byte that is not UTF-8 as an escape of Go and
// JSON: \u001b.
func Text(s string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, hidden) < 0 {
		return s
	}
	return string(appendText(nil, []byte(s)))
}

func appendText(out, in []byte) []byte {
	for len(in) > 0 {
		r, n := utf8.DecodeRune(in)
		switch {
		case r == utf8.RuneError && n == 1:
			out = fmt.Appendf(out, `\u00%02x`, in[0])
		case r > 0xffff && hidden(r):
			out = fmt.Appendf(out, `\U%08x`, r)
		case hidden(r):
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = append(out, in[:n]...)
		}
		in = in[n:]
	}
	return out
}

// hidden are the characters that are written as escapes; a Writer lets line
// breaks and tabs pass.
func hidden(r rune) bool {
	switch {
	case r >= ' ' && r < 0x7f:
		return false
	case r == '\u200b', r == '\u2028', r == '\u2029', r == '\u2060', r == '\ufeff':
		return true
	case r >= 0xe0000 && r <= 0xe007f: // tags
		return true
	}
	return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r)
}

// Writer writes to W as Text does, with line breaks and tabs as they are. A
// character must not be split between two writes.
type Writer struct{ W io.Writer }

func (w Writer) Write(p []byte) (int, error) {
	out := make([]byte, 0, len(p))
	for rest := p; len(rest) > 0; {
		n := 0
		for n < len(rest) && rest[n] != '\n' && rest[n] != '\t' {
			n++
		}
		out = appendText(out, rest[:n])
		if n < len(rest) {
			out = append(out, rest[n])
			n++
		}
		rest = rest[n:]
	}
	if _, err := w.W.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}
