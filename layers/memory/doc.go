// Package memory measures how far back a recurrent layer of a network remembers:
// how the gradient of the loss at the last position falls off over the positions
// before it, and how fast it must fall at least.
package memory
