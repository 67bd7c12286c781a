// Package svg writes pictures. Every element carries its paint as attributes, from
// one table of colours (paint.go), so that viewers without style sheets draw it too.
// Coordinates are pixels.
package svg

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"

	"pare/internal/printable"
)

// Picture collects the elements of an SVG; later ones lie on top. The zero value is
// empty. A class names the paint of an element, a tip is the text that a browser shows
// over it; "": none.
type Picture struct {
	b      strings.Builder
	paints map[[2]string]string // by element and class
}

// Anchor is where a text stands to its x.
type Anchor string

// The anchors of texts.
const (
	Start  Anchor = "start"
	Middle Anchor = "middle"
	End    Anchor = "end"
)

// Stroke is a width of lines, for elements whose class leaves it open; 0: none.
type Stroke float64

func (s Stroke) String() string {
	if s == 0 {
		return ""
	}
	return fmt.Sprintf(` stroke-width="%.2f"`, float64(s))
}

// begin opens an element with its class and paint.
func (p *Picture) begin(element, class string) {
	key := [2]string{element, class}
	paint, ok := p.paints[key]
	if !ok {
		if p.paints == nil {
			p.paints = map[[2]string]string{}
		}
		paint = paintOf(element, class)
		p.paints[key] = paint
	}
	fmt.Fprintf(&p.b, `<%s class="%s"%s`, element, class, paint)
}

// Line draws a straight line.
func (p *Picture) Line(class string, x1, y1, x2, y2 float64) {
	p.begin("line", class)
	fmt.Fprintf(&p.b, ` x1="%s" y1="%s" x2="%s" y2="%s"/>`+"\n", num(x1), num(y1), num(x2), num(y2))
}

// Rect draws a rectangle with rounded corners of radius r.
func (p *Picture) Rect(class string, x, y, w, h, r float64, tip string) {
	p.begin("rect", class)
	fmt.Fprintf(&p.b, ` x="%s" y="%s" width="%s" height="%s" rx="%s">%s</rect>`+"\n",
		num(x), num(y), num(w), num(h), num(r), title(tip))
}

// Circle draws a disc of radius r.
func (p *Picture) Circle(class string, x, y, r float64, rim Stroke, tip string) {
	p.begin("circle", class)
	fmt.Fprintf(&p.b, ` cx="%s" cy="%s" r="%s"%s>%s</circle>`+"\n", num(x), num(y), num(r), rim, title(tip))
}

// Path draws an outline or a line, which Data writes.
func (p *Picture) Path(class, data string, width Stroke, tip string) {
	p.begin("path", class)
	fmt.Fprintf(&p.b, ` d="%s"%s>%s</path>`+"\n", data, width, title(tip))
}

// coordinates is the number of coordinates that a command of a path takes.
var coordinates = map[rune]int{'M': 2, 'L': 2, 'H': 1, 'V': 1, 'Q': 4, 'C': 6}

// Data is the data of a path: commands are letters such as MLLz, at are the coordinates
// that they take, one after the other.
func Data(commands string, at ...float64) string {
	var b strings.Builder
	for _, c := range commands {
		b.WriteRune(c)
		n := coordinates[c]
		for i, v := range at[:n] {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(num(v))
		}
		at = at[n:]
	}
	return b.String()
}

// Text writes a line of text; an empty one leaves no trace.
func (p *Picture) Text(class string, x, y float64, a Anchor, s string) {
	if s == "" {
		return
	}
	p.begin("text", class)
	fmt.Fprintf(&p.b, ` x="%s" y="%s" text-anchor="%s">%s</text>`+"\n", num(x), num(y), a, Escape(s))
}

// Tilted writes s rising to the right at 45 degrees from (x, y), for names above narrow columns.
func (p *Picture) Tilted(class string, x, y float64, s string) {
	p.begin("text", class)
	fmt.Fprintf(&p.b, ` x="%s" y="%s" text-anchor="%s" transform="rotate(-45 %s %s)">%s</text>`+"\n",
		num(x), num(y), Start, num(x), num(y), Escape(s))
}

// Haloed writes text on a rim that keeps it legible on lines. The rim is a text of
// its own: not all viewers know paint-order.
func (p *Picture) Haloed(class string, x, y float64, a Anchor, s, tip string) {
	if tip != "" {
		fmt.Fprintf(&p.b, "<g>%s\n", title(tip))
		defer p.b.WriteString("</g>\n")
	}
	p.Text("halo "+class, x, y, a, s)
	p.Text(class, x, y, a, s)
}

// File writes the picture as a file of its own, on a paper background.
func (p *Picture) File(w io.Writer, class, label string, width, height float64) error {
	var paper Picture
	paper.begin("rect", "paper")
	paper.b.WriteString(` width="100%" height="100%"/>` + "\n" + p.b.String())
	_, err := io.WriteString(w, paper.Inline(class, label, width, height))
	return err
}

// Inline is the picture as an element of a page.
func (p *Picture) Inline(class, label string, width, height float64) string {
	return element(class, named(label), 0, width, height, "\n"+p.b.String())
}

// Slices returns the picture as elements that show one part below the other, so that
// a printer can break pages between them. cuts are the heights where a part ends; id
// names the picture within the page.
func (p *Picture) Slices(class, label, id string, width float64, cuts []float64) string {
	var b strings.Builder
	top := 0.0
	for i, bottom := range cuts {
		content, role := fmt.Sprintf(`<use href="#%s"/>`, id), `aria-hidden="true"`
		if i == 0 {
			content, role = fmt.Sprintf(`<g id="%s">`+"\n%s</g>", id, p.b.String()), named(label)
		}
		b.WriteString(element(class, role, top, width, bottom-top, content))
		top = bottom
	}
	return b.String()
}

// element is an svg element that shows the part of its content below top.
func element(class, role string, top, width, height float64, content string) string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" `+
		`font-family="system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif" `+
		`class="%s" %s viewBox="0 %s %s %s" width="%s" height="%s">%s</svg>`+"\n",
		class, role, num(top), num(width), num(height), num(width), num(height), content)
}

func named(label string) string { return fmt.Sprintf(`role="img" aria-label="%s"`, Escape(label)) }

// num writes a coordinate with a tenth of a pixel.
func num(v float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
}

// Escape is a text as XML takes it, in elements and in attributes, without characters
// that command a terminal.
func Escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(printable.Text(s))) // a strings.Builder does not fail
	return b.String()
}

func title(tip string) string {
	if tip == "" {
		return ""
	}
	return "<title>" + Escape(tip) + "</title>"
}

// Clip shortens a text to n characters. The end of a name says more than its
// beginning.
func Clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return "…" + string(r[len(r)-n+1:])
}
