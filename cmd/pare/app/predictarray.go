package app

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"

	"pare/cmd/internal/cli"
	"pare/internal/atomicfile"
	"pare/internal/npy"
)

// arrayFormats are the extensions that array.save knows.
var arrayFormats = []string{".npy", ".csv", ".json"}

// array is values for each of n examples, in C order: shape (n, K) or (n, K, …).
type array struct {
	shape []int
	data  []float32
	names []string // of the K units; not used if there are not K of them
}

// save writes the array in the format that the extension of the path names.
func (a array) save(path string, stdout io.Writer) error {
	write := a.writeNPY
	switch cli.Extension(path) {
	case ".csv":
		write = a.writeCSV
	case ".json":
		write = a.writeJSON
	}
	if err := atomicfile.Write(path, write); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "wrote %s\n", path)
	return nil
}

func (a array) writeNPY(w io.Writer) error { return npy.Write(w, a.shape, a.data) }

// units is K; positions is the number of positions of each unit in an example.
func (a array) units() (units, positions int) {
	units, positions = a.shape[1], 1
	for _, d := range a.shape[2:] {
		positions *= d
	}
	return units, positions
}

// columns are the names of the units: the names of the classes, or numbers.
func (a array) columns() []string {
	units, _ := a.units()
	if len(a.names) == units {
		return a.names
	}
	out := make([]string, units)
	for k := range out {
		out[k] = "output_" + strconv.Itoa(k)
	}
	return out
}

// writeCSV writes a row for each example, or for each position of one, below a header.
func (a array) writeCSV(w io.Writer) error {
	units, positions := a.units()
	out := csv.NewWriter(w)
	head := []string{"example"}
	if len(a.shape) > 2 {
		head = append(head, "position")
	}
	if err := out.Write(append(head, a.columns()...)); err != nil {
		return err
	}
	for i := range a.shape[0] {
		for p := range positions {
			row := []string{strconv.Itoa(i)}
			if len(a.shape) > 2 {
				row = append(row, strconv.Itoa(p))
			}
			for k := range units {
				row = append(row, number(a.data[(i*units+k)*positions+p]))
			}
			if err := out.Write(row); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// writeJSON writes {"shape": …, "columns": …, "values": …} with values nested as the
// shape says. JSON has only finite numbers; others are null.
func (a array) writeJSON(w io.Writer) error {
	shape, err := json.Marshal(a.shape)
	if err != nil {
		return err
	}
	columns, err := json.Marshal(a.columns())
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "{\"shape\": %s, \"columns\": %s, \"values\": ", shape, columns)
	a.nest(out, a.data, a.shape)
	fmt.Fprintln(out, "}")
	return out.Flush()
}

func (a array) nest(out *bufio.Writer, data []float32, shape []int) {
	if len(shape) == 0 {
		if v := float64(data[0]); math.IsNaN(v) || math.IsInf(v, 0) {
			_, _ = out.WriteString("null") // the writer keeps its first error for Flush
			return
		}
		_, _ = out.WriteString(number(data[0]))
		return
	}
	_ = out.WriteByte('[')
	size := len(data) / shape[0]
	for i := range shape[0] {
		if i > 0 {
			_, _ = out.WriteString(", ")
		}
		a.nest(out, data[i*size:][:size], shape[1:])
	}
	_ = out.WriteByte(']')
}

// number writes the shortest text that is read back as the same float32.
func number(v float32) string { return strconv.FormatFloat(float64(v), 'g', -1, 32) }
