package sweep

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pare/config"
	"pare/run"
)

// Plan is the table of the runs of a sweep.
type Plan struct {
	Name    string   `json:"name"`
	Set     []string `json:"set,omitempty"` // overrides of the command line
	Methods []string `json:"methods"`       // in the order of the file
	Runs    []*Run   `json:"runs"`          // a run comes after those that it needs

	text   []byte // of the sweep file
	config []byte // of the config
}

// Run is a row of the table.
type Run struct {
	Index  int            `json:"index"`
	ID     string         `json:"id"` // hash of its config and of the configs of the runs that it needs
	Name   string         `json:"name"`
	Method string         `json:"method"`
	Point  *Point         `json:"point,omitempty"` // nil: the method has one run a seed
	Seed   uint64         `json:"seed"`
	Keys   map[string]any `json:"keys,omitempty"` // varied keys with their values
	// Auxiliary runs train nothing: they make a shape that another run needs.
	Auxiliary bool     `json:"auxiliary,omitempty"`
	Needs     []int    `json:"needs,omitempty"`  // runs that must be finished before
	Dir       string   `json:"dir"`              // run folder, relative to the sweep folder
	Log       string   `json:"log"`              // the same
	Set       []string `json:"set"`              // overrides of config.yaml in the sweep folder
	Take      []Take   `json:"take,omitempty"`   // further ones, with values from runs that it needs
	Attack    string   `json:"attack,omitempty"` // section attack of the sweep file, in one line
	Epochs    int      `json:"epochs"`           // of training and fine-tuning
	Work      float64  `json:"work"`             // multiply-accumulates of all forward passes; 0: not estimated

	config *config.Config
	alone  *config.Config // the same with the network of the config in place of an earlier run's, and with its training
	start  *start
	needs  []*Run
	shares work

	place    config.Value // of the method in the sweep file
	placed   []override   // with their places
	commands []string     // overrides of the command line
}

// Point is the place of a run on the curve of its method.
type Point struct {
	Measure string  `json:"measure"`         // strength: factor on lambdas; macs, params or weights: share to keep
	Value   float64 `json:"value,omitempty"` // 0: as much as the point Of
	Of      string  `json:"of,omitempty"`    // point of another method whose result is the budget: "penalty-strength-0.3"
}

// String is the point as tables and names of folders show it: "macs-0.5".
func (p *Point) String() string {
	switch {
	case p == nil:
		return ""
	case p.Of != "":
		return p.Measure + "-of-" + p.Of
	}
	return p.Measure + "-" + number(p.Value)
}

// share is the expected share of work that is left at the point.
func (p *Point) share() float64 {
	if p == nil || p.Measure == "strength" || p.Of != "" {
		return unknownShare
	}
	return p.Value
}

// unknownShare is the share of work at points of which none is known, for estimates, and
// stands in configs for a budget that is taken from a run.
const unknownShare = 0.5

// Take is an override whose value comes from a finished run.
type Take struct {
	Key   string `json:"key"`
	Run   int    `json:"run"`
	Value string `json:"value"` // TakeMACs or TakeEpochs

	run *Run
}

// Values of Take.
const (
	TakeMACs   = "macs"   // share of multiply-accumulates that the run left
	TakeEpochs = "epochs" // epochs in which its network does the work of the epochs in Set with the network that it began with
)

// start is the earlier run that a run starts from.
type start struct {
	run     *Run
	stage   string // folder in it; "": its result
	weights string // kept or new
}

// work says how much a step of a run costs, as shares of a step of the dense network.
type work struct{ train, tune float64 }

// number writes a number without an exponent where it can be short, as YAML and names of
// folders have it.
func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// request is a run to add to a plan.
type request struct {
	point     *Point
	start     *start // nil: the network of the config
	set       []override
	take      []Take
	needs     []*Run
	work      work
	auxiliary bool
}

// cell is a method with one seed and one combination of varied keys.
type cell struct {
	method config.Named[Method]
	seed   uint64
	varied []override
	keys   map[string]any
	set    []override     // of the file, the varied keys, the method, and the seed
	config *config.Config // with them
}

type planner struct {
	spec  *Spec
	file  string // of the config
	seeds []uint64
	runs  []*Run
	byID  map[string]*Run
	done  map[string][]*Run            // by method and cell
	files map[string]map[string]string // digests by paths
}

// plainDense is the dense network for sweeps that do not list it.
var plainDense = func() config.Named[Method] {
	m := config.Named[Method]{}
	m.Type, m.Kind = "dense", &dense{}
	return m
}()

