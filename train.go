package pare

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"pare/config"
	"pare/internal/fault"
	"pare/run"
	"pare/train"
)

// TrainOptions name the network to train, and the data. Configs have the keys of the
// command train.
type TrainOptions struct {
	Config string   // file of a config, or the name of a built-in one, such as resnet; "": none
	YAML   string   // text of a config, in place of a file
	Set    []string // overrides of keys, such as "train.epochs=3"
	// Data replaces the data of the config, except the sizes of its parts; without any, a fifth
	// of the examples is held out for the test. nil: the config names its data.
	Data *Data
	From *Model // network to train on, in place of the config's model; nil: that
	// Out is the run folder, with checkpoints, report and all networks. An interrupted run in
	// it, with the same options, goes on. "": the folder is removed at the end.
	Out      string
	Messages io.Writer             // gets a line on each stage and each warning; nil: none
	Reporter func() train.Reporter // shows the progress of each training; nil: nothing does
}

// Train trains a network, prunes it and trains it on, as its config says, and returns the final
// network with the summary of the run. The end of ctx is train.ErrInterrupted.
func Train(ctx context.Context, o TrainOptions) (m Model, s *run.Summary, err error) {
	defer fault.Recover(&err)
	if ctx == nil {
		return Model{}, nil, errNoContext
	}
	if o.Config != "" && o.YAML != "" {
		return Model{}, nil, &run.InputError{Err: errors.New("TrainOptions: Config and YAML are two configs; give one of them")}
	}
	dir := o.Out
	if dir == "" {
		if dir, err = os.MkdirTemp("", "pare-*"); err != nil {
			return Model{}, nil, err
		}
		defer os.RemoveAll(dir)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return Model{}, nil, err
	}
	undo, err := stage(dir, o.Data, o.From)
	if err != nil {
		return Model{}, nil, err
	}
	c, err := o.config(dir)
	if err == nil {
		err = c.AbsolutePaths()
	}
	if err != nil {
		undo()
		return Model{}, nil, ofData(err, o.Set)
	}
	plan, err := o.folder(ctx, c, dir)
	if err != nil {
		undo()
		return Model{}, nil, ofData(err, o.Set)
	}
	plan.Messages, plan.Reporter = o.Messages, o.Reporter
	if o.Messages != nil {
		plan.Warn = func(text string) { fmt.Fprintf(o.Messages, "warning: %s\n", text) }
	}
	if s, err = run.Run(ctx, plan); err != nil {
		return Model{}, nil, err
	}
	m, err = Load(dir, LoadOptions{})
	return m, s, err
}

// config is the config with the inputs that were staged in a folder.
func (o TrainOptions) config(dir string) (*config.Config, error) {
	inputs, sets := filepath.Join(dir, inputsDir), o.Set
	if o.From != nil {
		sets = append([]string{"model={type: saved, run: " + quoted(inputs) + "}"}, sets...)
	}
	if o.Data != nil {
		own, err := o.Data.overrides(inputs)
		if err != nil {
			return nil, err
		}
		sets = append(own, sets...)
	}
	c, err := o.parse(sets)
	if err == nil && o.Data != nil && c.Data.Test == 0 {
		return o.parse(append([]string{"data.test=0.2"}, sets...))
	}
	return c, err
}

func (o TrainOptions) parse(sets []string) (*config.Config, error) {
	switch {
	case o.Config != "":
		return config.Load(o.Config, sets)
	case o.YAML != "":
		return config.Parse("YAML", []byte(o.YAML), sets...)
	}
	return config.Parse("TrainOptions", []byte("{seed: 0}"), sets...)
}

// folder makes the run folder, after all checks, or opens the folder of an interrupted run.
func (o TrainOptions) folder(ctx context.Context, c *config.Config, dir string) (run.Options, error) {
	plan := run.Options{Config: c}
	if _, err := os.Stat(filepath.Join(dir, run.ConfigFile)); err == nil {
		old, err := config.Load(filepath.Join(dir, run.ConfigFile), nil)
		if err != nil {
			return plan, err
		}
		if !old.Equal(c) {
			return plan, &run.InputError{Err: fmt.Errorf("%s holds a run of another config; choose another folder", dir)}
		}
		plan.Folder, err = run.OpenFolder(dir)
		return plan, err
	}
	var err error
	if _, plan.Data, err = run.Plan(ctx, c, nil); err != nil {
		return plan, err
	}
	plan.Folder, err = run.CreateFolder(dir, c.Name, c.YAML())
	return plan, err
}
