#include "textflag.h"

// One step in k: three vectors of B times four broadcast elements of A.
#define ROW(off, c0, c1, c2) \
	VBROADCASTSD off(SI), Y15 \
	VFMADD231PD Y12, Y15, c0 \
	VFMADD231PD Y13, Y15, c1 \
	VFMADD231PD Y14, Y15, c2

#define STEP(aoff, boff) \
	VMOVUPD boff+0(DX), Y12 \
	VMOVUPD boff+32(DX), Y13 \
	VMOVUPD boff+64(DX), Y14 \
	ROW(aoff+0, Y0, Y1, Y2) \
	ROW(aoff+8, Y3, Y4, Y5) \
	ROW(aoff+16, Y6, Y7, Y8) \
	ROW(aoff+24, Y9, Y10, Y11)

#define ADD(c0, c1, c2) \
	VMOVUPD 0(DI), Y12 \
	VMOVUPD 32(DI), Y13 \
	VMOVUPD 64(DI), Y14 \
	VFMADD231PD c0, Y15, Y12 \
	VFMADD231PD c1, Y15, Y13 \
	VFMADD231PD c2, Y15, Y14 \
	VMOVUPD Y12, 0(DI) \
	VMOVUPD Y13, 32(DI) \
	VMOVUPD Y14, 64(DI)

// func tileAVX2(c, a, b *float64, k, ldc int, alpha float64)
TEXT ·tileAVX2(SB), NOSPLIT, $0-48
	MOVQ c+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), DX
	MOVQ k+24(FP), CX
	MOVQ ldc+32(FP), R8
	SHLQ $3, R8
	VXORPD Y0, Y0, Y0
	VXORPD Y1, Y1, Y1
	VXORPD Y2, Y2, Y2
	VXORPD Y3, Y3, Y3
	VXORPD Y4, Y4, Y4
	VXORPD Y5, Y5, Y5
	VXORPD Y6, Y6, Y6
	VXORPD Y7, Y7, Y7
	VXORPD Y8, Y8, Y8
	VXORPD Y9, Y9, Y9
	VXORPD Y10, Y10, Y10
	VXORPD Y11, Y11, Y11
	MOVQ CX, BX
	SHRQ $1, BX
	JZ   odd

pairs:
	STEP(0, 0)
	STEP(32, 96)
	ADDQ $64, SI
	ADDQ $192, DX
	DECQ BX
	JNZ  pairs

odd:
	ANDQ $1, CX
	JZ   store
	STEP(0, 0)

store:
	VBROADCASTSD alpha+40(FP), Y15
	ADD(Y0, Y1, Y2)
	ADDQ R8, DI
	ADD(Y3, Y4, Y5)
	ADDQ R8, DI
	ADD(Y6, Y7, Y8)
	ADDQ R8, DI
	ADD(Y9, Y10, Y11)
	VZEROUPPER
	RET
