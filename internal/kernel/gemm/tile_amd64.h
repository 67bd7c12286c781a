// Registers of both tile kernels: DI the tile, R8..R13 the six rows of A and
// later of C, SI a row of B, DX the distance of its rows, R15 three times that,
// BX the offsets along the depth, CX the depth left and later the columns, R14
// the mode or what is fetched ahead. Y4..Y15 accumulate, the others hold operands.

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
	MOVQ Tile_C(DI), BX \
	FETCH(0, last) \
	FETCH(1, last) \
	FETCH(2, last) \
	FETCH(3, last) \
	FETCH(4, last) \
	FETCH(5, last) \
	MOVQ arow+16(FP), AX \
	MOVQ Tile_A(DI), BX \
	ROWS(BX, AX) \
	MOVQ Tile_B(DI), SI \
	MOVQ Tile_Step(DI), BX \
	MOVQ (Tile_Step+8)(DI), CX

#define ADVANCE \
	ADDQ $48, crow+8(FP) \
	ADDQ $48, arow+16(FP) \
	DECQ tiles+24(FP)

#define NEXT4 \
	ADDQ $32, BX \
	LEAQ (SI)(DX*4), SI \
	SUBQ $4, CX

#define NEXT1 \
	ADDQ $8, BX \
	ADDQ DX, SI \
	DECQ CX

// MASKS points AX 64 bytes before the masks of CX columns.
#define MASKS \
	LEAQ ·columnMask(SB), AX \
	SHLQ $2, CX \
	SUBQ CX, AX \
	SHRQ $2, CX

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
