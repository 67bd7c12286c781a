// Package gradual finds the strength of penalties at which a network comes down to
// a budget: a plan says how much is to be left at each point of training, and a
// controller raises or lowers one factor on all penalties to follow it.
package gradual
