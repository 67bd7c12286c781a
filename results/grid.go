package results

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Form is a form of tables.
type Form string

// The forms of tables.
const (
	Terminal Form = "terminal"
	Markdown Form = "markdown"
	LaTeX    Form = "latex" // with the rules of package booktabs
)

// words is the number of columns of words at the left of every table; the others are
// numbers.
const words = 2

// grid is a table of texts.
type grid struct {
	caption string
	head    []string
	rows    [][]string
	notes   []string
}

// drop keeps the columns that are needed.
func (g *grid) drop(needed func(column int) bool) {
	put := make([]bool, len(g.head))
	for i := range put {
		put[i] = needed(i)
	}
	keep := func(cells []string) []string {
		var out []string
		for i, c := range cells {
			if put[i] {
				out = append(out, c)
			}
		}
		return out
	}
	for i := range g.rows {
		g.rows[i] = keep(g.rows[i])
	}
	g.head = keep(g.head)
}

// dropEmpty removes the columns in which no row knows a value.
func (g *grid) dropEmpty() {
	filled := make([]bool, len(g.head))
	for _, r := range g.rows {
		for i, c := range r {
			filled[i] = filled[i] || c != "" && c != unknown
		}
	}
	g.drop(func(i int) bool { return filled[i] })
}

func (g *grid) write(w io.Writer, form Form) error {
	var b strings.Builder
	switch form {
	case Markdown:
		g.markdown(&b)
	case LaTeX:
		g.latex(&b)
	default:
		g.terminal(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (g *grid) terminal(b *strings.Builder) {
	if g.caption != "" {
		fmt.Fprintf(b, "%s\n\n", g.caption)
	}
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(g.head, "\t"))
	for _, r := range g.rows {
		fmt.Fprintln(t, strings.Join(r, "\t"))
	}
	t.Flush() // a Builder takes everything
	for _, note := range g.notes {
		fmt.Fprintf(b, "\n%s\n", note)
	}
}

var markdownEscapes = strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;")

func (g *grid) markdown(b *strings.Builder) {
	if g.caption != "" {
		fmt.Fprintf(b, "### %s\n\n", g.caption)
	}
	line := func(cells []string) {
		escaped := make([]string, len(cells))
		for i, c := range cells {
			escaped[i] = markdownEscapes.Replace(c)
		}
		fmt.Fprintf(b, "| %s |\n", strings.Join(escaped, " | "))
	}
	if len(g.rows) > 0 {
		line(g.head)
		fmt.Fprintf(b, "|%s%s\n", strings.Repeat("---|", words), strings.Repeat("---:|", len(g.head)-words))
	}
	for _, r := range g.rows {
		line(r)
	}
	for i, note := range g.notes {
		if len(g.rows) > 0 || i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(b, "%s\n", markdownEscapes.Replace(note))
	}
}

var latexEscapes = strings.NewReplacer(`\`, `\textbackslash{}`, "&", `\&`, "%", `\%`, "$", `\$`, "#", `\#`, "_", `\_`, "{", `\{`, "}", `\}`,
	"~", `\textasciitilde{}`, "^", `\textasciicircum{}`, "±", `$\pm$`, "−", "$-$", "×", `$\times$`, "Δ", `$\Delta$`, "λ", `$\lambda$`,
	"→", `$\to$`, "–", "--", "\n", " ")

func (g *grid) latex(b *strings.Builder) {
	if len(g.rows) == 0 {
		fmt.Fprintf(b, "%% %s: %s\n", g.caption, strings.Join(g.notes, " "))
		return
	}
	line := func(cells []string) {
		escaped := make([]string, len(cells))
		for i, c := range cells {
			mean, best := strings.CutSuffix(c, bestMark)
			if escaped[i] = latexEscapes.Replace(mean); best {
				escaped[i] = `\textbf{` + escaped[i] + "}"
			}
		}
		fmt.Fprintf(b, "%s \\\\\n", strings.Join(escaped, " & "))
	}
	caption := strings.Join(append([]string{g.caption}, trimmed(g.notes)...), ". ")
	fmt.Fprintf(b, "\\begin{table}\n\\centering\n\\caption{%s.}\n\\begin{tabular}{%s%s}\n\\toprule\n",
		latexEscapes.Replace(caption), strings.Repeat("l", words), strings.Repeat("r", len(g.head)-words))
	line(g.head)
	b.WriteString("\\midrule\n")
	for i, r := range g.rows {
		if i > 0 && r[0] != g.rows[i-1][0] {
			b.WriteString("\\addlinespace\n")
		}
		line(r)
	}
	b.WriteString("\\bottomrule\n\\end{tabular}\n\\end{table}\n")
}

// trimmed are sentences of LaTeX without their full stops.
func trimmed(notes []string) []string {
	out := make([]string, len(notes))
	for i, n := range notes {
		if n == bestNote {
			n = bestNoteLaTeX
		}
		out[i] = strings.TrimSuffix(n, ".")
	}
	return out
}

// unknown stands where a value is not known.
const unknown = "–"
