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
	"strings"
	"unicode/utf8"
)

// maxText bounds the bytes of a text that is held in memory.
const maxText = 1 << 30

// byteOrderMark may begin a UTF-8 file, and is not part of its text.
const byteOrderMark = "\ufeff"

// textFile is the file that the options name.
func (o Options) textFile() (string, error) {
	switch {
	case o.File == "" && o.Dir == "":
		return "", errors.New("there is no text; set data.file to a UTF-8 text file, or data.dir to a folder with one .txt file")
	case o.Dir == "":
		return o.File, nil
	case filepath.IsAbs(o.File):
		return "", fmt.Errorf("data.file %s is not in data.dir %s; give one of them", o.File, o.Dir)
	case o.File != "":
		return filepath.Join(o.Dir, o.File), nil
	}
	entries, err := os.ReadDir(o.Dir)
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
		return "", fmt.Errorf("%s has %d .txt files; name one with data.file", o.Dir, len(found))
	}
	return filepath.Join(o.Dir, found[0]), nil
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
