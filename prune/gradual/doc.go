// Package gradual removes parts of a network while it trains, so that training gets faster
// as the network gets sparser. Shrinker is a train.Reshaper: between two steps it removes
// groups that are zero, with a certificate each time.
//
// Without a target, groups go that penalties have driven to zero, once they are zero at two
// removals in a row. With a target, a cubic plan says how much of the network to keep at
// each point of training, and one of two methods follows it. Least ranks groups by an
// importance (package prune/importance), fades the least important to zero in each interval
// and removes them. Lambda steers one factor on the strength of all penalties, and gives
// groups that came to zero beyond the plan their values back.
//
// A Shrinker decides by the network, the point of training and its state alone, which a
// checkpoint keeps: a resumed training is the same bit for bit.
package gradual
