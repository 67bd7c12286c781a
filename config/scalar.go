package config

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// The core schema, YAML 1.2.2 section 10.3.2.
var (
	intPattern   = regexp.MustCompile(`^([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$`)
	floatPattern = regexp.MustCompile(`^([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$`)
	// plainPattern matches the texts that are written without quotes; it is
	// narrower than what YAML allows.
	plainPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_./-]*$`)
)

// resolve returns the kind of a scalar that is written without quotes.
func resolve(s string) kind {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return null
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return boolean
	}
	switch {
	case intPattern.MatchString(s):
		return integer
	case floatPattern.MatchString(s):
		return float
	}
	return text
}

func isTrue(s string) bool { return s[0] == 't' || s[0] == 'T' }

// digits splits the text of an integer into its digits, with the sign, and the
// base. A leading zero does not mean octal, 0o does.
func digits(s string) (string, int) {
	if rest, ok := strings.CutPrefix(s, "0o"); ok {
		return rest, 8
	}
	if rest, ok := strings.CutPrefix(s, "0x"); ok {
		return rest, 16
	}
	return strings.TrimPrefix(s, "+"), 10
}

func parseInt(s string, bits int) (int64, error) {
	d, base := digits(s)
	return strconv.ParseInt(d, base, bits)
}

func parseUint(s string, bits int) (uint64, error) {
	d, base := digits(s)
	return strconv.ParseUint(d, base, bits)
}

var errNotFinite = errors.New("not a finite number")

// parseFloat reads an integer or a float.
func parseFloat(s string, bits int) (float64, error) {
	if d, base := digits(s); base != 10 {
		u, err := strconv.ParseUint(d, base, 64)
		return float64(u), err
	}
	if strings.HasSuffix(strings.ToLower(s), "inf") || strings.EqualFold(s, ".nan") {
		return 0, errNotFinite
	}
	f, err := strconv.ParseFloat(s, bits)
	if err == nil && math.IsInf(f, 0) {
		err = errNotFinite
	}
	return f, err
}

// quote writes a text so that it is read back as that text.
func quote(s string) string {
	if resolve(s) == text && plainPattern.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
