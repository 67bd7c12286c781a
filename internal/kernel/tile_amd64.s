#include "go_asm.h"
#include "textflag.h"

// Registers of both kernels: DI the tile, R8..R13 the six rows of A and later
// of C, SI a row of B, DX the distance of its rows, R15 three times that, BX
// the offsets along the depth, CX the depth left, R14 the mode. Y0 and Y1 hold
// columns of B, Y2 and Y3 broadcast values of A, Y4..Y15 accumulate.

// columnMask<>+4·(16-n) starts with n ones.
DATA columnMask<>+0(SB)/8, $-1
DATA columnMask<>+8(SB)/8, $-1
DATA columnMask<>+16(SB)/8, $-1
DATA columnMask<>+24(SB)/8, $-1
DATA columnMask<>+32(SB)/8, $-1
DATA columnMask<>+40(SB)/8, $-1
DATA columnMask<>+48(SB)/8, $-1
DATA columnMask<>+56(SB)/8, $-1
DATA columnMask<>+64(SB)/8, $0
DATA columnMask<>+72(SB)/8, $0
DATA columnMask<>+80(SB)/8, $0
DATA columnMask<>+88(SB)/8, $0
DATA columnMask<>+96(SB)/8, $0
DATA columnMask<>+104(SB)/8, $0
DATA columnMask<>+112(SB)/8, $0
DATA columnMask<>+120(SB)/8, $0
GLOBL columnMask<>(SB), RODATA|NOPTR, $128

// ROWS sets the row pointers to base + 4·offsets.
#define ROWS(base, offsets) \
	MOVQ (offsets), R8 \
	LEAQ (base)(R8*4), R8 \
	MOVQ 8(offsets), R9 \
	LEAQ (base)(R9*4), R9 \
	MOVQ 16(offsets), R10 \
	LEAQ (base)(R10*4), R10 \
	MOVQ 24(offsets), R11 \
	LEAQ (base)(R11*4), R11 \
	MOVQ 32(offsets), R12 \
	LEAQ (base)(R12*4), R12 \
	MOVQ 40(offsets), R13 \
	LEAQ (base)(R13*4), R13

// C is fetched into the cache while the products are summed and added last:
// loading it first would stall on rows that lie on different pages.
#define FETCH(i, last) \
	MOVQ (i*8)(AX), CX \
	PREFETCHT0 (BX)(CX*4) \
	PREFETCHT0 last(BX)(CX*4)

#define BEGIN(last) \
	MOVQ crow+8(FP), AX \
	MOVQ tile_c(DI), BX \
	FETCH(0, last) \
	FETCH(1, last) \
	FETCH(2, last) \
	FETCH(3, last) \
	FETCH(4, last) \
	FETCH(5, last) \
	MOVQ arow+16(FP), AX \
	MOVQ tile_a(DI), BX \
	ROWS(BX, AX) \
	MOVQ tile_b(DI), SI \
	MOVQ tile_step(DI), BX \
	MOVQ (tile_step+8)(DI), CX

#define ADVANCE \
	ADDQ $48, crow+8(FP) \
	ADDQ $48, arow+16(FP) \
	DECQ tiles+24(FP)

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

#define NEXT4 \
	ADDQ $32, BX \
	LEAQ (SI)(DX*4), SI \
	SUBQ $4, CX

#define NEXT1 \
	ADDQ $8, BX \
	ADDQ DX, SI \
	DECQ CX

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

// Stores the low CX&7 lanes of Y0 at r; masked stores are slow on AMD.
#define STORE7(r) \
	TESTQ $4, CX \
	JEQ 4(PC) \
	VMOVUPS X0, (r) \
	VEXTRACTF128 $1, Y0, X0 \
	ADDQ $16, r \
	TESTQ $2, CX \
	JEQ 4(PC) \
	VMOVLPS X0, (r) \
	VMOVHLPS X0, X0, X0 \
	ADDQ $8, r \
	TESTQ $1, CX \
	JEQ 2(PC) \
	VMOVSS X0, (r)

#define STORE15(r, lo, hi) \
	VMOVUPS lo, (r) \
	ADDQ $32, r \
	VMOVAPS hi, Y0 \
	STORE7(r)

// func tile16AVX2(t *tile, crow, arow *int, tiles, rows int)
TEXT ·tile16AVX2(SB), NOSPLIT, $0-40
	MOVQ t+0(FP), DI
	MOVQ tile_ldb(DI), DX
	SHLQ $2, DX
	LEAQ (DX)(DX*2), R15
	MOVQ tile_mode(DI), R14

tiles:
	BEGIN(60)
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	TESTQ $const_tileBias, R14
	JEQ start
	MOVQ tile_bias(DI), AX
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
	MOVQ tile_c(DI), BX
	ROWS(BX, AX)
	MOVQ tile_cols(DI), CX
	TESTQ $const_tileLoad, R14
	JEQ relu
	CMPQ CX, $16
	JNE addEdge
	CMPQ rows+32(FP), $4
	ADD16(R8, Y4, Y5)
	ADD16(R9, Y6, Y7)
	JLT relu
	ADD16(R10, Y8, Y9)
	ADD16(R11, Y10, Y11)
	JEQ relu
	ADD16(R12, Y12, Y13)
	ADD16(R13, Y14, Y15)
	JMP relu

