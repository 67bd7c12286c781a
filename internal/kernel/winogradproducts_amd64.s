#include "textflag.h"

// Register use as in the tile kernels: Y4..Y15 accumulate (row i in Y(4+2i) and
// Y(5+2i)), Y0 and Y1 hold sixteen columns of the right operand, Y2 and Y3
// broadcast values of the left one. The loops over tiles, panels and products
// are in assembly because a depth of sixteen is over in a hundred cycles.

#define ZERO8 \
	VXORPS Y4, Y4, Y4 \
	VXORPS Y5, Y5, Y5 \
	VXORPS Y6, Y6, Y6 \
	VXORPS Y7, Y7, Y7 \
	VXORPS Y8, Y8, Y8 \
	VXORPS Y9, Y9, Y9 \
	VXORPS Y10, Y10, Y10 \
	VXORPS Y11, Y11, Y11

#define ZERO12 \
	ZERO8 \
	VXORPS Y12, Y12, Y12 \
	VXORPS Y13, Y13, Y13 \
	VXORPS Y14, Y14, Y14 \
	VXORPS Y15, Y15, Y15

// One step of the rows product: rows 0..2 of V from R8, 3..5 from R9.
#define ROWSTEP(d, e) \
	VMOVUPS e(SI), Y0 \
	VMOVUPS (e+32)(SI), Y1 \
	VBROADCASTSS d(R8), Y2 \
	VBROADCASTSS d(R8)(DX*1), Y3 \
	VFMADD231PS Y0, Y2, Y4 \
	VFMADD231PS Y1, Y2, Y5 \
	VFMADD231PS Y0, Y3, Y6 \
	VFMADD231PS Y1, Y3, Y7 \
	VBROADCASTSS d(R8)(DX*2), Y2 \
	VBROADCASTSS d(R9), Y3 \
	VFMADD231PS Y0, Y2, Y8 \
	VFMADD231PS Y1, Y2, Y9 \
	VFMADD231PS Y0, Y3, Y10 \
	VFMADD231PS Y1, Y3, Y11 \
	VBROADCASTSS d(R9)(DX*1), Y2 \
	VBROADCASTSS d(R9)(DX*2), Y3 \
	VFMADD231PS Y0, Y2, Y12 \
	VFMADD231PS Y1, Y2, Y13 \
	VFMADD231PS Y0, Y3, Y14 \
	VFMADD231PS Y1, Y3, Y15

// func winogradProductsAVX2(m, v, u *float32, xi, ldm, ldv, panels, depth, groups int)
TEXT ·winogradProductsAVX2(SB), NOSPLIT, $0-72
	MOVQ xi+24(FP), AX
	SHLQ $2, AX
	MOVQ AX, xi+24(FP)
	MOVQ ldm+32(FP), BX
	SHLQ $2, BX
	MOVQ ldv+40(FP), DX
	SHLQ $2, DX
	MOVQ u+16(FP), R12
	MOVQ $16, R15

product:
	MOVQ panels+48(FP), R13
	MOVQ m+0(FP), R10

panel:
	MOVQ groups+64(FP), R11
	MOVQ v+8(FP), AX
	MOVQ R10, DI

group:
	LEAQ (DX)(DX*2), R9
	MOVQ AX, R8
	ADDQ AX, R9
	LEAQ (R9)(DX*2), AX
	ADDQ DX, AX
	MOVQ R12, SI
	MOVQ depth+56(FP), CX
	ZERO12
	SUBQ $4, CX
	JLT  rest

four:
	ROWSTEP(0, 0)
	ROWSTEP(4, 64)
	ROWSTEP(8, 128)
	ROWSTEP(12, 192)
	ADDQ $16, R8
	ADDQ $16, R9
	ADDQ $256, SI
	SUBQ $4, CX
	JGE  four

rest:
	ADDQ $4, CX
	JEQ  store

one:
	ROWSTEP(0, 0)
	ADDQ $4, R8
	ADDQ $4, R9
	ADDQ $64, SI
	DECQ CX
	JNZ  one

