#include "textflag.h"

// The column sums keep the sums of sixteen, at the end eight, columns in
// registers over all rows; rows of one call are few enough to stay in cache.

// func sumRowsAVX2(dst, x, shift *float32, rows, n, ld int)
TEXT ·sumRowsAVX2(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ shift+16(FP), R8
	MOVQ n+32(FP), CX
	MOVQ ld+40(FP), DX
	SHLQ $2, DX

wide:
	SUBQ    $16, CX
	JLT     narrow
	MOVQ    rows+24(FP), BX
	MOVQ    SI, R10
	VMOVUPS (DI), Y4
	VMOVUPS 32(DI), Y5
	VMOVUPS (R8), Y6
	VMOVUPS 32(R8), Y7

wideRow:
	VMOVUPS (R10), Y0
	VMOVUPS 32(R10), Y1
	VSUBPS  Y6, Y0, Y0
	VSUBPS  Y7, Y1, Y1
	VADDPS  Y0, Y4, Y4
	VADDPS  Y1, Y5, Y5
	ADDQ    DX, R10
	DECQ    BX
	JNZ     wideRow
	VMOVUPS Y4, (DI)
	VMOVUPS Y5, 32(DI)
	ADDQ    $64, DI
	ADDQ    $64, SI
	ADDQ    $64, R8
	JMP     wide

narrow:
	ADDQ    $16, CX
	JEQ     done
	MOVQ    rows+24(FP), BX
	VMOVUPS (DI), Y4
	VMOVUPS (R8), Y6

narrowRow:
	VMOVUPS (SI), Y0
	VSUBPS  Y6, Y0, Y0
	VADDPS  Y0, Y4, Y4
	ADDQ    DX, SI
	DECQ    BX
	JNZ     narrowRow
	VMOVUPS Y4, (DI)

done:
	VZEROUPPER
	RET
