#include "go_asm.h"
#include "textflag.h"
#include "tile_amd64.h"

// Two rows of one step of sixteen columns.
#define PAIR(r0, r1, a0, a1, a2, a3) \
	VBROADCASTSS (r0)(AX*4), Y2 \
	VBROADCASTSS (r1)(AX*4), Y3 \
	VFMADD231PS Y0, Y2, a0 \
	VFMADD231PS Y1, Y2, a1 \
	VFMADD231PS Y0, Y3, a2 \
	VFMADD231PS Y1, Y3, a3

#define COLUMNS(d, b0, b1) \
	MOVQ d(BX), AX \
	VMOVUPS b0, Y0 \
	VMOVUPS b1, Y1

#define SIX(d, b0, b1) \
	COLUMNS(d, b0, b1) \
	PAIR(R8, R9, Y4, Y5, Y6, Y7) \
	PAIR(R10, R11, Y8, Y9, Y10, Y11) \
	PAIR(R12, R13, Y12, Y13, Y14, Y15)

#define FOUR(d, b0, b1) \
	COLUMNS(d, b0, b1) \
	PAIR(R8, R9, Y4, Y5, Y6, Y7) \
	PAIR(R10, R11, Y8, Y9, Y10, Y11)

// Even and odd steps of two rows go to different accumulators.
#define TWO(d, b0, b1, a0, a1, a2, a3) \
	COLUMNS(d, b0, b1) \
	PAIR(R8, R9, a0, a1, a2, a3)

#define ADD16(r, lo, hi) \
	VADDPS (r), lo, lo \
	VADDPS 32(r), hi, hi

#define STORE16(r, lo, hi) \
	VMOVUPS lo, (r) \
	VMOVUPS hi, 32(r)

// The same for fewer columns, with their masks in Y0 and Y1.
#define ADDMASK(r, lo, hi) \
	VMASKMOVPS (r), Y0, Y2 \
	VADDPS Y2, lo, lo \
	VMASKMOVPS 32(r), Y1, Y3 \
	VADDPS Y3, hi, hi

#define STORE15(r, lo, hi) \
	VMOVUPS lo, (r) \
	ADDQ $32, r \
	VMOVAPS hi, Y0 \
	STORE7(r)

// Adds the values AX bytes behind the result.
#define SUM16(r, lo, hi) \
	VADDPS (r)(AX*1), lo, lo \
	VADDPS 32(r)(AX*1), hi, hi

// Zero where the mask, AX bytes after the result, is not above Y0.
#define MASK16(r, lo, hi) \
	VCMPPS $0x11, (r)(AX*1), Y0, Y1 \
	VCMPPS $0x11, 32(r)(AX*1), Y0, Y2 \
	VANDPS Y1, lo, lo \
	VANDPS Y2, hi, hi

// R14 is where memory is fetched that the tiles after these read.
//
// func tile16AVX2(t *Tile, crow, arow *int, tiles, rows int)
TEXT ·tile16AVX2(SB), NOSPLIT, $0-40
	MOVQ t+0(FP), DI
	MOVQ Tile_LDB(DI), DX
	SHLQ $2, DX
	LEAQ (DX)(DX*2), R15
	MOVQ Tile_ahead(DI), R14
	TESTQ R14, R14
	CMOVQEQ Tile_A(DI), R14 // no page fault to look up

tiles:
	TESTQ $(const_tileMask|const_tileSum), Tile_Mode(DI)
	JEQ begin
	MOVQ crow+8(FP), AX
	MOVQ Tile_other(DI), BX
	FETCH(0, 60)
	FETCH(1, 60)
	FETCH(2, 60)
	FETCH(3, 60)
	FETCH(4, 60)
	FETCH(5, 60)

begin:
	BEGIN(60)
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	TESTQ $const_TileBias, Tile_Mode(DI)
	JEQ start
	MOVQ Tile_Bias(DI), AX
	VMOVUPS (AX), Y4
	VMOVUPS 32(AX), Y5

start:
	VMOVAPS Y4, Y6
	VMOVAPS Y5, Y7
	CMPQ rows+32(FP), $4
	JLT two
	VMOVAPS Y4, Y8
	VMOVAPS Y5, Y9
	VMOVAPS Y4, Y10
	VMOVAPS Y5, Y11
	JEQ four
	VMOVAPS Y4, Y12
	VMOVAPS Y5, Y13
	VMOVAPS Y4, Y14
	VMOVAPS Y5, Y15

	SUBQ $4, CX
	JLT sixRest

sixLoop:
	PREFETCHT1 (R14)
	ADDQ Tile_aheadStep(DI), R14
	SIX(0, (SI), 32(SI))
	SIX(8, (SI)(DX*1), 32(SI)(DX*1))
	SIX(16, (SI)(DX*2), 32(SI)(DX*2))
	SIX(24, (SI)(R15*1), 32(SI)(R15*1))
	NEXT4
	JGE sixLoop

sixRest:
	ADDQ $4, CX
	JEQ finish

sixTail:
	SIX(0, (SI), 32(SI))
	NEXT1
	JNE sixTail
	JMP finish

four:
	SUBQ $4, CX
	JLT fourRest

fourLoop:
	FOUR(0, (SI), 32(SI))
	FOUR(8, (SI)(DX*1), 32(SI)(DX*1))
	FOUR(16, (SI)(DX*2), 32(SI)(DX*2))
	FOUR(24, (SI)(R15*1), 32(SI)(R15*1))
	NEXT4
	JGE fourLoop

fourRest:
	ADDQ $4, CX
	JEQ finish

