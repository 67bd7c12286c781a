package table

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

func TestMissingWords(t *testing.T) {
	text := "a,b\n1,x\n?,None\n.,y\n N/A ,x\n-999,\n"
	tab := read(t, text, Options{})
	a, _ := tab.Column("a")
	if !a.Numeric() || a.Numbers[0] != 1 || a.Numbers[4] != -999 || !math.IsNaN(a.Numbers[1]+a.Numbers[2]) || !math.IsNaN(a.Numbers[3]) {
		t.Errorf("a: %v", a.Numbers)
	}
	if rows, err := tab.Complete(); err != nil || !slices.Equal(rows, []int{0}) {
		t.Errorf("complete rows %v, %v", rows, err)
	}
	if want := []string{`cells that count as missing: a (3, as "?" in row 2), b (1, as "None" in row 2)`}; !slices.Equal(tab.Notes, want) {
		t.Errorf("notes %q", tab.Notes)
	}
	_, _, err := tab.Classes("b")
	wantError(t, err, `t.csv: row 2, column b: the value is missing ("None" is a word for a missing value)`)
	b, _ := tab.Column("b")
	if got := b.Texts(); !slices.Equal(got, []string{"x", "None", "y", "x", ""}) {
		t.Errorf("spelling %q", got)
	}
	tab = read(t, text, Options{Missing: []string{"-999", "?", ".", "N/A"}})
	if rows, err := tab.Complete("a"); err != nil || !slices.Equal(rows, []int{0}) {
		t.Errorf("-999 missing: complete rows %v, %v", rows, err)
	}
	if rows, err := tab.Complete("b"); err != nil || !slices.Equal(rows, []int{0, 1, 2, 3}) {
		t.Errorf("None not missing: complete rows %v, %v", rows, err)
	}
	if c, _ := read(t, "c\n1\nNAN\nNan\n", Options{}).Column("c"); !c.Numeric() {
		t.Error("NAN is text")
	}
	if a, _ := read(t, text, Options{Missing: []string{}}).Column("a"); a.Numeric() {
		t.Error("? is missing although no word is")
	}
}

