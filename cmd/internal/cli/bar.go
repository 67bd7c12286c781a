package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

const (
	refresh  = 100 * time.Millisecond // between two drawings
	longest  = 20                     // cells of a bar
	shortest = 5                      // a bar of fewer is left out
	around   = 10                     // columns of a bar beside its text and cells: "  50% [", "]  "
)

// Bar draws progress on one line of a terminal, over and over. Output that the terminal does
// not take is lost without an error. The zero value is not usable: NewBar.
type Bar struct {
	w     io.Writer
	bar   *progressbar.ProgressBar // nil: none is drawn
	cells int
	drawn time.Time // zero: nothing is on the line
}

// NewBar returns a bar that draws on the terminal w.
func NewBar(w io.Writer) *Bar { return &Bar{w: w} }

// Due reports whether the last drawing is old enough for a new one.
func (b *Bar) Due() bool { return time.Since(b.drawn) >= refresh }

// Draw shows a share done, from 0 to 1, with fields before it, the most important ones
// first; those that do not fit are shortened or left out, at last the bar itself.
func (b *Bar) Draw(share float64, fields ...Field) {
	b.drawn = time.Now()
	percent := int(100 * min(max(share, 0), 1))
	// The last column stays free: a cursor behind it may wrap to the next line.
	text, cells := layout(Columns(b.w)-1, percent, fields)
	if cells == 0 {
		b.bar = nil
		_, _ = fmt.Fprintf(b.w, "\r%s\x1b[K", text)
		return
	}
	if b.bar == nil || cells != b.cells {
		b.cells = cells
		b.bar = progressbar.NewOptions(100, progressbar.OptionSetWriter(b.w), progressbar.OptionSetWidth(cells),
			progressbar.OptionSetTheme(progressbar.Theme{Saucer: "=", SaucerPadding: " ", BarStart: "[", BarEnd: "]"}),
			progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false), progressbar.OptionUseANSICodes(true))
	}
	_ = b.bar.Set(percent)
	b.bar.Describe(text)
}

// layout divides a line of the given number of columns between a text and the cells of the
// bar behind it. Without a bar (0 cells) the text has the percentage.
func layout(columns, percent int, fields []Field) (text string, cells int) {
	text = Line(columns, fields...)
	if cells = min(columns-width(text)-around, longest); cells >= shortest {
		return text, cells
	}
	shown := Field{Long: fmt.Sprintf("%3d%%", percent)}
	return Line(columns, append([]Field{fields[0], shown}, fields[1:]...)...), 0
}

// Clear empties the line, for other text or at the end.
func (b *Bar) Clear() {
	if !b.drawn.IsZero() {
		_, _ = fmt.Fprint(b.w, "\r\x1b[K")
	}
	b.bar, b.drawn = nil, time.Time{}
}
