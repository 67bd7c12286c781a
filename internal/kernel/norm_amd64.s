#include "textflag.h"

// All of these do sixteen columns over all rows before they go on to the next
// sixteen, with the coefficients and sums in registers. AX is the offset of the
// row, R11 the distance of rows, which also separates the planes of
// coefficients and sums.

// func normForwardAVX2(y, x, skip, coef *float32, floor float32, rows, n, ld int)
TEXT ·normForwardAVX2(SB), NOSPLIT, $0-64
	MOVQ         y+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         skip+16(FP), R9
	MOVQ         coef+24(FP), BX
	VBROADCASTSS floor+32(FP), Y6
	MOVQ         n+48(FP), CX
	MOVQ         ld+56(FP), R11
	SHLQ         $2, R11

columns:
	VMOVUPS (BX), Y0
	VMOVUPS 32(BX), Y1
	VMOVUPS (BX)(R11*1), Y2
	VMOVUPS 32(BX)(R11*1), Y3
	VMOVUPS (BX)(R11*2), Y4
	VMOVUPS 32(BX)(R11*2), Y5
	MOVQ    rows+40(FP), R10
	XORQ    AX, AX
	TESTQ   R9, R9
	JNE     sum

plain:
	VMOVUPS     (SI)(AX*1), Y8
	VMOVUPS     32(SI)(AX*1), Y9
	VFMADD213PS Y2, Y0, Y8
	VFMADD213PS Y3, Y1, Y9

	// A NaN is the second source, which MAXPS returns.
	VMAXPS  Y8, Y6, Y8
	VMAXPS  Y9, Y6, Y9
	VMOVUPS Y8, (DI)(AX*1)
	VMOVUPS Y9, 32(DI)(AX*1)
	ADDQ    R11, AX
	DECQ    R10
	JNE     plain
	JMP     next

sum:
	VMOVUPS     (SI)(AX*1), Y8
	VMOVUPS     32(SI)(AX*1), Y9
	VFMADD213PS Y2, Y0, Y8
	VFMADD213PS Y3, Y1, Y9
	VFMADD231PS (R9)(AX*1), Y4, Y8
	VFMADD231PS 32(R9)(AX*1), Y5, Y9
	VMAXPS      Y8, Y6, Y8
	VMAXPS      Y9, Y6, Y9
	VMOVUPS     Y8, (DI)(AX*1)
	VMOVUPS     Y9, 32(DI)(AX*1)
	ADDQ        R11, AX
	DECQ        R10
	JNE         sum
	ADDQ        $64, R9

next:
	ADDQ $64, DI
	ADDQ $64, SI
	ADDQ $64, BX
	SUBQ $16, CX
	JNE  columns
	VZEROUPPER
	RET

// DZ leaves dy in dz where a·x + b is positive, 0 elsewhere.
#define DZ(off, a, b, zero, dz) \
	VMOVUPS     off(SI)(AX*1), dz; \
	VFMADD213PS b, a, dz; \
	VXORPS      zero, zero, zero; \
	VCMPPS      $1, dz, zero, dz; \
	VANDPS      off(DX)(AX*1), dz, dz

// DZSUM does so with a·x + b + h·skip.
#define DZSUM(off, a, b, h, zero, dz) \
	VMOVUPS     off(SI)(AX*1), dz; \
	VFMADD213PS b, a, dz; \
	VFMADD231PS off(R9)(AX*1), h, dz; \
	VXORPS      zero, zero, zero; \
	VCMPPS      $1, dz, zero, dz; \
	VANDPS      off(DX)(AX*1), dz, dz

// SUMS adds dz, and subtracts dz·(mean - x), which saves loading x first.
#define SUMS(off, dz, mean, t, sum, dot) \
	VADDPS       dz, sum, sum; \
	VSUBPS       off(SI)(AX*1), mean, t; \
	VFNMADD231PS t, dz, dot

#define SKIPSUM(off, dz, skipdot) VFMADD231PS off(R9)(AX*1), dz, skipdot

