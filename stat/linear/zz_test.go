package linear
import ("testing";"math/rand/v2";"fmt")
func TestZZ(t *testing.T) {
	for _, c := range []struct{f Family; g bool; s int}{{Multinomial,false,35},{Poisson,true,39}} {
		r := draws{rand.New(rand.NewPCG(uint64(c.s), uint64(c.f)))}
		p := r.problem(c.f, c.g)
		n, q := p.X.Dims()
		fmt.Printf("%T %d %d alpha %v pen %v nointercept %v nostd %v w %v factors %v bounds %v off %v gf %v\n", p.X, n, q, p.Alpha, p.Penalty, p.NoIntercept, p.NoStandardize, p.Weights != nil, p.PenaltyFactor, p.Lower != nil, p.Offset!=nil, p.GroupFactor)
		o := PathOptions{Count: 6, Ratio: r.of(0.3, 0.02, 1e-3), Full: true, Options: Options{Tolerance: 1e-11, KeepDual: true}}
		path, _ := FitPath(p, nil, o)
		for _, m := range path.Models { fmt.Println(m.Lambda, m.Gap, m.Tolerance, m.Iterations, m.Converged) }
	}
}
