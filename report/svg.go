package report

import (
	"fmt"
	"html"
	"strconv"
	"strings"

	"pare/internal/printable"
)

// picture collects the elements of an SVG. Each has the paint of its classes
// (paint.go) as attributes.
type picture struct {
	b      strings.Builder
	paints map[string]string // by element and class
}

// begin opens an element with its class and paint.
func (p *picture) begin(element, class string) {
	key := element + "." + class
	paint, ok := p.paints[key]
	if !ok {
		if p.paints == nil {
			p.paints = map[string]string{}
		}
		paint = paintOf(element, class)
		p.paints[key] = paint
	}
	fmt.Fprintf(&p.b, `<%s class="%s"%s`, element, class, paint)
}

// anchor is where a text stands to its x.
type anchor string

const (
	start  anchor = "start"
	middle anchor = "middle"
	end    anchor = "end"
)

// num writes a coordinate with a tenth of a pixel.
func num(v float64) string {
	s := strconv.FormatFloat(v, 'f', 1, 64)
	return strings.TrimSuffix(s, ".0")
}

func escape(s string) string { return html.EscapeString(printable.Text(s)) }

// title is the text a browser shows over an element.
func title(s string) string {
	if s == "" {
		return ""
	}
	return "<title>" + escape(s) + "</title>"
}

func (p *picture) line(class string, x1, y1, x2, y2 float64) {
	p.begin("line", class)
	fmt.Fprintf(&p.b, ` x1="%s" y1="%s" x2="%s" y2="%s"/>`+"\n", num(x1), num(y1), num(x2), num(y2))
}

// rect draws a rectangle with rounded corners of radius r.
func (p *picture) rect(class string, x, y, w, h, r float64, tip string) {
	p.begin("rect", class)
	fmt.Fprintf(&p.b, ` x="%s" y="%s" width="%s" height="%s" rx="%s">%s</rect>`+"\n",
		num(x), num(y), num(w), num(h), num(r), title(tip))
}

func (p *picture) circle(class string, x, y, r float64, tip string) {
	p.begin("circle", class)
	fmt.Fprintf(&p.b, ` cx="%s" cy="%s" r="%s">%s</circle>`+"\n", num(x), num(y), num(r), title(tip))
}

// marker draws the mark of curve i, of about radius r.
func (p *picture) marker(class string, i int, x, y, r float64, tip string) {
	outline := markers[shapeOf(i)]
	if outline == "" {
		p.circle(class, x, y, r, tip)
		return
	}
	p.begin("path", class)
	fmt.Fprintf(&p.b, ` transform="translate(%s %s) scale(%s)" d="%s">%s</path>`+"\n", num(x), num(y), num(r), outline, title(tip))
}

func (p *picture) path(class, d, tip string) {
	p.begin("path", class)
	fmt.Fprintf(&p.b, ` d="%s">%s</path>`+"\n", d, title(tip))
}

// text writes a line of text.
func (p *picture) text(class string, x, y float64, a anchor, s string) {
	p.begin("text", class)
	fmt.Fprintf(&p.b, ` x="%s" y="%s" text-anchor="%s">%s</text>`+"\n", num(x), num(y), a, escape(s))
}

// haloed writes text on a rim that keeps it legible on lines. The rim is a text of
// its own: not all viewers know paint-order.
func (p *picture) haloed(class string, x, y float64, a anchor, s, tip string) {
	if tip != "" {
		fmt.Fprintf(&p.b, "<g>%s\n", title(tip))
		defer p.b.WriteString("</g>\n")
	}
	p.text("halo "+class, x, y, a, s)
	p.text(class, x, y, a, s)
}

// element returns the whole svg element; head is put before what was drawn.
func (p *picture) element(class, label string, width, height float64, head string) string {
	return fmt.Sprintf(`<svg %s class="%s" role="img" aria-label="%s" viewBox="0 0 %s %s" width="%s" height="%s">`+"\n%s%s</svg>\n",
		svgHead, class, escape(label), num(width), num(height), num(width), num(height), head, p.b.String())
}

// svgHead is what all svg elements begin with.
const svgHead = `xmlns="http://www.w3.org/2000/svg" font-family="system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"`

// slices returns the drawing as svg elements that show one part below the other,
// so that a printer can break pages between them. cuts are the heights where a
// part ends; id names the drawing within the page.
func (p *picture) slices(class, label, id string, width float64, cuts []float64) string {
	var b strings.Builder
	top := 0.0
	for i, bottom := range cuts {
		content := fmt.Sprintf(`<use href="#%s"/>`, id)
		role := `aria-hidden="true"`
		if i == 0 {
			content = fmt.Sprintf(`<g id="%s">`+"\n%s</g>", id, p.b.String())
			role = fmt.Sprintf(`role="img" aria-label="%s"`, escape(label))
		}
		height := bottom - top
		fmt.Fprintf(&b, `<svg %s class="%s" %s viewBox="0 %s %s %s" width="%s" height="%s">%s</svg>`+"\n",
			svgHead, class, role, num(top), num(width), num(height), num(width), num(height), content)
		top = bottom
	}
	return b.String()
}

// clip shortens a text to n characters. The end of a name says more than its
// beginning.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return "…" + string(r[len(r)-n+1:])
}
