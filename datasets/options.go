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
	// For mnist, fashion-mnist and cifar10.
	Dir string `yaml:"dir" json:"dir,omitempty"`
	// Download says whether files that the cache lacks may be downloaded; nil means yes.
	// For mnist, fashion-mnist and cifar10.
	Download *bool `yaml:"download" json:"download,omitempty"`
	// Train is the number of examples to use, or generate, for training. 0 means all that
	// validation leaves, or, for glyphs, 20,000.
	Train int `yaml:"train" json:"train,omitempty"`
	// Validation is the number of examples held out of the training part: the end of it
	// after a shuffle that depends on Seed. 0 means none. glyphs generates them apart
	// from training, and 0 means 2,000.
	Validation int `yaml:"validation" json:"validation,omitempty"`
	// Test is the number of examples of the test part, from its beginning. 0 means all,
	// or, for glyphs, 4,000.
	Test int `yaml:"test" json:"test,omitempty"`
	// Seed fixes which examples Train and Validation get, and the images of glyphs.
	Seed uint64 `yaml:"seed" json:"seed,omitempty"`
	// Color asks glyphs for 32×32 colour images in place of 28×28 grey ones.
	Color bool `yaml:"color" json:"color,omitempty"`
	// Classes picks the characters of glyphs: "digits" (10), "letters" (26 capitals) or
	// "all" (34: digits and capitals without I and O). "" means "all".
	Classes string `yaml:"classes" json:"classes,omitempty"`
	// Progress, where it is not nil, is told from time to time how far a piece of work
	// is: bytes of a download, or images generated. total is -1 where it is not known.
	// Calls do not overlap.
	Progress func(what string, done, total int64) `yaml:"-" json:"-"`
}

// check gives an error for sizes below zero and for options that name does not use.
// uses lists those it does, of dir, download, color and classes.
func (o Options) check(name string, uses ...string) error {
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
	}{{"train", o.Train}, {"validation", o.Validation}, {"test", o.Test}} {
		if f.n < 0 {
			return fmt.Errorf("datasets: %s: %s is %d, must not be below 0", name, f.option, f.n)
		}
	}
	return nil
}

func (o Options) mayDownload() bool { return o.Download == nil || *o.Download }
