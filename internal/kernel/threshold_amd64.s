#include "textflag.h"

// The comparison is NLT_UQ (5): what is not below tau stays, NaN among it.

// func thresholdAVX2(dst, x *float32, n int, tau float32)
TEXT ·thresholdAVX2(SB), NOSPLIT, $0-28
	MOVQ         dst+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS tau+24(FP), Y15
	XORQ         AX, AX

loop:
	VMOVUPS (SI)(AX*4), Y0
	VCMPPS  $5, Y15, Y0, Y1
	VANDPS  Y1, Y0, Y0
	VMOVUPS Y0, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     loop
	VZEROUPPER
	RET
