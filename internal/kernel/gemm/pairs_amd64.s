#include "go_asm.h"
#include "textflag.h"
#include "tile_amd64.h"

// Registers as in the tile kernels, but CX counts pairs and DX single values.

// LOAD is VBROADCASTSD for a pair, VBROADCASTSS for a single value.
#define TWOROWS(LOAD, r0, r1, a0, a1, a2, a3) \
	LOAD (r0)(AX*4), Y2 \
	LOAD (r1)(AX*4), Y3 \
	VFMADD231PS Y0, Y2, a0 \
	VFMADD231PS Y1, Y2, a1 \
	VFMADD231PS Y0, Y3, a2 \
	VFMADD231PS Y1, Y3, a3

#define STEP8(LOAD) \
	MOVQ (BX), AX \
	VMOVUPS (SI), Y0 \
	VMOVUPS 32(SI), Y1 \
	TWOROWS(LOAD, R8, R9, Y4, Y5, Y6, Y7) \
	TWOROWS(LOAD, R10, R11, Y8, Y9, Y10, Y11) \
	TWOROWS(LOAD, R12, R13, Y12, Y13, Y14, Y15) \
	ADDQ $8, BX \
	ADDQ $64, SI

#define ROW12(LOAD, r, a0, a1, a2) \
	LOAD (r)(AX*4), Y3 \
	VFMADD231PS Y0, Y3, a0 \
	VFMADD231PS Y1, Y3, a1 \
	VFMADD231PS Y2, Y3, a2

#define STEP12(LOAD) \
	MOVQ (BX), AX \
	VMOVUPS (SI), Y0 \
	VMOVUPS 32(SI), Y1 \
	VMOVUPS 64(SI), Y2 \
	ROW12(LOAD, R8, Y4, Y5, Y6) \
	ROW12(LOAD, R9, Y7, Y8, Y9) \
	ROW12(LOAD, R10, Y10, Y11, Y12) \
	ROW12(LOAD, R11, Y13, Y14, Y15) \
	ADDQ $8, BX \
	ADDQ $96, SI

#define ZERO \
	VXORPS Y4, Y4, Y4 \
	VXORPS Y5, Y5, Y5 \
	VXORPS Y6, Y6, Y6 \
	VXORPS Y7, Y7, Y7 \
	VXORPS Y8, Y8, Y8 \
	VXORPS Y9, Y9, Y9 \
	VXORPS Y10, Y10, Y10 \
	VXORPS Y11, Y11, Y11 \
	VXORPS Y12, Y12, Y12 \
	VXORPS Y13, Y13, Y13 \
	VXORPS Y14, Y14, Y14 \
	VXORPS Y15, Y15, Y15

// START sets CX and DX and skips the loop over pairs where there are none.
#define START \
	MOVQ pairs+32(FP), CX \
	MOVQ (Tile_Step+8)(DI), DX \
	SUBQ CX, DX \
	TESTQ CX, CX \
	JEQ singles

// The least value of the result in Y3.
#define FLOOR \
	VPCMPEQD Y3, Y3, Y3 \
	VPSLLD $23, Y3, Y3 \
	TESTQ $const_TileReLU, Tile_Mode(DI) \
	JEQ 2(PC) \
	VXORPS Y3, Y3, Y3

// Adds the sums of eight columns, of lo and hi, and ends with bias and floor.
#define SUM8(lo, hi) \
	VSHUFPS $0x88, hi, lo, Y0 \
	VSHUFPS $0xdd, hi, lo, Y1 \
	VADDPS Y0, Y1, lo \
	VADDPS Y2, lo, lo \
	VMAXPS lo, Y3, lo

#define EDGE8(r, acc) \
	VMOVAPS acc, Y0 \
	STORE7(r)

// func tilePairs8AVX2(t *Tile, crow, arow *int, tiles, pairs int)
TEXT ·tilePairs8AVX2(SB), NOSPLIT, $0-40
	MOVQ t+0(FP), DI

tiles:
	BEGIN(28)
	ZERO
	START

pair:
	STEP8(VBROADCASTSD)
	DECQ CX
	JNE pair

singles:
	TESTQ DX, DX
	JEQ finish

single:
	STEP8(VBROADCASTSS)
	DECQ DX
	JNE single

finish:
	MOVQ crow+8(FP), AX
	MOVQ Tile_C(DI), BX
	ROWS(BX, AX)
	FLOOR
	VXORPS Y2, Y2, Y2
	TESTQ $const_TileBias, Tile_Mode(DI)
	JEQ sum
	MOVQ Tile_Bias(DI), AX
	VMOVUPS (AX), Y2

