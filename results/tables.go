package results

import (
	"fmt"
	"io"
	"strings"
)

// Tables writes the tables that papers on pruning print, for multiply-accumulates, for
// parameters, and where masks leave zeros for nonzero parameters: each method at 2, 4, 8
// and 16 times fewer, and its difference from the baseline seed by seed; then the accuracy under
// attack, where runs were attacked.
func (s *Set) Tables(w io.Writer, form Form) error {
	if err := s.Comparable(); err != nil {
		return err
	}
	for i, g := range s.tables() {
		if i > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		if err := g.write(w, form); err != nil {
			return err
		}
	}
	return nil
}

func (s *Set) tables() []grid {
	var out []grid
	for _, over := range s.tableSizes() {
		c := s.compare(over)
		out = append(out, c.atRatios())
		if len(c.differences) > 0 {
			out = append(out, c.paired())
		}
	}
	if g := s.robustTable(); g != nil {
		out = append(out, *g)
	}
	return out
}

// atRatios is base, pruned and Δ by ratio and method.
func (c comparison) atRatios() grid {
	g := grid{caption: fmt.Sprintf("Test %s at fewer %s", c.score, c.over.noun()),
		head: []string{"fewer", "method", "base", "pruned", "Δ", "seeds", "step, ms", "step, speed-up"}}
	best := map[float64]summary{} // of the methods with the most seeds: a mean over fewer is no fair rival
	for _, r := range c.rows {
		b := best[r.ratio]
		if r.pruned.n > b.n || r.pruned.n == b.n && c.better(r.pruned.mean, b.mean) {
			best[r.ratio] = r.pruned
		}
	}
	for _, r := range c.rows {
		pruned := plusMinus(r.pruned, c.digits)
		if b := best[r.ratio]; r.pruned.n == b.n && r.pruned.mean == b.mean {
			pruned += bestMark
		}
		g.rows = append(g.rows, []string{fmt.Sprintf("%g×", r.ratio), r.method, plusMinus(r.base, c.digits), pruned,
			signed(r.delta, c.digits), fmt.Sprint(r.pruned.n), plusMinus(r.step, significant), speedup(r.speedup)})
	}
	g.dropEmpty()
	if len(g.rows) == 0 {
		g.notes = append(g.notes, fmt.Sprintf("No method comes near %g times fewer %s.", ratios[0], c.over.noun()))
		return g
	}
	g.notes = append(g.notes, "Mean ± standard deviation over the seeds. The value of a seed is linear in the logarithm of the ratio "+
		"between the two nearest points of the method, the dense run being at 1×; nothing is extrapolated.",
		bestNote)
	return g
}

// bestMark follows the best mean, bestNote explains it. LaTeX prints the mean in bold instead.
const (
	bestMark      = " *"
	bestNote      = "* marks the best mean of the methods with the most seeds."
	bestNoteLaTeX = "Bold: the best mean of the methods with the most seeds."
)

// better reports whether a score is better than another one: a higher accuracy, a lower
// perplexity or error.
func (c comparison) better(a, b float64) bool {
	if c.percent() {
		return a > b
	}
	return a < b
}

// paired is the difference of each method from the reference.
func (c comparison) paired() grid {
	reference := c.differences[0].reference
	g := grid{caption: fmt.Sprintf("Difference from %s in test %s, seed by seed, at fewer %s", reference, c.score, c.over.noun()),
		head: []string{"fewer", "method", "Δ", "95 % interval", "seeds"}}
	for _, d := range c.differences {
		half := d.confidence()
		g.rows = append(g.rows, []string{fmt.Sprintf("%g×", d.ratio), d.method, signedNumber(d.mean, c.digits),
			fmt.Sprintf("%s to %s", signedNumber(d.mean-half, c.digits), signedNumber(d.mean+half, c.digits)), fmt.Sprint(d.n)})
	}
	g.notes = append(g.notes, "Intervals are of Student's t for the mean of the paired differences.")
	return g
}

// digits writes a score: percent with two decimals, others with four digits.
func (c comparison) digits(v float64) string {
	if c.percent() {
		return minus(fmt.Sprintf("%.2f", v))
	}
	return minus(fmt.Sprintf("%.4g", v))
}

func (c comparison) percent() bool { return strings.HasPrefix(c.score, "accuracy") }

// significant writes a time with three digits.
func significant(v float64) string { return minus(fmt.Sprintf("%.3g", v)) }

func minus(s string) string { return strings.Replace(s, "-", "−", 1) }

func plusMinus(s summary, digits func(float64) string) string {
	switch s.n {
	case 0:
		return unknown
	case 1:
		return digits(s.mean)
	}
	return digits(s.mean) + " ± " + digits(s.sd)
}

func signed(s summary, digits func(float64) string) string {
	if s.n == 0 {
		return unknown
	}
	text := signedNumber(s.mean, digits)
	if s.n > 1 {
		text += " ± " + digits(s.sd)
	}
	return text
}

func signedNumber(v float64, digits func(float64) string) string {
	text := digits(v)
	if v > 0 {
		return "+" + text
	}
	return text
}

func speedup(s summary) string {
	if s.n == 0 {
		return unknown
	}
	return fmt.Sprintf("%.2f×", s.mean)
}
