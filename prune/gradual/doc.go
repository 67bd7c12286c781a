// Package gradual removes parts of a network while it trains, so that training gets
// faster as the network gets sparser. Shrinker is a train.Reshaper: between two steps it
// takes out what has become zero, with a certificate each time.
//
// Without a target what penalties drive to zero goes, once it is zero at two removals
// running. With a target a cubic plan says how much of the network is to be left at each
// point of training, and one of two methods follows it. Least measures what groups are
// worth to the loss (first-order Taylor importance), fades those worth least to zero in
// each interval and removes them. Lambda steers one factor on the strength of all
// penalties, and gives groups that came to zero beyond the plan their values back.
//
// All that a Shrinker decides by is in the network, the point of training and its state,
// which a checkpoint keeps: a resumed training is the same bit for bit.
package gradual