sum:
	SUM8(Y4, Y5)
	SUM8(Y6, Y7)
	SUM8(Y8, Y9)
	SUM8(Y10, Y11)
	SUM8(Y12, Y13)
	SUM8(Y14, Y15)
	MOVQ Tile_Cols(DI), CX
	CMPQ CX, $8
	JNE edge
	VMOVUPS Y4, (R8)
	VMOVUPS Y6, (R9)
	VMOVUPS Y8, (R10)
	VMOVUPS Y10, (R11)
	VMOVUPS Y12, (R12)
	VMOVUPS Y14, (R13)

done:
	ADVANCE
	JNE tiles
	VZEROUPPER
	RET

edge:
	EDGE8(R8, Y4)
	EDGE8(R9, Y6)
	EDGE8(R10, Y8)
	EDGE8(R11, Y10)
	EDGE8(R12, Y12)
	EDGE8(R13, Y14)
	JMP done

#define POINTER(i, base, r) \
	MOVQ (i*8)(AX), r \
	LEAQ (base)(r*4), r

// Adds the sums of the last four columns of two rows: those of a in the lower half of a, those of
// b in the upper one.
#define SUM4(a, b) \
	VSHUFPS $0x88, b, a, Y0 \
	VSHUFPS $0xdd, b, a, Y1 \
	VADDPS Y0, Y1, a \
	VPERMPD $0xd8, a, a \
	VADDPS Y2, a, a \
	VMAXPS a, Y3, a

// func tilePairs12AVX2(t *Tile, crow, arow *int, tiles, pairs int)
TEXT ·tilePairs12AVX2(SB), NOSPLIT, $0-40
	MOVQ t+0(FP), DI

tiles:
	MOVQ crow+8(FP), AX
	MOVQ Tile_C(DI), BX
	FETCH(0, 44)
	FETCH(1, 44)
	FETCH(2, 44)
	FETCH(3, 44)
	MOVQ arow+16(FP), AX
	MOVQ Tile_A(DI), BX
	POINTER(0, BX, R8)
	POINTER(1, BX, R9)
	POINTER(2, BX, R10)
	POINTER(3, BX, R11)
	MOVQ Tile_B(DI), SI
	MOVQ Tile_Step(DI), BX
	ZERO
	START

pair:
	STEP12(VBROADCASTSD)
	DECQ CX
	JNE pair

singles:
	TESTQ DX, DX
	JEQ finish

single:
	STEP12(VBROADCASTSS)
	DECQ DX
	JNE single

finish:
	MOVQ crow+8(FP), AX
	MOVQ Tile_C(DI), BX
	POINTER(0, BX, R8)
	POINTER(1, BX, R9)
	POINTER(2, BX, R10)
	POINTER(3, BX, R11)
	FLOOR
	VXORPS Y2, Y2, Y2
	TESTQ $const_TileBias, Tile_Mode(DI)
	JEQ sum
	MOVQ Tile_Bias(DI), AX
	VMOVUPS (AX), Y2

sum:
	SUM8(Y4, Y5)
	SUM8(Y7, Y8)
	SUM8(Y10, Y11)
	SUM8(Y13, Y14)
	VMOVUPS Y4, (R8)
	VMOVUPS Y7, (R9)
	VMOVUPS Y10, (R10)
	VMOVUPS Y13, (R11)
	TESTQ $const_TileBias, Tile_Mode(DI)
	JEQ last
	VBROADCASTF128 32(AX), Y2

last:
	SUM4(Y6, Y9)
	SUM4(Y12, Y15)
	MOVQ Tile_Cols(DI), CX
	ADDQ $32, R8
	ADDQ $32, R9
	ADDQ $32, R10
	ADDQ $32, R11
	CMPQ CX, $12
	JNE edge
	VMOVUPS X6, (R8)
	VEXTRACTF128 $1, Y6, (R9)
	VMOVUPS X12, (R10)
	VEXTRACTF128 $1, Y12, (R11)

done:
	ADDQ $32, crow+8(FP)
	ADDQ $32, arow+16(FP)
	DECQ tiles+24(FP)
	JNE tiles
	VZEROUPPER
	RET

edge:
	VMOVAPS Y6, Y0
	STORE7(R8)
	VEXTRACTF128 $1, Y6, X0
	STORE7(R9)
	VMOVAPS Y12, Y0
	STORE7(R10)
	VEXTRACTF128 $1, Y12, X0
	STORE7(R11)
	JMP done