// Plan lists the runs of the sweep. Run folders that the sweep folder dir has already, of the
// same configs, keep their names; dir need not exist. Plan reads the config, but no data; Check
// does more.
func (s *Spec) Plan(dir string) (*Plan, error) {
	_, text, _, err := config.Text(s.base(), "configs", config.BuiltIn())
	var missing *config.Error
	if errors.As(err, &missing) {
		return nil, s.doc.At("config").Errorf("config: %s: %s", missing.File, missing.Msg)
	}
	if err != nil {
		return nil, err
	}
	p := &planner{spec: s, file: s.base(), seeds: s.Seeds,
		byID: map[string]*Run{}, done: map[string][]*Run{}, files: map[string]map[string]string{}}
	if len(p.seeds) == 0 {
		c, err := p.load(p.common())
		if err != nil {
			return nil, err
		}
		p.seeds = []uint64{c.Seed}
	}
	if err := s.checkSize(len(p.seeds)); err != nil {
		return nil, err
	}
	for _, m := range s.Methods {
		for _, varied := range s.combinations() {
			for _, seed := range p.seeds {
				if _, err := p.method(m, seed, varied); err != nil {
					return nil, err
				}
			}
		}
	}
	have, err := Folder(dir).runs()
	if err != nil {
		return nil, inputError("the sweep folder cannot be read: %w", err)
	}
	for _, r := range p.runs {
		if err := r.settle(s.Name, have); err != nil {
			return nil, err
		}
		if s.Attack != nil && !r.Auxiliary {
			r.Attack = s.doc.At("attack").YAML()
		}
	}
	return &Plan{text: s.text, Name: s.Name, Set: s.commands, Methods: s.labels(), Runs: p.runs, config: text}, nil
}

// maxRuns bounds the table.
const maxRuns = 10000

// checkSize refuses a sweep of too many runs before they are listed.
func (s *Spec) checkSize(seeds int) error {
	points := 1
	if b := s.Budgets; b != nil {
		points = max(points, len(b.MACs)+len(b.Params), len(b.Weights))
	}
	runs := seeds * len(s.Methods) * max(points, len(s.Strengths))
	for _, values := range s.Vary {
		if runs *= len(values); runs > maxRuns {
			break
		}
	}
	if runs > maxRuns {
		return s.doc.Errorf("the sweep may have more than %d runs: methods × points × seeds × varied keys; give fewer values", maxRuns)
	}
	return nil
}

// common are the overrides of all runs.
func (p *planner) common() []override {
	out := overrides(p.spec.Set, p.spec.doc.At("set"))
	return append(out, fixed(p.spec.commands...)...)
}

// combinations are the products of the varied keys; a single empty one without any.
func (s *Spec) combinations() [][]override {
	all := [][]override{nil}
	for _, key := range s.varied() {
		var next [][]override
		for _, head := range all {
			for i, v := range s.Vary[key] {
				place := s.doc.At("vary").At(key).At(strconv.Itoa(i))
				next = append(next, append(slices.Clone(head), override{key + "=" + v.YAML(), place}))
			}
		}
		all = next
	}
	return all
}

// load reads the config with overrides; errors point to the sweep file where it has them.
func (p *planner) load(set []override) (*config.Config, error) {
	texts := make([]string, len(set))
	for i, o := range set {
		texts[i] = o.text
	}
	c, err := config.Load(p.file, texts)
	if err == nil && p.spec.dir != "" {
		c.ResolveOverrides(p.spec.dir, func(text string) bool {
			return slices.ContainsFunc(set, func(o override) bool { return o.text == text && !o.place.IsZero() })
		})
	}
	return c, locate(err, set)
}

// locate points an error of an override to its place in the sweep file.
func locate(err error, set []override) error {
	var fault *config.Error
	if errors.As(err, &fault) {
		for _, o := range slices.Backward(set) {
			if fault.Override() == o.text && !o.place.IsZero() {
				return o.place.Errorf("%s", fault.Msg)
			}
		}
	}
	return err
}

// method returns the runs of a method in a cell; it adds them the first time.
func (p *planner) method(m config.Named[Method], seed uint64, varied []override) ([]*Run, error) {
	key := fmt.Sprint(m.Type, " ", label(m), seed, texts(varied))
	if runs, ok := p.done[key]; ok {
		return runs, nil
	}
	at, err := p.cell(m, seed, varied)
	if err != nil {
		return nil, err
	}
	runs, err := m.Kind.plan(p, at)
	p.done[key] = runs
	return runs, err
}

