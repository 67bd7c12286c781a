#include "textflag.h"

// Blocks of 8×8, eight rows after one another along a row of src. The halves of
// rows i and i+4 are loaded together, so that no shuffle crosses lanes after.

// func transposeBlocksAVX2(dst, src *float32, rows, cols, ldd, lds int)
TEXT ·transposeBlocksAVX2(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ rows+16(FP), BX
	MOVQ ldd+32(FP), R8
	MOVQ lds+40(FP), R9
	SHLQ $2, R8
	SHLQ $2, R9
	LEAQ (R8)(R8*2), R10
	LEAQ (R9)(R9*2), R11

row:
	MOVQ cols+24(FP), CX
	MOVQ SI, AX
	MOVQ DI, DX

column:
	LEAQ        (AX)(R9*4), R12
	VMOVUPS     (AX), X0
	VINSERTF128 $1, (R12), Y0, Y0
	VMOVUPS     (AX)(R9*1), X1
	VINSERTF128 $1, (R12)(R9*1), Y1, Y1
	VMOVUPS     (AX)(R9*2), X2
	VINSERTF128 $1, (R12)(R9*2), Y2, Y2
	VMOVUPS     (AX)(R11*1), X3
	VINSERTF128 $1, (R12)(R11*1), Y3, Y3
	VMOVUPS     16(AX), X4
	VINSERTF128 $1, 16(R12), Y4, Y4
	VMOVUPS     16(AX)(R9*1), X5
	VINSERTF128 $1, 16(R12)(R9*1), Y5, Y5
	VMOVUPS     16(AX)(R9*2), X6
	VINSERTF128 $1, 16(R12)(R9*2), Y6, Y6
	VMOVUPS     16(AX)(R11*1), X7
	VINSERTF128 $1, 16(R12)(R11*1), Y7, Y7

	VUNPCKLPS Y1, Y0, Y8
	VUNPCKHPS Y1, Y0, Y9
	VUNPCKLPS Y3, Y2, Y10
	VUNPCKHPS Y3, Y2, Y11
	VUNPCKLPS Y5, Y4, Y12
	VUNPCKHPS Y5, Y4, Y13
	VUNPCKLPS Y7, Y6, Y14
	VUNPCKHPS Y7, Y6, Y15
	VUNPCKLPD Y10, Y8, Y0
	VUNPCKHPD Y10, Y8, Y1
	VUNPCKLPD Y11, Y9, Y2
	VUNPCKHPD Y11, Y9, Y3
	VUNPCKLPD Y14, Y12, Y4
	VUNPCKHPD Y14, Y12, Y5
	VUNPCKLPD Y15, Y13, Y6
	VUNPCKHPD Y15, Y13, Y7

	LEAQ    (DX)(R8*4), R12
	VMOVUPS Y0, (DX)
	VMOVUPS Y1, (DX)(R8*1)
	VMOVUPS Y2, (DX)(R8*2)
	VMOVUPS Y3, (DX)(R10*1)
	VMOVUPS Y4, (R12)
	VMOVUPS Y5, (R12)(R8*1)
	VMOVUPS Y6, (R12)(R8*2)
	VMOVUPS Y7, (R12)(R10*1)
	LEAQ    (DX)(R8*8), DX
	ADDQ    $32, AX
	SUBQ    $8, CX
	JNE     column

	LEAQ (SI)(R9*8), SI
	ADDQ $32, DI
	SUBQ $8, BX
	JNE  row
	VZEROUPPER
	RET
