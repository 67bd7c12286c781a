package estimate

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"path/filepath"
	"strconv"

	"pare/internal/atomicfile"
	"pare/report/graph"
)

// Format is the version of the JSON of estimators, "format" in it; results of before there
// were versions have none.
const Format = 1

// file is one of the files of a result.
type file struct {
	name  string
	write func(io.Writer) error
}

// writeFolder makes a folder with files, all or none.
func writeFolder(dir string, files []file) error {
	return atomicfile.WriteFolder(dir, func(dir string) error {
		for _, f := range files {
			if err := atomicfile.Write(filepath.Join(dir, f.name), f.write); err != nil {
				return err
			}
		}
		return nil
	})
}

// jsonFile is a value as indented JSON.
func jsonFile(name string, v any) file {
	return file{name, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(v)
	}}
}

// csvFile is rows below a header.
func csvFile(name string, header []string, rows [][]string) file {
	return file{name, func(w io.Writer) error {
		out := csv.NewWriter(w)
		if err := out.Write(header); err != nil {
			return err
		}
		return out.WriteAll(rows)
	}}
}

// graphFiles are a graph in every format.
func graphFiles(g *graph.Graph, title string) []file {
	return []file{
		{"edges.csv", func(w io.Writer) error { return graph.WriteCSV(w, g) }},
		{"network.dot", func(w io.Writer) error { return graph.WriteDOT(w, g) }},
		{"network.graphml", func(w io.Writer) error { return graph.WriteGraphML(w, g) }},
		{"network.svg", func(w io.Writer) error { return graph.WriteSVG(w, g, title) }},
	}
}

// matrixRows are rows of numbers; at gives them.
func matrixRows(rows, columns int, at func(i, j int) float64) [][]string {
	out := make([][]string, rows)
	for i := range out {
		out[i] = make([]string, columns)
		for j := range out[i] {
			out[i][j] = number(at(i, j))
		}
	}
	return out
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// panels are up to six indices of a path of n networks for a picture: from the first
// with an edge to the one with the most, as even in their numbers of edges as may be.
func panels(n int, edges func(i int) int) []int {
	const most = 6
	first, last := -1, 0
	for i := range n {
		if first < 0 && edges(i) > 0 {
			first = i
		}
		if edges(i) > edges(last) {
			last = i
		}
	}
	var out []int
	for i := max(first, 0); i <= last && len(out) < most; i++ {
		want := edges(first) + len(out)*(edges(last)-edges(first))/(most-1)
		if edges(i) >= want {
			out = append(out, i)
		}
	}
	return out
}
