package datasets

import (
	"fmt"
	"strings"
)

// Options say which data to load and how much of it. The zero value is every dataset's
// default. A dataset gives an error for an option it has no use for.
type Options struct {
	// Dir is a folder with the official files; it is read and never written. "" means to
	// use the cache (see CacheDir), after downloading into it what it lacks.
	// For mnist, fashion-mnist and cifar10; and for text, which has no cache.
	Dir string `yaml:"dir" json:"dir,omitempty"`
	// Download says whether files that the cache lacks may be downloaded; nil means yes.
	// For mnist, fashion-mnist and cifar10.
	Download *bool `yaml:"download" json:"download,omitempty"`
	// Train is the number of examples to use, or generate, for training: for text and
	// wordchain windows. 0 means all that validation leaves, or, for data that are
	// generated, 20,000.
	Train int `yaml:"train" json:"train,omitempty"`
	// Validation is the number of examples held out of the training part: the end of it
	// after a shuffle that depends on Seed. 0 means none. What is generated is so apart
	// from training, and 0 means 2,000. For text they are the first windows behind the
	// training part, and are taken from the test part.
	Validation int `yaml:"validation" json:"validation,omitempty"`
	// Test is the number of examples of the test part, from its beginning. 0 means all,
	// or, for data that are generated, 4,000.
	Test int `yaml:"test" json:"test,omitempty"`
	// Seed fixes which examples Train and Validation get, and all that is generated.
	Seed uint64 `yaml:"seed" json:"seed,omitempty"`
	// Color asks glyphs for 32×32 colour images in place of 28×28 grey ones.
	Color bool `yaml:"color" json:"color,omitempty"`
	// Classes picks the characters of glyphs: "digits" (10), "letters" (26 capitals) or
	// "all" (34: digits and capitals without I and O). "" means "all".
	Classes string `yaml:"classes" json:"classes,omitempty"`
	// File is a UTF-8 text, plain or gzip, in Dir where that is given. "" means the only
	// .txt file of Dir. For text.
	File string `yaml:"file" json:"file,omitempty"`
	// Window is the number of characters of an example. 0 means 64. For text and
	// wordchain.
	Window int `yaml:"window" json:"window,omitempty"`
	// Vocabulary are the characters that may occur, as in a Go string: \n is a line break,
	// \\ a backslash. "" means those that do. For text.
	Vocabulary string `yaml:"vocabulary" json:"vocabulary,omitempty"`
	// Carry makes the rows of a batch streams that go on from batch to batch, for networks
	// that keep their state. For text and wordchain.
	Carry bool `yaml:"carry" json:"carry,omitempty"`
	// Length is the number of steps of adding, at least 2, and of blanks of copy. 0 means
	// 100.
	Length int `yaml:"length" json:"length,omitempty"`
	// Symbols is the number of symbols that copy shows. 0 means 10.
	Symbols int `yaml:"symbols" json:"symbols,omitempty"`
	// Sequence asks mnist and fashion-mnist for sequences in place of images: "pixels", 784
	// of one pixel, or "rows", 28 of 28 pixels. "" means images.
	Sequence string `yaml:"sequence" json:"sequence,omitempty"`
	// Permute puts the pixels of a Sequence in a random order, the same for every image
	// and seed.
	Permute bool `yaml:"permute" json:"permute,omitempty"`
	// Progress, where it is not nil, is told from time to time how far a piece of work
	// is: bytes of a download, or images generated. total is -1 where it is not known.
	// Calls do not overlap.
	Progress func(what string, done, total int64) `yaml:"-" json:"-"`
}

// Check gives an error for numbers below zero and for options that the dataset of that name
// does not use. uses lists those it does by their yaml names; all use train, validation,
// test and seed.
func (o Options) Check(name string, uses ...string) error {
	used := map[string]bool{}
	for _, u := range uses {
		used[u] = true
	}
	var unused []string
	for _, f := range []struct {
		option string
		set    bool
	}{
		{"dir", o.Dir != ""}, {"download", o.Download != nil},
		{"color", o.Color}, {"classes", o.Classes != ""},
		{"file", o.File != ""}, {"window", o.Window != 0}, {"vocabulary", o.Vocabulary != ""}, {"carry", o.Carry},
		{"length", o.Length != 0}, {"symbols", o.Symbols != 0},
		{"sequence", o.Sequence != ""}, {"permute", o.Permute},
	} {
		if f.set && !used[f.option] {
			unused = append(unused, f.option)
		}
	}
	if len(unused) > 0 {
		return fmt.Errorf("datasets: %s has no option %s; remove it", name, strings.Join(unused, ", "))
	}
	for _, f := range []struct {
		option string
		n      int
	}{{"train", o.Train}, {"validation", o.Validation}, {"test", o.Test},
		{"window", o.Window}, {"length", o.Length}, {"symbols", o.Symbols}} {
		if f.n < 0 {
			return fmt.Errorf("datasets: %s: %s is %d, must not be below 0", name, f.option, f.n)
		}
	}
	return nil
}

func (o Options) mayDownload() bool { return o.Download == nil || *o.Download }
