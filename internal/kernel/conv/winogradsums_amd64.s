#include "textflag.h"

// The products of the weight gradient: as winogradproducts_amd64.s, but the
// depth runs over tiles, so that neighbouring values of V are rows of the
// result.

#define ZERO8 \
	VXORPS Y4, Y4, Y4 \
	VXORPS Y5, Y5, Y5 \
	VXORPS Y6, Y6, Y6 \
	VXORPS Y7, Y7, Y7 \
	VXORPS Y8, Y8, Y8 \
	VXORPS Y9, Y9, Y9 \
	VXORPS Y10, Y10, Y10 \
	VXORPS Y11, Y11, Y11

#define ZERO4 \
	VXORPS Y12, Y12, Y12 \
	VXORPS Y13, Y13, Y13 \
	VXORPS Y14, Y14, Y14 \
	VXORPS Y15, Y15, Y15

#define FMA4(c0, c1, c2, c3) \
	VFMADD231PS Y0, Y2, c0 \
	VFMADD231PS Y1, Y2, c1 \
	VFMADD231PS Y0, Y3, c2 \
	VFMADD231PS Y1, Y3, c3

#define STEP2(p, q, b0, b1, c0, c1, c2, c3) \
	VMOVUPS b0, Y0 \
	VMOVUPS b1, Y1 \
	VBROADCASTSS p, Y2 \
	VBROADCASTSS q, Y3 \
	FMA4(c0, c1, c2, c3)

// One step of four or six rows, t bytes behind R8 and n bytes behind SI.
#define COLSTEP4(t, n) \
	STEP2((R8)(t*1), 4(R8)(t*1), (SI)(n*1), 32(SI)(n*1), Y4, Y5, Y6, Y7) \
	VBROADCASTSS 8(R8)(t*1), Y2 \
	VBROADCASTSS 12(R8)(t*1), Y3 \
	FMA4(Y8, Y9, Y10, Y11)

#define COLSTEP6(t, n) \
	COLSTEP4(t, n) \
	VBROADCASTSS 16(R8)(t*1), Y2 \
	VBROADCASTSS 20(R8)(t*1), Y3 \
	FMA4(Y12, Y13, Y14, Y15)

// The last four steps of two rows and their stores; CX is three times DX and
// R14 three times BX.
#define LAST2(lo, hi, c0, c1, c2, c3) \
	STEP2(lo(R8), hi(R8), (SI), 32(SI), c0, c1, c2, c3) \
	STEP2(lo(R8)(DX*1), hi(R8)(DX*1), (SI)(BX*1), 32(SI)(BX*1), c0, c1, c2, c3) \
	STEP2(lo(R8)(DX*2), hi(R8)(DX*2), (SI)(BX*2), 32(SI)(BX*2), c0, c1, c2, c3) \
	STEP2(lo(R8)(CX*1), hi(R8)(CX*1), (SI)(R14*1), 32(SI)(R14*1), c0, c1, c2, c3) \
	VMOVUPS c0, (DI) \
	VMOVUPS c1, 32(DI) \
	VMOVUPS c2, (DI)(R13*1) \
	VMOVUPS c3, 32(DI)(R13*1) \
	LEAQ    (DI)(R13*2), DI

#define LOAD4(base, c0, c1, c2, c3) \
	VMOVUPS (base), c0 \
	VMOVUPS 32(base), c1 \
	VMOVUPS (base)(R13*1), c2 \
	VMOVUPS 32(base)(R13*1), c3

#define EIGHTROWS(op) \
	op((DI), Y4) \
	op((DI)(R13*1), Y5) \
	op((DI)(R13*2), Y6) \
	op((DI)(CX*1), Y7) \
	LEAQ (DI)(R13*4), R8 \
	op((R8), Y8) \
	op((R8)(R13*1), Y9) \
	op((R8)(R13*2), Y10) \
	op((R8)(CX*1), Y11)

#define LOAD(at, c) VMOVUPS at, c
#define STORE(at, c) VMOVUPS c, at

// func winogradSumsAVX2(d, v, z *float32, xid, xiv, xiz, ldd, ldv, ldz, panels, sixes, fours, eights, tiles int, add bool, ahead0 *float32, bytes0 int, ahead1 *float32, bytes1 int)
TEXT ·winogradSumsAVX2(SB), NOSPLIT, $0-152
	MOVQ ldd+48(FP), R13
	SHLQ $2, R13
	MOVQ ldv+56(FP), DX
	SHLQ $2, DX
	MOVQ ldz+64(FP), BX
	SHLQ $2, BX
	MOVQ xid+24(FP), AX
	SHLQ $2, AX
	MOVQ AX, xid+24(FP)
	MOVQ xiv+32(FP), AX
	SHLQ $2, AX
	MOVQ AX, xiv+32(FP)
	MOVQ xiz+40(FP), AX
	SHLQ $2, AX
	MOVQ AX, xiz+40(FP)
	MOVQ $16, R15

product:
	MOVQ  z+16(FP), R9
	MOVQ  d+0(FP), R10
	MOVQ  panels+72(FP), R12
	TESTQ R12, R12
	JEQ   half

panel:
	MOVQ  v+8(FP), AX
	MOVQ  R10, DI
	MOVQ  sixes+80(FP), R11
	TESTQ R11, R11
	JEQ   fours