addEdge:
	LEAQ columnMask<>(SB), AX
	SHLQ $2, CX
	SUBQ CX, AX
	SHRQ $2, CX
	VMOVUPS 64(AX), Y0
	VMOVUPS 96(AX), Y1
	CMPQ rows+32(FP), $4
	ADDMASK(R8, Y4, Y5)
	ADDMASK(R9, Y6, Y7)
	JLT relu
	ADDMASK(R10, Y8, Y9)
	ADDMASK(R11, Y10, Y11)
	JEQ relu
	ADDMASK(R12, Y12, Y13)
	ADDMASK(R13, Y14, Y15)

relu:
	TESTQ $const_tileReLU, R14
	JEQ store
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
	ADVANCE
	JNE tiles
	VZEROUPPER
	RET

storeEdge:
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

// One step of eight columns; even and odd steps go to different accumulators.
#define EIGHT(d, b, a0, a1, a2, a3, a4, a5) \
	MOVQ d(BX), AX \
	VMOVUPS b, Y0 \
	VBROADCASTSS (R8)(AX*4), Y1 \
	VBROADCASTSS (R9)(AX*4), Y2 \
	VBROADCASTSS (R10)(AX*4), Y3 \
	VFMADD231PS Y0, Y1, a0 \
	VFMADD231PS Y0, Y2, a1 \
	VFMADD231PS Y0, Y3, a2 \
	VBROADCASTSS (R11)(AX*4), Y1 \
	VBROADCASTSS (R12)(AX*4), Y2 \
	VBROADCASTSS (R13)(AX*4), Y3 \
	VFMADD231PS Y0, Y1, a3 \
	VFMADD231PS Y0, Y2, a4 \
	VFMADD231PS Y0, Y3, a5

#define ADDMASK8(r, acc) \
	VMASKMOVPS (r), Y0, Y1 \
	VADDPS Y1, acc, acc

#define STOREEDGE8(r, acc) \
	VMOVAPS acc, Y0 \
	STORE7(r)

// func tile8AVX2(t *tile, crow, arow *int, tiles int)
TEXT ·tile8AVX2(SB), NOSPLIT, $0-32
	MOVQ t+0(FP), DI
	MOVQ tile_ldb(DI), DX
	SHLQ $2, DX
	LEAQ (DX)(DX*2), R15
	MOVQ tile_mode(DI), R14

tiles:
	BEGIN(28)
	VXORPS Y4, Y4, Y4
	TESTQ $const_tileBias, R14
	JEQ start
	MOVQ tile_bias(DI), AX
	VMOVUPS (AX), Y4

start:
	VMOVAPS Y4, Y5
	VMOVAPS Y4, Y6
	VMOVAPS Y4, Y7
	VMOVAPS Y4, Y8
	VMOVAPS Y4, Y9
	VXORPS Y10, Y10, Y10
	VXORPS Y11, Y11, Y11
	VXORPS Y12, Y12, Y12
	VXORPS Y13, Y13, Y13
	VXORPS Y14, Y14, Y14
	VXORPS Y15, Y15, Y15
	SUBQ $4, CX
	JLT rest

loop:
	EIGHT(0, (SI), Y4, Y5, Y6, Y7, Y8, Y9)
	EIGHT(8, (SI)(DX*1), Y10, Y11, Y12, Y13, Y14, Y15)
	EIGHT(16, (SI)(DX*2), Y4, Y5, Y6, Y7, Y8, Y9)
	EIGHT(24, (SI)(R15*1), Y10, Y11, Y12, Y13, Y14, Y15)
	NEXT4
	JGE loop

rest:
	ADDQ $4, CX
	JEQ sum

tail:
	EIGHT(0, (SI), Y4, Y5, Y6, Y7, Y8, Y9)
	NEXT1
	JNE tail

sum:
	VADDPS Y10, Y4, Y4
	VADDPS Y11, Y5, Y5
	VADDPS Y12, Y6, Y6
	VADDPS Y13, Y7, Y7
	VADDPS Y14, Y8, Y8
	VADDPS Y15, Y9, Y9
	MOVQ crow+8(FP), AX
	MOVQ tile_c(DI), BX
	ROWS(BX, AX)
	MOVQ tile_cols(DI), CX
	TESTQ $const_tileLoad, R14
	JEQ relu
	LEAQ columnMask<>(SB), AX
	SHLQ $2, CX
	SUBQ CX, AX
	SHRQ $2, CX
	VMOVUPS 64(AX), Y0
	ADDMASK8(R8, Y4)
	ADDMASK8(R9, Y5)
	ADDMASK8(R10, Y6)
	ADDMASK8(R11, Y7)
	ADDMASK8(R12, Y8)
	ADDMASK8(R13, Y9)

relu:
	TESTQ $const_tileReLU, R14
	JEQ store
	VXORPS Y0, Y0, Y0
	VMAXPS Y4, Y0, Y4
	VMAXPS Y5, Y0, Y5
	VMAXPS Y6, Y0, Y6
	VMAXPS Y7, Y0, Y7
	VMAXPS Y8, Y0, Y8
	VMAXPS Y9, Y0, Y9

store:
	CMPQ CX, $8
	JNE storeEdge
	VMOVUPS Y4, (R8)
	VMOVUPS Y5, (R9)
	VMOVUPS Y6, (R10)
	VMOVUPS Y7, (R11)
	VMOVUPS Y8, (R12)
	VMOVUPS Y9, (R13)

done:
	ADVANCE
	JNE tiles
	VZEROUPPER
	RET

storeEdge:
	STOREEDGE8(R8, Y4)
	STOREEDGE8(R9, Y5)
	STOREEDGE8(R10, Y6)
	STOREEDGE8(R11, Y7)
	STOREEDGE8(R12, Y8)
	STOREEDGE8(R13, Y9)
	JMP done