fourTail:
	FOUR(0, (SI), 32(SI))
	NEXT1
	JNE fourTail
	JMP finish

two:
	VXORPS Y8, Y8, Y8
	VXORPS Y9, Y9, Y9
	VXORPS Y10, Y10, Y10
	VXORPS Y11, Y11, Y11
	SUBQ $4, CX
	JLT twoRest

twoLoop:
	TWO(0, (SI), 32(SI), Y4, Y5, Y6, Y7)
	TWO(8, (SI)(DX*1), 32(SI)(DX*1), Y8, Y9, Y10, Y11)
	TWO(16, (SI)(DX*2), 32(SI)(DX*2), Y4, Y5, Y6, Y7)
	TWO(24, (SI)(R15*1), 32(SI)(R15*1), Y8, Y9, Y10, Y11)
	NEXT4
	JGE twoLoop

twoRest:
	ADDQ $4, CX
	JEQ twoSum

twoTail:
	TWO(0, (SI), 32(SI), Y4, Y5, Y6, Y7)
	NEXT1
	JNE twoTail

twoSum:
	VADDPS Y8, Y4, Y4
	VADDPS Y9, Y5, Y5
	VADDPS Y10, Y6, Y6
	VADDPS Y11, Y7, Y7

finish:
	MOVQ crow+8(FP), AX
	MOVQ Tile_C(DI), BX
	ROWS(BX, AX)
	MOVQ Tile_Cols(DI), CX
	TESTQ $const_TileLoad, Tile_Mode(DI)
	JEQ sum
	CMPQ CX, $16
	JNE addEdge
	CMPQ rows+32(FP), $4
	ADD16(R8, Y4, Y5)
	ADD16(R9, Y6, Y7)
	JLT sum
	ADD16(R10, Y8, Y9)
	ADD16(R11, Y10, Y11)
	JEQ sum
	ADD16(R12, Y12, Y13)
	ADD16(R13, Y14, Y15)
	JMP sum

addEdge:
	MASKS
	VMOVUPS 64(AX), Y0
	VMOVUPS 96(AX), Y1
	CMPQ rows+32(FP), $4
	ADDMASK(R8, Y4, Y5)
	ADDMASK(R9, Y6, Y7)
	JLT sum
	ADDMASK(R10, Y8, Y9)
	ADDMASK(R11, Y10, Y11)
	JEQ sum
	ADDMASK(R12, Y12, Y13)
	ADDMASK(R13, Y14, Y15)

sum:
	TESTQ $const_tileSum, Tile_Mode(DI)
	JEQ relu
	MOVQ Tile_other(DI), AX
	SUBQ Tile_C(DI), AX
	SUM16(R8, Y4, Y5)
	SUM16(R9, Y6, Y7)
	SUM16(R10, Y8, Y9)
	SUM16(R11, Y10, Y11)
	SUM16(R12, Y12, Y13)
	SUM16(R13, Y14, Y15)

relu:
	TESTQ $const_TileReLU, Tile_Mode(DI)
	JEQ mask
	VXORPS Y0, Y0, Y0
	VMAXPS Y4, Y0, Y4
	VMAXPS Y5, Y0, Y5
	VMAXPS Y6, Y0, Y6
	VMAXPS Y7, Y0, Y7
	VMAXPS Y8, Y0, Y8
	VMAXPS Y9, Y0, Y9
	VMAXPS Y10, Y0, Y10
	VMAXPS Y11, Y0, Y11
	VMAXPS Y12, Y0, Y12
	VMAXPS Y13, Y0, Y13
	VMAXPS Y14, Y0, Y14
	VMAXPS Y15, Y0, Y15

mask:
	TESTQ $const_tileMask, Tile_Mode(DI)
	JEQ store
	MOVQ Tile_other(DI), AX
	SUBQ Tile_C(DI), AX
	VXORPS Y0, Y0, Y0
	MASK16(R8, Y4, Y5)
	MASK16(R9, Y6, Y7)
	MASK16(R10, Y8, Y9)
	MASK16(R11, Y10, Y11)
	MASK16(R12, Y12, Y13)
	MASK16(R13, Y14, Y15)

store:
	CMPQ CX, $16
	JNE storeEdge
	CMPQ rows+32(FP), $4
	STORE16(R8, Y4, Y5)
	STORE16(R9, Y6, Y7)
	JLT done
	STORE16(R10, Y8, Y9)
	STORE16(R11, Y10, Y11)
	JEQ done
	STORE16(R12, Y12, Y13)
	STORE16(R13, Y14, Y15)

done:
	ADDQ Tile_aheadNext(DI), R14
	ADVANCE
	JNE tiles
	VZEROUPPER
	RET

storeEdge:
	CMPQ CX, $12
	JEQ storeTwelve
	STORE15(R8, Y4, Y5)
	STORE15(R9, Y6, Y7)
	CMPQ rows+32(FP), $4
	JLT done
	STORE15(R10, Y8, Y9)
	STORE15(R11, Y10, Y11)
	CMPQ rows+32(FP), $4
	JEQ done
	STORE15(R12, Y12, Y13)
	STORE15(R13, Y14, Y15)
	JMP done

// Twelve columns are common and need no look at the single bits.
storeTwelve:
	CMPQ rows+32(FP), $4
	STORE16(R8, Y4, X5)
	STORE16(R9, Y6, X7)
	JLT done
	STORE16(R10, Y8, X9)
	STORE16(R11, Y10, X11)
	JEQ done
	STORE16(R12, Y12, X13)
	STORE16(R13, Y14, X15)
	JMP done
