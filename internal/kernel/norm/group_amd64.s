#include "textflag.h"

// Planes of coefficients are R10 bytes apart, as rows are: R8, R11, R12 and R13.
#define PLANES \
	LEAQ (R8)(R10*1), R11 \
	LEAQ (R11)(R10*1), R12 \
	LEAQ (R12)(R10*1), R13

// func groupForwardAVX2(y, x, coef *float32, rows, n, ld int)
TEXT ·groupForwardAVX2(SB), NOSPLIT, $0-48
	MOVQ y+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ coef+16(FP), R8
	MOVQ rows+24(FP), R9
	MOVQ n+32(FP), CX
	MOVQ ld+40(FP), R10
	SHLQ $2, R10
	PLANES

row:
	XORQ AX, AX

loop:
	VMOVUPS     (SI)(AX*4), Y0
	VSUBPS      (R8)(AX*4), Y0, Y0
	VMOVUPS     (R11)(AX*4), Y1
	VFMADD213PS (R12)(AX*4), Y1, Y0
	VMOVUPS     Y0, (DI)(AX*4)
	ADDQ        $8, AX
	CMPQ        AX, CX
	JLT         loop
	ADDQ        R10, DI
	ADDQ        R10, SI
	DECQ        R9
	JNE         row
	VZEROUPPER
	RET

// func groupSumsAVX2(sums, x, dy, mean *float32, rows, n, ld int)
TEXT ·groupSumsAVX2(SB), NOSPLIT, $0-56
	MOVQ sums+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ dy+16(FP), DX
	MOVQ mean+24(FP), R8
	MOVQ rows+32(FP), R9
	MOVQ n+40(FP), CX
	MOVQ ld+48(FP), R10
	SHLQ $2, R10
	LEAQ (DI)(R10*1), R11

row:
	XORQ AX, AX

loop:
	VMOVUPS     (SI)(AX*4), Y0
	VSUBPS      (R8)(AX*4), Y0, Y0
	VMOVUPS     (DX)(AX*4), Y1
	VADDPS      (DI)(AX*4), Y1, Y2
	VMOVUPS     Y2, (DI)(AX*4)
	VFMADD213PS (R11)(AX*4), Y1, Y0
	VMOVUPS     Y0, (R11)(AX*4)
	ADDQ        $8, AX
	CMPQ        AX, CX
	JLT         loop
	ADDQ        R10, DX
	ADDQ        R10, SI
	DECQ        R9
	JNE         row
	VZEROUPPER
	RET

// func groupInputAVX2(dx, x, dy, coef *float32, rows, n, ld int)
TEXT ·groupInputAVX2(SB), NOSPLIT, $0-56
	MOVQ dx+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ dy+16(FP), DX
	MOVQ coef+24(FP), R8
	MOVQ rows+32(FP), R9
	MOVQ n+40(FP), CX
	MOVQ ld+48(FP), R10
	SHLQ $2, R10
	PLANES

row:
	XORQ AX, AX

loop:
	VMOVUPS     (SI)(AX*4), Y0
	VSUBPS      (R8)(AX*4), Y0, Y0
	VMOVUPS     (R12)(AX*4), Y1
	VFMADD213PS (R13)(AX*4), Y1, Y0
	VMOVUPS     (DX)(AX*4), Y2
	VFMADD231PS (R11)(AX*4), Y2, Y0
	VMOVUPS     Y0, (DI)(AX*4)
	ADDQ        $8, AX
	CMPQ        AX, CX
	JLT         loop
	ADDQ        R10, DI
	ADDQ        R10, SI
	ADDQ        R10, DX
	DECQ        R9
	JNE         row
	VZEROUPPER
	RET
