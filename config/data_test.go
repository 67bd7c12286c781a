package config

import (
	"encoding/json"
	"slices"
	"testing"
)

// TestSequenceData: every key of data that a sequence needs is read, written and read back.
func TestSequenceData(t *testing.T) {
	for yaml, want := range map[string]Data{
		`{dataset: text, dir: d, file: a.txt, window: 32, vocabulary: ' ''"\n\\é', carry: true}`: {Dataset: "text", Dir: "d", File: "a.txt", Window: 32, Vocabulary: ` '"\n\\é`, Carry: true},
		`{dataset: wordchain, window: 8, carry: true}`:                                           {Dataset: "wordchain", Window: 8, Carry: true},
		`{dataset: adding, length: 50}`:                                                          {Dataset: "adding", Length: 50},
		`{dataset: copy, length: 50, symbols: 4}`:                                                {Dataset: "copy", Length: 50, Symbols: 4},
		`{dataset: mnist, sequence: pixels, permute: true}`:                                      {Dataset: "mnist", Sequence: "pixels", Permute: true},
		`{dataset: fashion-mnist, sequence: rows}`:                                               {Dataset: "fashion-mnist", Sequence: "rows"},
		`{dataset: own, window: 3, symbols: 2, permute: true}`:                                   {Dataset: "own", Window: 3, Symbols: 2, Permute: true},
		`{dataset: text, file: a.txt, carry: false}`:                                             {Dataset: "text", File: "a.txt"},
		`{dataset: text, file: 'a b.txt', vocabulary: '\u00e9\x00#'}`:                            {Dataset: "text", File: "a b.txt", Vocabulary: `\u00e9\x00#`},
	} {
		c := mustParse(t, "data: "+yaml+"\nmodel: {type: mlp}\n")
		if c.Data != want {
			t.Errorf("%s is read as %+v, want %+v", yaml, c.Data, want)
		}
		if again := mustParse(t, string(c.YAML())); again.Data != want {
			t.Errorf("%s is written as\n%s", yaml, c.YAML())
		}
	}
}

func TestSequenceSchema(t *testing.T) {
	var s struct {
		Properties struct {
			Data struct {
				Properties map[string]struct {
					Type    any
					Minimum *float64
					Enum    []any
				}
			}
		}
	}
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	keys := s.Properties.Data.Properties
	if w := keys["window"]; w.Minimum == nil || *w.Minimum != 1 {
		t.Errorf("window is %+v", w)
	}
	if q := keys["sequence"]; !slices.Equal(q.Enum, []any{"pixels", "rows"}) {
		t.Errorf("sequence is %+v", q)
	}
	for _, key := range []string{"file", "vocabulary", "carry", "length", "symbols", "permute"} {
		if _, ok := keys[key]; !ok {
			t.Errorf("the schema lacks data.%s", key)
		}
	}
}
