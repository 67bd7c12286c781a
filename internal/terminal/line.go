// Package terminal fits lines and progress bars to the width of a terminal.
package terminal

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// defaultColumns is the width of what is no terminal, and of terminals that do not say.
const defaultColumns = 80

// Is reports whether w is a terminal.
func Is(w io.Writer) bool {
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

// Line joins fields, the most important ones first, to a line of at most so many
// columns: with their long texts where these fit, else with the short ones, and without
// the last ones where even those do not fit. What is left of a first field that is too long is cut.
func Line(columns int, fields ...Field) string {
	long := join(fields, func(f Field) string { return f.Long })
	if width(long) <= columns {
		return long
	}
	for n := len(fields); n > 0; n-- {
		short := join(fields[:n], func(f Field) string {
			if f.Short == "" {
				return f.Long
			}
			return f.Short
		})
		if width(short) <= columns {
			return short
		}
		if n == 1 {
			return string([]rune(short)[:max(columns, 0)])
		}
	}
	return ""
}

func join(fields []Field, text func(Field) string) string {
	var parts []string
	for _, f := range fields {
		if s := text(f); s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, gap)
}

// width is the number of columns that a text takes.
func width(s string) int { return utf8.RuneCountInString(s) }
