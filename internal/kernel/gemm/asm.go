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

// Run of a tile with at most eight columns and two rows, with the sums of tile8AVX2.
//
//go:noescape
func tile8TwoAVX2(t *Tile, crow, arow *int)

// RunPairs of a tile with at most eight columns, six rows at a time.
//
//go:noescape
func tilePairs8AVX2(t *Tile, crow, arow *int, tiles, pairs int)

// RunPairs of a tile with nine to twelve columns, four rows at a time.
//
//go:noescape
func tilePairs12AVX2(t *Tile, crow, arow *int, tiles, pairs int)

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

// for _, e := range entries[:count] { for j := range n { dst[j] += e.Value * b[e.At+j] } };
// count and n are positive.
//
//go:noescape
func addPickedAVX2(dst, b *float32, entries *Entry, count, n int)

// for i, e := range entries[:count] { dst[i] = 0; for j := range n { dst[i] += a[j] * b[e.At+j] } };
// count is a positive multiple of four, n positive.
//
//go:noescape
func dotPickedAVX2(dst, a, b *float32, entries *Entry, count, n int)

// for r := range rows { for i, v := range x[r*ld:][:n] { if v != 0 {
// list[count] = Entry{first + i, v}; count++ } }; ends[r] = count }; rows is positive and n a
// positive multiple of four. Up to rows*n entries are written.
//
//go:noescape
func listEntriesAVX2(list *Entry, ends *int32, x *float32, rows, n, ld, first int)

// The same; n is a positive multiple of eight.
//
//go:noescape
func listEntriesAVX512(list *Entry, ends *int32, x *float32, rows, n, ld, first int)

// for t, v := range a[:rows] { for j := range 16 { dst[j] += v * b[16*t+j] } }, four rows
// apart in a sum each; rows is positive.
//
//go:noescape
func addRowAVX2(dst, b, a *float32, rows int)

// for _, e := range entries[:count] { for i := range 4 { for j := range 16 {
// dst[16*i+j] += e.Value * b[i*pitch+16*e.At+j] } } }; count is positive.
//
//go:noescape
func addEntries4AVX2(dst, b *float32, pitch int, entries *Entry, count int)

// The same with one panel, even and odd entries in a sum each; count is positive.
//
//go:noescape
func addEntriesAVX2(dst, b *float32, entries *Entry, count int)

// for i, e := range entries[:4] { dst[i] = 0; for j := range n { dst[i] += a[j] * b[e.At*n+j] } };
// n is positive.
//
//go:noescape
func dotEntriesAVX2(dst, a, b *float32, entries *Entry, n int)