func (p *planner) cell(m config.Named[Method], seed uint64, varied []override) (*cell, error) {
	at := &cell{method: m, seed: seed, varied: varied, keys: map[string]any{}}
	at.set = slices.Concat(p.common(), varied, at.own("prune", "target"), fixed(fmt.Sprintf("seed=%d", seed)))
	for _, o := range varied {
		key, _, _ := strings.Cut(o.text, "=")
		at.keys[key] = p.value(key, o)
	}
	var err error
	at.config, err = p.load(at.set)
	return at, err
}

// value is the plain value of a varied key.
func (p *planner) value(key string, o override) any {
	for _, v := range p.spec.Vary[key] {
		if o.text == key+"="+v.YAML() {
			return v.Plain()
		}
	}
	return nil
}

func texts(set []override) []string {
	var out []string
	for _, o := range set {
		out = append(out, o.text)
	}
	return out
}

// own are the overrides of the method, without those of some sections.
func (at *cell) own(except ...string) []override {
	set := maps.Clone(at.method.Kind.common().Set)
	maps.DeleteFunc(set, func(key string, _ config.Value) bool {
		section, _, _ := strings.Cut(key, ".")
		return slices.Contains(except, section)
	})
	return overrides(set, at.method.Value.At(at.method.Type+".set"))
}

// lacksPenalties is the error of a method for which the config has no penalties.
func (p *planner) lacksPenalties(at *cell) error {
	return at.method.Value.Errorf("method %s needs penalties, and the config %s has none; add them there or under set: "+
		"{penalties: [{type: group_lasso, on: channels, lambda: 1e-3}]}", label(at.method), p.spec.Config)
}

// add adds a run, or returns the one of the same configs.
func (p *planner) add(at *cell, q request) (*Run, error) {
	r := &Run{Method: label(at.method), Point: q.point, Seed: at.seed, Keys: maps.Clone(at.keys), Auxiliary: q.auxiliary,
		Take: slices.Clone(q.take), place: at.method.Value, start: q.start, needs: slices.Clone(q.needs), shares: q.work}
	// Overrides of the method in the file apply again, because the method itself may have replaced
	// their sections: all but those of penalties, which strengths have multiplied. Those of prune
	// and target apply here alone, because they need the budget that the method sets.
	set := slices.Concat(at.set, q.set, at.own("penalties"))
	r.placed, r.commands = set, p.spec.commands
	var err error
	if r.alone, err = p.load(set); err != nil {
		return nil, r.blame(err)
	}
	r.config = r.alone
	if q.start != nil && r.alone.Train.Epochs == 0 {
		trained := override{text: fmt.Sprintf("train.epochs=%d", q.start.run.config.Train.Epochs)}
		if r.alone, err = p.load(append(set[:len(set):len(set)], trained)); err != nil {
			return nil, r.blame(err)
		}
	}
	if q.start != nil {
		r.needs = append(r.needs, q.start.run)
		// The identity of that run stands for its folder, which has no name yet.
		if r.config, err = p.load(append(set[:len(set):len(set)], q.start.override(q.start.run.ID))); err != nil {
			return nil, r.blame(err)
		}
	}
	for _, t := range q.take {
		if !slices.Contains(r.needs, t.run) {
			r.needs = append(r.needs, t.run)
		}
	}
	if r.ID, err = p.hash(r); err != nil {
		return nil, err
	}
	if same := p.byID[r.ID]; same != nil {
		maps.DeleteFunc(same.Keys, func(key string, v any) bool { return fmt.Sprint(r.Keys[key]) != fmt.Sprint(v) })
		return same, nil
	}
	r.Epochs = r.config.Train.Epochs
	if f := r.config.Finetune; f != nil {
		r.Epochs += f.Epochs
	}
	r.Index = len(p.runs)
	for _, n := range r.needs {
		r.Needs = append(r.Needs, n.Index)
	}
	for i := range r.Take {
		r.Take[i].Run = r.Take[i].run.Index
	}
	p.runs, p.byID[r.ID] = append(p.runs, r), r
	return r, nil
}

// blame points an error of an override that the sweep itself made to the method.
func (r *Run) blame(err error) error {
	var fault *config.Error
	err = locate(err, r.placed)
	if !errors.As(err, &fault) || fault.Override() == "" || slices.Contains(r.commands, fault.Override()) || r.place.IsZero() {
		return err
	}
	at := ""
	if r.Point != nil {
		at = " at " + r.Point.String()
	}
	return r.place.Errorf("method %s%s: %s (from %s)", r.Method, at, fault.Msg, fault.Override())
}

