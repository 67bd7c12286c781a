package terminal

import (
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	refresh  = 100 * time.Millisecond // between two drawings
	longest  = 20                     // cells of a bar
	shortest = 5                      // one of fewer is left out
)

// Bar draws progress on one line of a terminal, over and over. What the terminal does
// not take is lost without an error. The zero value is not usable: NewBar.
type Bar struct {
	w     io.Writer
	drawn time.Time // zero: nothing is on the line
}

// NewBar returns a bar that draws on the terminal w.
func NewBar(w io.Writer) *Bar { return &Bar{w: w} }

// Due reports whether the last drawing is old enough for a new one.
func (b *Bar) Due() bool { return time.Since(b.drawn) >= refresh }

// Draw shows a share done, from 0 to 1, behind the first of the fields; those that do
// not fit are shortened or left out.
func (b *Bar) Draw(share float64, first Field, others ...Field) {
	b.drawn = time.Now()
	// The last column stays free: a cursor behind it may wrap to the next line.
	_, _ = fmt.Fprintf(b.w, "\r%s\x1b[K", line(Columns(b.w)-1, share, first, others))
}

// line is a drawing of at most so many columns.
func line(columns int, share float64, first Field, others []Field) string {
	share = min(max(share, 0), 1)
	percent := fmt.Sprintf("%3d%%", int(100*share))
	text := Line(columns, append([]Field{first, {Long: percent}}, others...)...)
	cells := min(columns-width(text)-len(gap)-2, longest)
	at := strings.Index(text, percent)
	if cells < shortest || at < 0 {
		return text
	}
	done := int(share * float64(cells))
	return text[:at] + "[" + strings.Repeat("=", done) + strings.Repeat(" ", cells-done) + "]" + gap + text[at:]
}

// Clear empties the line, for other text or at the end.
func (b *Bar) Clear() {
	if !b.drawn.IsZero() {
		_, _ = fmt.Fprint(b.w, "\r\x1b[K")
	}
	b.drawn = time.Time{}
}
