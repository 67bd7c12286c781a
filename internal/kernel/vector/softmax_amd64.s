#include "textflag.h"
#include "exp_amd64.h"

// CX = n in whole vectors, BX = number of values that follow, DX = address of their mask.
#define SPLITROW(n) \
	MOVQ n, CX \
	MOVQ n, BX \
	ANDQ $7, BX \
	SUBQ BX, CX \
	LEAQ ·maskEnd+32(SB), DX \
	LEAQ (BX*4), AX \
	SUBQ AX, DX \
	XORQ AX, AX

// All lanes of y become OP of its lanes.
#define ACROSS(OP, y, x, t, xt) \
	VEXTRACTF128 $1, y, xt \
	OP xt, x, x \
	VPERMILPS $0x4e, x, xt \
	OP xt, x, x \
	VPERMILPS $0xb1, x, xt \
	OP xt, x, x \
	VINSERTF128 $1, x, y, y

// func softmaxRowsAVX2(x *float32, rows, ld, n, step int)
TEXT ·softmaxRowsAVX2(SB), NOSPLIT, $0-40
	MOVQ x+0(FP), DI
	MOVQ rows+8(FP), R8
	MOVQ ld+16(FP), R9
	MOVQ n+24(FP), R10
	MOVQ step+32(FP), R11
	LOADEXP

row:
	SPLITROW(R10)
	VPCMPEQD Y4, Y4, Y4
	VPSLLD   $23, Y4, Y4     // -Inf
	VMOVAPS  Y4, Y5
	CMPQ     AX, CX
	JGE      maxTail

maxVector: // a NaN, in the first operand, leaves the maximum as it is
	VMOVUPS (DI)(AX*4), Y0
	VMAXPS  Y5, Y0, Y5
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     maxVector

maxTail:
	TESTQ BX, BX
	JEQ   across
	VMOVUPS   (DX), Y1
	VBLENDVPS Y1, (DI)(AX*4), Y4, Y0
	VMAXPS    Y5, Y0, Y5

across:
	ACROSS(VMAXPS, Y5, X5, Y0, X0)
	VXORPS Y6, Y6, Y6
	XORQ   AX, AX
	CMPQ   AX, CX
	JGE    expTail

expVector:
	VMOVUPS (DI)(AX*4), Y0
	VSUBPS  Y5, Y0, Y0
	EXPNEG(Y0, Y1, Y2, Y3, Y4)
	VADDPS  Y4, Y6, Y6
	VMOVUPS Y4, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     expVector

expTail:
	TESTQ BX, BX
	JEQ   sum
	VMOVUPS (DI)(AX*4), Y0
	VSUBPS  Y5, Y0, Y0
	EXPNEG(Y0, Y1, Y2, Y3, Y4)
	VANDPS  (DX), Y4, Y4
	VADDPS  Y4, Y6, Y6
	VMOVUPS Y4, (DI)(AX*4)
	ADDQ    $8, CX

sum:
	ACROSS(VADDPS, Y6, X6, Y0, X0)
	VDIVPS Y6, Y7, Y6 // Y7 holds ones
	XORQ   AX, AX

scale:
	VMULPS  (DI)(AX*4), Y6, Y0
	VMOVUPS Y0, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     scale
	LEAQ    (DI)(R9*4), DI
	ADDQ    R11, R10
	DECQ    R8
	JNE     row
	VZEROUPPER
	RET

// func softmaxGradRowsAVX2(dp, p *float32, rows, ld, n, step int)
TEXT ·softmaxGradRowsAVX2(SB), NOSPLIT, $0-48
	MOVQ dp+0(FP), DI
	MOVQ p+8(FP), SI
	MOVQ rows+16(FP), R8
	MOVQ ld+24(FP), R9
	MOVQ n+32(FP), R10
	MOVQ step+40(FP), R11

row:
	SPLITROW(R10)
	VXORPS Y0, Y0, Y0
	CMPQ   AX, CX
	JGE    dotTail

dotVector:
	VMOVUPS     (DI)(AX*4), Y1
	VFMADD231PS (SI)(AX*4), Y1, Y0
	ADDQ        $8, AX
	CMPQ        AX, CX
	JLT         dotVector

dotTail:
	TESTQ BX, BX
	JEQ   across
	VMOVUPS     (DX), Y1
	VANDPS      (DI)(AX*4), Y1, Y1
	VMOVUPS     Y1, (DI)(AX*4)
	VFMADD231PS (SI)(AX*4), Y1, Y0
	ADDQ        $8, CX

across:
	ACROSS(VADDPS, Y0, X0, Y1, X1)
	XORQ AX, AX

vector:
	VMOVUPS (DI)(AX*4), Y1
	VSUBPS  Y0, Y1, Y1
	VMULPS  (SI)(AX*4), Y1, Y1
	VMOVUPS Y1, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     vector
	LEAQ    (DI)(R9*4), DI
	LEAQ    (SI)(R9*4), SI
	ADDQ    R11, R10
	DECQ    R8
	JNE     row
	VZEROUPPER
	RET
