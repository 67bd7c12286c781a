#include "textflag.h"

#define MOMENTS(off, shift, t, sum, square) \
	VMOVUPS     off(SI)(AX*1), t; \
	VSUBPS      shift, t, t; \
	VADDPS      t, sum, sum; \
	VFMADD231PS t, t, square

// This does thirty-two columns, since sixteen would wait for their own sums.
//
// func momentsAVX2(sums, x, shift *float32, rows, n, ld int)
TEXT ·momentsAVX2(SB), NOSPLIT, $0-48
	MOVQ sums+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ shift+16(FP), BX
	MOVQ n+32(FP), CX
	MOVQ ld+40(FP), R11
	SHLQ $2, R11

columns:
	VMOVUPS (BX), Y0
	VMOVUPS 32(BX), Y1
	VMOVUPS 64(BX), Y12
	VMOVUPS 96(BX), Y13
	VMOVUPS (DI), Y2
	VMOVUPS 32(DI), Y3
	VMOVUPS 64(DI), Y6
	VMOVUPS 96(DI), Y7
	VMOVUPS (DI)(R11*1), Y4
	VMOVUPS 32(DI)(R11*1), Y5
	VMOVUPS 64(DI)(R11*1), Y10
	VMOVUPS 96(DI)(R11*1), Y11
	MOVQ    rows+24(FP), R10
	XORQ    AX, AX

row:
	MOMENTS(0, Y0, Y8, Y2, Y4)
	MOMENTS(32, Y1, Y9, Y3, Y5)
	MOMENTS(64, Y12, Y14, Y6, Y10)
	MOMENTS(96, Y13, Y15, Y7, Y11)
	ADDQ    R11, AX
	DECQ    R10
	JNE     row
	VMOVUPS Y2, (DI)
	VMOVUPS Y3, 32(DI)
	VMOVUPS Y6, 64(DI)
	VMOVUPS Y7, 96(DI)
	VMOVUPS Y4, (DI)(R11*1)
	VMOVUPS Y5, 32(DI)(R11*1)
	VMOVUPS Y10, 64(DI)(R11*1)
	VMOVUPS Y11, 96(DI)(R11*1)
	ADDQ    $128, DI
	ADDQ    $128, SI
	ADDQ    $128, BX
	SUBQ    $32, CX
	JNE     columns
	VZEROUPPER
	RET

// func addRunAVX2(sum *float64, run *float32, n int)
TEXT ·addRunAVX2(SB), NOSPLIT, $0-24
	MOVQ sum+0(FP), DI
	MOVQ run+8(FP), SI
	MOVQ n+16(FP), CX
	XORQ AX, AX

loop:
	VCVTPS2PD (SI)(AX*4), Y0
	VCVTPS2PD 16(SI)(AX*4), Y1
	VADDPD    (DI)(AX*8), Y0, Y0
	VADDPD    32(DI)(AX*8), Y1, Y1
	VMOVUPD   Y0, (DI)(AX*8)
	VMOVUPD   Y1, 32(DI)(AX*8)
	ADDQ      $8, AX
	CMPQ      AX, CX
	JLT       loop
	VZEROUPPER
	RET
