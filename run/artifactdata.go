package run

import (
	"context"
	"fmt"

	"pare/config"
	"pare/datasets"
	"pare/export"
	"pare/models"
)

// Data loads the data of the run that the artifact belongs to, normalised as
// the model wants it. A dir that is not empty replaces data.dir of the config.
// progress may be nil. An artifact without a run, data that cannot be had and
// data that do not fit the model are InputErrors.
func (a *Artifact) Data(ctx context.Context, m export.Model, dir string, progress func(what string, done, total int64)) (*Data, error) {
	if a.Config == nil {
		return nil, &InputError{fmt.Errorf("%s is not a run folder, so no config names its data", a.Path)}
	}
	c := a.Config
	if dir != "" {
		var err error
		if c, err = c.WithData("dir", dir); err != nil {
			return nil, err
		}
	}
	// Another text may lack some of the characters, which keep their numbers.
	d, err := loadData(ctx, withCharacters(c, m.Classes), progress)
	if err != nil {
		return nil, err
	}
	if err := models.Check(m.Net, d.Task()); err != nil {
		return nil, &InputError{err}
	}
	if err := sameClasses(m, d); err != nil {
		return nil, &InputError{err}
	}
	if p, images := m.Preprocess, d.Set.Images(); len(p.Mean) > 0 && images != nil {
		err = d.normalize(datasets.Normalization{Mean: p.Mean[:images.C], Std: p.Std[:images.C]})
	}
	return d, err
}

// withCharacters is the config with the characters of a text that it leaves open.
func withCharacters(c *config.Config, characters []string) *config.Config {
	text, ok := c.Data.Kind.(*datasets.Text)
	if !ok || text.Vocabulary != "" {
		return c
	}
	out, own := *c, *text
	own.Vocabulary = datasets.QuoteVocabulary(characters)
	out.Data.Kind = &own
	return &out
}