// digests are those of the files that a run reads beside its data, except of the run that it
// starts from.
func (p *planner) digests(r *Run) (map[string]string, error) {
	key := fmt.Sprint(r.start != nil)
	for _, p := range r.config.Paths() {
		key += fmt.Sprintf(" %s=%q", p.Key, p.Text)
	}
	if known, ok := p.files[key]; ok {
		return known, nil
	}
	files, err := run.Digests(r.config, func(key string) bool { return r.start != nil && strings.HasPrefix(key, "model.") })
	if err != nil {
		return nil, locate(err, r.placed)
	}
	p.files[key] = files
	return files, nil
}

// hash identifies a run by its config, by the content of the files that it names outside the data and
// by the runs that it needs. The name, the number of threads, the place of downloaded data and the
// places of those files do not count.
func (p *planner) hash(r *Run) (string, error) {
	text, err := json.Marshal(r.config)
	if err != nil {
		return "", err
	}
	var settings map[string]any
	if err := json.Unmarshal(text, &settings); err != nil {
		return "", err
	}
	delete(settings, "name")
	delete(settings, "threads")
	if data, ok := settings["data"].(map[string]any); ok {
		delete(data, "dir")
		delete(data, "download")
	}
	files, err := p.digests(r)
	if err != nil {
		return "", err
	}
	for key := range files { // their content counts, not their place
		section, last := settings, key
		for head, rest, ok := strings.Cut(last, "."); ok; head, rest, ok = strings.Cut(last, ".") {
			section, last = section[head].(map[string]any), rest
		}
		delete(section, last)
	}
	if text, err = json.Marshal(settings); err != nil {
		return "", err
	}
	h := sha256.New()
	h.Write(text)
	for _, key := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "\nfile %s %s", key, files[key])
	}
	for _, n := range r.needs {
		fmt.Fprintf(h, "\nneeds %s", n.ID)
	}
	for _, t := range r.Take {
		fmt.Fprintf(h, "\ntake %s %s %s", t.Key, t.Value, t.run.ID)
	}
	return fmt.Sprintf("%x", h.Sum(nil))[:16], nil
}

// settle gives the run its name, its folders and its overrides, once the plan is complete: a run
// that several combinations of varied keys share has only those keys that all of them agree on.
// The runs that it needs are settled. have are the names of present run folders by identity.
func (r *Run) settle(sweep string, have map[string]string) error {
	parts := []string{r.Method}
	if r.Auxiliary {
		parts = append(parts, "shape")
	}
	if r.Point != nil {
		parts = append(parts, r.Point.String())
	}
	for _, key := range inOrder(maps.Keys(r.Keys)) {
		parts = append(parts, key[strings.LastIndex(key, ".")+1:]+"-"+fmt.Sprint(r.Keys[key]))
	}
	text := strings.Trim(unnamed.ReplaceAllString(strings.Join(parts, "-"), "-"), "-")
	if len(text) > longestName {
		text = text[:longestName]
	}
	text += fmt.Sprintf("-seed-%d", r.Seed)
	r.Name = sweep + "-" + text
	folder, ok := have[r.ID[:shortID]]
	if !ok {
		folder = text + "-" + r.ID[:shortID]
	}
	r.Dir, r.Log = path.Join(runsDir, folder), path.Join(logsDir, folder+".log")
	r.Set = texts(r.placed)
	if r.start != nil {
		r.Set = append(r.Set, r.start.override(r.start.run.Dir).text)
	}
	paths, err := r.config.PathOverrides()
	if r.start != nil { // the sweep names the model
		paths = slices.DeleteFunc(paths, func(o string) bool { return strings.HasPrefix(o, "model.") })
	}
	r.Set = append(append(r.Set, paths...), "name="+r.Name)
	return err
}

// override is the override of the model of a run that starts from another one, in a folder.
func (s *start) override(folder string) override {
	return override{text: fmt.Sprintf("model={type: saved, run: %s, weights: %s}", path.Join(folder, s.stage), s.weights)}
}

// shortID is how many digits of the identity are in names of folders.
const shortID = 8

const longestName = 80

// unnamed are characters that names of folders do without.
var unnamed = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// epochs is the length of the training that led to the result of the run.
func (r *Run) epochs() int {
	if r.start != nil && r.start.weights == "kept" {
		return r.Epochs + r.start.run.epochs()
	}
	return r.Epochs
}
