#include "textflag.h"

// All of these go through memory in blocks of a few rows and through a block in
// steps of sixteen columns, for which coefficients and sums stay in registers.
// SI, R9, DX, DI and R12 are where the block starts in x, skip, dy and the
// results, R13 is the offset of the columns, AX the offset of a row in them. R11, the
// distance of rows, is also the distance of the planes of coefficients and sums.
// R14 is the number of rows left, R15 the number of rows of the block.

// BLOCK begins a block, NEXTBLOCK leaves the distance to the next one in AX.
#define BLOCK \
	CMPQ    R14, R15; \
	CMOVQLT R14, R15; \
	XORQ    R13, R13

#define NEXTBLOCK \
	MOVQ  R15, AX; \
	IMULQ R11, AX

// ROWS begins the rows of the block in sixteen columns.
#define ROWS \
	MOVQ R15, R10; \
	MOVQ R13, AX

// func batchForwardAVX2(y, x, skip, coef *float32, floor float32, rows, block, n, ld int)
TEXT ·batchForwardAVX2(SB), NOSPLIT, $0-72
	MOVQ         y+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         skip+16(FP), R9
	MOVQ         coef+24(FP), BX
	VBROADCASTSS floor+32(FP), Y6
	MOVQ         rows+40(FP), R14
	MOVQ         block+48(FP), R15
	MOVQ         n+56(FP), CX
	MOVQ         ld+64(FP), R11
	SHLQ         $2, CX
	SHLQ         $2, R11

block:
	BLOCK

columns:
	LEAQ    (BX)(R13*1), AX
	VMOVUPS (AX), Y0
	VMOVUPS 32(AX), Y1
	VMOVUPS (AX)(R11*1), Y2
	VMOVUPS 32(AX)(R11*1), Y3
	VMOVUPS (AX)(R11*2), Y4
	VMOVUPS 32(AX)(R11*2), Y5
	ROWS
	CMPQ    skip+16(FP), $0
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

next:
	ADDQ $64, R13
	CMPQ R13, CX
	JLT  columns
	NEXTBLOCK
	ADDQ AX, SI
	ADDQ AX, R9
	ADDQ AX, DI
	SUBQ R15, R14
	JNE  block
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

// func batchSumsAVX2(sums, x, skip, dy, coef *float32, mode, rows, block, n, ld int)
TEXT ·batchSumsAVX2(SB), NOSPLIT, $0-80
	MOVQ sums+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ skip+16(FP), R9
	MOVQ dy+24(FP), DX
	MOVQ coef+32(FP), BX
	MOVQ mode+40(FP), R8
	MOVQ rows+48(FP), R14
	MOVQ block+56(FP), R15
	MOVQ n+64(FP), CX
	MOVQ ld+72(FP), R11
	SHLQ $2, CX
	SHLQ $2, R11

block:
	BLOCK

columns:
	LEAQ    (BX)(R13*1), AX
	VMOVUPS (AX), Y0
	VMOVUPS 32(AX), Y1
	VMOVUPS (AX)(R11*1), Y2
	VMOVUPS 32(AX)(R11*1), Y3
	LEAQ    (AX)(R11*2), AX
	VMOVUPS (AX), Y4
	VMOVUPS 32(AX), Y5
	VMOVUPS (AX)(R11*1), Y6
	VMOVUPS 32(AX)(R11*1), Y7
	LEAQ    (DI)(R13*1), R12
	VMOVUPS (R12), Y8
	VMOVUPS 32(R12), Y9
	VMOVUPS (R12)(R11*1), Y10
	VMOVUPS 32(R12)(R11*1), Y11
	ROWS
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
	VMOVUPS (R12)(R11*2), Y12
	VMOVUPS 32(R12)(R11*2), Y13
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
	VMOVUPS Y12, (R12)(R11*2)
	VMOVUPS Y13, 32(R12)(R11*2)

store:
	VMOVUPS Y8, (R12)
	VMOVUPS Y9, 32(R12)
	VMOVUPS Y10, (R12)(R11*1)
	VMOVUPS Y11, 32(R12)(R11*1)
	ADDQ    $64, R13
	CMPQ    R13, CX
	JLT     columns
	NEXTBLOCK
	ADDQ    AX, SI
	ADDQ    AX, R9
	ADDQ    AX, DX
	SUBQ    R15, R14
	JNE     block
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

// func batchInputAVX2(dx, dskip, x, skip, dy, coef *float32, mode, rows, block, n, ld int)
TEXT ·batchInputAVX2(SB), NOSPLIT, $0-88
	MOVQ dx+0(FP), DI
	MOVQ dskip+8(FP), R12
	MOVQ x+16(FP), SI
	MOVQ skip+24(FP), R9
	MOVQ dy+32(FP), DX
	MOVQ coef+40(FP), BX
	MOVQ mode+48(FP), R8
	MOVQ rows+56(FP), R14
	MOVQ block+64(FP), R15
	MOVQ n+72(FP), CX
	MOVQ ld+80(FP), R11
	SHLQ $2, CX
	SHLQ $2, R11

block:
	BLOCK

columns:
	LEAQ    (BX)(R13*1), AX
	VMOVUPS (AX), Y0
	VMOVUPS 32(AX), Y1
	VMOVUPS (AX)(R11*1), Y2
	VMOVUPS 32(AX)(R11*1), Y3
	LEAQ    (AX)(R11*2), AX
	VMOVUPS (AX), Y4
	VMOVUPS 32(AX), Y5
	VMOVUPS (AX)(R11*1), Y6
	VMOVUPS 32(AX)(R11*1), Y7
	LEAQ    (AX)(R11*2), AX
	VMOVUPS (AX), Y8
	VMOVUPS 32(AX), Y9
	VMOVUPS (AX)(R11*1), Y10
	VMOVUPS 32(AX)(R11*1), Y11
	ROWS
	CMPQ    dskip+8(FP), $0
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
	JMP     next

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

next:
	ADDQ $64, R13
	CMPQ R13, CX
	JLT  columns
	NEXTBLOCK
	ADDQ AX, SI
	ADDQ AX, R9
	ADDQ AX, DX
	ADDQ AX, DI
	ADDQ AX, R12
	SUBQ R15, R14
	JNE  block
	VZEROUPPER
	RET
