#include "textflag.h"

DATA ·oneHalf+0(SB)/4, $0x3f000000
GLOBL ·oneHalf(SB), RODATA, $4

// Column transform of the taps at (R8), (R9) and (R10).
#define TAPS(g0, g1, g2, r0, r1, r2, r3) \
	VMOVUPS g0, r0 \
	VMOVUPS g2, r3 \
	VMULPS g1, Y15, Y13 \
	VADDPS r3, r0, Y12 \
	VMULPS Y12, Y15, Y12 \
	VADDPS Y13, Y12, r1 \
	VSUBPS Y13, Y12, r2

// Row transform of the columns a, b, c.
#define TAPROW(base, a, b, c) \
	VADDPS c, a, Y12 \
	VMULPS b, Y15, Y13 \
	VMULPS Y12, Y15, Y12 \
	VMOVUPS a, (base) \
	VADDPS Y13, Y12, Y14 \
	VSUBPS Y13, Y12, Y12 \
	VMOVUPS Y14, (base)(DX*1) \
	VMOVUPS Y12, (base)(DX*2) \
	VMOVUPS c, (base)(BX*1)

// func winogradFilterAVX2(u *float32, xi int, w *float32, tap, ld, rows int)
TEXT ·winogradFilterAVX2(SB), NOSPLIT, $0-48
	MOVQ u+0(FP), DI
	MOVQ xi+8(FP), DX
	SHLQ $2, DX
	LEAQ (DX)(DX*2), BX
	LEAQ (DI)(DX*4), SI
	LEAQ (SI)(DX*4), R15
	LEAQ (R15)(DX*4), AX
	MOVQ w+16(FP), R8
	MOVQ tap+24(FP), R11
	SHLQ $2, R11
	LEAQ (R11)(R11*2), R12
	LEAQ (R8)(R12*1), R9
	LEAQ (R9)(R12*1), R10
	MOVQ ld+32(FP), R12
	SHLQ $2, R12
	SUBQ $32, R12
	MOVQ $32, R13
	MOVQ rows+40(FP), CX
	SHLQ $1, CX
	VBROADCASTSS ·oneHalf(SB), Y15

half:
	TAPS((R8), (R9), (R10), Y0, Y1, Y2, Y3)
	TAPS((R8)(R11*1), (R9)(R11*1), (R10)(R11*1), Y4, Y5, Y6, Y7)
	TAPS((R8)(R11*2), (R9)(R11*2), (R10)(R11*2), Y8, Y9, Y10, Y11)
	TAPROW(DI, Y0, Y4, Y8)
	TAPROW(SI, Y1, Y5, Y9)
	TAPROW(R15, Y2, Y6, Y10)
	TAPROW(AX, Y3, Y7, Y11)
	ADDQ  R13, R8
	ADDQ  R13, R9
	ADDQ  R13, R10
	XCHGQ R12, R13
	ADDQ  $32, DI
	ADDQ  $32, SI
	ADDQ  $32, R15
	ADDQ  $32, AX
	DECQ  CX
	JNZ   half
	VZEROUPPER
	RET

// Three sums of the four products of a column or row: p = a + h, q = k,
// r = h + d with h and k half the sum and the difference of b and c.
#define THIRDS(a, b, c, d, p, q, r) \
	VADDPS c, b, Y12 \
	VSUBPS c, b, q \
	VMULPS Y12, Y15, Y12 \
	VMULPS q, Y15, q \
	VADDPS a, Y12, p \
	VADDPS d, Y12, r

#define SUMS2(b, c) \
	VMOVUPS b, Y13 \
	VMOVUPS c, Y14

// func winogradFilterGradAVX2(dw *float32, tap, c int, d *float32, xi, ld, rows int)
TEXT ·winogradFilterGradAVX2(SB), NOSPLIT, $0-56
	MOVQ dw+0(FP), R8
	MOVQ tap+8(FP), R11
	SHLQ $2, R11
	LEAQ (R11)(R11*2), R12
	LEAQ (R8)(R12*1), R9
	LEAQ (R9)(R12*1), R10
	MOVQ xi+32(FP), DX
	SHLQ $2, DX
	LEAQ (DX)(DX*2), BX
	VBROADCASTSS ·oneHalf(SB), Y15

row:
	MOVQ d+24(FP), DI
	LEAQ (DI)(DX*4), SI
	LEAQ (SI)(DX*4), R15
	LEAQ (R15)(DX*4), AX
	MOVQ c+16(FP), CX

octet:
	SUMS2((SI), (R15))
	THIRDS((DI), Y13, Y14, (AX), Y0, Y1, Y2)
	SUMS2((SI)(DX*1), (R15)(DX*1))
	THIRDS((DI)(DX*1), Y13, Y14, (AX)(DX*1), Y3, Y4, Y5)
	SUMS2((SI)(DX*2), (R15)(DX*2))
	THIRDS((DI)(DX*2), Y13, Y14, (AX)(DX*2), Y6, Y7, Y8)
	SUMS2((SI)(BX*1), (R15)(BX*1))
	THIRDS((DI)(BX*1), Y13, Y14, (AX)(BX*1), Y9, Y10, Y11)
	THIRDS(Y0, Y3, Y6, Y9, Y0, Y3, Y6)
	THIRDS(Y1, Y4, Y7, Y10, Y1, Y4, Y7)
	THIRDS(Y2, Y5, Y8, Y11, Y2, Y5, Y8)
	CMPQ CX, $8
	JLT  tail
	VMOVUPS Y0, (R8)
	VMOVUPS Y3, (R8)(R11*1)
	VMOVUPS Y6, (R8)(R11*2)
	VMOVUPS Y1, (R9)
	VMOVUPS Y4, (R9)(R11*1)
	VMOVUPS Y7, (R9)(R11*2)
	VMOVUPS Y2, (R10)
	VMOVUPS Y5, (R10)(R11*1)
	VMOVUPS Y8, (R10)(R11*2)
	ADDQ $32, R8
	ADDQ $32, R9
	ADDQ $32, R10
	ADDQ $32, DI
	ADDQ $32, SI
	ADDQ $32, R15
	ADDQ $32, AX
	SUBQ $8, CX
	JGT  octet

next:
	MOVQ ld+40(FP), AX
	SHLQ $2, AX
	ADDQ AX, d+24(FP)
	DECQ rows+48(FP)
	JNZ  row
	VZEROUPPER
	RET

tail:
	LEAQ (R8)(CX*4), DI
	LEAQ (R9)(CX*4), SI
	LEAQ (R10)(CX*4), AX
	NEGQ CX
	LEAQ ·laneMasks(SB), R12
	VMOVUPS 32(R12)(CX*4), Y14
	VMASKMOVPS Y0, Y14, (R8)
	VMASKMOVPS Y3, Y14, (R8)(R11*1)
	VMASKMOVPS Y6, Y14, (R8)(R11*2)
	VMASKMOVPS Y1, Y14, (R9)
	VMASKMOVPS Y4, Y14, (R9)(R11*1)
	VMASKMOVPS Y7, Y14, (R9)(R11*2)
	VMASKMOVPS Y2, Y14, (R10)
	VMASKMOVPS Y5, Y14, (R10)(R11*1)
	VMASKMOVPS Y8, Y14, (R10)(R11*2)
	MOVQ DI, R8
	MOVQ SI, R9
	MOVQ AX, R10
	JMP  next
