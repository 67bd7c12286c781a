package pretrained

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"pare/internal/option"
)

// Bounds on files of names.
const (
	maxNames    = 1 << 20 // bytes: some ten thousand names
	maxPatterns = 256
	maxStars    = 16 // of a pattern
)

// rules translate names.
type rules struct {
	names    map[string]string // "": the tensor is dropped
	patterns []pattern         // tried in their order
}

// pattern translates names: a * stands for any text in theirs and for the same text in ours.
type pattern struct {
	text   string // theirs, as written
	theirs *regexp.Regexp
	ours   string // "": the tensor is dropped
}

// apply is our name of a tensor; false: it is dropped. A rule is for the whole name or for the
// name of the layer; names count before patterns. A name without a rule stays as it is.
func (r rules) apply(tensor string) (string, bool) {
	layer, param := tensor, ""
	if i := strings.LastIndex(tensor, "."); i >= 0 {
		layer, param = tensor[:i], tensor[i:]
	}
	if ours, ok := r.names[tensor]; ok {
		return ours, ours != ""
	}
	if ours, ok := r.names[layer]; ok {
		return ours + param, ours != ""
	}
	for _, p := range r.patterns {
		if parts := p.theirs.FindStringSubmatch(tensor); parts != nil {
			return p.fill(parts[1:]), p.ours != ""
		}
		if parts := p.theirs.FindStringSubmatch(layer); parts != nil {
			return p.fill(parts[1:]) + param, p.ours != ""
		}
	}
	return tensor, true
}

// fill is ours with the texts in place of the *.
func (p pattern) fill(parts []string) string {
	out := p.ours
	var b strings.Builder
	for _, part := range parts {
		before, after, ok := strings.Cut(out, "*")
		if !ok {
			break
		}
		b.WriteString(before + part)
		out = after
	}
	return b.String() + out
}

// matches reports whether a pattern with * fits a name.
func matches(pattern, name string) bool { return compile(pattern).MatchString(name) }

// compile is the expression of a pattern, with a group for each *.
func compile(pattern string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(pattern)
	return regexp.MustCompile("^" + strings.ReplaceAll(quoted, `\*`, "(.*?)") + "$")
}

// add takes one line of a file of names.
func (r *rules) add(theirs, ours string) error {
	stars := strings.Count(theirs, "*")
	_, twice := r.names[theirs]
	twice = twice || slices.ContainsFunc(r.patterns, func(p pattern) bool { return p.text == theirs })
	switch n := strings.Count(ours, "*"); {
	case theirs == "":
		return errors.New("a name of the weights is empty")
	case twice:
		return fmt.Errorf("%.100q is there twice", theirs)
	case stars > maxStars:
		return fmt.Errorf("%.100q has more than %d *", theirs, maxStars)
	case ours != "" && n != stars:
		return fmt.Errorf("%.100q has %d * and %.100q has %d; each * of ours is the text of one of theirs", theirs, stars, ours, n)
	case stars > 0 && len(r.patterns) == maxPatterns:
		return fmt.Errorf("it has more than %d names with *", maxPatterns)
	case stars > 0:
		r.patterns = append(r.patterns, pattern{theirs, compile(theirs), ours})
	default:
		r.names[theirs] = ours
	}
	return nil
}

// readRules reads a file of names; "" is none.
func readRules(file string) (rules, error) {
	r := rules{names: map[string]string{}}
	if file == "" {
		return r, nil
	}
	if err := r.read(file); err != nil {
		text, _, _ := strings.Cut(err.Error(), "\n")
		return r, option.Errorf("names", "is %s, which cannot be used: %s", file, text)
	}
	return r, nil
}

// read adds the lines of a file in their order.
func (r *rules) read(file string) error {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no such file")
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("it is no regular file")
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxNames+1))
	if err != nil {
		return err
	}
	if len(data) > maxNames {
		return fmt.Errorf("it has more than %d KiB", maxNames>>10)
	}
	switch ext := strings.ToLower(filepath.Ext(file)); ext {
	case ".json":
		return r.json(data)
	case ".yaml", ".yml":
		return r.yaml(data)
	case ".csv":
		return r.csv(data)
	default:
		return fmt.Errorf("the end of its name is %q; it must be .yaml, .json or .csv", ext)
	}
}

// json reads one object of texts; null drops a tensor.
func (r *rules) json(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("it must be one object of names")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		value, err := d.Token()
		if err != nil {
			return err
		}
		if err := r.addValue(key, value); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is text behind the object")
	}
	return nil
}

// yaml reads one section of texts; null drops a tensor.
func (r *rules) yaml(data []byte) error {
	var section yaml.MapSlice
	if err := yaml.Unmarshal(data, &section); err != nil {
		return fmt.Errorf("it is no section of names: %s", strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	for _, item := range section {
		if err := r.addValue(item.Key, item.Value); err != nil {
			return err
		}
	}
	return nil
}

// addValue takes a line of which the values may have other types.
func (r *rules) addValue(theirs, ours any) error {
	text, ok := ours.(string)
	if !ok && ours != nil {
		return fmt.Errorf("%.100q must be a name or null", fmt.Sprint(theirs))
	}
	return r.add(fmt.Sprint(theirs), text)
}

// csv reads lines of two cells; an empty second one drops a tensor.
func (r *rules) csv(data []byte) error {
	cells := csv.NewReader(bytes.NewReader(data))
	cells.FieldsPerRecord, cells.TrimLeadingSpace = 2, true
	for {
		line, err := cells.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = r.add(line[0], line[1])
		}
		if err != nil {
			return err
		}
	}
}
