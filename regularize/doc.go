// Package regularize holds penalties and binds them to a network.
//
// A Penalty is a function f(w) ≥ 0 of one group of values with its subgradient and its
// proximal map; each is a few pure lines in a file of its own. A Target is a sort of
// groups (channels, branches, heads, …), also a file of its own: how they are found and
// how they lie in the parameters. A Spec names a penalty, a target and the strength λ. A
// Term is a Spec bound to the parameters of one network: a node λ·Σ_g s_g·f(w_g) of the
// training graph, and the proximal step that brings groups to exact zeros. Activations is
// a Spec bound to the outputs of layers.
//
// The groups are not listed anywhere: they follow from the axis labels of the parameters
// and from the units that nn.MapUnits resolves.
package regularize
