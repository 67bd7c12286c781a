package estimate

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"

	"pare/internal/atomicfile"
	"pare/report/graph"
	"pare/stat/recovery"
)

// Format is the version of the JSON of results, "format" in it; results of before there
// were versions have none.
const Format = 1

// Head is the part that the results of all estimators share.
type Head struct {
	Command      string // lasso, glasso or diffusion
	File         string // that was read, without its folder; "": none
	Observations int    // 0: unknown
	Notes        []string
}

// Remarks are oddities of the input, a line each, which WriteText has too.
func (h *Head) Remarks() []string { return h.Notes }

// Envelope is the JSON of a result: the head before the members of the estimator, and
// the notes behind them.
func (h *Head) Envelope(own Object) Object {
	out := Object{"format", Format, "command", h.Command}
	if h.File != "" {
		out = append(out, "file", h.File)
	}
	if h.Observations > 0 {
		out = append(out, "observations", h.Observations)
	}
	out = append(out, own...)
	if len(h.Notes) > 0 {
		out = append(out, "notes", h.Notes)
	}
	return out
}

// Object is a JSON object that keeps its order: names, each with its value. A number
// that is not finite is null.
type Object []any

// MarshalJSON implements json.Marshaler.
func (o Object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, v := range o {
		if i > 0 {
			b.WriteByte(",:"[i%2])
		}
		switch x := v.(type) {
		case float64:
			v = finite(x)
		case []float64:
			all := make([]*float64, len(x))
			for k := range x {
				all[k] = finite(x[k])
			}
			v = all
		}
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		b.Write(text)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// finite is nil for a number that JSON does not have.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// File is a file of a result.
type File struct {
	Name  string
	Write func(io.Writer) error
}

// WriteFolder makes a folder of files, all or none. It has to be new or empty.
func WriteFolder(dir string, files []File) error {
	return atomicfile.WriteFolder(dir, func(dir string) error {
		for _, f := range files {
			if err := atomicfile.Write(filepath.Join(dir, f.Name), f.Write); err != nil {
				return err
			}
		}
		return nil
	})
}

// JSONFile is result.json, indented.
func JSONFile(result Object) File {
	return File{"result.json", func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(result)
	}}
}

// CSVFile is rows below a header.
func CSVFile(name string, header []string, rows [][]string) File {
	return File{name, func(w io.Writer) error { return csv.NewWriter(w).WriteAll(slices.Concat([][]string{header}, rows)) }}
}

// MatrixFile is a matrix as CSV; at gives its values.
func MatrixFile(name string, header []string, rows int, at func(i, j int) float64) File {
	out := make([][]string, rows)
	for i := range out {
		for j := range header {
			out[i] = append(out[i], Number(at(i, j)))
		}
	}
	return CSVFile(name, header, out)
}

// GraphFiles are a graph in every format.
func GraphFiles(g *graph.Graph, title string) []File {
	return []File{
		{"edges.csv", func(w io.Writer) error { return graph.WriteCSV(w, g) }},
		{"network.dot", func(w io.Writer) error { return graph.WriteDOT(w, g) }},
		{"network.graphml", func(w io.Writer) error { return graph.WriteGraphML(w, g) }},
		{"network.svg", func(w io.Writer) error { return graph.WriteSVG(w, g, title) }},
	}
}

// Number is v in as many digits as it needs, in CSV.
func Number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// Plural is a number of things: "1 edge", "2 edges".
func Plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// WriteHead writes the first line of a summary and the notes.
func (h *Head) WriteHead(w io.Writer, format string, args ...any) {
	fmt.Fprintf(w, format+"\n", args...)
	for _, note := range h.Notes {
		fmt.Fprintln(w, "note: "+note)
	}
}

// WriteScore writes how well things, such as edges, were found.
func WriteScore(w io.Writer, s recovery.Score, thing string) {
	fmt.Fprintf(w, "against %s of the reference: precision %.3f, recall %.3f, F1 %.3f\n", Plural(s.TruePositives+s.FalseNegatives, thing), s.Precision, s.Recall, s.F1)
}
