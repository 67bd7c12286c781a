#include "textflag.h"

// Indices and values are read in fours; four sums hide the latency of the additions.

// func gatherDotsAVX2(out *float64, start *int, count int, index *int32, value, x *float64)
TEXT ·gatherDotsAVX2(SB), NOSPLIT, $0-48
	MOVQ out+0(FP), DI
	MOVQ start+8(FP), SI
	MOVQ count+16(FP), CX
	MOVQ index+24(FP), R8
	MOVQ value+32(FP), R9
	MOVQ x+40(FP), R10
	MOVQ (SI), AX

column:
	MOVQ   8(SI), BX
	VXORPD X0, X0, X0
	VXORPD X1, X1, X1
	VXORPD X2, X2, X2
	VXORPD X3, X3, X3
	LEAQ   4(AX), DX

four:
	CMPQ        DX, BX
	JGT         rest
	MOVLQSX     (R8)(AX*4), R11
	MOVLQSX     4(R8)(AX*4), R12
	MOVLQSX     8(R8)(AX*4), R13
	MOVLQSX     12(R8)(AX*4), R15
	VMOVSD      (R9)(AX*8), X4
	VMOVSD      8(R9)(AX*8), X5
	VMOVSD      16(R9)(AX*8), X6
	VMOVSD      24(R9)(AX*8), X7
	VFMADD231SD (R10)(R11*8), X4, X0
	VFMADD231SD (R10)(R12*8), X5, X1
	VFMADD231SD (R10)(R13*8), X6, X2
	VFMADD231SD (R10)(R15*8), X7, X3
	MOVQ        DX, AX
	ADDQ        $4, DX
	JMP         four

rest:
	CMPQ        AX, BX
	JGE         done
	MOVLQSX     (R8)(AX*4), R11
	VMOVSD      (R9)(AX*8), X4
	VFMADD231SD (R10)(R11*8), X4, X0
	INCQ        AX
	JMP         rest

done:
	VADDSD X1, X0, X0
	VADDSD X3, X2, X2
	VADDSD X2, X0, X0
	VMOVSD X0, (DI)
	ADDQ   $8, DI
	ADDQ   $8, SI
	DECQ   CX
	JNZ    column
	RET