six:
	SUBQ $128, bytes0+128(FP)
	JLT  fetch1
	MOVQ ahead0+120(FP), CX
	PREFETCHT0 (CX)
	PREFETCHT0 64(CX)
	ADDQ $128, ahead0+120(FP)

fetch1:
	SUBQ $128, bytes1+144(FP)
	JLT  begin
	MOVQ ahead1+136(FP), CX
	PREFETCHT0 (CX)
	PREFETCHT0 64(CX)
	ADDQ $128, ahead1+136(FP)

begin:
	CMPB add+112(FP), $0
	JEQ  zeroSix
	LEAQ (DI)(R13*2), R8
	LEAQ (R8)(R13*2), SI
	LOAD4(DI, Y4, Y5, Y6, Y7)
	LOAD4(R8, Y8, Y9, Y10, Y11)
	LOAD4(SI, Y12, Y13, Y14, Y15)

haveSix:
	MOVQ AX, R8
	MOVQ R9, SI
	XORQ R14, R14
	MOVQ tiles+104(FP), CX
	SUBQ $6, CX
	JLT  sixOdd

sixTwo:
	COLSTEP6(R14, R14)
	COLSTEP6(DX, BX)
	LEAQ (R8)(DX*2), R8
	LEAQ (SI)(BX*2), SI
	SUBQ $2, CX
	JGE  sixTwo

sixOdd:
	ADDQ $2, CX
	JEQ  sixLast
	COLSTEP6(R14, R14)
	ADDQ DX, R8
	ADDQ BX, SI

sixLast:
	LEAQ (DX)(DX*2), CX
	LEAQ (BX)(BX*2), R14
	LAST2(0, 4, Y4, Y5, Y6, Y7)
	LAST2(8, 12, Y8, Y9, Y10, Y11)
	LAST2(16, 20, Y12, Y13, Y14, Y15)
	ADDQ $24, AX
	DECQ R11
	JNZ  six

fours:
	MOVQ  fours+88(FP), R11
	TESTQ R11, R11
	JEQ   next

four:
	CMPB add+112(FP), $0
	JEQ  zeroFour
	LEAQ (DI)(R13*2), R8
	LOAD4(DI, Y4, Y5, Y6, Y7)
	LOAD4(R8, Y8, Y9, Y10, Y11)

haveFour:
	MOVQ AX, R8
	MOVQ R9, SI
	XORQ R14, R14
	MOVQ tiles+104(FP), CX
	SUBQ $6, CX
	JLT  fourOdd

fourTwo:
	COLSTEP4(R14, R14)
	COLSTEP4(DX, BX)
	LEAQ (R8)(DX*2), R8
	LEAQ (SI)(BX*2), SI
	SUBQ $2, CX
	JGE  fourTwo

fourOdd:
	ADDQ $2, CX
	JEQ  fourLast
	COLSTEP4(R14, R14)
	ADDQ DX, R8
	ADDQ BX, SI

fourLast:
	LEAQ (DX)(DX*2), CX
	LEAQ (BX)(BX*2), R14
	LAST2(0, 4, Y4, Y5, Y6, Y7)
	LAST2(8, 12, Y8, Y9, Y10, Y11)
	ADDQ $16, AX
	DECQ R11
	JNZ  four

next:
	ADDQ $64, R9
	ADDQ $64, R10
	DECQ R12
	JNZ  panel

half:
	MOVQ  eights+96(FP), R11
	TESTQ R11, R11
	JEQ   last
	MOVQ  v+8(FP), AX
	MOVQ  R10, DI

eight:
	ZERO8
	CMPB add+112(FP), $0
	JEQ  haveEight
	LEAQ (R13)(R13*2), CX
	EIGHTROWS(LOAD)

haveEight:
	MOVQ AX, R8
	MOVQ R9, SI
	MOVQ tiles+104(FP), CX

tile:
	VMOVUPS (SI), Y0
	VBROADCASTSS (R8), Y1
	VBROADCASTSS 4(R8), Y2
	VBROADCASTSS 8(R8), Y3
	VBROADCASTSS 12(R8), Y12
	VFMADD231PS Y0, Y1, Y4
	VFMADD231PS Y0, Y2, Y5
	VFMADD231PS Y0, Y3, Y6
	VFMADD231PS Y0, Y12, Y7
	VBROADCASTSS 16(R8), Y1
	VBROADCASTSS 20(R8), Y2
	VBROADCASTSS 24(R8), Y3
	VBROADCASTSS 28(R8), Y12
	VFMADD231PS Y0, Y1, Y8
	VFMADD231PS Y0, Y2, Y9
	VFMADD231PS Y0, Y3, Y10
	VFMADD231PS Y0, Y12, Y11
	ADDQ DX, R8
	ADDQ BX, SI
	DECQ CX
	JNZ  tile

	LEAQ (R13)(R13*2), CX
	EIGHTROWS(STORE)
	LEAQ (DI)(R13*8), DI
	ADDQ $32, AX
	DECQ R11
	JNZ  eight

last:
	MOVQ xid+24(FP), AX
	ADDQ AX, d+0(FP)
	MOVQ xiv+32(FP), AX
	ADDQ AX, v+8(FP)
	MOVQ xiz+40(FP), AX
	ADDQ AX, z+16(FP)
	DECQ R15
	JNZ  product
	VZEROUPPER
	RET

zeroSix:
	ZERO8
	ZERO4
	JMP haveSix

zeroFour:
	ZERO8
	JMP haveFour
