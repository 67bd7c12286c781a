#include "go_asm.h"

// The exponential shared by the elementwise functions and softmax. The
// coefficients stay in Y7 to Y12, Y14 and Y15 for the length of a function.

#define K(c) ·lanes+(c)(SB)

#define LOADEXP \
	VMOVUPS K(laneTable_one), Y7 \
	VMOVUPS K(laneTable_expC+32*4), Y8 \
	VMOVUPS K(laneTable_expC+32*3), Y9 \
	VMOVUPS K(laneTable_expC+32*2), Y10 \
	VMOVUPS K(laneTable_expC+32*1), Y11 \
	VMOVUPS K(laneTable_expC), Y12 \
	VMOVUPS K(laneTable_ln2Hi), Y14 \
	VMOVUPS K(laneTable_log2E), Y15

// With these coefficients EXP gives 2^64·e^x.
#define LOADEXPUP \
	LOADEXP \
	VMOVUPS K(laneTable_up64), Y6 \
	VMULPS Y6, Y7, Y7 \
	VMULPS Y6, Y8, Y8 \
	VMULPS Y6, Y9, Y9 \
	VMULPS Y6, Y10, Y10 \
	VMULPS Y6, Y11, Y11 \
	VMULPS Y6, Y12, Y12

// x = r and n = the integer of x = n·ln 2 + r. A NaN gives n = -2^31, whose
// exponent field is zero, so the NaN of r survives SCALE.
#define REDUCE(x, n, t) \
	VMULPS Y15, x, n \
	VCVTPS2DQ n, n \
	VCVTDQ2PS n, t \
	VFNMADD231PS Y14, t, x \
	VFNMADD231PS K(laneTable_ln2Lo), t, x

// p = (e^r - 1 - r)/r² and q = r², by pairs of terms: the kernels wait for the
// latency of this chain. Y13 is scratch.
#define EXPTAIL(r, q, p) \
	VMULPS  r, r, q \
	VMOVAPS Y10, Y13 \
	VFMADD231PS r, Y9, Y13 \
	VMOVAPS Y12, p \
	VFMADD231PS r, Y11, p \
	VFMADD231PS q, Y8, Y13 \
	VFMADD231PS q, Y13, p

// p = e^r; r and q are overwritten.
#define EXPPOLY(r, q, p) \
	EXPTAIL(r, q, p) \
	VFMADD213PS Y7, Y7, r \
	VFMADD213PS r, q, p

// p = p·2^n
#define SCALE(n, p) \
	VPSLLD $23, n, n \
	VPADDD n, p, p

// p = e^x, zero where x < expMin; n, t and m are scratch.
#define EXPNEG(x, n, t, m, p) \
	VCMPPS $5, K(laneTable_expMin), x, m \
	REDUCE(x, n, t) \
	EXPPOLY(x, t, p) \
	SCALE(n, p) \
	VANDPS m, p, p

// p = e^x - 1 where x >= expm1Min.
#define EXPM1(x, n, t, p) \
	REDUCE(x, n, t) \
	EXPTAIL(x, t, p) \
	VFMADD213PS x, t, p \
	VPSLLD $23, n, n \
	VPADDD Y7, n, n \
	VSUBPS Y7, n, t \
	VFMADD213PS t, n, p

// r = the mask of the first n of eight values; n and addr are overwritten.
#define TAILMASK(n, addr, r) \
	LEAQ ·maskEnd+32(SB), addr \
	SHLQ $2, n \
	SUBQ n, addr \
	VMOVUPS (addr), r
