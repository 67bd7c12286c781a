package graphical

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

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
	// Penalised computes eBIC from the penalised estimates, which shrinkage makes prefer too
	// many edges; else, as the authors do, from networks fitted again without a penalty.
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
	// Stability is how often StARS saw edges at the chosen λ, else nil.
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

// SelectCovariance is Select where the data are not at hand, by eBIC alone. c has to know
// the number of observations; o.Correlation does not count.
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
	if o.Method == "" {
		o.Method = EBIC
	}
	if o.Gamma == nil {
		half := 0.5
		o.Gamma = &half
	}
	if o.Folds == 0 {
		o.Folds = min(10, n)
	}
	if o.Subsamples == 0 {
		o.Subsamples = 20
	}
	if o.Instability == 0 {
		o.Instability = 0.05
	}
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
