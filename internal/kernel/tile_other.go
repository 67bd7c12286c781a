//go:build !amd64

package kernel

func haveAVX2() bool { return false }

func tileRowsAVX2(c *float32, crow *int, a *float32, arow, seg *int, nseg, kc int, b, bias *float32, mode int) {
}

func tileColsAVX2(c *float32, ldc int, a *float32, arow *int, m int, b *float32, mode int) {}
