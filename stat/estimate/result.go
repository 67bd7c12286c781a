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

// Format is the version of the JSON of results, its member "format". The first results had
// no such member.
const Format = 1

// Head holds the facts that all results share.
type Head struct {
	Command      string // lasso, glasso or diffusion
	File         string // input, without its folder; "": none
	Observations int    // 0: unknown
	Notes        []string
}

// Remarks returns oddities of the input, a line each; WriteText prints them too.
func (h *Head) Remarks() []string { return h.Notes }

// Envelope returns the JSON of a result: the head, the members of the estimator, and the
// notes.
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

// Object is a JSON object that keeps its order: name, value, name, value, … A float64 that
// is not finite becomes null.
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

// finite returns nil for NaN and infinities, which JSON cannot hold.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// File is one file of a result.
type File struct {
	Name  string
	Write func(io.Writer) error
}

// WriteFolder writes all files into a folder, or none. The folder must be new or empty.
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

// JSONFile returns result.json, indented.
func JSONFile(result Object) File {
	return File{"result.json", func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(result)
	}}
}

// CSVFile returns a file of rows below a header.
func CSVFile(name string, header []string, rows [][]string) File {
	return File{name, func(w io.Writer) error { return csv.NewWriter(w).WriteAll(slices.Concat([][]string{header}, rows)) }}
}

// MatrixFile returns a matrix as CSV; at returns its values.
func MatrixFile(name string, header []string, rows int, at func(i, j int) float64) File {
	out := make([][]string, rows)
	for i := range out {
		for j := range header {
			out[i] = append(out[i], Number(at(i, j)))
		}
	}
	return CSVFile(name, header, out)
}

// GraphFiles returns a graph as edges.csv, network.dot, network.graphml and network.svg.
func GraphFiles(g *graph.Graph, title string) []File {
	return []File{
		{"edges.csv", func(w io.Writer) error { return graph.WriteCSV(w, g) }},
		{"network.dot", func(w io.Writer) error { return graph.WriteDOT(w, g) }},
		{"network.graphml", func(w io.Writer) error { return graph.WriteGraphML(w, g) }},
		{"network.svg", func(w io.Writer) error { return graph.WriteSVG(w, g, title) }},
	}
}

// Number writes v in the fewest digits that are read back as v.
func Number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// Plural counts things: "1 edge", "2 edges".
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

// WriteScore writes how well things, such as edges, were recovered.
func WriteScore(w io.Writer, s recovery.Score, thing string) {
	fmt.Fprintf(w, "against %s of the reference: precision %.3f, recall %.3f, F1 %.3f\n", Plural(s.TruePositives+s.FalseNegatives, thing),
		s.Precision, s.Recall, s.F1)
}
