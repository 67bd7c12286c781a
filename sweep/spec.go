// Package sweep trains a network in many ways, each at several strengths or budgets and with
// several seeds: the runs behind a curve of accuracy over sparsity.
//
// A file describes the sweep (Read), a Plan lists its runs, and a Folder holds them as ordinary
// run folders with a table. RunIndex does one run of a folder; Execute does all runs on this
// machine.
package sweep

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pare/config"
	"pare/run"
)

// Spec is a sweep file.
type Spec struct {
	Name      string                    `yaml:"name,omitempty" empty:"no" doc:"name of the sweep; the folder is sweeps/NAME unless told otherwise. Default: the name of the file"`
	Config    string                    `yaml:"config" required:"true" empty:"no" doc:"config of the dense network: a file, relative to the sweep file, or a built-in name"`
	Set       map[string]config.Value   `yaml:"set,omitempty" doc:"overrides of the config for all runs, as with train -set"`
	Methods   []config.Named[Method]    `yaml:"methods" required:"true" list:"single" doc:"the methods to compare"`
	Strengths Strengths                 `yaml:"strengths,omitempty" doc:"factors on every lambda, the points of penalty: a list, or {log: [0.1, 10], steps: 6}"`
	Budgets   *Budgets                  `yaml:"budgets,omitempty" doc:"shares of the network to keep, the points of the other methods"`
	Seeds     []uint64                  `yaml:"seeds,omitempty" list:"single" empty:"no" doc:"seeds of the runs of each point; left out: the seed of the config"`
	Vary      map[string][]config.Value `yaml:"vary,omitempty" doc:"other keys of the config with their values; all combinations are run"`
	Finetune  config.Value              `yaml:"finetune,omitempty" doc:"section finetune of the methods that prune a trained network; left out: that of the config, and where it has none as many epochs as in train"`
	WarmStart bool                      `yaml:"warm_start,omitempty" doc:"penalty: the weights of a strength start from those of the next smaller strength"`
	Attack    *run.Robustness           `yaml:"attack,omitempty" doc:"attacks on the final network of every run, for robust and certified accuracy; left out: none"`

	doc      config.Value
	text     []byte
	dir      string   // of the file, where the path of a config starts
	commands []string // overrides of the command line
}

// Budgets are the shares to keep, by measure.
type Budgets struct {
	MACs    []float64 `yaml:"macs,omitempty" range:"(0,1)" list:"single" empty:"no" doc:"shares of the multiply-accumulates to keep"`
	Params  []float64 `yaml:"params,omitempty" range:"(0,1)" list:"single" empty:"no" doc:"shares of the parameters to keep"`
	Weights []float64 `yaml:"weights,omitempty" range:"(0,1)" list:"single" empty:"no" doc:"weights: shares of the weights to keep; left out: the shares under macs and params"`
	From    string    `yaml:"from,omitempty" empty:"no" doc:"a method, such as penalty: the share of multiply-accumulates that its run of the same seed keeps, at each of its points"`
}

// Strengths are factors on the lambdas, in ascending order.
type Strengths []float64

// maxSteps bounds the length of a list that two numbers describe.
const maxSteps = 1000

// logRange is a range of strengths with a constant ratio of neighbours.
type logRange struct {
	Log   []float64 `yaml:"log" required:"true" range:"(0,)" doc:"the smallest and the largest strength, above 0"`
	Steps int       `yaml:"steps" required:"true" range:"[2,1000]" doc:"how many strengths"`
}

// ReadValue implements config.Reader.
func (s *Strengths) ReadValue(v config.Value, path string) error {
	if v.IsSection() {
		var r logRange
		if err := v.Decode(&r, path); err != nil {
			return err
		}
		if len(r.Log) != 2 || r.Log[0] >= r.Log[1] {
			return v.At("log").Errorf("%s.log must be two numbers above 0, the smaller one first", path)
		}
		*s = nil
		for i := range min(r.Steps, maxSteps) {
			at := float64(i) / float64(r.Steps-1)
			// Four digits are enough, and they keep names of runs short.
			text := fmt.Sprintf("%.4g", math.Exp((1-at)*math.Log(r.Log[0])+at*math.Log(r.Log[1])))
			var x float64
			if _, err := fmt.Sscan(text, &x); err != nil {
				return v.Errorf("%s: %v", path, err)
			}
			*s = append(*s, x)
		}
	} else {
		*s = nil
		if err := v.Decode((*[]float64)(s), path); err != nil {
			return err
		}
	}
	if len(*s) == 0 {
		return v.Errorf("%s is an empty list; give at least one factor, or leave the key out", path)
	}
	slices.Sort(*s)
	if (*s)[0] <= 0 {
		return v.Errorf("%s has the factor %g, they must be above 0; without penalties a run is of method dense", path, (*s)[0])
	}
	return unique(v, path, *s)
}

// unique refuses a value that a sorted or unsorted list has twice.
func unique[T comparable](v config.Value, path string, list []T) error {
	for i, x := range list {
		if slices.Contains(list[:i], x) {
			return v.Errorf("%s has %v twice", path, x)
		}
	}
	return nil
}

// Read reads a sweep file, or the built-in sweep of that name. sets are overrides of the
// config for all runs, such as "data.dir=/data"; they apply after those of the file.
func Read(pathOrName string, sets []string) (*Spec, error) {
	file, data, builtIn, err := config.Text(pathOrName, "sweeps", config.BuiltInSweeps())
	if err != nil {
		return nil, err
	}
	s, err := parse(file, data)
	if err != nil {
		return nil, err
	}
	if s.commands = sets; !builtIn {
		s.dir = filepath.Dir(file)
	}
	return s, nil
}

