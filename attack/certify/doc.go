// Package certify proves that no perturbation of an input within a norm ball changes the decision
// of a network, by bounds on the network's outputs over the whole ball.
//
// The methods are, from the cheapest and loosest to the dearest and tightest:
//
//   - [Lipschitz]: margins fall by at most ε times the product of the layers' operator norms
//     (Szegedy et al. 2014), ∏‖W‖∞ for the ℓ∞ norm, ∏‖W‖₂ for ℓ2; one product serves all inputs
//   - [IBP]: intervals of all values, forward layer by layer (Gowal et al. 2018)
//   - [CROWNIBP]: linear bounds backward from the margins to the input, with activations relaxed
//     on the intervals of IBP (Zhang et al. 2020)
//   - [CROWN]: the same, with the intervals of the activations' inputs found by linear bounds, too
//     (Zhang et al. 2018, adaptive slopes)
//
// Each bound includes those before it but Lipschitz: CROWN is never looser than CROWNIBP, nor that
// than IBP. For a network that is linear all but Lipschitz are exact, and Lipschitz is where no
// limit of the range is reached. [LinearRadius] is the exact radius of a linear model in float64.
//
// Bounds hold for the float32 network that serves, not only for exact arithmetic: they are computed
// in float64, and every layer widens them by a bound on its own rounding. A sum of n terms in any
// order differs from the exact one by at most (n+2)·2⁻²⁴·Σ|wx|; n + 16 covers the folding of a
// normalisation as well. Convolutions of 3×3 taps may run by Winograd's method, where sums are over
// the channels and transforms multiply their error by at most 16. Smooth activation functions of
// float32 are within 4·10⁻⁷ of their value; bounds take 10⁻⁶.
//
// A layer says how its outputs move by an interface of nn: nn.LinearMap, nn.Affine, nn.Combiner,
// nn.Elementwise or nn.Maximum. Networks with others, such as attention, are an error.
package certify
