// Package prune removes the units of a network that training drove to zero. It works like
// a compiler: constants are propagated forward, liveness backward, constants fold into
// their readers, layers are sliced to the live units, and a certificate compares the small
// network with the large one. Selection zeroes units up to a budget, by an importance
// (package prune/importance). Keep and a number to round to are demands on the layers that
// both obey.
package prune
