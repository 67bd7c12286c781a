package kernel

// words of 64 values each; at least one. What lies ahead values further is fetched.
//
//go:noescape
func nonzeroBitsAVX2(dst *uint64, x *float32, words, ahead int)

// count and n are at least 1.
//
//go:noescape
func addPickedAVX2(dst, b *float32, entries *skipEntry, count, n int)

// count is a positive multiple of four, n at least 1.
//
//go:noescape
func dotPickedAVX2(dst, a, b *float32, entries *skipEntry, count, n int)
