// Package prune removes physically what training drove to zero. It works like
// a compiler: constants are propagated forward, liveness backward, constants
// fold into what reads them, layers are sliced to the units that are live, and
// a certificate compares the small network with the large one.
package prune
