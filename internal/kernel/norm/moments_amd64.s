#include "textflag.h"

#define MOMENTS(off, shift, t, sum, square) \
	VMOVUPS     off(SI)(AX*1), t; \
	VSUBPS      shift, t, t; \
	VADDPS      t, sum, sum; \
	VFMADD231PS t, t, square

// This does thirty-two columns, since sixteen would wait for their own sums.
//
// func momentsAVX2(sums, x, shift *float32, rows, block, n, ld int)
TEXT ·momentsAVX2(SB), NOSPLIT, $0-56
	MOVQ sums+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ shift+16(FP), BX
	MOVQ rows+24(FP), R14
	MOVQ block+32(FP), R15
	MOVQ n+40(FP), CX
	MOVQ ld+48(FP), R11
	SHLQ $2, CX
	SHLQ $2, R11

block:
	CMPQ    R14, R15
	CMOVQLT R14, R15
	XORQ    R13, R13

columns:
	LEAQ    (BX)(R13*1), AX
	VMOVUPS (AX), Y0
	VMOVUPS 32(AX), Y1
	VMOVUPS 64(AX), Y12
	VMOVUPS 96(AX), Y13
	LEAQ    (DI)(R13*1), R12
	VMOVUPS (R12), Y2
	VMOVUPS 32(R12), Y3
	VMOVUPS 64(R12), Y6
	VMOVUPS 96(R12), Y7
	VMOVUPS (R12)(R11*1), Y4
	VMOVUPS 32(R12)(R11*1), Y5
	VMOVUPS 64(R12)(R11*1), Y10
	VMOVUPS 96(R12)(R11*1), Y11
	MOVQ    R15, R10
	MOVQ    R13, AX

row:
	MOMENTS(0, Y0, Y8, Y2, Y4)
	MOMENTS(32, Y1, Y9, Y3, Y5)
	MOMENTS(64, Y12, Y14, Y6, Y10)
	MOMENTS(96, Y13, Y15, Y7, Y11)
	ADDQ    R11, AX
	DECQ    R10
	JNE     row
	VMOVUPS Y2, (R12)
	VMOVUPS Y3, 32(R12)
	VMOVUPS Y6, 64(R12)
	VMOVUPS Y7, 96(R12)
	VMOVUPS Y4, (R12)(R11*1)
	VMOVUPS Y5, 32(R12)(R11*1)
	VMOVUPS Y10, 64(R12)(R11*1)
	VMOVUPS Y11, 96(R12)(R11*1)
	ADDQ    $128, R13
	CMPQ    R13, CX
	JLT     columns
	MOVQ    R15, AX
	IMULQ   R11, AX
	ADDQ    AX, SI
	SUBQ    R15, R14
	JNE     block
	VZEROUPPER
	RET