// func normSumsAVX2(sums, x, skip, dy, coef *float32, mode, rows, n, ld int)
TEXT ·normSumsAVX2(SB), NOSPLIT, $0-72
	MOVQ sums+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ skip+16(FP), R9
	MOVQ dy+24(FP), DX
	MOVQ coef+32(FP), BX
	MOVQ mode+40(FP), R8
	MOVQ n+56(FP), CX
	MOVQ ld+64(FP), R11
	SHLQ $2, R11

columns:
	VMOVUPS (BX), Y0
	VMOVUPS 32(BX), Y1
	VMOVUPS (BX)(R11*1), Y2
	VMOVUPS 32(BX)(R11*1), Y3
	LEAQ    (BX)(R11*2), AX
	VMOVUPS (AX), Y4
	VMOVUPS 32(AX), Y5
	VMOVUPS (AX)(R11*1), Y6
	VMOVUPS 32(AX)(R11*1), Y7
	VMOVUPS (DI), Y8
	VMOVUPS 32(DI), Y9
	VMOVUPS (DI)(R11*1), Y10
	VMOVUPS 32(DI)(R11*1), Y11
	MOVQ    rows+48(FP), R10
	XORQ    AX, AX
	CMPQ    R8, $4
	JGE     skipSums
	CMPQ    R8, $1
	JEQ     relu
	JGT     sum

plain:
	VMOVUPS (DX)(AX*1), Y14
	SUMS(0, Y14, Y6, Y15, Y8, Y10)
	VMOVUPS 32(DX)(AX*1), Y14
	SUMS(32, Y14, Y7, Y15, Y9, Y11)
	ADDQ    R11, AX
	DECQ    R10
	JNE     plain
	JMP     store

relu:
	DZ(0, Y0, Y2, Y15, Y14)
	SUMS(0, Y14, Y6, Y15, Y8, Y10)
	DZ(32, Y1, Y3, Y15, Y14)
	SUMS(32, Y14, Y7, Y15, Y9, Y11)
	ADDQ R11, AX
	DECQ R10
	JNE  relu
	JMP  store

sum:
	DZSUM(0, Y0, Y2, Y4, Y15, Y14)
	SUMS(0, Y14, Y6, Y15, Y8, Y10)
	DZSUM(32, Y1, Y3, Y5, Y15, Y14)
	SUMS(32, Y14, Y7, Y15, Y9, Y11)
	ADDQ R11, AX
	DECQ R10
	JNE  sum
	JMP  store

skipSums:
	VMOVUPS (DI)(R11*2), Y12
	VMOVUPS 32(DI)(R11*2), Y13
	JGT     sumSkip

plainSkip:
	VMOVUPS (DX)(AX*1), Y14
	SUMS(0, Y14, Y6, Y15, Y8, Y10)
	SKIPSUM(0, Y14, Y12)
	VMOVUPS 32(DX)(AX*1), Y14
	SUMS(32, Y14, Y7, Y15, Y9, Y11)
	SKIPSUM(32, Y14, Y13)
	ADDQ    R11, AX
	DECQ    R10
	JNE     plainSkip
	JMP     storeSkip

sumSkip:
	DZSUM(0, Y0, Y2, Y4, Y15, Y14)
	SUMS(0, Y14, Y6, Y15, Y8, Y10)
	SKIPSUM(0, Y14, Y12)
	DZSUM(32, Y1, Y3, Y5, Y15, Y14)
	SUMS(32, Y14, Y7, Y15, Y9, Y11)
	SKIPSUM(32, Y14, Y13)
	ADDQ R11, AX
	DECQ R10
	JNE  sumSkip

storeSkip:
	VMOVUPS Y12, (DI)(R11*2)
	VMOVUPS Y13, 32(DI)(R11*2)

store:
	VMOVUPS Y8, (DI)
	VMOVUPS Y9, 32(DI)
	VMOVUPS Y10, (DI)(R11*1)
	VMOVUPS Y11, 32(DI)(R11*1)
	ADDQ    $64, DI
	ADDQ    $64, SI
	ADDQ    $64, R9
	ADDQ    $64, DX
	ADDQ    $64, BX
	SUBQ    $16, CX
	JNE     columns
	VZEROUPPER
	RET

// INPUT stores dx = dz·p + (x·q + r).
#define INPUT(off, dz, p, q, r, t) \
	VMOVUPS     off(SI)(AX*1), t; \
	VFMADD213PS r, q, t; \
	VFMADD231PS dz, p, t; \
	VMOVUPS     t, off(DI)(AX*1)

