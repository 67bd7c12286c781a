package option

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseNumber reads a decimal number or a fraction of two: "0.1", "8/255". The result may be
// infinite, as strconv.ParseFloat reads "inf" and as 1/0 is.
func ParseNumber(text string) (float64, error) {
	above, below, fraction := strings.Cut(text, "/")
	v, err := strconv.ParseFloat(strings.TrimSpace(above), 64)
	if fraction && err == nil {
		var d float64
		d, err = strconv.ParseFloat(strings.TrimSpace(below), 64)
		v /= d
	}
	if err != nil || math.IsNaN(v) {
		return 0, fmt.Errorf("%q is neither a number nor a fraction, such as 8/255", text)
	}
	return v, nil
}

// fractionPattern is a fraction in JSON schema.
const fractionPattern = `^\s*[-+]?(\.[0-9]+|[0-9]+\.?[0-9]*)([eE][-+]?[0-9]+)?\s*/\s*(\.[0-9]+|[0-9]+\.?[0-9]*)([eE][-+]?[0-9]+)?\s*$`
