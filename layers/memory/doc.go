// Package memory measures how far back a recurrent layer of a network remembers: how the
// gradient of the loss at the last position falls off over the positions before it, and a
// bound on how slowly it can fall.
package memory
