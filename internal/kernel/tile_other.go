//go:build !amd64

package kernel

func haveAVX2() bool { return false }

func tile16AVX2(t *tile, crow, arow *int, tiles, rows int) {}

func tile8AVX2(t *tile, crow, arow *int, tiles int) {}
