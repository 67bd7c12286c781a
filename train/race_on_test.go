//go:build race

package train

// raceEnabled tells that the race detector, under which sync.Pool drops items
// at random and allocations cannot be counted, is on.
const raceEnabled = true
