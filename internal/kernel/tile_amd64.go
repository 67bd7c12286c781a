package kernel

import "golang.org/x/sys/cpu"

func haveAVX2() bool { return cpu.X86.HasAVX2 && cpu.X86.HasFMA }

//go:noescape
func tileRowsAVX2(c *float32, crow *int, a *float32, arow, seg *int, nseg, kc int, b, bias *float32, mode int)

//go:noescape
func tileColsAVX2(c *float32, ldc int, a *float32, arow *int, m int, b *float32, mode int)