store:
	VMOVUPS Y4, (DI)
	VMOVUPS Y5, 32(DI)
	VMOVUPS Y6, (DI)(BX*1)
	VMOVUPS Y7, 32(DI)(BX*1)
	LEAQ    (DI)(BX*2), DI
	VMOVUPS Y8, (DI)
	VMOVUPS Y9, 32(DI)
	VMOVUPS Y10, (DI)(BX*1)
	VMOVUPS Y11, 32(DI)(BX*1)
	LEAQ    (DI)(BX*2), DI
	VMOVUPS Y12, (DI)
	VMOVUPS Y13, 32(DI)
	VMOVUPS Y14, (DI)(BX*1)
	VMOVUPS Y15, 32(DI)(BX*1)
	LEAQ    (DI)(BX*2), DI
	DECQ    R11
	JNZ     group

	ADDQ $64, R10
	MOVQ SI, R12
	DECQ R13
	JNZ  panel

	MOVQ xi+24(FP), AX
	ADDQ AX, m+0(FP)
	ADDQ AX, v+8(FP)
	DECQ R15
	JNZ  product
	VZEROUPPER
	RET

// One step of the column products, where the values of V are neighbours: t bytes
// behind R8 for V, n bytes behind SI for the right operand.
#define COLSTEP4(t, n) \
	VMOVUPS (SI)(n*1), Y0 \
	VMOVUPS 32(SI)(n*1), Y1 \
	VBROADCASTSS (R8)(t*1), Y2 \
	VBROADCASTSS 4(R8)(t*1), Y3 \
	VFMADD231PS Y0, Y2, Y4 \
	VFMADD231PS Y1, Y2, Y5 \
	VFMADD231PS Y0, Y3, Y6 \
	VFMADD231PS Y1, Y3, Y7 \
	VBROADCASTSS 8(R8)(t*1), Y2 \
	VBROADCASTSS 12(R8)(t*1), Y3 \
	VFMADD231PS Y0, Y2, Y8 \
	VFMADD231PS Y1, Y2, Y9 \
	VFMADD231PS Y0, Y3, Y10 \
	VFMADD231PS Y1, Y3, Y11

#define COLSTEP6(t, n) \
	COLSTEP4(t, n) \
	VBROADCASTSS 16(R8)(t*1), Y2 \
	VBROADCASTSS 20(R8)(t*1), Y3 \
	VFMADD231PS Y0, Y2, Y12 \
	VFMADD231PS Y1, Y2, Y13 \
	VFMADD231PS Y0, Y3, Y14 \
	VFMADD231PS Y1, Y3, Y15

// func winogradSumsAVX2(d, v, z *float32, xid, xiv, xiz, ldd, ldv, ldz, panels, sixes, fours, tiles int, add bool)
TEXT ·winogradSumsAVX2(SB), NOSPLIT, $0-105
	MOVQ ldd+48(FP), R13
	SHLQ $2, R13
	MOVQ ldv+56(FP), DX
	SHLQ $2, DX
	MOVQ ldz+64(FP), BX
	SHLQ $2, BX
	MOVQ xid+24(FP), AX
	SHLQ $2, AX
	MOVQ AX, xid+24(FP)
	MOVQ xiv+32(FP), AX
	SHLQ $2, AX
	MOVQ AX, xiv+32(FP)
	MOVQ xiz+40(FP), AX
	SHLQ $2, AX
	MOVQ AX, xiz+40(FP)
	MOVQ $16, R15
	XORQ R14, R14

product:
	MOVQ panels+72(FP), R12
	MOVQ z+16(FP), R9
	MOVQ d+0(FP), R10

panel:
	MOVQ v+8(FP), AX
	MOVQ R10, DI
	MOVQ sixes+80(FP), R11
	TESTQ R11, R11
	JEQ  fours

six:
	MOVQ AX, R8
	MOVQ R9, SI
	MOVQ tiles+96(FP), CX
	ZERO12
	SUBQ $2, CX
	JLT  sixRest

sixTwo:
	COLSTEP6(R14, R14)
	COLSTEP6(DX, BX)
	LEAQ (R8)(DX*2), R8
	LEAQ (SI)(BX*2), SI
	SUBQ $2, CX
	JGE  sixTwo

