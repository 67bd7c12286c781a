//go:build !race

package regularize

const raceEnabled = false
