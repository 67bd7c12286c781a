// Package linear fits sparse linear models and proves how good they are.
//
// With weights v that sum to one (1/n each unless Problem.Weights says otherwise),
// standardised columns x̃ and the loss f of the family, a fit minimises
//
//	Σᵢ vᵢ f(yᵢ, b₀ + x̃ᵢᵀβ) + λ Σⱼ ωⱼ (α|βⱼ| + (1−α)/2 βⱼ²)
//
// with f = ½(y−η)² for Gaussian, so that the loss is 1/(2n)‖y − b₀ − X̃β‖²,
// log(1+eᵑ) − yη for Binomial, eᵑ − yη + y log y − y for Poisson, and log Σₖ exp ηₖ − η_y for
// Multinomial. A group lasso (Problem.Groups) has λ Σ ω_g (α‖β_g‖₂ + (1−α)/2 ‖β_g‖²)
// instead; Ridge, MCP and SCAD are values of Problem.Penalty. Columns
// are centred when there is an intercept and divided by their standard deviation,
// with the divisor n, unless NoStandardize is set; coefficients are returned on the
// original scale. Objective and Gap belong to this problem.
//
// Every fit of a convex penalty carries a duality gap: the objective less the dual objective
// of a feasible point that is made from the residuals. The optimum is at most Gap below Objective, no
// matter how the solver got there. A fit has Converged when the gap is at most Tolerance
// times the objective of the model with all penalised β = 0.
//
// # How it is computed
//
// Along the path a fit starts from the one before it. The correlation of a feature with the
// residuals is computed only when a bound, from the last time that it was computed, does
// not exclude the feature (screen.go). Features that violate the optimality conditions join
// a working set (fitter.go). There the problem is solved by coordinate descent, on the Gram
// matrix or on residuals, whichever is cheaper by the shape. The support that coordinate
// descent finds is finished by Newton steps: through a Cholesky factor when it is small
// (newton.go), else by conjugate gradients (conjugate.go), of least squares on a Gram
// matrix in single precision whose gradients are corrected in double (gram.go). Logistic
// losses of dense columns, and groups with a large support, use Anderson acceleration
// (descent.go). Losses that are not quadratic are solved through a sequence of weighted least
// squares problems; in tall designs, and for several classes at once, these share a Gram matrix
// that is kept from step to step and from λ to λ (proximal.go). MCP and SCAD are minimised
// through a sequence of lassos (folded.go).
//
// Loss and penalty are values behind interfaces (loss.go, penalty.go), the facts of a family
// stand in one table (family.go): working sets, gaps and screening know neither families nor
// groups. The combinations that no solver takes are refused in one place (needs.go).
//
// Sources: Friedman, Hastie, Tibshirani 2010 (objective, coordinate descent,
// covariance updates, paths); Tibshirani et al. 2012 (strong rules); Massias,
// Gramfort, Salmon 2018 (working sets, celer); Ndiaye, Fercoq, Gramfort, Salmon 2017
// (gap safe spheres, dual points by scaling); Bertrand, Massias 2021 (Anderson
// acceleration of coordinate descent); Hestenes, Stiefel 1952 (conjugate gradients);
// Yuan, Lin 2006 (group lasso); Lee, Sun, Saunders 2014
// (proximal Newton steps); Zou, Li 2008 (local linear approximation).
package linear
