package table

import (
	"strconv"
	"strings"
	"testing"
)

// TestLongFirstRow: a first row may be longer than the bytes read to find the
// separator, with a header and without.
func TestLongFirstRow(t *testing.T) {
	const columns = 30000
	row := strings.Repeat("0.125;", columns-1) + "7\n"
	var header strings.Builder
	for j := range columns {
		if j > 0 {
			header.WriteByte(';')
		}
		header.WriteString("c" + strconv.Itoa(j))
	}
	for _, noHeader := range []bool{true, false} {
		text := row + row
		if !noHeader {
			text = header.String() + "\n" + text
		}
		tab, err := ReadCSV("f", strings.NewReader(text), Options{NoHeader: noHeader})
		if err != nil || tab.Rows() != 2 || len(tab.Names()) != columns {
			t.Fatalf("without a header %v: %v", noHeader, err)
		}
		last, err := tab.Column(tab.Names()[columns-1])
		if err != nil || last.Numbers[0] != 7 || last.Numbers[1] != 7 {
			t.Errorf("the last column is %v, %v", last, err)
		}
	}
}
