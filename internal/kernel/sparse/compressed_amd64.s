#include "textflag.h"

// func stepsAVX2(sums, x, values *float32, places *uint8, blocks *uint32, n int)
TEXT ·stepsAVX2(SB), NOSPLIT, $0-48
	MOVQ    sums+0(FP), DI
	MOVQ    x+8(FP), SI
	MOVQ    values+16(FP), DX
	MOVQ    places+24(FP), R8
	MOVQ    blocks+32(FP), R9
	MOVQ    n+40(FP), CX
	VMOVUPS (DI), Y0
	VXORPS  Y1, Y1, Y1
	VXORPS  Y2, Y2, Y2
	VXORPS  Y3, Y3, Y3

four:
	PREFETCHT0  768(DX)
	PREFETCHT0  832(DX)
	MOVL        0(R9), R10
	VPMOVZXBD   0(R8), Y4
	VPERMPS     (SI)(R10*4), Y4, Y4
	VFMADD231PS 0(DX), Y4, Y0
	MOVL        4(R9), R10
	VPMOVZXBD   8(R8), Y4
	VPERMPS     (SI)(R10*4), Y4, Y4
	VFMADD231PS 32(DX), Y4, Y1
	MOVL        8(R9), R10
	VPMOVZXBD   16(R8), Y4
	VPERMPS     (SI)(R10*4), Y4, Y4
	VFMADD231PS 64(DX), Y4, Y2
	MOVL        12(R9), R10
	VPMOVZXBD   24(R8), Y4
	VPERMPS     (SI)(R10*4), Y4, Y4
	VFMADD231PS 96(DX), Y4, Y3
	ADDQ        $128, DX
	ADDQ        $32, R8
	ADDQ        $16, R9
	SUBQ        $4, CX
	JNZ         four
	VADDPS      Y1, Y0, Y0
	VADDPS      Y3, Y2, Y2
	VADDPS      Y2, Y0, Y0
	VMOVUPS     Y0, (DI)
	VZEROUPPER
	RET

// func timesZeroAVX2(x *float32, n int) (sum float32)
TEXT ·timesZeroAVX2(SB), NOSPLIT, $0-20
	MOVQ   x+0(FP), SI
	MOVQ   n+8(FP), CX
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	SUBQ   $16, CX
	JLT    rest

sixteen:
	VFMADD231PS (SI), Y2, Y0
	VFMADD231PS 32(SI), Y2, Y1
	ADDQ        $64, SI
	SUBQ        $16, CX
	JGE         sixteen

rest:
	ADDQ        $16, CX
	JEQ         sum
	VFMADD231PS (SI), Y2, Y0

sum:
	VADDPS       Y1, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VADDPS       X1, X0, X0
	VHADDPS      X0, X0, X0
	VHADDPS      X0, X0, X0
	VMOVSS       X0, sum+16(FP)
	VZEROUPPER
	RET
