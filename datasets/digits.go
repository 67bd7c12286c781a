package datasets

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
)

// The file has the 1,797 test images of "Optical Recognition of Handwritten Digits",
// E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, CC BY 4.0: per line 64
// values of 0..16, row by row, then the digit.
//
//go:embed embedded/digits.csv.gz
var digitsCSV []byte

const (
	digitsTest  = 400
	digitsSplit = 1998 // the seed of the fixed division: the year of the data
)

// Digits are small images of handwritten digits that are part of the program.
type Digits struct{}

func init() {
	Kinds.Register("digits", "Handwritten digits, 1,397 for training and 400 for test, a fixed division, 8×8 grey; embedded. "+
		"Optical Recognition of Handwritten Digits, Alpaydin & Kaynak, UCI, CC BY 4.0.",
		func() Dataset { return &Digits{} })
}

// Load implements Dataset.
func (*Digits) Load(ctx context.Context, o Options) (*Set, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	all, err := embeddedDigits()
	if err != nil {
		return nil, fmt.Errorf("embedded file: %w", err)
	}
	order := rand.New(rand.NewPCG(digitsSplit, 0)).Perm(all.N)
	rest := all.N - digitsTest
	return o.divide(all.subset(order[:rest]), all.subset(order[rest:]), strings.Fields("0 1 2 3 4 5 6 7 8 9"))
}

// embeddedDigits are read once, and shared by all sets that divide them.
var embeddedDigits = sync.OnceValues(func() (*Split, error) { return readDigits(digitsCSV) })

// readDigits scales 0..16 to 0..255, rounded.
func readDigits(packed []byte) (*Split, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	rows := csv.NewReader(z)
	rows.FieldsPerRecord = 65
	lines, err := rows.ReadAll()
	if err != nil {
		return nil, err
	}
	s := &Split{N: len(lines), H: 8, W: 8, C: 1, Classes: 10}
	for i, line := range lines {
		for k, field := range line {
			v, err := strconv.ParseFloat(field, 64)
			switch {
			case err != nil || v != float64(int(v)) || v < 0 || v > 16 || k == 64 && v > 9:
				return nil, fmt.Errorf("line %d, column %d: %q is not a pixel of 0..16 or a digit", i+1, k+1, field)
			case k < 64:
				s.Pixels = append(s.Pixels, uint8((int(v)*255+8)/16))
			default:
				s.Labels = append(s.Labels, int32(v))
			}
		}
	}
	if s.N <= digitsTest {
		return nil, fmt.Errorf("%d lines, want more than %d", s.N, digitsTest)
	}
	return s, nil
}
