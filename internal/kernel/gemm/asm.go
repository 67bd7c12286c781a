package gemm

// The assembly of this package, each function with the loop that it equals. Products
// are fused: product and sum are rounded once.

// Run of a tile with more than eight columns, six rows at a time: tiles times six rows
// begin at crow and arow. rows, even, is the number of rows to compute in a tile.
//
//go:noescape
func tile16AVX2(t *Tile, crow, arow *int, tiles, rows int)

// Run of a tile with at most eight columns, six rows at a time.
//
//go:noescape
func tile8AVX2(t *Tile, crow, arow *int, tiles int)

// for p := range panels { for t := range rows { for j := range 8 * vecs {
// dst[p*dstPitch+t*dstLd+j] = src[t*srcLd+p*dstLd+j] } } }; rows and panels are
// positive.
//
//go:noescape
func copyPanelsAVX2(dst, src *float32, dstPitch, dstLd, srcLd, rows, panels, vecs int)

// for t := range k { for j := range 8 { dst[t*dstLd+j] = src[rows[j]+t] } }; k is a
// positive multiple of eight.
//
//go:noescape
func transposeAVX2(dst, src *float32, rows *int, dstLd, k int)

// for i := range 64 * words { if x[i] != 0 { dst[i/64] |= 1 << (i % 64) } }; words is
// positive. Values that lie ahead values further are fetched.
//
//go:noescape
func nonzeroBitsAVX2(dst *uint64, x *float32, words, ahead int)

// for _, e := range entries[:count] { for j := range n { dst[j] += e.value * b[e.at+j] } };
// count and n are positive.
//
//go:noescape
func addPickedAVX2(dst, b *float32, entries *skipEntry, count, n int)

// for i, e := range entries[:count] { dst[i] = 0; for j := range n { dst[i] += a[j] * b[e.at+j] } };
// count is a positive multiple of four, n positive.
//
//go:noescape
func dotPickedAVX2(dst, a, b *float32, entries *skipEntry, count, n int)