#define SKIPINPUT(off, dz, h) \
	VMULPS  dz, h, dz; \
	VMOVUPS dz, off(R12)(AX*1)

// func normInputAVX2(dx, dskip, x, skip, dy, coef *float32, mode, rows, n, ld int)
TEXT ·normInputAVX2(SB), NOSPLIT, $0-80
	MOVQ dx+0(FP), DI
	MOVQ dskip+8(FP), R12
	MOVQ x+16(FP), SI
	MOVQ skip+24(FP), R9
	MOVQ dy+32(FP), DX
	MOVQ coef+40(FP), BX
	MOVQ mode+48(FP), R8
	MOVQ n+64(FP), CX
	MOVQ ld+72(FP), R11
	SHLQ $2, R11

columns:
	VMOVUPS (BX), Y0
	VMOVUPS 32(BX), Y1
	VMOVUPS (BX)(R11*1), Y2
	VMOVUPS 32(BX)(R11*1), Y3
	LEAQ    (BX)(R11*2), AX
	VMOVUPS (AX), Y4
	VMOVUPS 32(AX), Y5
	VMOVUPS (AX)(R11*1), Y6
	VMOVUPS 32(AX)(R11*1), Y7
	LEAQ    (AX)(R11*2), AX
	VMOVUPS (AX), Y8
	VMOVUPS 32(AX), Y9
	VMOVUPS (AX)(R11*1), Y10
	VMOVUPS 32(AX)(R11*1), Y11
	MOVQ    rows+56(FP), R10
	XORQ    AX, AX
	TESTQ   R12, R12
	JNE     skips
	CMPQ    R8, $1
	JEQ     relu
	JGT     sum

plain:
	VMOVUPS (DX)(AX*1), Y14
	INPUT(0, Y14, Y6, Y8, Y10, Y15)
	VMOVUPS 32(DX)(AX*1), Y14
	INPUT(32, Y14, Y7, Y9, Y11, Y15)
	ADDQ    R11, AX
	DECQ    R10
	JNE     plain
	JMP     next

relu:
	DZ(0, Y0, Y2, Y15, Y14)
	INPUT(0, Y14, Y6, Y8, Y10, Y15)
	DZ(32, Y1, Y3, Y15, Y14)
	INPUT(32, Y14, Y7, Y9, Y11, Y15)
	ADDQ R11, AX
	DECQ R10
	JNE  relu
	JMP  next

sum:
	DZSUM(0, Y0, Y2, Y4, Y15, Y14)
	INPUT(0, Y14, Y6, Y8, Y10, Y15)
	DZSUM(32, Y1, Y3, Y5, Y15, Y14)
	INPUT(32, Y14, Y7, Y9, Y11, Y15)
	ADDQ R11, AX
	DECQ R10
	JNE  sum
	JMP  next

skips:
	TESTQ R8, R8
	JNE   sumSkip

plainSkip:
	VMOVUPS (DX)(AX*1), Y14
	INPUT(0, Y14, Y6, Y8, Y10, Y15)
	SKIPINPUT(0, Y14, Y4)
	VMOVUPS 32(DX)(AX*1), Y14
	INPUT(32, Y14, Y7, Y9, Y11, Y15)
	SKIPINPUT(32, Y14, Y5)
	ADDQ    R11, AX
	DECQ    R10
	JNE     plainSkip
	JMP     nextSkip

sumSkip:
	DZSUM(0, Y0, Y2, Y4, Y15, Y14)
	INPUT(0, Y14, Y6, Y8, Y10, Y15)
	SKIPINPUT(0, Y14, Y4)
	DZSUM(32, Y1, Y3, Y5, Y15, Y14)
	INPUT(32, Y14, Y7, Y9, Y11, Y15)
	SKIPINPUT(32, Y14, Y5)
	ADDQ R11, AX
	DECQ R10
	JNE  sumSkip

nextSkip:
	ADDQ $64, R12

next:
	ADDQ $64, DI
	ADDQ $64, SI
	ADDQ $64, R9
	ADDQ $64, DX
	ADDQ $64, BX
	SUBQ $16, CX
	JNE  columns
	VZEROUPPER
	RET
