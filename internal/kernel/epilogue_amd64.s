#include "textflag.h"

// One row of sixteen channels, eight at lo and eight at hi. Y0 and Y1 mask what exists of them, Y2
// and Y3 hold the shift.
#define ROW(lo, hi, s0, s1, q0, q1) \
	VMASKMOVPS lo, Y0, Y4 \
	VMASKMOVPS hi, Y1, Y5 \
	VSUBPS Y2, Y4, Y4 \
	VSUBPS Y3, Y5, Y5 \
	VADDPS Y4, s0, s0 \
	VADDPS Y5, s1, s1 \
	VFMADD231PS Y4, Y4, q0 \
	VFMADD231PS Y5, Y5, q1

// func momentRowsAVX2(sum, square, x, shift *float32, rows, n int)
TEXT ·momentRowsAVX2(SB), NOSPLIT, $0-48
	MOVQ sum+0(FP), DI
	MOVQ square+8(FP), R8
	MOVQ x+16(FP), R9
	MOVQ shift+24(FP), R10
	MOVQ n+40(FP), DX
	MOVQ DX, R11
	SHLQ $2, R11 // bytes of a row

channels:
	// The masks of min(DX, 16) channels.
	MOVQ    $16, AX
	CMPQ    DX, AX
	CMOVQLT DX, AX
	LEAQ    ·columnMask(SB), BX
	SHLQ    $2, AX
	SUBQ    AX, BX
	VMOVUPS 64(BX), Y0
	VMOVUPS 96(BX), Y1
	VMOVUPS (R10), Y2
	VMOVUPS 32(R10), Y3
	VANDPS  Y0, Y2, Y2
	VANDPS  Y1, Y3, Y3
	VXORPS  Y8, Y8, Y8
	VXORPS  Y9, Y9, Y9
	VXORPS  Y10, Y10, Y10
	VXORPS  Y11, Y11, Y11
	VXORPS  Y12, Y12, Y12
	VXORPS  Y13, Y13, Y13
	VXORPS  Y14, Y14, Y14
	VXORPS  Y15, Y15, Y15
	MOVQ    R9, SI
	MOVQ    rows+32(FP), CX
	SUBQ    $2, CX
	JLT     last

rows:
	ROW((SI), 32(SI), Y8, Y9, Y12, Y13)
	ROW((SI)(R11*1), 32(SI)(R11*1), Y10, Y11, Y14, Y15)
	LEAQ (SI)(R11*2), SI
	SUBQ $2, CX
	JGE  rows

last:
	ADDQ $2, CX
	JEQ  store
	ROW((SI), 32(SI), Y8, Y9, Y12, Y13)

store:
	VADDPS  Y10, Y8, Y8
	VADDPS  Y11, Y9, Y9
	VADDPS  Y14, Y12, Y12
	VADDPS  Y15, Y13, Y13
	VMOVUPS Y8, (DI)
	VMOVUPS Y9, 32(DI)
	VMOVUPS Y12, (R8)
	VMOVUPS Y13, 32(R8)
	ADDQ    $64, DI
	ADDQ    $64, R8
	ADDQ    $64, R9
	ADDQ    $64, R10
	SUBQ    $16, DX
	JGT     channels
	VZEROUPPER
	RET
