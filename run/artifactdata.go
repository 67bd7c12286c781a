package run

import (
	"context"
	"fmt"

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
		return nil, &InputError{fmt.Errorf("%s is no run folder, so there is no config that names its data", a.Path)}
	}
	c := *a.Config
	if dir != "" {
		c.Data.Dir = dir
	}
	d, err := LoadData(ctx, &c, progress)
	if err != nil {
		return nil, err
	}
	if task := d.Task(); !m.Net.Input.Equal(task.Input) {
		return nil, &InputError{fmt.Errorf("the network takes %s, examples of %s are %s", m.Net.Input, c.Data.Dataset, task.Input)}
	}
	if err := models.Check(m.Net, d.Task()); err != nil {
		return nil, &InputError{err}
	}
	if p := m.Preprocess; len(p.Mean) > 0 {
		d.Norm = datasets.Normalization{Mean: p.Mean, Std: p.Std}
	}
	return d, nil
}
