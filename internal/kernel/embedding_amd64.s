#include "textflag.h"

// func scatterAddAVX2(dst, x, index *float32, n, c, ld int)
TEXT ·scatterAddAVX2(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ index+16(FP), R8
	MOVQ n+24(FP), BX
	MOVQ c+32(FP), CX
	MOVQ ld+40(FP), DX
	SHLQ $2, DX

row:
	CVTTSS2SQ (R8), R9
	IMULQ     DX, R9
	ADDQ      DI, R9
	XORQ      AX, AX

loop:
	VMOVUPS (R9)(AX*4), Y0
	VADDPS  (SI)(AX*4), Y0, Y0
	VMOVUPS Y0, (R9)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     loop
	ADDQ    DX, SI
	ADDQ    $4, R8
	DECQ    BX
	JNZ     row
	VZEROUPPER
	RET
