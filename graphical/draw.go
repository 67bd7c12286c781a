package graphical

import (
	"bufio"
	"fmt"
	"io"
	"math"
)

const (
	spacing  = 64.0 // pixels that an edge is long at rest, in small drawings
	closest  = 24.0 // and in large ones
	extent   = 1600 // pixels that a drawing has at most before edges get shorter
	margin   = 40.0
	header   = 44.0
	positive = "#2166ac"
	negative = "#b2182b"
)

// strokeWidth of an edge in pixels, by its partial correlation.
func strokeWidth(e Edge) float64 { return 0.6 + 6*math.Abs(e.Partial) }

func strokeColor(e Edge) string {
	if e.Partial < 0 {
		return negative
	}
	return positive
}

// WriteSVG draws the network: a force-directed layout of each component, the same for the
// same seed. Edges are as wide as their partial correlation is strong, blue if it is
// positive and red if negative; variables without edges stand in rows at the end. nil
// names are x1, x2 …
func (n *Network) WriteSVG(w io.Writer, names []string, seed uint64) error {
	names, err := labels(names, n.P())
	if err != nil {
		return err
	}
	at, width, height := n.layout(seed)
	unit := max(closest, min(spacing, extent/max(width, height, 1)))
	x := func(i int) float64 { return margin + unit*at[i].x }
	y := func(i int) float64 { return header + margin + unit*at[i].y }
	wide, high := max(2*margin+unit*width, 360), header+2*margin+unit*height
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\" font-size=\"11\">\n", wide, high, wide, high)
	fmt.Fprintf(out, "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n")
	fmt.Fprintf(out, "<text x=\"12\" y=\"20\" font-size=\"13\">λ = %.4g: %s, %s</text>\n", n.Lambda, count(len(n.Edges), "edge"), count(len(n.Components), "component"))
	fmt.Fprintf(out, "<text x=\"12\" y=\"38\" fill=\"%s\">positive</text><text x=\"64\" y=\"38\" fill=\"%s\">negative</text><text x=\"120\" y=\"38\" fill=\"#555555\">partial correlation; width by strength</text>\n", positive, negative)
	for _, e := range n.Edges {
		fmt.Fprintf(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"%.2f\" stroke-opacity=\"0.75\"><title>%s – %s: %.3f</title></line>\n",
			x(e.I), y(e.I), x(e.J), y(e.J), strokeColor(e), strokeWidth(e), escape(names[e.I]), escape(names[e.J]), e.Partial)
	}
	for i, name := range names {
		fmt.Fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"#ffffff\" stroke=\"#333333\" stroke-width=\"1.5\"/>", x(i), y(i))
		for _, halo := range []string{` stroke="#ffffff" stroke-width="3"`, ""} {
			fmt.Fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\"%s>%s</text>", x(i), y(i)-9, halo, escape(name))
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintln(out, "</svg>")
	return out.Flush()
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
