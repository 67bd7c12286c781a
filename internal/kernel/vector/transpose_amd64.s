#include "textflag.h"

// func copyColumnsAVX2(dst, src *float32, rows, n, ldd, lds int)
TEXT ·copyColumnsAVX2(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ rows+16(FP), R8
	MOVQ n+24(FP), R9
	MOVQ ldd+32(FP), R10
	SHLQ $2, R10
	MOVQ lds+40(FP), R11
	SHLQ $2, R11
	MOVQ R9, BX
	ANDQ $7, BX
	SUBQ BX, R9              // values in whole vectors
	LEAQ ·maskEnd+32(SB), AX
	MOVQ BX, CX
	SHLQ $2, CX
	SUBQ CX, AX
	VMOVUPS (AX), Y1

row:
	XORQ AX, AX
	CMPQ AX, R9
	JGE  tail

vector:
	VMOVUPS (SI)(AX*4), Y0
	VMOVUPS Y0, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, R9
	JLT     vector

tail:
	TESTQ BX, BX
	JEQ   next
	VMASKMOVPS (SI)(AX*4), Y1, Y0
	VMASKMOVPS Y0, Y1, (DI)(AX*4)

next:
	ADDQ R10, DI
	ADDQ R11, SI
	DECQ R8
	JNE  row
	VZEROUPPER
	RET

// PAIRS interleaves the values of two rows: the low and the high half of each lane.
#define PAIRS(a, b, lo, hi) \
	VUNPCKLPS b, a, lo \
	VUNPCKHPS b, a, hi

// QUADS makes two columns, of four rows in each lane, out of pairs.
#define QUADS(a, b, lo, hi) \
	VSHUFPS $0x44, b, a, lo \
	VSHUFPS $0xee, b, a, hi

// func transposeAVX2(dst, src *float32, rows, n, ldd, lds int, scale float32)
//
// Blocks of eight rows and columns; the two halves of a vector are rows 0 to 3
// and 4 to 7 from the loads on.
TEXT ·transposeAVX2(SB), NOSPLIT, $0-52
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ ldd+32(FP), R10
	SHLQ $2, R10
	LEAQ (R10)(R10*2), R12
	MOVQ lds+40(FP), R11
	SHLQ $2, R11
	LEAQ (R11)(R11*2), R13
	VBROADCASTSS scale+48(FP), Y15

rows:
	MOVQ n+24(FP), CX
	MOVQ SI, AX
	MOVQ DI, BX

block:
	LEAQ (AX)(R11*4), DX
	VMOVUPS (AX), X0
	VINSERTF128 $1, (DX), Y0, Y0
	VMOVUPS (AX)(R11*1), X1
	VINSERTF128 $1, (DX)(R11*1), Y1, Y1
	VMOVUPS (AX)(R11*2), X2
	VINSERTF128 $1, (DX)(R11*2), Y2, Y2
	VMOVUPS (AX)(R13*1), X3
	VINSERTF128 $1, (DX)(R13*1), Y3, Y3
	VMOVUPS 16(AX), X4
	VINSERTF128 $1, 16(DX), Y4, Y4
	VMOVUPS 16(AX)(R11*1), X5
	VINSERTF128 $1, 16(DX)(R11*1), Y5, Y5
	VMOVUPS 16(AX)(R11*2), X6
	VINSERTF128 $1, 16(DX)(R11*2), Y6, Y6
	VMOVUPS 16(AX)(R13*1), X7
	VINSERTF128 $1, 16(DX)(R13*1), Y7, Y7
	PAIRS(Y0, Y1, Y8, Y9)
	PAIRS(Y2, Y3, Y10, Y11)
	PAIRS(Y4, Y5, Y12, Y13)
	PAIRS(Y6, Y7, Y14, Y0)
	QUADS(Y8, Y10, Y1, Y2)
	QUADS(Y9, Y11, Y3, Y4)
	QUADS(Y12, Y14, Y5, Y6)
	QUADS(Y13, Y0, Y7, Y8)
	LEAQ (BX)(R10*4), DX
	VMULPS Y15, Y1, Y1
	VMULPS Y15, Y2, Y2
	VMULPS Y15, Y3, Y3
	VMULPS Y15, Y4, Y4
	VMULPS Y15, Y5, Y5
	VMULPS Y15, Y6, Y6
	VMULPS Y15, Y7, Y7
	VMULPS Y15, Y8, Y8
	VMOVUPS Y1, (BX)
	VMOVUPS Y2, (BX)(R10*1)
	VMOVUPS Y3, (BX)(R10*2)
	VMOVUPS Y4, (BX)(R12*1)
	VMOVUPS Y5, (DX)
	VMOVUPS Y6, (DX)(R10*1)
	VMOVUPS Y7, (DX)(R10*2)
	VMOVUPS Y8, (DX)(R12*1)
	ADDQ $32, AX
	LEAQ (BX)(R10*8), BX
	SUBQ $8, CX
	JNE  block
	LEAQ (SI)(R11*8), SI
	ADDQ $32, DI
	SUBQ $8, rows+16(FP)
	JNE  rows
	VZEROUPPER
	RET
