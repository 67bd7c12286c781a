package bench

import "golang.org/x/sys/cpu"

func haveFMA() bool { return cpu.X86.HasAVX2 && cpu.X86.HasFMA }

// multiplyAdd runs rounds of twelve fused multiply-adds that do not wait for one
// another; rounds is positive.
//
//go:noescape
func multiplyAdd(rounds int)
