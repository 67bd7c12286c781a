// Package attack finds perturbations of inputs, within a norm ball and the valid range of the
// data, for which a model is wrong: adversarial examples.
//
// Every attack works on a [Model]: outputs and vector-Jacobian products of rows of inputs.
// [Network] is one of any network, [Linear] one of a linear model in float64. A [Threat] is the
// ball and the range; an [Attacker] runs an [Attack] on batches of examples.
//
// The attacks are FGSM (Goodfellow et al. 2015; Wong et al. 2020), PGD (Madry et al. 2018), APGD
// and its targeted form (Croce & Hein 2020b), FAB (Croce & Hein 2020a), Square (Andriushchenko
// et al. 2020), and Standard, the four of them that AutoAttack runs one after the other
// (Croce & Hein 2020b).
//
// Points are in units of the data, such as pixels in 0..1; the model may read them normalised,
// see [Range]. The points that a model sees never leave the ball or the range, after rounding to
// float32 either. One seed and the same examples give one result, for any number of threads. For a
// [Network] the last bit of an output may depend on the place of an example in its batch, see NewNetwork.
package attack
