package app

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"pare/datasets"
	"pare/export"
	"pare/internal/printable"
)

// meaning is the meaning of the outputs of a network.
type meaning struct {
	outputs export.Outputs
	names   []string // of the outputs
	top     int      // the number of likely classes to show; 0: the probabilities of all
	raw     bool     // the network's own outputs
	shown   bool     // on the terminal

	classes  []string // names of classes; nil: they are numbers
	targeted bool     // answers have targets
}

// answer is the meaning of the outputs for one example, or for a position of one.
type answer struct {
	values []float64 // probabilities, or numbers
	order  []int     // classes, the likeliest first; labels that apply; nil for numbers
	truth  []float32 // targets: a class, a 0 or 1 for each label, or numbers; nil without
}

// newMeaning is the meaning of the outputs of a model; names are numbers where it has
// none.
func newMeaning(m export.Model, top int, raw bool) *meaning {
	units := m.Net.Output().Shape.Units()
	out := &meaning{outputs: m.Meaning(), names: m.Classes, top: min(top, units), raw: raw}
	if len(m.Classes) == units {
		out.classes = m.Classes
	} else {
		out.names = nil
		for k := range units {
			name := strconv.Itoa(k)
			if raw || out.outputs != export.OutputClasses {
				name = "output_" + name
			}
			out.names = append(out.names, name)
		}
	}
	return out
}

// read turns outputs into an answer, whose memory is used again.
func (m *meaning) read(outputs []float32, to *answer) {
	to.values, to.order = to.values[:0], to.order[:0]
	for _, v := range outputs {
		to.values = append(to.values, float64(v))
	}
	if m.raw {
		return
	}
	m.outputs.Interpret(to.values)
	switch m.outputs {
	case export.OutputLabels:
		for i, v := range to.values {
			if v >= 0.5 {
				to.order = append(to.order, i)
			}
		}
	case export.OutputClasses:
		for i := range to.values {
			to.order = append(to.order, i)
		}
		// Logits tell classes apart whose probabilities are equal.
		slices.SortStableFunc(to.order, func(a, b int) int { return cmp.Compare(outputs[b], outputs[a]) })
	}
}

// labels are the names of the labels that apply.
func (m *meaning) labels(a *answer) []string {
	names := make([]string, len(a.order))
	for k, i := range a.order {
		names[k] = m.names[i]
	}
	return names
}

// targets are the heads of the columns of targets, target or, for numbers of which several are
// predicted or one is called that, target_NAME.
func (m *meaning) targets() (out []string) {
	switch {
	case !m.targeted:
	case m.outputs != export.OutputNumbers || len(m.names) == 1 && m.names[0] != "target":
		out = append(out, "target")
	default:
		for _, name := range m.names {
			out = append(out, "target_"+name)
		}
	}
	return out
}

// truths are the cells of the columns of targets.
func (m *meaning) truths(a *answer) (out []string) {
	switch {
	case !m.targeted:
	case m.outputs == export.OutputNumbers:
		for _, v := range a.truth {
			out = append(out, number(v))
		}
	case m.outputs == export.OutputLabels:
		out = append(out, strings.Join(m.labelled(a), ";"))
	default:
		out = append(out, m.class(a))
	}
	return out
}

// labelled are the names of the labels of the target.
func (m *meaning) labelled(a *answer) []string {
	out := []string{}
	for i, v := range a.truth {
		if v == 1 {
			out = append(out, m.names[i])
		}
	}
	return out
}

// class is the name of the target's class.
func (m *meaning) class(a *answer) string {
	k := int(a.truth[0])
	if m.classes == nil {
		return strconv.Itoa(k)
	}
	return m.classes[k]
}

// columns are the heads of the columns of an answer.
func (m *meaning) columns() []string { return append(m.targets(), m.predicted()...) }

// predicted are the heads of the columns of a prediction.
func (m *meaning) predicted() []string {
	switch {
	case m.raw || m.outputs == export.OutputNumbers:
		return m.names
	case m.outputs == export.OutputLabels:
		return append([]string{"prediction"}, m.names...)
	case m.top == 0:
		return append([]string{"prediction", "probability"}, m.names...)
	}
	var out []string
	for k := range m.top {
		out = append(out, fmt.Sprintf("class_%d", k+1), fmt.Sprintf("probability_%d", k+1))
	}
	return out
}

