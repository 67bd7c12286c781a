#include "go_asm.h"
#include "textflag.h"
#include "tile_amd64.h"

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

// func tile8AVX2(t *Tile, crow, arow *int, tiles int)
TEXT ·tile8AVX2(SB), NOSPLIT, $0-32
	MOVQ t+0(FP), DI
	MOVQ Tile_LDB(DI), DX
	SHLQ $2, DX
	LEAQ (DX)(DX*2), R15
	MOVQ Tile_Mode(DI), R14

tiles:
	BEGIN(28)
	VXORPS Y4, Y4, Y4
	TESTQ $const_TileBias, R14
	JEQ start
	MOVQ Tile_Bias(DI), AX
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
	MOVQ Tile_C(DI), BX
	ROWS(BX, AX)
	MOVQ Tile_Cols(DI), CX
	TESTQ $const_TileLoad, R14
	JEQ relu
	MASKS
	VMOVUPS 64(AX), Y0
	ADDMASK8(R8, Y4)
	ADDMASK8(R9, Y5)
	ADDMASK8(R10, Y6)
	ADDMASK8(R11, Y7)
	ADDMASK8(R12, Y8)
	ADDMASK8(R13, Y9)

relu:
	TESTQ $const_TileReLU, R14
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
	CMPQ CX, $4
	JEQ storeFour
	STOREEDGE8(R8, Y4)
	STOREEDGE8(R9, Y5)
	STOREEDGE8(R10, Y6)
	STOREEDGE8(R11, Y7)
	STOREEDGE8(R12, Y8)
	STOREEDGE8(R13, Y9)
	JMP done

storeFour:
	VMOVUPS X4, (R8)
	VMOVUPS X5, (R9)
	VMOVUPS X6, (R10)
	VMOVUPS X7, (R11)
	VMOVUPS X8, (R12)
	VMOVUPS X9, (R13)
	JMP done

// One step of eight columns of two rows; the sums of a row are those of tile8AVX2.
#define EIGHT2(d, b, a0, a1) \
	MOVQ d(BX), AX \
	VMOVUPS b, Y0 \
	VBROADCASTSS (R8)(AX*4), Y1 \
	VBROADCASTSS (R9)(AX*4), Y2 \
	VFMADD231PS Y0, Y1, a0 \
	VFMADD231PS Y0, Y2, a1

// func tile8TwoAVX2(t *Tile, crow, arow *int)
TEXT ·tile8TwoAVX2(SB), NOSPLIT, $0-24
	MOVQ t+0(FP), DI
	MOVQ Tile_LDB(DI), DX
	SHLQ $2, DX
	LEAQ (DX)(DX*2), R15
	MOVQ Tile_Mode(DI), R14
	MOVQ arow+16(FP), AX
	MOVQ Tile_A(DI), BX
	MOVQ (AX), R8
	LEAQ (BX)(R8*4), R8
	MOVQ 8(AX), R9
	LEAQ (BX)(R9*4), R9
	MOVQ Tile_B(DI), SI
	MOVQ Tile_Step(DI), BX
	MOVQ (Tile_Step+8)(DI), CX
	VXORPS Y4, Y4, Y4
	TESTQ $const_TileBias, R14
	JEQ start
	MOVQ Tile_Bias(DI), AX
	VMOVUPS (AX), Y4

start:
	VMOVAPS Y4, Y5
	VXORPS Y10, Y10, Y10
	VXORPS Y11, Y11, Y11
	SUBQ $4, CX
	JLT rest

loop:
	EIGHT2(0, (SI), Y4, Y5)
	EIGHT2(8, (SI)(DX*1), Y10, Y11)
	EIGHT2(16, (SI)(DX*2), Y4, Y5)
	EIGHT2(24, (SI)(R15*1), Y10, Y11)
	NEXT4
	JGE loop

rest:
	ADDQ $4, CX
	JEQ sum

tail:
	EIGHT2(0, (SI), Y4, Y5)
	NEXT1
	JNE tail

sum:
	VADDPS Y10, Y4, Y4
	VADDPS Y11, Y5, Y5
	MOVQ crow+8(FP), AX
	MOVQ Tile_C(DI), BX
	MOVQ (AX), R8
	LEAQ (BX)(R8*4), R8
	MOVQ 8(AX), R9
	LEAQ (BX)(R9*4), R9
	MOVQ Tile_Cols(DI), CX
	TESTQ $const_TileLoad, R14
	JEQ relu
	MASKS
	VMOVUPS 64(AX), Y0
	ADDMASK8(R8, Y4)
	ADDMASK8(R9, Y5)

relu:
	TESTQ $const_TileReLU, R14
	JEQ store
	VXORPS Y0, Y0, Y0
	VMAXPS Y4, Y0, Y4
	VMAXPS Y5, Y0, Y5

store:
	CMPQ CX, $8
	JNE storeEdge
	VMOVUPS Y4, (R8)
	VMOVUPS Y5, (R9)
	VZEROUPPER
	RET

storeEdge:
	STOREEDGE8(R8, Y4)
	STOREEDGE8(R9, Y5)
	VZEROUPPER
	RET
