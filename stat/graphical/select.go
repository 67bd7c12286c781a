package graphical

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"pare/internal/f64"
	"pare/stat/internal/folds"
	"pare/stat/internal/progress"
)

// Method says how Select chooses λ.
type Method string

const (
	// EBIC is the least extended Bayesian information criterion (Foygel and Drton 2010).
	EBIC Method = "ebic"
	// StARS is the smallest λ whose edges are stable over subsamples (Liu, Roeder and
	// Wasserman 2010).
	StARS Method = "stars"
	// CV is the largest likelihood of observations left out.
	CV Method = "cv"
)

// SelectOptions say how to choose one network of a path. Options of methods other than the
// chosen one do not count.
type SelectOptions struct {
	Method      Method // "": EBIC
	Penalty     Penalty
	Path        PathOptions
	Correlation bool // fit correlations; else covariances

	// Gamma is eBIC's price of many variables, 0 to 1; nil: 0.5, and 0 is BIC.
	Gamma *float64
	// Penalised computes eBIC from the penalised estimates, whose shrinkage makes it prefer
	// too many edges; else, as the authors do, from networks fitted again without a
	// penalty.
	Penalised bool
	// Folds of cross-validation; 0: 10, or n if that is less.
	Folds int
	// Subsamples of StARS; 0: 20. Each has ⌊10√n⌋ of n > 144 observations, or ⌊0.8n⌋.
	Subsamples int
	// Instability that StARS allows, the mean of 2ξ(1−ξ) over pairs that are edges in a share
	// ξ of the subsamples; 0: 0.05.
	Instability float64
	Seed        uint64 // of folds and subsamples
}

// Selection is a path with the choice among its networks.
type Selection struct {
	Path *Path
	Best int // index of the chosen network
	// Score of each network: eBIC (+Inf where no refit exists), the mean negative log-likelihood of the folds (without its
	// constant, in nats an observation, doubled), or instability. NaN where StARS stopped before.
	Score []float64
	// StdErr of the scores of cross-validation, else nil; OneSE is the sparsest network within
	// one of the best, else Best.
	StdErr []float64
	OneSE  int
	// Stability is the frequency of edges in the subsamples of StARS at the chosen λ; nil
	// for other criteria.
	Stability []Stability
}

// Network is the chosen one.
func (s *Selection) Network() *Network { return s.Path.Networks[s.Best] }

