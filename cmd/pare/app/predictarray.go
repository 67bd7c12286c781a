package app

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"

	"pare/cmd/internal/cli"
	"pare/internal/atomicfile"
	"pare/internal/npy"
)

// array is values for each of n examples, in C order: shape (n, K) or (n, K, …).
type array struct {
	shape []int
	data  []float32
	names []string // of the K units
}

// save writes the array as JSON where the extension of the path says so, else as npy.
func (a array) save(path string, stdout io.Writer) error {
	write := a.writeNPY
	if cli.Extension(path) == ".json" {
		write = a.writeJSON
	}
	if err := atomicfile.Write(path, write); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "wrote %s\n", path)
	return nil
}

func (a array) writeNPY(w io.Writer) error { return npy.Write(w, a.shape, a.data) }

// writeJSON writes {"shape": …, "columns": …, "values": …} with values nested as the
// shape says. JSON has only finite numbers; others are null.
func (a array) writeJSON(w io.Writer) error {
	shape, err := json.Marshal(a.shape)
	if err != nil {
		return err
	}
	columns, err := json.Marshal(a.names)
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
