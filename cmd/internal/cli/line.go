package cli

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// defaultColumns is the width of files, and of terminals that do not report their width.
const defaultColumns = 80

// IsTerminal reports whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Columns is the present width of the terminal w; 80 where w is none or does not say.
func Columns(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			return n
		}
	}
	return defaultColumns
}

// Field is a piece of a line.
type Field struct {
	Long  string
	Short string // in place of Long where room is scarce; "": Long
}

const gap = "  "

// Line joins fields, the most important ones first, to a line of at most the given number
// of columns. Where they do not fit, it shortens their texts, the last one first; where
// that is not enough, it leaves fields out. A first field that is too long is cut.
func Line(columns int, fields ...Field) string {
	for n := len(fields); n > 0; n-- {
		long := n
		if n < len(fields) {
			long = 0
		}
		for ; long >= 0; long-- {
			if s := join(fields[:n], long); width(s) <= columns {
				return s
			}
		}
	}
	if len(fields) == 0 {
		return ""
	}
	return string([]rune(join(fields[:1], 0))[:max(columns, 0)])
}

// join joins fields, the first ones with their long texts.
func join(fields []Field, long int) string {
	var parts []string
	for i, f := range fields {
		text := f.Long
		if i >= long && f.Short != "" {
			text = f.Short
		}
		if text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, gap)
}

// width is the number of columns that a text takes.
func width(s string) int { return utf8.RuneCountInString(s) }