// Select fits a path to n observations (rows) of p variables, row-major, and chooses a network.
func Select(x []float64, n, p int, o SelectOptions) (*Selection, error) {
	c, err := fromData(x, n, p, o.Correlation)
	if err != nil {
		return nil, err
	}
	if err := o.check(n); err != nil {
		return nil, err
	}
	if o.Method == EBIC {
		return selectEBIC(c, o)
	}
	path := o.Path
	work := map[Method]int{StARS: o.Subsamples, CV: o.Folds}[o.Method]
	path.Progress = part(o.Path.Progress, 0, work+1)
	s := &Selection{}
	if s.Path, err = FitPath(c, o.Penalty, path); err != nil {
		return nil, err
	}
	if o.Method == CV {
		err = s.crossValidate(x, n, p, o)
	} else {
		err = s.subsample(x, n, p, o)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// SelectCovariance is Select without the data, by eBIC alone. c must have the number of
// observations; o.Correlation is ignored.
func SelectCovariance(c *Covariance, o SelectOptions) (*Selection, error) {
	if c.n < 2 {
		return nil, errors.New("eBIC needs the number of observations behind the covariance")
	}
	if err := o.check(c.n); err != nil {
		return nil, err
	}
	if o.Method != EBIC {
		return nil, fmt.Errorf("a selection by %s needs the data; of a covariance ebic alone can choose", o.Method)
	}
	return selectEBIC(c, o)
}

func selectEBIC(c *Covariance, o SelectOptions) (*Selection, error) {
	path := o.Path
	path.Progress = part(o.Path.Progress, 0, 2)
	s := &Selection{}
	var err error
	if s.Path, err = FitPath(c, o.Penalty, path); err != nil {
		return nil, err
	}
	if err := s.score(c, o); err != nil {
		return nil, err
	}
	return s, nil
}

// score computes eBIC. Without a maximum likelihood estimate it is +Inf.
func (s *Selection) score(c *Covariance, o SelectOptions) error {
	s.Score = make([]float64, len(s.Path.Networks))
	done := progress.New(o.Path.Progress, len(s.Score), 2*len(s.Score))
	for i, net := range s.Path.Networks {
		if !o.Penalised {
			again, err := Refit(c, net, Options{Tolerance: o.Path.Tolerance, MaxIterations: o.Path.MaxIterations})
			if err != nil && err != errUnbounded {
				return err
			}
			net = again
		}
		s.Score[i] = math.Inf(1)
		if net != nil && (o.Penalised || net.Converged) {
			s.Score[i] = EBICOf(net, c.n, *o.Gamma)
		}
		done.Add(1)
	}
	s.Best = least(s.Score)
	s.OneSE = s.Best
	return nil
}

// check sets defaults and finds options of the method out of range.
func (o *SelectOptions) check(n int) error {
	o.Method = cmp.Or(o.Method, EBIC)
	if o.Gamma == nil {
		half := 0.5
		o.Gamma = &half
	}
	o.Folds = cmp.Or(o.Folds, min(10, n))
	o.Subsamples = cmp.Or(o.Subsamples, 20)
	o.Instability = cmp.Or(o.Instability, 0.05)
	switch o.Method {
	case EBIC:
		if !(*o.Gamma >= 0 && *o.Gamma <= 1) {
			return fmt.Errorf("gamma of eBIC is %v; it lies between 0 and 1", *o.Gamma)
		}
	case CV:
		return folds.Check(o.Folds, n)
	case StARS:
		if !(o.Instability > 0 && o.Instability < 0.5) {
			return fmt.Errorf("instability is %v; it lies between 0 and 0.5", o.Instability)
		}
		if o.Subsamples < 2 {
			return fmt.Errorf("%d subsamples: stability needs at least 2", o.Subsamples)
		}
		if o.Subsamples > MaxCount {
			return fmt.Errorf("%d subsamples: at most %d are possible", o.Subsamples, MaxCount)
		}
	default:
		return fmt.Errorf("unknown method of selection %q: ebic, stars or cv", o.Method)
	}
	return nil
}

func fromData(x []float64, n, p int, correlation bool) (*Covariance, error) {
	c, err := FromData(x, n, p)
	if err == nil && correlation {
		c = c.Correlation()
	}
	return c, err
}

// EBICOf is −2ℓ + |E|·log n + 4γ·|E|·log p of a network fitted to n observations, with
// ℓ = n/2·(log det Θ − tr(SΘ)). For the criterion of the paper Θ has to come from Refit.
func EBICOf(net *Network, n int, gamma float64) float64 {
	edges := float64(len(net.Edges))
	return float64(n)*(net.Trace-net.LogDet) + edges*math.Log(float64(n)) + 4*gamma*edges*math.Log(float64(net.P()))
}

func least(values []float64) int {
	best := 0
	for i, v := range values {
		if v < values[best] {
			best = i
		}
	}
	return best
}

// part reports the progress of the k-th of count equal parts of a computation.
func part(progress func(done, total int), k, count int) func(done, total int) {
	if progress == nil {
		return nil
	}
	return func(done, total int) { progress(k*total+done, count*total) }
}

// shuffled are the numbers below n in an order that follows from the seed.
func shuffled(n int, seed, stream uint64) []int {
	return rand.New(rand.NewPCG(seed, stream)).Perm(n)
}

// rowsOf copies rows of x.
func rowsOf(x []float64, p int, rows []int) []float64 {
	out := make([]float64, 0, len(rows)*p)
	for _, i := range rows {
		out = append(out, x[i*p:(i+1)*p]...)
	}
	return out
}

// crossValidate scores the networks by the likelihood of observations left out, which are
// centred and, for correlations, scaled in the same way as the observations that the
// networks are fitted to.
func (s *Selection) crossValidate(x []float64, n, p int, o SelectOptions) error {
	fold, err := folds.Deal(shuffled(n, o.Seed, 1), o.Folds)
	if err != nil {
		return err
	}
	lambdas := s.Path.Lambdas()
	scores := make([][]float64, o.Folds)
	for k := range o.Folds {
		var train, test []int
		for i, in := range fold {
			if in == k {
				test = append(test, i)
			} else {
				train = append(train, i)
			}
		}
		fitted := rowsOf(x, p, train)
		c, err := fromData(fitted, len(train), p, o.Correlation)
		if err != nil {
			return fmt.Errorf("without fold %d of %d: %w", k+1, o.Folds, err)
		}
		path := PathOptions{Options: o.Path.Options, Lambdas: lambdas, Progress: part(o.Path.Progress, k+1, o.Folds+1)}
		fits, err := FitPath(c, o.Penalty, path)
		if err != nil {
			return fmt.Errorf("without fold %d of %d: %w", k+1, o.Folds, err)
		}
		held := heldOut(fitted, rowsOf(x, p, test), p, o.Correlation)
		for _, net := range fits.Networks {
			scores[k] = append(scores[k], held.trace(net)-net.LogDet)
		}
	}
	c := folds.Choose(scores, nil, lambdas)
	s.Score, s.StdErr, s.Best, s.OneSE = c.Mean, c.Error, c.Min, c.OneSE
	return nil
}

// heldOut is the second moment of test rows around the mean of the training rows.
func heldOut(train, test []float64, p int, correlation bool) *dataSource {
	nTrain, n := len(train)/p, len(test)/p
	d := &dataSource{make([]float64, len(test)), n, p}
	for j := range p {
		mean, variance := 0.0, 0.0
		for i := range nTrain {
			mean += train[i*p+j] / float64(nTrain)
		}
		for i := range nTrain {
			v := train[i*p+j] - mean
			variance += v * v / float64(nTrain)
		}
		scale := 1 / math.Sqrt(float64(n))
		if correlation {
			scale /= math.Sqrt(variance)
		}
		for i := range n {
			d.z[j*n+i] = (test[i*p+j] - mean) * scale
		}
	}
	return d
}

// trace is tr(SΘ).
func (d *dataSource) trace(n *Network) float64 {
	sum := 0.0
	for i, v := range n.Diagonal {
		z := d.z[i*d.n : (i+1)*d.n]
		sum += v * f64.Dot(z, z)
	}
	for _, e := range n.Edges {
		sum += 2 * e.Weight * d.at(e.I, e.J)
	}
	return sum
}

// Stability is the share of subsamples in which a pair of variables is an edge.
type Stability struct {
	I         int     `json:"i"` // variables from 0, I < J
	J         int     `json:"j"`
	Frequency float64 `json:"frequency"`
}

// subsamples walk down a path together, each a random part of the observations.
type subsamples struct {
	walks []*walk
	p     int
}

func newSubsamples(x []float64, n, p int, o SelectOptions, lambdas []float64) (*subsamples, error) {
	opt, err := o.Path.Options.check(p)
	if err != nil {
		return nil, err
	}
	size := int(0.8 * float64(n))
	if n > 144 {
		size = int(10 * math.Sqrt(float64(n)))
	}
	s := &subsamples{p: p}
	for k := range o.Subsamples {
		rows := shuffled(n, o.Seed, uint64(k)+2)[:size]
		c, err := fromData(rowsOf(x, p, rows), size, p, o.Correlation)
		if err != nil {
			return nil, fmt.Errorf("subsample %d of %d: %w", k+1, o.Subsamples, err)
		}
		s.walks = append(s.walks, newWalk(c, o.Penalty, opt, lambdas))
	}
	return s, nil
}

// step fits all subsamples at λ and returns the frequencies of edges above zero.
func (s *subsamples) step(lambda float64, done *progress.Counter) ([]Stability, error) {
	counts := make(map[[2]int]int)
	for _, w := range s.walks {
		net, err := w.step(lambda)
		if err != nil {
			return nil, err
		}
		for _, e := range net.Edges {
			counts[[2]int{e.I, e.J}]++
		}
		done.Add(1)
	}
	out := make([]Stability, 0, len(counts))
	for pair, k := range counts {
		out = append(out, Stability{pair[0], pair[1], float64(k) / float64(len(s.walks))})
	}
	slices.SortFunc(out, func(a, b Stability) int {
		return cmp.Or(cmp.Compare(b.Frequency, a.Frequency), cmp.Compare(a.I, b.I), cmp.Compare(a.J, b.J))
	})
	return out, nil
}

// instability is the mean of 2ξ(1−ξ) over all pairs.
func (s *subsamples) instability(edges []Stability) float64 {
	sum := 0.0
	for _, e := range edges {
		sum += 2 * e.Frequency * (1 - e.Frequency)
	}
	return sum / (float64(s.p) * float64(s.p-1) / 2)
}

// subsample is StARS. It stops at the first λ that is not stable: instability, made
// monotone, stays above the limit from there on.
func (s *Selection) subsample(x []float64, n, p int, o SelectOptions) error {
	lambdas := s.Path.Lambdas()
	samples, err := newSubsamples(x, n, p, o, lambdas)
	if err != nil {
		return err
	}
	s.Score = make([]float64, len(lambdas))
	for i := range s.Score {
		s.Score[i] = math.NaN()
	}
	done := progress.New(o.Path.Progress, len(lambdas), len(lambdas)*(1+o.Subsamples))
	for i, lambda := range lambdas {
		edges, err := samples.step(lambda, done)
		if err != nil {
			return err
		}
		s.Score[i] = samples.instability(edges)
		if i > 0 && s.Score[i] > o.Instability {
			break
		}
		s.Best, s.OneSE, s.Stability = i, i, edges
	}
	return nil
}

// EdgeStability fits subsamples of the data at the given λ, as StARS does, and returns how
// often each pair is an edge, the most frequent first. Of o it reads Penalty (with Lambda 0),
// Correlation, Subsamples, Seed, and of Path the options of a fit and the progress.
func EdgeStability(x []float64, n, p int, lambda float64, o SelectOptions) ([]Stability, error) {
	if _, _, err := center(x, n, p); err != nil {
		return nil, err
	}
	o.Method = StARS
	o.Instability = 0 // there is no limit to keep to
	if err := o.check(n); err != nil {
		return nil, err
	}
	if err := o.Penalty.with(lambda).check(p); err != nil {
		return nil, err
	}
	samples, err := newSubsamples(x, n, p, o, []float64{lambda})
	if err != nil {
		return nil, err
	}
	return samples.step(lambda, progress.New(o.Path.Progress, 0, o.Subsamples))
}
