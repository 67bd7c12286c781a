package simd

import (
	"os"

	"golang.org/x/sys/cpu"
)

// Supported reports whether the processor has AVX2 and FMA.
var Supported = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// AVX2 selects assembly with AVX2 and FMA. It is set at start-up; tests change it
// with Use.
var AVX2 = Supported && os.Getenv("PARE_KERNELS") != "portable"

// Use selects assembly, where the processor has the instructions, or the portable
// loops. It must not be called while a kernel runs.
func Use(avx2 bool) { AVX2 = avx2 && Supported }
