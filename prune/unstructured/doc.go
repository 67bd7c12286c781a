// Package unstructured prunes single weights: the network keeps its shape, and weights of
// least importance become 0 and stay 0. These are the methods that most of the literature on
// sparse networks compares with:
//
//   - Selection prunes a trained network at once, to a share of its weights over the network
//     or in each layer, or to an N:M pattern
//   - Gradual prunes while the network trains, along the cubic schedule of Zhu & Gupta 2017
//   - RigL trains a network that is sparse from the start and moves its weights (Evci et al.
//     2020)
//
// Masks holds the zeros of a network while it trains.
package unstructured
