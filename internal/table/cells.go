package table

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// MissingWords mark a missing value, as an empty cell does, unless Options.Missing
// names others: the words of pandas, and "?" and ".".
var MissingWords = []string{"NA", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "<NA>",
	"NaN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN", "NULL", "Null", "null", "None", "none", "?", "."}

// cells reads the cells of a table as numbers, text or missing values.
type cells struct {
	missing map[string]bool // words; nil: MissingWords
	// first: a missing word may be a number, such as -999, and is looked for first.
	first   bool
	decimal rune // ',' or '.' of numbers; 0: either, the comma not where it separates cells
}

var usual = &cells{missing: set(MissingWords), decimal: '.'}

func set(words []string) map[string]bool {
	out := make(map[string]bool, len(words))
	for _, w := range words {
		out[w] = true
	}
	return out
}

// newCells is the meaning of cells by options, once the separator is known.
func newCells(o Options) *cells {
	c := &cells{missing: usual.missing, decimal: o.Decimal}
	if o.Decimal == 0 && o.Comma == ',' {
		c.decimal = '.'
	}
	if o.Missing != nil {
		c.missing = set(o.Missing)
		for word := range c.missing {
			_, number := usual.parse(word)
			c.first = c.first || number && !usual.missing[word]
		}
	}
	return c
}

// absent reports whether a cell is empty or a word for a missing value.
func (c *cells) absent(cell string) bool {
	cell = strings.TrimSpace(cell)
	return cell == "" || c.word(cell)
}

// word reports whether a cell is a word for a missing value: NaN in upper or lower case, as
// Go reads it, or one of the words of the options.
func (c *cells) word(cell string) bool {
	return c.missing[cell] || len(cell) == len("NaN") && strings.EqualFold(cell, "NaN") && c.missing["NaN"]
}

// parse is the value of a cell: NaN for a missing one, ±Inf beyond the range of float64;
// false for text.
func (c *cells) parse(cell string) (float64, bool) {
	v, ok, _ := c.read(cell)
	return v, ok
}

// mark is the decimal mark of a number, 0 for one without.
type mark byte

// read is parse with the decimal mark that the cell has.
func (c *cells) read(cell string) (float64, bool, mark) {
	cell = strings.TrimSpace(cell)
	if cell == "" || c.first && c.word(cell) {
		return math.NaN(), true, 0
	}
	if c.decimal != '.' {
		return c.readComma(cell)
	}
	v, ok := number(cell)
	if !ok || math.IsNaN(v) {
		return math.NaN(), c.word(cell), 0
	}
	return v, true, 0
}

// readComma is read where numbers may have a decimal comma.
func (c *cells) readComma(cell string) (float64, bool, mark) {
	at := strings.IndexByte(cell, ',')
	var has mark
	if at >= 0 {
		has = ','
	} else if strings.IndexByte(cell, '.') >= 0 {
		has = '.'
	}
	text := cell
	if has == ',' {
		text = cell[:at] + "." + cell[at+1:] // with another comma or a point it is not a number
	}
	if v, ok := number(text); ok && !math.IsNaN(v) && (has == 0 || c.decimal == 0 || rune(has) == c.decimal) {
		return v, true, has
	}
	return math.NaN(), c.word(cell), 0
}

// number is the value of text without spaces around it.
func number(text string) (float64, bool) {
	if text[0] > '9' && text[0]|0x20 != 'n' && text[0]|0x20 != 'i' {
		return 0, false // spares the error value of ParseFloat
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(v, 0) {
		return 0, false
	}
	return v, true
}

// decide notes which columns have decimal commas, and refuses a table in which others
// have points: one of them separates thousands.
func (t *Table) decide(builders []builder) error {
	var commas []string
	var comma, point *builder
	for k := range builders {
		b := &builders[k]
		if b.text != nil {
			continue
		}
		if b.comma.row > 0 {
			commas = append(commas, b.name)
			comma = b
		}
		if b.point.row > 0 {
			point = b
		}
	}
	switch {
	case comma == nil:
		return nil
	case point != nil:
		return t.errorf("row %d, column %s has a decimal comma, %q, and row %d, column %s a decimal point, %q; "+
			"say which it is, as the other one separates thousands",
			comma.comma.row, comma.name, shorten(comma.comma.cell), point.point.row, point.name, shorten(point.point.cell))
	}
	t.note("decimal commas, as in %q: %s", shorten(comma.comma.cell), fewNames(commas))
	return nil
}

// note adds a note unless it is there already.
func (t *Table) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(t.Notes, text) {
		t.Notes = append(t.Notes, text)
	}
}

func fewNames(names []string) string {
	const few = 8
	if len(names) > few {
		return fmt.Sprintf("%s, … (%d columns)", strings.Join(names[:few], ", "), len(names))
	}
	return strings.Join(names, ", ")
}

// noteMissing says which columns have cells with a word that counts as missing.
func (t *Table) noteMissing(builders []builder) {
	var columns []string
	for k := range builders {
		if b := &builders[k]; b.missing > 0 {
			columns = append(columns, fmt.Sprintf("%s (%d, as %q in row %d)", b.name, b.missing, shorten(b.word.cell), b.word.row))
		}
	}
	if columns != nil {
		t.note("cells that count as missing: %s", fewNames(columns))
	}
}

// mostly is the share of numbers among the cells of a column that are not missing from
// which on text is a mistake rather than the type of the column.
const mostly = 0.8

// StrayError says that a column holds numbers, except in some cells of text.
type StrayError struct {
	Column string
	line   string
}

// Error is one line that names the first such cell.
func (e *StrayError) Error() string { return e.line }

// stray returns the error of a text column that is mostly numbers, else nil.
func (t *Table) stray(c *Column) error {
	if c.Numeric() {
		return nil
	}
	const absent, number, alike, text = 0, 1, 2, 3
	kind := make([]int8, len(c.Levels))
	for k, level := range c.Levels {
		switch v, ok := c.meaning().parse(level); {
		case ok && !math.IsNaN(v):
			kind[k] = number
		case ok:
			kind[k] = absent
		case looksNumeric(level):
			kind[k] = alike
		default:
			kind[k] = text
		}
	}
	var count [4]int
	first := -1
	for row, code := range c.Codes {
		if count[kind[code]]++; kind[code] >= alike && first < 0 {
			first = row
		}
	}
	like, all := count[number]+count[alike], count[number]+count[alike]+count[text]
	if first < 0 || float64(like) < mostly*float64(all) {
		return nil
	}
	what := "are"
	if count[alike] > 0 {
		what = "are or look like one"
	}
	return &StrayError{Column: c.Name, line: t.errorf("row %d, column %s: %q is not a number, as %d of %d cells of the column %s",
		t.Number(first), c.Name, shorten(c.Text(first)), like, all, what).Error()}
}

// looksNumeric reports whether text consists of digits, with separators between them and
// signs of percent or money beside them: a number as people write it, such as 1.234,5 or 12
// %.
func looksNumeric(text string) bool {
	text = strings.TrimLeft(strings.TrimSpace(text), "+-−<>≤≥~$€£¥ ")
	text = strings.TrimRight(text, "%‰$€£¥ \u00a0")
	if text == "" || text[0] < '0' || text[0] > '9' {
		return false
	}
	return strings.IndexFunc(text, func(r rune) bool { return !strings.ContainsRune("0123456789.,'’ \u00a0\u202f", r) }) < 0
}

// meaning is how the cells of the column were read.
func (c *Column) meaning() *cells {
	if c.cells == nil {
		return usual
	}
	return c.cells
}
