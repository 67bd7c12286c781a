package datasets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Text is any text as a sequence of characters, to predict the next one of.
type Text struct {
	Dir  string `yaml:"dir,omitempty" doc:"folder of the text file"`
	File string `yaml:"file,omitempty" doc:"UTF-8 file, plain or gzip, in data.dir where that is given; empty: the only .txt file of data.dir"`
	Windows
	// Vocabulary are the characters that may occur, as in a Go string.
	Vocabulary string `yaml:"vocabulary,omitempty" doc:"the characters that may occur, in single quotes, with \\n for a line break and \\\\ for a backslash; empty: those of the file"`
}

func init() {
	Kinds.Register("text", "The characters of a UTF-8 text file (file, or dir with one .txt) in windows of 64 (window), "+
		"to predict the next one of. "+
		"The first 90 % are for training; of the rest the first windows are for validation, as many as it asks for, and the others for test. "+
		"train, validation and test count windows. carry: rows of a batch are streams that go on, for networks that keep their state.",
		func() Dataset { return &Text{} })
}

// Paths implements Pathed: File is in Dir where that is given.
func (d *Text) Paths() []*string {
	if d.Dir == "" {
		return []*string{&d.File}
	}
	return []*string{&d.Dir}
}

// Load implements Dataset.
func (d *Text) Load(ctx context.Context, o Options) (*Set, error) {
	path, err := d.path()
	if err != nil {
		return nil, err
	}
	var v *vocabulary
	if d.Vocabulary != "" {
		if v, err = parseVocabulary(d.Vocabulary); err != nil {
			return nil, err
		}
	}
	tokens, v, err := readText(ctx, path, v)
	if err != nil {
		return nil, err
	}
	set, err := d.divide(tokens, v, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return set, nil
}

// divide cuts a text by place, as neighbouring windows are alike: training reads
// nothing of the last tenth.
func (d Windows) divide(tokens []uint16, v *vocabulary, o Options) (*Set, error) {
	length := d.length()
	cut := len(tokens) * 9 / 10
	train, rest := tokens[:cut], tokens[cut:]
	if short := min(len(train), len(rest)); short <= length {
		return nil, fmt.Errorf("the text has %d characters, the first 90 %% of them for training and the others for test; "+
			"%d are too few for a window of %d and the character behind it; lower window", len(tokens), short, length)
	}
	have, last := windowCount(len(train), length, true), windowCount(len(rest), length, false)
	kept, held, tested := o.Train.Of(have+last), o.Validation.Of(have+last), o.Test.Of(have+last)
	if kept > have {
		return nil, fmt.Errorf("train %v is more than the %d windows of %d in the first 90 %% of the text", o.Train, have, length)
	} else if kept > 0 && kept < have {
		train = train[:(kept+1)*length]
	}
	if held >= last {
		return nil, fmt.Errorf("validation %v leaves nothing of the %d windows of %d in the last 10 %% of the text", o.Validation, last, length)
	}
	if tested > last-held {
		return nil, fmt.Errorf("validation %v and test %v together are more than the %d windows of %d in the last 10 %% of the text",
			o.Validation, o.Test, last, length)
	}
	var validation []uint16
	if held > 0 {
		validation = rest[:held*length+1]
	}
	test := rest[held*length:]
	if tested > 0 {
		test = test[:tested*length+1]
	}
	return d.cut(v, train, validation, test), nil
}

// maxText bounds the bytes of a text that is held in memory.
const maxText = 1 << 30

// byteOrderMark may begin a UTF-8 file, and is not part of its text.
const byteOrderMark = "\ufeff"

// path is the file that the options name.
func (d *Text) path() (string, error) {
	switch {
	case d.File == "" && d.Dir == "":
		return "", errors.New("there is no text; set data.file to a UTF-8 text file, or data.dir to a folder with one .txt file")
	case d.Dir == "":
		return d.File, nil
	case filepath.IsAbs(d.File):
		return "", fmt.Errorf("data.file %s is not in data.dir %s; give one of them", d.File, d.Dir)
	case d.File != "":
		return filepath.Join(d.Dir, d.File), nil
	}
	entries, err := os.ReadDir(d.Dir)
	if err != nil {
		return "", err
	}
	var found []string
	for _, e := range entries {
		if strings.EqualFold(filepath.Ext(e.Name()), ".txt") && !e.IsDir() {
			found = append(found, e.Name())
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%s has %d .txt files; name one with data.file", d.Dir, len(found))
	}
	return filepath.Join(d.Dir, found[0]), nil
}

// readText reads a UTF-8 file as tokens of a vocabulary; nil: that of its characters.
func readText(ctx context.Context, path string, v *vocabulary) (tokens []uint16, used *vocabulary, err error) {
	err = openInput(ctx, path, func(in *input) error {
		data, err := io.ReadAll(io.LimitReader(in, maxText+1))
		if err != nil {
			return err
		}
		if len(data) > maxText {
			return fmt.Errorf("%s: the text has more than %d MiB; use a part of it", path, maxText>>20)
		}
		if tokens, used, err = tokenize(data, v); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s: no such file; set data.file to a UTF-8 text file, or data.dir to its folder", path)
	}
	return tokens, used, err
}

// tokenize turns UTF-8 text into tokens of a vocabulary; nil: that of its characters.
func tokenize(data []byte, v *vocabulary) ([]uint16, *vocabulary, error) {
	data = bytes.TrimPrefix(data, []byte(byteOrderMark))
	if len(data) == 0 {
		return nil, nil, errors.New("the file has no text")
	}
	given := v != nil
	seen := map[rune]bool{}
	count := 0
	for at := 0; at < len(data); count++ {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			return nil, nil, fmt.Errorf("%s: byte %#02x is not UTF-8 text; convert the file", linePlace(data, at), data[at])
		}
		if !seen[r] {
			if given {
				if _, ok := v.index[r]; !ok {
					return nil, nil, fmt.Errorf("%s: %s is not among the %d characters of the vocabulary", linePlace(data, at), character(r), len(v.runes))
				}
			}
			seen[r] = true
		}
		at += size
	}
	if !given {
		runes := make([]rune, 0, len(seen))
		for r := range seen {
			runes = append(runes, r)
		}
		var err error
		if v, err = newVocabulary(runes); err != nil {
			return nil, nil, err
		}
	}
	tokens := make([]uint16, 0, count)
	for _, r := range string(data) {
		tokens = append(tokens, v.index[r])
	}
	return tokens, v, nil
}

// linePlace is the line and the column, in characters, of a byte; both count from 1.
func linePlace(data []byte, at int) string {
	line := bytes.LastIndexByte(data[:at], '\n') + 1
	return fmt.Sprintf("line %d, column %d", bytes.Count(data[:at], []byte("\n"))+1, utf8.RuneCount(data[line:at])+1)
}

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

// parseVocabulary reads Text.Vocabulary.
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

// QuoteVocabulary writes characters, such as Task.Alphabet, as Text.Vocabulary
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
