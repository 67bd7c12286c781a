package run

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"

	"pare/datasets"
)

// dataPrint tells data apart: data.json. A run goes on with those it began with alone.
type dataPrint struct {
	Train      int    `json:"train"` // examples
	Validation int    `json:"validation"`
	Test       int    `json:"test"`
	Digest     string `json:"digest"` // of shapes, names of classes, normalisation and some examples of each part
}

// printExamples is how many examples of each part are in the digest, spread over it.
const printExamples = 32

// sameData compares the data with those of the first session, or keeps their print.
// Folders of older versions get the file in the next session.
func (r *runner) sameData() error {
	now, err := r.data.print()
	if err != nil {
		return err
	}
	var first dataPrint
	found, err := r.folder.readJSON(dataFile, &first)
	switch {
	case err != nil:
		return err
	case !found:
		return r.folder.writeJSON(dataFile, now)
	case first != now:
		return &InputError{fmt.Errorf("the data of %s are not those that the run in %s began with (%d, %d and %d examples then, %d, %d and %d now); put the files back as they were, or start a new run",
			r.data.Set.Name, r.folder, first.Train, first.Validation, first.Test, now.Train, now.Validation, now.Test)}
	}
	return nil
}

func (d *Data) print() (dataPrint, error) {
	s := d.Set
	h := sha256.New()
	fmt.Fprintf(h, "%q %+v %q %v %v\n", s.Name, s.Task, s.ClassNames, d.norm.Mean, d.norm.Std)
	for _, part := range []datasets.Part{s.Train, s.Validation, s.Test} {
		if err := d.digest(h, part); err != nil {
			return dataPrint{}, err
		}
	}
	return dataPrint{count(s.Train), count(s.Validation), count(s.Test), fmt.Sprintf("%x", h.Sum(nil))[:32]}, nil
}

// digest writes examples of a part, which may be missing.
func (d *Data) digest(h io.Writer, part datasets.Part) error {
	n := min(count(part), printExamples)
	if n == 0 {
		return nil
	}
	chosen := make([]int, n)
	for i := range chosen {
		chosen[i] = i * part.Len() / n
	}
	x, y := make([]float32, n*d.Set.Task.Size()), make([]float32, n*d.Set.Task.Targets)
	if err := part.Fill(x, y, chosen, datasets.Draw{}); err != nil {
		return err
	}
	return binary.Write(h, binary.LittleEndian, append(x, y...))
}
