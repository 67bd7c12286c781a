#include "go_asm.h"
#include "textflag.h"

// func scatterAVX2(s *scatter)
//
// The sums of three outputs are in Y0–Y3, Y4–Y7 and Y8–Y11.
TEXT ·scatterAVX2(SB), NOSPLIT, $0-8
	MOVQ s+0(FP), DI
	MOVQ scatter_w(DI), SI
	MOVQ scatter_entries(DI), DX
	MOVQ DX, R13
	MOVQ scatter_ends(DI), R8
	MOVQ scatter_y(DI), BX
	MOVQ scatter_ldy(DI), R10
	SHLQ $2, R10
	MOVQ scatter_steps(DI), CX
	MOVQ scatter_skip(DI), AX
	VBROADCASTSS scatter_floor(DI), Y14

	// Where outputs start: R11, which moves by R12.
	MOVQ    BX, R11
	MOVQ    R10, R12
	MOVQ    scatter_bias(DI), R9
	TESTQ   R9, R9
	JEQ     zero
	MOVQ    R9, R11
	XORQ    R12, R12

zero:
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7

step:
	MOVLQSX (R8), R15
	ADDQ    $4, R8
	LEAQ    (R13)(R15*8), R15 // end of the entries
	VXORPS  Y8, Y8, Y8
	VXORPS  Y9, Y9, Y9
	VXORPS  Y10, Y10, Y10
	VXORPS  Y11, Y11, Y11
	CMPQ    DX, R15
	JEQ     output

entry:
	MOVL         (DX), R9
	VBROADCASTSS 4(DX), Y15
	SHLQ         $7, R9
	LEAQ         (R9)(R9*2), R9
	ADDQ         $8, DX
	VFMADD231PS  256(SI)(R9*1), Y15, Y0
	VFMADD231PS  288(SI)(R9*1), Y15, Y1
	VFMADD231PS  320(SI)(R9*1), Y15, Y2
	VFMADD231PS  352(SI)(R9*1), Y15, Y3
	VFMADD231PS  128(SI)(R9*1), Y15, Y4
	VFMADD231PS  160(SI)(R9*1), Y15, Y5
	VFMADD231PS  192(SI)(R9*1), Y15, Y6
	VFMADD231PS  224(SI)(R9*1), Y15, Y7
	VFMADD231PS  0(SI)(R9*1), Y15, Y8
	VFMADD231PS  32(SI)(R9*1), Y15, Y9
	VFMADD231PS  64(SI)(R9*1), Y15, Y10
	VFMADD231PS  96(SI)(R9*1), Y15, Y11
	CMPQ         DX, R15
	JNE          entry

output:
	SUBQ   $1, AX
	JGE    rotate
	VADDPS 0(R11), Y0, Y0
	VADDPS 32(R11), Y1, Y1
	VADDPS 64(R11), Y2, Y2
	VADDPS 96(R11), Y3, Y3
	VMAXPS Y0, Y14, Y0
	VMAXPS Y1, Y14, Y1
	VMAXPS Y2, Y14, Y2
	VMAXPS Y3, Y14, Y3
	VMOVUPS Y0, 0(BX)
	VMOVUPS Y1, 32(BX)
	VMOVUPS Y2, 64(BX)
	VMOVUPS Y3, 96(BX)
	ADDQ   R10, BX
	ADDQ   R12, R11

rotate:
	VMOVAPS Y4, Y0
	VMOVAPS Y5, Y1
	VMOVAPS Y6, Y2
	VMOVAPS Y7, Y3
	VMOVAPS Y8, Y4
	VMOVAPS Y9, Y5
	VMOVAPS Y10, Y6
	VMOVAPS Y11, Y7
	DECQ    CX
	JNZ     step
	VZEROUPPER
	RET

// func scatterAVX512(s *scatter)
//
// The sums of three outputs are in Z0 and Z1, Z2 and Z3, Z4 and Z5.
TEXT ·scatterAVX512(SB), NOSPLIT, $0-8
	MOVQ s+0(FP), DI
	MOVQ scatter_w(DI), SI
	MOVQ scatter_entries(DI), DX
	MOVQ DX, R13
	MOVQ scatter_ends(DI), R8
	MOVQ scatter_y(DI), BX
	MOVQ scatter_ldy(DI), R10
	SHLQ $2, R10
	MOVQ scatter_steps(DI), CX
	MOVQ scatter_skip(DI), AX
	VBROADCASTSS scatter_floor(DI), Z14

	// Where outputs start: R11, which moves by R12.
	MOVQ    BX, R11
	MOVQ    R10, R12
	MOVQ    scatter_bias(DI), R9
	TESTQ   R9, R9
	JEQ     zero
	MOVQ    R9, R11
	XORQ    R12, R12

zero:
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3

step:
	MOVLQSX (R8), R15
	ADDQ    $4, R8
	LEAQ    (R13)(R15*8), R15 // end of the entries
	VPXORQ  Z4, Z4, Z4
	VPXORQ  Z5, Z5, Z5
	CMPQ    DX, R15
	JEQ     output

entry:
	MOVL         (DX), R9
	VBROADCASTSS 4(DX), Z15
	SHLQ         $7, R9
	LEAQ         (R9)(R9*2), R9
	ADDQ         $8, DX
	VFMADD231PS  256(SI)(R9*1), Z15, Z0
	VFMADD231PS  320(SI)(R9*1), Z15, Z1
	VFMADD231PS  128(SI)(R9*1), Z15, Z2
	VFMADD231PS  192(SI)(R9*1), Z15, Z3
	VFMADD231PS  0(SI)(R9*1), Z15, Z4
	VFMADD231PS  64(SI)(R9*1), Z15, Z5
	CMPQ         DX, R15
	JNE          entry

output:
	SUBQ   $1, AX
	JGE    rotate
	VADDPS  0(R11), Z0, Z0
	VADDPS  64(R11), Z1, Z1
	VMAXPS  Z0, Z14, Z0
	VMAXPS  Z1, Z14, Z1
	VMOVUPS Z0, 0(BX)
	VMOVUPS Z1, 64(BX)
	ADDQ   R10, BX
	ADDQ   R12, R11

rotate:
	VMOVAPS Z2, Z0
	VMOVAPS Z3, Z1
	VMOVAPS Z4, Z2
	VMOVAPS Z5, Z3
	DECQ    CX
	JNZ     step
	VZEROUPPER
	RET
