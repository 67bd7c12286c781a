//go:build race

package kerneltest

// raceEnabled reports that the race detector is on. Under it sync.Pool drops items at
// random.
const raceEnabled = true
