//go:build !race

package infer_test

// raceEnabled tells that the race detector is on.
const raceEnabled = false
