package kernel

import (
	"fmt"
	"testing"
)

// BenchmarkTile runs tiles on operands in L1, the ceiling for everything built
// on them.
func BenchmarkTile(b *testing.B) {
	r := newRand(40)
	for _, s := range [][3]int{{48, 256, 16}, {48, 25, 16}, {48, 9, 16}, {48, 256, 8}, {48, 25, 8}, {48, 25, 4}, {48, 25, 12}, {4, 256, 16}, {2, 256, 16}} {
		rows, depth, cols := s[0], s[1], s[2]
		t := tile{a: randSlice(r, rows+depth), b: append([]float32(nil), randSlice(r, depth*tileN)...), c: make([]float32, rows*16), cols: cols, ldb: tileWidth(cols)}
		for i := range rows {
			t.arow, t.crow = append(t.arow, i), append(t.crow, i*16)
		}
		for i := range depth {
			t.step = append(t.step, i)
		}
		b.Run(fmt.Sprint(s), func(b *testing.B) {
			for b.Loop() {
				t.run()
			}
			b.ReportMetric(2*float64(rows*depth*cols)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			b.ReportMetric(b.Elapsed().Seconds()*3.2e9/float64(b.N)/float64((rows+5)/6), "cycles/tile")
		})
	}
}