// cells are the cells of the columns.
func (m *meaning) cells(a *answer, row []string) []string {
	row = append(row, m.truths(a)...)
	all := func() {
		for _, v := range a.values {
			row = append(row, m.number(v))
		}
	}
	switch {
	case m.raw || m.outputs == export.OutputNumbers:
		all()
	case m.outputs == export.OutputLabels:
		row = append(row, strings.Join(m.labels(a), ";"))
		all()
	case m.top == 0:
		row = append(row, m.names[a.order[0]], m.number(a.values[a.order[0]]))
		all()
	default:
		for _, i := range a.order[:m.top] {
			row = append(row, m.names[i], m.number(a.values[i]))
		}
	}
	return row
}

// number writes a probability with six digits, or on the terminal with four decimals, and
// another value in full.
func (m *meaning) number(v float64) string {
	switch {
	case m.raw || m.outputs == export.OutputNumbers:
		return number(float32(v))
	case m.shown:
		return strconv.FormatFloat(v, 'f', 4, 64)
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}

// key names an example or a position of one: columns of a table.
type key struct {
	file, row, example, position bool
}

// keysOf chooses the columns that tell examples apart. Without files they are counted from 0.
func keysOf(in *inputs, positions int) key {
	k := key{position: positions > 1, example: in.files == nil}
	if in.files == nil {
		return k
	}
	first := in.files.Place(0).File
	for i := range in.n {
		p := in.files.Place(i)
		k.row = k.row || p.Row > 0
		k.file = k.file || p.Row == 0 || p.File != first
	}
	return k
}

func (k key) columns() (out []string) {
	for _, c := range []struct {
		is   bool
		name string
	}{{k.file, "file"}, {k.row, "row"}, {k.example, "example"}, {k.position, "position"}} {
		if c.is {
			out = append(out, c.name)
		}
	}
	return out
}

// cells are the cells of the columns; a row of 0 is empty.
func (k key) cells(i, position int, p datasets.Place, out []string) []string {
	if k.file {
		out = append(out, p.File)
	}
	switch {
	case k.row && p.Row > 0:
		out = append(out, strconv.Itoa(p.Row))
	case k.row:
		out = append(out, "")
	}
	if k.example {
		out = append(out, strconv.Itoa(i))
	}
	if k.position {
		out = append(out, strconv.Itoa(position))
	}
	return out
}

// rows writes a table of answers: a row for each example, or for each position of one.
type rows interface {
	// write adds a row with the cells of the key and the answer.
	write(key []string, a *answer) error
	end() error
}

// csvRows is CSV below a header.
type csvRows struct {
	*meaning
	out *csv.Writer
	row []string
}

func newCSVRows(w io.Writer, m *meaning, key []string) (rows, error) {
	r := &csvRows{m, csv.NewWriter(w), nil}
	return r, r.out.Write(append(slices.Clone(key), m.columns()...))
}

func (r *csvRows) write(key []string, a *answer) error {
	r.row = r.cells(a, append(r.row[:0], key...))
	return r.out.Write(r.row)
}

func (r *csvRows) end() error {
	r.out.Flush()
	return r.out.Error()
}

// jsonRows is a list of objects.
type jsonRows struct {
	*meaning
	out  *bufio.Writer
	keys []string
	n    int
}

func newJSONRows(w io.Writer, m *meaning, key []string) (rows, error) {
	return &jsonRows{m, bufio.NewWriter(w), key, 0}, nil
}

// write keeps the order of fields, which a map would lose. The writer keeps its first error.
func (r *jsonRows) write(key []string, a *answer) error {
	before := ",\n"
	if r.n++; r.n == 1 {
		before = "[\n"
	}
	fmt.Fprint(r.out, before, "{")
	for k, name := range r.keys {
		value := key[k]
		switch {
		case name == "file":
			value = quote(value)
		case value == "":
			value = "null"
		}
		fmt.Fprintf(r.out, "%q: %s, ", name, value)
	}
	if r.targeted {
		target := ""
		switch r.outputs {
		case export.OutputNumbers:
			values := make([]float64, len(a.truth))
			for i, v := range a.truth {
				values[i] = float64(v)
			}
			target = r.object(values)
		case export.OutputLabels:
			names, err := json.Marshal(r.labelled(a))
			if err != nil {
				return err
			}
			target = string(names)
		default:
			target = quote(r.class(a))
		}
		fmt.Fprintf(r.out, `"target": %s, `, target)
	}
	switch {
	case r.outputs == export.OutputNumbers:
		fmt.Fprintf(r.out, `"prediction": %s`, r.object(a.values))
	case r.outputs == export.OutputLabels:
		names, err := json.Marshal(r.labels(a))
		if err != nil {
			return err
		}
		fmt.Fprintf(r.out, `"prediction": %s, "probabilities": %s`, names, r.object(a.values))
	default:
		best := a.order[0]
		fmt.Fprintf(r.out, `"prediction": %s, "probability": %s`, quote(r.names[best]), r.number(a.values[best]))
		if r.top == 0 {
			fmt.Fprintf(r.out, `, "probabilities": %s`, r.object(a.values))
			break
		}
		for k, i := range a.order[:r.top] {
			before := ", "
			if k == 0 {
				before = `, "top": [`
			}
			fmt.Fprintf(r.out, `%s{"class": %s, "probability": %s}`, before, quote(r.names[i]), r.number(a.values[i]))
		}
		fmt.Fprint(r.out, "]")
	}
	_, err := fmt.Fprint(r.out, "}")
	return err
}

func (r *jsonRows) end() error {
	if r.n == 0 {
		fmt.Fprint(r.out, "[")
	}
	fmt.Fprintln(r.out, "\n]")
	return r.out.Flush()
}

// object has a field for each output.
func (m *meaning) object(values []float64) string {
	fields := make([]string, len(values))
	for i, v := range values {
		fields[i] = quote(m.names[i]) + ": " + m.number(v)
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

// quote writes a text as JSON does.
func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // every text has a JSON form
	}
	return string(b)
}

// shownRows and shownOutputs bound a table on the terminal: rows, and numbers or logits in a row.
const (
	shownRows    = 20
	shownOutputs = 10
)

// shownTable prints the first rows, of many numbers the first ones, when it ends. Likely classes
// stand one below the other, as names of classes may be long.
type shownTable struct {
	*meaning
	w      io.Writer
	lines  []string
	n      int // examples
	shown  int // of them
	hidden int // numbers of a row that are not shown
}

func newShownTable(w io.Writer, m *meaning, key []string) *shownTable {
	short := *m
	short.shown = true
	if short.top == 0 && !m.raw && m.outputs == export.OutputClasses {
		short.top = 1
	}
	head := short.columns()
	hidden := 0
	switch {
	case m.raw || m.outputs == export.OutputNumbers:
		hidden = max(0, len(head)-shownOutputs)
		head = head[:len(head)-hidden]
	case m.outputs == export.OutputLabels:
		head = head[:1]
	case short.top > 0:
		head = []string{"class", "probability"}
	}
	lines := []string{strings.Join(append(slices.Clone(key), head...), "\t")}
	return &shownTable{meaning: &short, w: w, lines: lines, hidden: hidden}
}

func (r *shownTable) write(key []string, a *answer) error {
	if r.n++; len(r.lines) > shownRows {
		return nil
	}
	r.shown++
	cells := r.cells(a, slices.Clone(key))
	for k, cell := range cells {
		cells[k] = printable.Text(cell)
	}
	if !r.raw && r.outputs == export.OutputLabels {
		cells = cells[:len(key)+1]
	}
	cells = cells[:len(cells)-r.hidden]
	if r.raw || r.outputs != export.OutputClasses {
		r.lines = append(r.lines, strings.Join(cells, "\t"))
		return nil
	}
	first, before := len(key), strings.Join(cells[:len(key)], "\t")
	for class := range slices.Chunk(cells[first:], 2) {
		r.lines = append(r.lines, before+"\t"+strings.Join(class, "\t"))
		before = strings.Repeat("\t", first-1)
	}
	return nil
}

func (r *shownTable) end() error {
	t := tabwriter.NewWriter(r.w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(r.lines, "\n"))
	if err := t.Flush(); err != nil {
		return err
	}
	if r.hidden > 0 {
		fmt.Fprintf(r.w, "… and %d more outputs; -out FILE.csv or .json writes all\n", r.hidden)
	}
	if more := r.n - r.shown; more > 0 {
		fmt.Fprintf(r.w, "… and %d more; -out FILE.csv or .json writes all\n", more)
	}
	return nil
}
