// Package factor codes columns of text, as R's factors do: each different text once, and the
// number of its text for each row.
package factor

import "strings"

// Factor takes the texts of a column as they come. The zero value is empty.
type Factor struct {
	// Levels are the different texts in order of first appearance, Codes the index into them
	// of each row.
	Levels []string
	Codes  []int32

	index map[string]int32 // of each level
}

// Add adds a row. It copies a text that is new, so that one that is part of a line does not
// keep the line in memory.
func (f *Factor) Add(text string) {
	code, ok := f.index[text]
	if !ok {
		code = f.level(strings.Clone(text))
	}
	f.Codes = append(f.Codes, code)
}

// AddBytes is Add for text as bytes.
func (f *Factor) AddBytes(text []byte) {
	code, ok := f.index[string(text)]
	if !ok {
		code = f.level(string(text))
	}
	f.Codes = append(f.Codes, code)
}

func (f *Factor) level(text string) int32 {
	if f.index == nil {
		f.index = map[string]int32{}
	}
	code := int32(len(f.Levels))
	f.Levels = append(f.Levels, text)
	f.index[text] = code
	return code
}
