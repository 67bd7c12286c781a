package linear

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
)

var fam = flag.Int("fam", 0, "")
var seed = flag.Int("seed", 0, "")
var grp = flag.Bool("grp", false, "")
var tol = flag.Float64("tol", 1e-12, "")

func TestDebug(t *testing.T) {
	r := draws{rand.New(rand.NewPCG(uint64(*seed), uint64(*fam)))}
	p := r.problem(Family(*fam), *grp)
	n, f := p.X.Dims()
	fmt.Printf("%T n=%d p=%d fam=%v alpha=%v noint=%v nostd=%v w=%v pf=%v bounds=%v groups=%v\n", p.X, n, f, p.Family, p.Alpha, p.NoIntercept, p.NoStandardize, p.Weights != nil, p.PenaltyFactor != nil, p.Lower != nil, p.Groups != nil)
	o := PathOptions{Count: 6, Ratio: r.of(0.3, 0.02, 1e-3), Full: true, Options: Options{Tolerance: *tol, KeepDual: true}}
	path, err := FitPath(p, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("lmax", path.LambdaMax)
	for _, m := range path.Models {
		fmt.Printf("l=%.4g obj=%.6g loss %.4g null=%.4g gap=%.3g tol=%.3g it=%d nz=%d conv=%v\n", m.Lambda, m.Objective, m.Loss, m.Null, m.Gap, m.Tolerance, m.Iterations, len(m.Index), m.Converged)
		check(t, p, m)
	}
}
func TestDebug2(t *testing.T) {
	r := draws{rand.New(rand.NewPCG(uint64(*seed), uint64(*fam)))}
	p := r.problem(Family(*fam), *grp)
	o := PathOptions{Count: 6, Ratio: r.of(0.3, 0.02, 1e-3), Full: true, Options: Options{Tolerance: *tol, KeepDual: true}}
	path, _ := FitPath(p, nil, o)
	m := path.Models[0]
	or := newOracle(p)
	fmt.Println(m.Intercept, m.Index, m.Value, p.Weights, p.Y)
	for _, j := range m.Index { fmt.Println(j, or.mean[j], or.scale[j], or.x[j], or.norm[j]) }
	x := make([]float64, 6); p.X.AddTo(x,0,1); fmt.Println(x)
}