func TestDecimalCommas(t *testing.T) {
	for _, c := range []struct {
		text    string
		o       Options
		want    []float64 // of column a; nil: text
		refused string
	}{
		{"a;b\n1,26;u\n-1,3e2;v\n;w\n7;x\n", Options{}, []float64{1.26, -130, math.NaN(), 7}, ""},
		{"a\tb\n1,26\tu\n", Options{}, []float64{1.26}, ""},
		{"a;b\n1.26;u,v\n", Options{}, []float64{1.26}, ""},
		{"a;b\n1,26;0.5\n", Options{}, nil, `t.csv: row 1, column a has a decimal comma, "1,26", and row 1, column b a decimal point, "0.5"; say which it is, as the other one separates thousands`},
		{"a;b\n1,26;2\n1.5;2\n", Options{}, nil, `t.csv: row 1, column a has a decimal comma, "1,26", and row 2, column a a decimal point, "1.5"; say which it is, as the other one separates thousands`},
		{"a;b\n1,26;0.5\n", Options{Decimal: ','}, []float64{1.26}, ""},
		{"a;b\n1,26;0.5\n", Options{Decimal: '.'}, nil, ""},
		{"a;b\n1.234,5;0\n", Options{}, nil, ""},
		{"a;b\n1,234,567;0\n", Options{}, nil, ""},
		{"a,b\n\"1,26\",0\n", Options{}, nil, ""},
		{"a,b\n\"1,26\",0\n", Options{Decimal: ','}, []float64{1.26}, ""},
		{"a;b\n,5;0\n", Options{}, []float64{0.5}, ""},
		{"a;b\n,;0\n", Options{}, nil, ""},
	} {
		tab, err := ReadCSV("t.csv", strings.NewReader(c.text), c.o)
		if c.refused != "" {
			wantError(t, err, c.refused)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		a, _ := tab.Column("a")
		if a.Numeric() != (c.want != nil) || !slices.EqualFunc(a.Numbers, c.want, func(x, y float64) bool { return x == y || x != x && y != y }) {
			t.Errorf("%q: %v, want %v", c.text, a.Numbers, c.want)
		}
	}
	tab := read(t, "a;b\n1,26;2\n", Options{})
	if want := []string{`decimal commas, as in "1,26": a`}; !slices.Equal(tab.Notes, want) {
		t.Errorf("notes %q", tab.Notes)
	}
}

// A file of UTF-16 that was cut off is no table.
func TestCutOffUTF16(t *testing.T) {
	_, err := ReadCSV("t.csv", strings.NewReader("\xff\xfea\x00\n\x001\x00\n"), Options{})
	if err == nil || !strings.Contains(err.Error(), "cut off") || !strings.Contains(err.Error(), "t.csv") {
		t.Errorf("error %v", err)
	}
}

func TestEncodings(t *testing.T) {
	const text = "größe,grün,y€\n1,ä𝄞,3\n2,b,4\n"
	wide := func(order binary.AppendByteOrder, mark bool) string {
		var b []byte
		if mark {
			b = order.AppendUint16(b, 0xfeff)
		}
		for _, u := range utf16.Encode([]rune(text)) {
			b = order.AppendUint16(b, u)
		}
		return string(b)
	}
	latin := strings.NewReplacer("ö", "\xf6", "ß", "\xdf", "ü", "\xfc", "€", "\x80", "ä", "\xe4", "𝄞", "").Replace(text)
	for name, c := range map[string]struct{ in, note, cell string }{
		"UTF-8":               {text, "", "ä𝄞"},
		"UTF-8 with a mark":   {"\xef\xbb\xbf" + text, "", "ä𝄞"},
		"UTF-16":              {wide(binary.LittleEndian, true), "UTF-16", "ä𝄞"},
		"UTF-16, high first":  {wide(binary.BigEndian, true), "UTF-16", "ä𝄞"},
		"UTF-16LE, no mark":   {wide(binary.LittleEndian, false), "UTF-16", "ä𝄞"},
		"UTF-16BE, no mark":   {wide(binary.BigEndian, false), "UTF-16", "ä𝄞"},
		"Windows-1252":        {latin, "Windows-1252", "ä"},
		"Windows-1252, ended": {latin[:len(latin)-2] + "\xe4", "Windows-1252", "ä"},
	} {
		open := func() *strings.Reader { return strings.NewReader(c.in) }
		for _, o := range []Options{{}, {Columns: []string{"grün"}}} {
			tab, err := ReadCSV("t.csv", open(), o)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			column, err := tab.Column("grün")
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if c.cell != "" && column.Text(0) != c.cell {
				t.Errorf("%s: cell %q", name, column.Text(0))
			}
			if noted := len(tab.Notes) > 0 && strings.HasSuffix(tab.Notes[0], c.note); noted != (c.note != "") {
				t.Errorf("%s: notes %q", name, tab.Notes)
			}
		}
		// However the bytes come, the text is the same.
		all, err1 := readAll(newUTF8Reader(open()))
		one, err2 := readAll(newUTF8Reader(iotest.OneByteReader(open())))
		if err1 != nil || err2 != nil || all != one {
			t.Errorf("%s: %q, byte by byte %q, %v, %v", name, all, one, err1, err2)
		}
	}
	// Headers that only Latin-1 tells apart are two columns.
	if got := read(t, "gr\xf6,gr\xe4,y\n1,2,3\n", Options{}).Names(); !slices.Equal(got, []string{"grö", "grä", "y"}) {
		t.Errorf("names %q", got)
	}
	if got := read(t, "x\x00y,b\n1,2\n", Options{}).Names(); len(got) != 2 {
		t.Errorf("a zero in UTF-8: names %q", got)
	}
	long := strings.Repeat("ä,", 40_000)
	if got, err := readAll(newUTF8Reader(strings.NewReader("x" + long))); err != nil || got != "x"+long {
		t.Errorf("long text changed, %v", err)
	}
}

func readAll(u *utf8Reader) (string, error) {
	var b strings.Builder
	p := make([]byte, 7000)
	for {
		n, err := u.Read(p)
		b.Write(p[:n])
		if err != nil {
			if err.Error() == "EOF" {
				err = nil
			}
			return b.String(), err
		}
	}
}

func TestEncodeRefusesWhatIsHardlyMeant(t *testing.T) {
	tab := read(t, "a,b,y\n1,1,0\n2,2,1\n3,x,1\n4,4,0\n5,NA,1\n", Options{})
	_, err := tab.Encode(Encoding{Text: true})
	if err != nil {
		t.Errorf("3 of 4 numbers: %v", err)
	}
	tab = read(t, "a,b,y\n1,1,0\n2,2,1\n3,x,1\n4,4,0\n5,NA,1\n6,7,1\n", Options{})
	_, err = tab.Encode(Encoding{Text: true})
	wantError(t, err, `t.csv: row 3, column b: "x" is not a number, as 4 of 5 cells of the column are`)
	_, err = tab.Matrix()
	wantError(t, err, `t.csv: row 3, column b: "x" is not a number, as 4 of 5 cells of the column are`)
	out, err := tab.Encode(Encoding{Categorical: []string{"b", "y"}, Reference: true})
	if err != nil || !slices.Equal(out.Names(), []string{"a", "b=2", "b=4", "b=7", "b=NA", "b=x", "y=1"}) {
		t.Errorf("%v, %v", out.Names(), err)
	}
	for _, cells := range []string{"1.234,5|12|1.000,0", "12 %|7 %|3 %", "$1,200|$3|$4", "1 234|5 678|9", "<5|7|8|>9"} {
		alike := read(t, "a|y\n"+strings.ReplaceAll(cells, "|", "|1\n")+"|2\n", Options{Comma: '|'})
		if _, err := alike.Encode(Encoding{Text: true}); err == nil || !strings.Contains(err.Error(), "look like one") {
			t.Errorf("%s: %v", cells, err)
		}
	}
	for _, cells := range []string{"2020-01-02|2020-01-03", "10-20|20-30", "1st|2nd", "a1|a2", "1:30|2:30"} {
		kinds := read(t, "a|y\n"+strings.ReplaceAll(cells, "|", "|1\n")+"|2\n", Options{Comma: '|'})
		if _, err := kinds.Encode(Encoding{Text: true}); err != nil {
			t.Errorf("%s: %v", cells, err)
		}
	}
	if out, err = tab.Encode(Encoding{Text: true, But: []string{"b"}}); err != nil || len(out.Names()) != 3 {
		t.Errorf("%v", err)
	}
}
