package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"pare/attack"
	"pare/cmd/internal/cli"
	"pare/config"
	"pare/export"
	"pare/internal/atomicfile"
	"pare/internal/option"
	"pare/run"
	"pare/stat/estimate/lasso"
)

// attackCommand measures accuracy under adversarial examples.
var attackCommand = command{
	name: "attack",
	args: "SOURCE -eps 0.1,0.2,0.3 [-norm linf|l2] [-attack pgd,…|-standard] [-certify] [-limit 1000] [-json] [-svg FILE]\n" +
		"pare attack DIR -data FILE -eps 0.1,0.2 [-lambda L] [-units sd|raw] [-move COLUMNS] [-fixed COLUMNS] [-norm linf|l2] [-json]",
	doc: "attacks a network, or the fits of pare lasso, with adversarial examples: robust accuracy, and certified",
	examples: []string{
		"pare attack runs/mnist -eps 0.1,0.2,0.3             # fgsm and pgd on the first 1,000 test images",
		"pare attack runs/cifar -eps 8/255 -standard         # the attacks of AutoAttack",
		"pare attack runs/mnist -eps 0.1 -certify            # with certified bounds beside",
		"pare attack runs/mnist -eps 0.3 -attack '{pgd: {steps: 100, restarts: 5}}, square'",
		"pare attack model.onnx -config mnist.yaml -eps 1.5 -norm l2 # a network with the data of a config",
		"pare attack grades -data new.csv -eps 0.1,0.2               # the models of pare lasso -out grades, by λ",
	},
	run: runAttack,
}

// attackFlags are the options of the command.
type attackFlags struct {
	*flags
	eps, norm, attacks, limits     string
	networks, config, dataDir, svg string
	bounds                         string
	standard, certify, json        bool
	limit, pictures                int
	seed                           uint64
	from                           *sourceFlags
	fit                            fitFlags
}

func (f *attackFlags) define() {
	f.StringVar(&f.eps, "eps", "", "`sizes` of perturbations, such as 0.1,0.2 or 8/255, in units of the values: of images 0..1")
	f.choice(&f.norm, "norm", "linf", "linf bounds the change of every value, l2 the root of the sum of their squares", "linf", "l2")
	f.StringVar(&f.attacks, "attack", "fgsm, pgd", "`attacks`, all of which an example must withstand: "+strings.Join(attack.Kinds.Names(), ", ")+
		"; with options as in '{pgd: {steps: 100}}, square'")
	f.BoolVar(&f.standard, "standard", false, "the attacks of AutoAttack, in place of -attack")
	f.IntVar(&f.limit, "limit", run.DefaultLimit, "attack the first `N` test examples; 0: all")
	f.StringVar(&f.limits, "range", "", "lowest and highest valid `value`, such as 0,1, or none; images: 0,1; "+
		"other data need it, in units of the network's input")
	f.BoolVar(&f.certify, "certify", false, "find certified bounds as well: the share of decisions that no perturbation changes")
	f.choice(&f.bounds, "bounds", "", "with -certify: the last `method` to try; default: crown where the network is small, else crown-ibp",
		"ibp", "crown-ibp", "crown")
	f.choice(&f.networks, "networks", "", "of a run: before pruning (trained), after it (final), or both, the default", "trained", "final", "both")
	f.StringVar(&f.config, "config", "", "`config` that names the data, for a SOURCE that is no run")
	f.StringVar(&f.dataDir, "data-dir", "", "folder with the data, in place of data.dir of the config")
	f.IntVar(&f.pictures, "pictures", 10, "adversarial `examples` to show in the report, one of a class")
	f.Uint64Var(&f.seed, "seed", 0, "`seed` of the random numbers of attacks")
	f.StringVar(&f.svg, "svg", "", "`FILE` for a chart of accuracies by size")
	f.BoolVar(&f.json, "json", false, "print one JSON object")
	f.from = f.source()
	f.fit.define(f.flags)
	f.within(atLeast(0), "limit")
	f.within(between(0, 1000), "pictures")
}

// robustness is the request that the options make.
func (f *attackFlags) robustness() (run.Robustness, error) {
	r := run.Robustness{Norm: attack.Norm(f.norm), Limit: f.limit, Certify: f.certify, Bounds: f.bounds, Seed: f.seed, Pictures: f.pictures,
		Progress: f.progress(), Unbounded: f.limits == "none"}
	if f.refuse(!f.certify, "it is a method of -certify", "bounds"); f.refused != nil {
		return r, f.refused
	}
	if f.standard && f.given("attack") {
		return r, cli.InputError("-standard is a set of attacks; leave -attack out")
	}
	if f.eps == "" {
		return r, cli.InputError("no size of perturbations given; give -eps, such as -eps 0.1,0.2 or -eps 8/255")
	}
	var err error
	if r.Eps, err = numberList("-eps", f.eps); err != nil {
		return r, err
	}
	for i, e := range r.Eps {
		if e < 0 || math.IsNaN(e) || math.IsInf(e, 0) {
			return r, cli.InputError("-eps is %q; sizes of perturbations must be finite numbers of at least 0", f.eps)
		}
		for _, other := range r.Eps[:i] {
			if other == e {
				return r, cli.InputError("-eps has %g twice", e)
			}
		}
	}
	if f.limits != "" && f.limits != "none" {
		if r.Range, err = numberList("-range", f.limits); err != nil {
			return r, err
		}
		if len(r.Range) != 2 || !(r.Range[0] < r.Range[1]) || math.IsInf(r.Range[0], 0) || math.IsInf(r.Range[1], 0) {
			return r, cli.InputError("-range is %q; it must be two numbers, the lower one first, or none", f.limits)
		}
	}
	text := f.attacks
	if f.standard {
		text = "standard"
	}
	r.Attacks, err = readAttacks(text)
	return r, err
}

