// Package graphical estimates sparse precision matrices with the graphical lasso:
//
//	minimise  −log det Θ + tr(SΘ) + Σᵢⱼ λᵢⱼ|Θᵢⱼ|   over symmetric positive definite Θ
//
// S is a covariance or correlation matrix (of data: with divisor n), λᵢⱼ is Penalty.Lambda
// times a weight. The diagonal is not penalised unless Penalty.Diagonal is set. The sum
// runs over both (i, j) and (j, i).
//
// Variables fall into connected components of the pairs with |Sᵢⱼ| > λᵢⱼ, which are the
// components of the solution (Witten, Friedman and Simon 2011; Mazumder and Hastie 2012);
// each is solved by itself. Components without a cycle have a closed form. Others go
// through block coordinate descent on the dual (Friedman, Hastie and Tibshirani 2008) until
// the gap is closed; where that stalls, proximal Newton steps on an active set take over
// (QUIC, Hsieh et al. 2014).
//
// Every fit carries the duality gap of its Θ, an upper bound of how far its objective is
// from the optimum. The dual problem is to maximise log det(S+U) + p over |Uᵢⱼ| ≤ λᵢⱼ.
// Network.Converged says whether the gap reached the tolerance; if not, Network.Err is one
// line with advice.
package graphical
