package run

import (
	"fmt"
	"slices"

	"pare/config"
	"pare/datasets"
	"pare/export"
)

// keeper is implemented by models that may take their parameters from an earlier network:
// Kept is its folder, or "" for new parameters.
type keeper interface {
	Kept() (dir string, err error)
}

// origin is the network whose parameters a config keeps, and the config that it was trained
// with. They fit only the inputs and classes of that training. nil: all parameters are new.
type origin struct {
	export.Model
	dir    string
	config *config.Config // nil: it belongs to no run
}

func keptFrom(c *config.Config) (*origin, error) {
	k, ok := c.Model.Kind.(keeper)
	if !ok {
		return nil, nil
	}
	dir, err := k.Kept()
	if err != nil || dir == "" {
		return nil, c.Locate("model", err)
	}
	o := &origin{dir: dir}
	if o.Model, err = load(dir); err != nil {
		return nil, c.Locate("model", err)
	}
	if a, err := OpenArtifact(dir); err == nil { // the network can be used without a readable config
		o.config = a.Config
	}
	return o, nil
}

// complete is the config with the characters of a text that it leaves open.
func (o *origin) complete(c *config.Config) *config.Config {
	if o == nil {
		return c
	}
	return withCharacters(c, o.Classes)
}

// normalize gives images, and numbers of tables and arrays, the means and deviations that the config leaves open.
func (o *origin) normalize(c *config.Config, d *Data) error {
	n := len(d.norm.Mean)
	if o == nil || n == 0 || c.Data.Normalize != "" || o.preprocess(d) != nil {
		return nil
	}
	if p := o.Preprocess; len(p.Mean) > 0 {
		return d.normalize(datasets.Normalization{Mean: p.Mean[:n], Std: p.Std[:n]})
	}
	return d.normalize(datasets.Unit(n))
}

// preprocess reports a preprocessing that is not of as many channels as the data have.
func (o *origin) preprocess(d *Data) error {
	want := o.Preprocess
	if have := d.preprocess(); len(want.Mean) > 0 && len(want.Mean) != len(have.Mean) {
		return fmt.Errorf("the parameters of %s were trained on inputs that were normalised in %d channels, "+
			"these have %d", o.dir, len(want.Mean), len(have.Mean))
	}
	return nil
}

// check refuses inputs and classes that the parameters were not trained on.
func (o *origin) check(c *config.Config, d *Data) error {
	if o == nil {
		return nil
	}
	if err := o.preprocess(d); err != nil {
		return c.Locate("data", err)
	}
	if key := c.Data.Normalize; key != "" && d.Set.Images() != nil {
		want, have := o.Preprocess, d.preprocess()
		if len(want.Mean) == 0 { // values in 0..1, as they are
			all := datasets.Unit(len(have.Mean))
			want = export.Preprocess{Mean: all.Mean, Std: all.Std}
		}
		if !slices.Equal(want.Mean, have.Mean) || !slices.Equal(want.Std, have.Std) {
			return c.Errorf("data.normalize", "%s is mean %.4g and deviation %.4g here, "+
				"the parameters of %s were trained with mean %.4g and deviation %.4g; "+
				"leave it out to use those, or draw new parameters with model.weights: new",
				key, have.Mean[0], have.Std[0], o.dir, want.Mean[0], want.Std[0])
		}
	}
	if o.config != nil && permuted(o.config) != permuted(c) {
		return c.Errorf("data.permute", "the parameters of %s were trained with permute: %t; "+
			"write the same, or draw new parameters with model.weights: new", o.dir, permuted(o.config))
	}
	if err := sameClasses(o.Model, d); err != nil {
		return c.Locate("data", fmt.Errorf("%w; give the data of the run in %s, or draw new parameters with model.weights: new", err, o.dir))
	}
	return nil
}

// permuted reports whether pixels are in a random order.
func permuted(c *config.Config) bool {
	d, ok := c.Data.Kind.(interface{ Permuted() bool })
	return ok && d.Permuted()
}

// sameClasses returns an error if the classes, or characters, of the data differ from the
// model's or are in another order. Models and data may have no names for them.
func sameClasses(m export.Model, d *Data) error {
	was, are := m.Classes, d.Set.ClassNames
	if len(was) == 0 || len(are) == 0 || slices.Equal(was, are) {
		return nil
	}
	for i := range min(len(was), len(are)) {
		if was[i] != are[i] {
			return fmt.Errorf("class %d of %s is %q, but the network's is %q", i, d.Set.Name, are[i], was[i])
		}
	}
	return fmt.Errorf("%s has %d classes, the network has %d", d.Set.Name, len(are), len(was))
}