// numberList reads numbers or fractions with commas between them.
func numberList(name, text string) ([]float64, error) {
	var out []float64
	for _, part := range strings.Split(text, ",") {
		v, err := option.ParseNumber(strings.TrimSpace(part))
		if err != nil {
			return nil, cli.InputError("%s is %q; it must be numbers with commas between them, such as 0.1,0.2 or 8/255", name, text)
		}
		out = append(out, v)
	}
	return out, nil
}

// readAttacks reads a list of attacks, each a name or {name: {option: value}}.
func readAttacks(text string) ([]config.Named[attack.Attack], error) {
	const file = "-attack"
	doc, err := config.ReadDocument(file, []byte("attacks: ["+text+"]\n"), "a list of attacks")
	var list struct {
		Attacks []config.Named[attack.Attack] `yaml:"attacks" required:"true" list:"single" empty:"no" doc:"attacks"`
	}
	if err == nil {
		err = doc.Decode(&list, "")
	}
	if err == nil {
		return list.Attacks, nil
	}
	if strings.TrimSpace(text) == "" {
		return nil, cli.InputError("-attack is empty; it must name attacks, such as pgd")
	}
	line := err.Error()
	if parts := strings.SplitN(line, ":", 4); len(parts) == 4 && parts[0] == file { // line and column of a file that there is not
		line = file + ":" + placeInList.ReplaceAllString(parts[3], "$1")
	}
	return nil, cli.InputError("%s", line)
}

// placeInList is the place of a key in the list that readAttacks makes.
var placeInList = regexp.MustCompile(`\battacks\.[0-9]+(?:: |\.)(.)`)

func runAttack(ctx context.Context, o *flags) error {
	f := &attackFlags{flags: o}
	f.define()
	pos, err := f.parse("SOURCE")
	if err != nil {
		return err
	}
	r, err := f.robustness()
	if err := cmp.Or(err, writable(f.svg), cli.OutputFile("-svg", f.svg, ".svg")); err != nil {
		return err
	}
	if isFit(pos[0]) {
		return f.runFit(ctx, pos[0], r)
	}
	if _, err := os.Stat(pos[0]); err == nil {
		f.refuse(true, fmt.Sprintf("it is for a fit of pare lasso, and %s is none: it has no %s", pos[0], lasso.ModelFile), fitOptions...)
	}
	if f.refused != nil {
		return f.refused
	}
	a, m, err := f.from.final(pos[0])
	if err != nil {
		return err
	}
	if err := f.settle(a); err != nil {
		return err
	}
	store := f.stores(a)
	data, err := a.Data(ctx, m, f.dataDir, f.progress())
	if err != nil {
		return err
	}
	versions, err := f.versions(a, m)
	if err != nil {
		return err
	}
	result, err := data.Attack(ctx, r, versions)
	if err != nil {
		return err
	}
	result.Source = a.Path
	if store {
		err = run.WriteAttack(a.Path, *result)
	}
	if f.svg != "" {
		err = cmp.Or(err, atomicfile.Write(f.svg, func(w io.Writer) error { return result.Chart().WriteSVG(w) }))
	}
	if f.json { // also where a file failed
		return cmp.Or(json.NewEncoder(f.stdout).Encode(result), err)
	}
	printRobustness(f.stdout, result)
	if store && err == nil {
		fmt.Fprintln(f.stdout, stored(a.Path))
	}
	return err
}

// stores reports whether the result goes into a run folder. One of somebody else can be attacked, too.
func (f *attackFlags) stores(a *run.Artifact) bool {
	if a.Kind != run.KindRun {
		return false
	}
	for _, name := range []string{run.AttackFile, run.ReportFile} {
		path := filepath.Join(a.Path, name)
		if err := atomicfile.Check(path); err != nil {
			f.warn(fmt.Sprintf("%s cannot be written: %v; the result is printed alone", path, err))
			return false
		}
	}
	return true
}

// settle finds the config that names the data.
func (f *attackFlags) settle(a *run.Artifact) error {
	f.refuse(a.Kind != run.KindRun, "it is for the networks of a run folder", "networks")
	f.refuse(a.Config != nil, "it is for a SOURCE that is no run; the config of a run names its data", "config")
	if f.refused != nil || a.Config != nil {
		return f.refused
	}
	if f.config == "" {
		return cli.InputError("%s belongs to no run, so no config names its data; give -config", a.Path)
	}
	c, err := config.Load(f.config, nil)
	a.Config = c
	return err
}

// versions are the networks to attack.
func (f *attackFlags) versions(a *run.Artifact, final export.Model) ([]run.Version, error) {
	if a.Kind != run.KindRun {
		return []run.Version{{Name: run.VersionOnly, Net: final.Net}}, nil
	}
	var out []run.Version
	if f.networks != "final" {
		trained, err := a.Trained()
		if err != nil {
			return nil, err
		}
		out = append(out, run.Version{Name: "trained", Net: trained.Net})
	}
	if f.networks != "trained" {
		out = append(out, run.Version{Name: "final", Net: final.Net})
	}
	return out, nil
}

// stored names the files of a run folder that have the result.
func stored(dir string) string {
	path, page := filepath.Join(dir, run.AttackFile), filepath.Join(dir, run.ReportFile)
	if _, err := os.Stat(page); err != nil {
		return "wrote " + path
	}
	return fmt.Sprintf("wrote %s, and a section of %s", path, page)
}
