#include "textflag.h"

// func copyPanelsAVX2(dst, src *float32, dstPitch, dstLd, srcLd, rows, panels, vecs int)
TEXT ·copyPanelsAVX2(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ dstPitch+16(FP), R10
	MOVQ dstLd+24(FP), R8
	MOVQ srcLd+32(FP), R9
	MOVQ rows+40(FP), CX
	SHLQ $2, R10
	SHLQ $2, R8
	SHLQ $2, R9
	CMPQ vecs+56(FP), $1
	JEQ  one

two:
	MOVQ DI, R11
	MOVQ SI, R12
	MOVQ panels+48(FP), DX

twoPanels:
	VMOVUPS (R12), Y0
	VMOVUPS 32(R12), Y1
	VMOVUPS Y0, (R11)
	VMOVUPS Y1, 32(R11)
	ADDQ    R8, R12
	ADDQ    R10, R11
	DECQ    DX
	JNZ     twoPanels
	ADDQ    R9, SI
	ADDQ    R8, DI
	DECQ    CX
	JNZ     two
	VZEROUPPER
	RET

one:
	MOVQ DI, R11
	MOVQ SI, R12
	MOVQ panels+48(FP), DX

onePanels:
	VMOVUPS (R12), Y0
	VMOVUPS Y0, (R11)
	ADDQ    R8, R12
	ADDQ    R10, R11
	DECQ    DX
	JNZ     onePanels
	ADDQ    R9, SI
	ADDQ    R8, DI
	DECQ    CX
	JNZ     one
	VZEROUPPER
	RET

// LOAD8 loads four values of row r and of row s from byte offset d into the
// halves of y.
#define LOAD8(r, s, d, x, y) \
	VMOVUPS d(r)(BX*1), x \
	VINSERTF128 $1, d(s)(BX*1), y, y

// FOUR transposes the 4×4 blocks in both halves of Y0..Y3 and stores the four
// rows.
#define FOUR \
	VUNPCKLPS Y1, Y0, Y4 \
	VUNPCKHPS Y1, Y0, Y5 \
	VUNPCKLPS Y3, Y2, Y6 \
	VUNPCKHPS Y3, Y2, Y7 \
	VSHUFPS $0x44, Y6, Y4, Y0 \
	VSHUFPS $0xEE, Y6, Y4, Y1 \
	VSHUFPS $0x44, Y7, Y5, Y2 \
	VSHUFPS $0xEE, Y7, Y5, Y3 \
	VMOVUPS Y0, (DI) \
	VMOVUPS Y1, (DI)(DX*1) \
	VMOVUPS Y2, (DI)(DX*2) \
	LEAQ (DI)(DX*2), DI \
	VMOVUPS Y3, (DI)(DX*1) \
	LEAQ (DI)(DX*2), DI

#define ROWPTR(i, r) \
	MOVQ (i*8)(BX), r \
	LEAQ (SI)(r*4), r

// func transposeAVX2(dst, src *float32, rows *int, dstLd, k int)
TEXT ·transposeAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ rows+16(FP), BX
	MOVQ dstLd+24(FP), DX
	MOVQ k+32(FP), CX
	SHLQ $2, DX
	ROWPTR(0, R8)
	ROWPTR(1, R9)
	ROWPTR(2, R10)
	ROWPTR(3, R11)
	ROWPTR(4, R12)
	ROWPTR(5, R13)
	ROWPTR(6, R14)
	ROWPTR(7, R15)
	XORQ BX, BX

loop:
	LOAD8(R8, R12, 0, X0, Y0)
	LOAD8(R9, R13, 0, X1, Y1)
	LOAD8(R10, R14, 0, X2, Y2)
	LOAD8(R11, R15, 0, X3, Y3)
	FOUR
	LOAD8(R8, R12, 16, X0, Y0)
	LOAD8(R9, R13, 16, X1, Y1)
	LOAD8(R10, R14, 16, X2, Y2)
	LOAD8(R11, R15, 16, X3, Y3)
	FOUR
	ADDQ $32, BX
	SUBQ $8, CX
	JNZ  loop
	VZEROUPPER
	RET