func parse(file string, data []byte) (*Spec, error) {
	doc, err := config.ReadDocument(file, data, "a sweep")
	if err != nil {
		return nil, err
	}
	if !doc.Has("methods") && !doc.Has("config") && doc.Has("model") {
		return nil, doc.Errorf("this is a config of one run; run it with: train -config %s", file)
	}
	s := &Spec{doc: doc, text: data}
	if err := doc.Decode(s, ""); err != nil {
		return nil, err
	}
	if s.Name == "" {
		s.Name = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	}
	return s, s.check()
}

// check refuses keys that contradict each other or have no effect.
func (s *Spec) check() error {
	if !namePattern.MatchString(s.Name) {
		return s.doc.At("name").Errorf("name is %q, it must be letters, digits, points, dashes and underscores, as it names a folder", s.Name)
	}
	if len(s.Methods) == 0 {
		return s.doc.At("methods").Errorf("methods is an empty list; give some of %s", strings.Join(Methods.Names(), ", "))
	}
	var labels []string
	for _, m := range s.Methods {
		name := label(m)
		if !namePattern.MatchString(name) {
			return m.Value.Errorf("the name of the method is %q, it must be letters, digits, points, dashes and underscores, "+
				"as it is part of the names of folders", name)
		}
		if slices.Contains(labels, name) {
			return m.Value.Errorf("two methods are called %s; give one another name: {%s: {name: …}}", name, m.Type)
		}
		labels = append(labels, name)
	}
	if err := unique(s.doc.At("seeds"), "seeds", s.Seeds); err != nil {
		return err
	}
	for _, key := range s.varied() {
		v := s.doc.At("vary").At(key)
		switch values := s.Vary[key]; {
		case len(values) == 0:
			return v.Errorf("vary.%s is an empty list; give at least one value, or remove the key", key)
		case key == "seed" || key == "name":
			return v.Errorf("vary.%s: the sweep gives every run its %s; list seeds under the key seeds", key, key)
		default:
			texts := make([]string, len(values))
			for i, x := range values {
				texts[i] = x.YAML()
			}
			if err := unique(v, "vary."+key, texts); err != nil {
				return err
			}
		}
	}
	if b := s.Budgets; b != nil {
		if err := s.checkBudgets(b); err != nil {
			return err
		}
	}
	return s.checkEffect()
}

func (s *Spec) checkBudgets(b *Budgets) error {
	at := s.doc.At("budgets")
	switch {
	case b.From == "" && b.MACs == nil && b.Params == nil && b.Weights == nil:
		return at.Errorf("budgets is empty; give shares to keep, such as {macs: [0.5, 0.25]}, or {from: penalty}")
	case b.From != "" && (b.MACs != nil || b.Params != nil || b.Weights != nil):
		return at.At("from").Errorf("budgets.from takes the shares from the runs of %s; remove it, or the shares beside it", b.From)
	case b.From != "" && s.method(b.From) == nil:
		return at.At("from").Errorf("budgets.from is %q, it must be one of the methods of the sweep: %s", b.From, strings.Join(s.labels(), ", "))
	case b.From != "" && s.method(b.From).Kind.uses().budgets:
		return at.At("from").Errorf("budgets.from is %s, which needs budgets itself; take them from penalty", b.From)
	}
	for _, list := range []struct {
		key    string
		shares []float64
	}{{"macs", b.MACs}, {"params", b.Params}, {"weights", b.Weights}} {
		if err := unique(at.At(list.key), "budgets."+list.key, list.shares); err != nil {
			return err
		}
	}
	return nil
}

// uses are the keys of a sweep that a method reads.
type uses struct{ strengths, budgets, finetune bool }

// checkEffect refuses a key that no method reads, and a method without a key that it needs.
func (s *Spec) checkEffect() error {
	var all uses
	for _, m := range s.Methods {
		u := m.Kind.uses()
		all = uses{all.strengths || u.strengths, all.budgets || u.budgets, all.finetune || u.finetune}
		switch {
		case u.strengths && s.Strengths == nil:
			return m.Value.Errorf("method %s needs strengths, the factors on its lambdas, such as strengths: [0.3, 1, 3]", label(m))
		case u.budgets && s.Budgets == nil:
			return m.Value.Errorf("method %s needs budgets, the shares to keep, such as budgets: {macs: [0.5, 0.25]}", label(m))
		}
	}
	switch {
	case s.Strengths != nil && !all.strengths:
		return s.doc.At("strengths").Errorf("strengths has no effect: they are the points of method penalty")
	case s.WarmStart && !all.strengths:
		return s.doc.At("warm_start").Errorf("warm_start has no effect without method penalty")
	case s.Budgets != nil && !all.budgets:
		return s.doc.At("budgets").Errorf("budgets has no effect with the methods %s", strings.Join(s.labels(), ", "))
	case !s.Finetune.IsZero() && !all.finetune:
		return s.doc.At("finetune").Errorf("finetune has no effect with the methods %s; for penalty and target it is a key of the config",
			strings.Join(s.labels(), ", "))
	}
	return nil
}

// method is the method of a label; nil: there is none.
func (s *Spec) method(name string) *config.Named[Method] {
	for _, m := range s.Methods {
		if label(m) == name {
			return &m
		}
	}
	return nil
}

func (s *Spec) labels() []string {
	var out []string
	for _, m := range s.Methods {
		out = append(out, label(m))
	}
	return out
}

// varied lists the varied keys in the order in which their overrides apply.
func (s *Spec) varied() []string { return inOrder(maps.Keys(s.Vary)) }

// base is the path of the config, or its built-in name.
func (s *Spec) base() string {
	if filepath.IsAbs(s.Config) {
		return s.Config
	}
	if path := filepath.Join(s.dir, s.Config); s.dir != "" {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return s.Config
}
