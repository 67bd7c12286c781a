//go:build !amd64

package kernel

// These are never called: useAVX2 is false.

func nonzeroBitsAVX2(dst *uint64, x *float32, words, ahead int)          {}
func addPickedAVX2(dst, b *float32, entries *skipEntry, count, n int)    {}
func dotPickedAVX2(dst, a, b *float32, entries *skipEntry, count, n int) {}