sixRest:
	ADDQ $2, CX
	JEQ  sixStore
	COLSTEP6(R14, R14)

sixStore:
	LEAQ    (DI)(R13*2), CX
	LEAQ    (CX)(R13*2), SI
	CMPB    add+104(FP), $0
	JEQ     sixWrite
	VADDPS  (DI), Y4, Y4
	VADDPS  32(DI), Y5, Y5
	VADDPS  (DI)(R13*1), Y6, Y6
	VADDPS  32(DI)(R13*1), Y7, Y7
	VADDPS  (CX), Y8, Y8
	VADDPS  32(CX), Y9, Y9
	VADDPS  (CX)(R13*1), Y10, Y10
	VADDPS  32(CX)(R13*1), Y11, Y11
	VADDPS  (SI), Y12, Y12
	VADDPS  32(SI), Y13, Y13
	VADDPS  (SI)(R13*1), Y14, Y14
	VADDPS  32(SI)(R13*1), Y15, Y15

sixWrite:
	VMOVUPS Y4, (DI)
	VMOVUPS Y5, 32(DI)
	VMOVUPS Y6, (DI)(R13*1)
	VMOVUPS Y7, 32(DI)(R13*1)
	VMOVUPS Y8, (CX)
	VMOVUPS Y9, 32(CX)
	VMOVUPS Y10, (CX)(R13*1)
	VMOVUPS Y11, 32(CX)(R13*1)
	VMOVUPS Y12, (SI)
	VMOVUPS Y13, 32(SI)
	VMOVUPS Y14, (SI)(R13*1)
	VMOVUPS Y15, 32(SI)(R13*1)
	LEAQ    (SI)(R13*2), DI
	ADDQ    $24, AX
	DECQ    R11
	JNZ     six

fours:
	MOVQ  fours+88(FP), R11
	TESTQ R11, R11
	JEQ   next

four:
	MOVQ AX, R8
	MOVQ R9, SI
	MOVQ tiles+96(FP), CX
	ZERO8
	SUBQ $2, CX
	JLT  fourRest

fourTwo:
	COLSTEP4(R14, R14)
	COLSTEP4(DX, BX)
	LEAQ (R8)(DX*2), R8
	LEAQ (SI)(BX*2), SI
	SUBQ $2, CX
	JGE  fourTwo

fourRest:
	ADDQ $2, CX
	JEQ  fourStore
	COLSTEP4(R14, R14)

fourStore:
	LEAQ   (DI)(R13*2), CX
	CMPB   add+104(FP), $0
	JEQ    fourWrite
	VADDPS (DI), Y4, Y4
	VADDPS 32(DI), Y5, Y5
	VADDPS (DI)(R13*1), Y6, Y6
	VADDPS 32(DI)(R13*1), Y7, Y7
	VADDPS (CX), Y8, Y8
	VADDPS 32(CX), Y9, Y9
	VADDPS (CX)(R13*1), Y10, Y10
	VADDPS 32(CX)(R13*1), Y11, Y11

fourWrite:
	VMOVUPS Y4, (DI)
	VMOVUPS Y5, 32(DI)
	VMOVUPS Y6, (DI)(R13*1)
	VMOVUPS Y7, 32(DI)(R13*1)
	VMOVUPS Y8, (CX)
	VMOVUPS Y9, 32(CX)
	VMOVUPS Y10, (CX)(R13*1)
	VMOVUPS Y11, 32(CX)(R13*1)
	LEAQ    (CX)(R13*2), DI
	ADDQ    $16, AX
	DECQ    R11
	JNZ     four

next:
	ADDQ $64, R9
	ADDQ $64, R10
	DECQ R12
	JNZ  panel

	MOVQ xid+24(FP), AX
	ADDQ AX, d+0(FP)
	MOVQ xiv+32(FP), AX
	ADDQ AX, v+8(FP)
	MOVQ xiz+40(FP), AX
	ADDQ AX, z+16(FP)
	DECQ R15
	JNZ  product
	VZEROUPPER
	RET
