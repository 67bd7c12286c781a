//go:build race

package kerneltest

// raceEnabled tells that the race detector, under which sync.Pool drops items
// at random, is on.
const raceEnabled = true
