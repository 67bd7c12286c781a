package datasets

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// maxCharacters bounds vocabularies; Unicode has more characters, a text does not.
const maxCharacters = 1 << 16

// vocabulary numbers the characters of a text in code point order.
type vocabulary struct {
	runes []rune
	index map[rune]uint16
}

// newVocabulary takes distinct characters, in any order.
func newVocabulary(runes []rune) (*vocabulary, error) {
	if len(runes) > maxCharacters {
		return nil, fmt.Errorf("%d different characters are more than the %d of a vocabulary", len(runes), maxCharacters)
	}
	v := &vocabulary{runes: slices.Sorted(slices.Values(runes)), index: make(map[rune]uint16, len(runes))}
	for i, r := range v.runes {
		v.index[r] = uint16(i)
	}
	return v, nil
}

// parseVocabulary reads Options.Vocabulary.
func parseVocabulary(s string) (*vocabulary, error) {
	if !utf8.ValidString(s) {
		return nil, errors.New("vocabulary: it is not UTF-8 text")
	}
	var runes []rune
	seen := map[rune]bool{}
	for rest := s; rest != ""; {
		r, multibyte, tail, err := strconv.UnquoteChar(rest, 0)
		if err != nil || !multibyte && r >= utf8.RuneSelf { // an escape, or one of a byte that is no character
			return nil, fmt.Errorf("vocabulary: %q is not a character; write a line break as \\n and a backslash as \\\\", rest[:min(len(rest), 8)])
		}
		if seen[r] {
			return nil, fmt.Errorf("vocabulary: it has %s twice", character(r))
		}
		seen[r] = true
		runes, rest = append(runes, r), tail
	}
	v, err := newVocabulary(runes)
	if err != nil {
		return nil, fmt.Errorf("vocabulary: %w", err)
	}
	return v, nil
}

// QuoteVocabulary writes characters, such as those of Task.Alphabet, as Options.Vocabulary
// takes them.
func QuoteVocabulary(alphabet []string) string {
	var out []byte
	for _, name := range alphabet {
		for _, r := range name {
			if r == '\'' {
				out = append(out, '\'')
				continue
			}
			quoted := strconv.QuoteRune(r)
			out = append(out, quoted[1:len(quoted)-1]...)
		}
	}
	return string(out)
}

// character shows a character and its code point, for messages.
func character(r rune) string { return fmt.Sprintf("%q (%U)", r, r) }

// alphabet names the tokens by their characters.
func (v *vocabulary) alphabet() []string {
	out := make([]string, len(v.runes))
	for i, r := range v.runes {
		out[i] = string(r)
	}
	return out
}
