package regularize

// NonNegative restricts a penalty to w ≥ 0: gates. The penalty must not
// decrease with any |wᵢ| nor depend on signs, as all of this package. Then the
// proximal map is the penalty's at max(w, 0); for L1 it is max(0, w−τ). Value
// and subgradient are the penalty's: the restriction acts in Prox alone.
type NonNegative struct{ Penalty }

var (
	_ Penalty     = NonNegative{}
	_ Elementwise = NonNegative{}
)

// Elementwise is that of the penalty.
func (p NonNegative) Elementwise() bool { return isElementwise(p.Penalty) }

func (p NonNegative) Prox(w []float32, tau float32) {
	project(w)
	p.Penalty.Prox(w, tau)
}

func (p NonNegative) ProxMetric(w, d []float32, tau float32) {
	project(w)
	p.Penalty.ProxMetric(w, d, tau)
}

// project replaces w by max(w, 0); NaN stays.
func project(w []float32) {
	for i, v := range w {
		if v < 0 {
			w[i] = 0
		}
	}
}
