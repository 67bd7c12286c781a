package simd

import (
	"os"

	"golang.org/x/sys/cpu"
)

// Supported reports whether the processor has AVX2 and FMA.
var Supported = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// Supported512 reports whether it also has the parts of AVX-512 that Skylake servers and Zen 4
// brought: F, BW, DQ and VL.
var Supported512 = Supported && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL

// AVX2 selects assembly with AVX2 and FMA, and AVX512, which implies it, that with AVX-512 where
// there is any. They are set at start-up; tests change them with Use.
var (
	AVX2   = Supported && os.Getenv("PARE_KERNELS") != "portable"
	AVX512 = Supported512 && AVX2 && os.Getenv("PARE_KERNELS") != "avx2"
)

// Use selects assembly, where the processor has the instructions, or the portable
// loops. It must not be called while a kernel runs.
func Use(avx2 bool) { AVX2, AVX512 = avx2 && Supported, avx2 && Supported512 }

// Use512 selects assembly with AVX-512, where the processor has it, or with AVX2 only.
func Use512(avx512 bool) { AVX512 = avx512 && AVX2 && Supported512 }
