#include "textflag.h"

// Register use as in the tile kernels: Y4..Y15 accumulate (row i in Y(4+2i) and
// Y(5+2i)), Y0 and Y1 hold sixteen columns of the right operand, Y2 and Y3
// broadcast values of the left one. The loops over tiles, panels and products
// are in assembly because a depth of sixteen is over in a hundred cycles.
//
// The last four steps go through the rows two at a time. That spreads the
// stores: twelve in a row hold up the next tile by twenty cycles, four do not.

#define ZERO8 \
	VXORPS Y4, Y4, Y4 \
	VXORPS Y5, Y5, Y5 \
	VXORPS Y6, Y6, Y6 \
	VXORPS Y7, Y7, Y7 \
	VXORPS Y8, Y8, Y8 \
	VXORPS Y9, Y9, Y9 \
	VXORPS Y10, Y10, Y10 \
	VXORPS Y11, Y11, Y11

#define ZERO12 \
	ZERO8 \
	VXORPS Y12, Y12, Y12 \
	VXORPS Y13, Y13, Y13 \
	VXORPS Y14, Y14, Y14 \
	VXORPS Y15, Y15, Y15

#define FMA4(c0, c1, c2, c3) \
	VFMADD231PS Y0, Y2, c0 \
	VFMADD231PS Y1, Y2, c1 \
	VFMADD231PS Y0, Y3, c2 \
	VFMADD231PS Y1, Y3, c3

// One step of two rows: p and q of the left operand, b0 and b1 of the right.
#define STEP2(p, q, b0, b1, c0, c1, c2, c3) \
	VMOVUPS b0, Y0 \
	VMOVUPS b1, Y1 \
	VBROADCASTSS p, Y2 \
	VBROADCASTSS q, Y3 \
	FMA4(c0, c1, c2, c3)

#define STORE4(lo, ld, c0, c1, c2, c3) \
	VMOVUPS c0, (lo) \
	VMOVUPS c1, 32(lo) \
	VMOVUPS c2, (lo)(ld*1) \
	VMOVUPS c3, 32(lo)(ld*1) \
	LEAQ    (lo)(ld*2), lo

// One step of the rows product: rows 0..2 of V from R8, 3..5 from R9.
#define ROWSTEP(d, e) \
	STEP2(d(R8), d(R8)(DX*1), e(SI), (e+32)(SI), Y4, Y5, Y6, Y7) \
	VBROADCASTSS d(R8)(DX*2), Y2 \
	VBROADCASTSS d(R9), Y3 \
	FMA4(Y8, Y9, Y10, Y11) \
	VBROADCASTSS d(R9)(DX*1), Y2 \
	VBROADCASTSS d(R9)(DX*2), Y3 \
	FMA4(Y12, Y13, Y14, Y15)

// One step of the half panel: rows 0..2 from R8, 3..5 from R9, 6..8 from R10 and
// 9..11 from R13, by eight columns.
#define HALFSTEP(d, e) \
	VMOVUPS e(SI), Y0 \
	VBROADCASTSS d(R8), Y1 \
	VBROADCASTSS d(R8)(DX*1), Y2 \
	VBROADCASTSS d(R8)(DX*2), Y3 \
	VFMADD231PS Y0, Y1, Y4 \
	VFMADD231PS Y0, Y2, Y5 \
	VFMADD231PS Y0, Y3, Y6 \
	VBROADCASTSS d(R9), Y1 \
	VBROADCASTSS d(R9)(DX*1), Y2 \
	VBROADCASTSS d(R9)(DX*2), Y3 \
	VFMADD231PS Y0, Y1, Y7 \
	VFMADD231PS Y0, Y2, Y8 \
	VFMADD231PS Y0, Y3, Y9 \
	VBROADCASTSS d(R10), Y1 \
	VBROADCASTSS d(R10)(DX*1), Y2 \
	VBROADCASTSS d(R10)(DX*2), Y3 \
	VFMADD231PS Y0, Y1, Y10 \
	VFMADD231PS Y0, Y2, Y11 \
	VFMADD231PS Y0, Y3, Y12 \
	VBROADCASTSS d(R13), Y1 \
	VBROADCASTSS d(R13)(DX*1), Y2 \
	VBROADCASTSS d(R13)(DX*2), Y3 \
	VFMADD231PS Y0, Y1, Y13 \
	VFMADD231PS Y0, Y2, Y14 \
	VFMADD231PS Y0, Y3, Y15

#define HALFSTORE6(c0, c1, c2, c3, c4, c5) \
	VMOVUPS c0, (DI) \
	VMOVUPS c1, (DI)(BX*1) \
	LEAQ    (DI)(BX*2), DI \
	VMOVUPS c2, (DI) \
	VMOVUPS c3, (DI)(BX*1) \
	LEAQ    (DI)(BX*2), DI \
	VMOVUPS c4, (DI) \
	VMOVUPS c5, (DI)(BX*1) \
	LEAQ    (DI)(BX*2), DI

// One step of two depths of eight columns. A register of the right operand has four columns with
// both depths of each side by side, so that a broadcast of two values of a row of the left one,
// from R8 or R9, serves twice as many products; the two sums of a column are added at the end.
#define PAIRS2(p, q, c0, c1, c2, c3) \
	VBROADCASTSD p, Y2 \
	VBROADCASTSD q, Y3 \
	FMA4(c0, c1, c2, c3)

#define PAIRSTEP(d, e) \
	VMOVUPS e(SI), Y0 \
	VMOVUPS (e+32)(SI), Y1 \
	PAIRS2(d(R8), d(R8)(DX*1), Y4, Y5, Y6, Y7) \
	PAIRS2(d(R8)(DX*2), d(R9), Y8, Y9, Y10, Y11) \
	PAIRS2(d(R9)(DX*1), d(R9)(DX*2), Y12, Y13, Y14, Y15)

// Adds the sums of the eight columns of a row, which go in this order: 0, 1, 4, 5 in lo and
// 2, 3, 6, 7 in hi.
#define PAIRSTORE(lo, hi) \
	VSHUFPS $0x88, hi, lo, Y0 \
	VSHUFPS $0xdd, hi, lo, Y1 \
	VADDPS  Y0, Y1, Y0 \
	VMOVUPS Y0, (DI) \
	ADDQ    BX, DI

// The same for four columns of twelve rows: a register each.
#define QUARTER3(p, c0, c1, c2) \
	VBROADCASTSD (p), Y1 \
	VBROADCASTSD (p)(DX*1), Y2 \
	VBROADCASTSD (p)(DX*2), Y3 \
	VFMADD231PS Y0, Y1, c0 \
	VFMADD231PS Y0, Y2, c1 \
	VFMADD231PS Y0, Y3, c2

#define QUARTERSTORE(a, b) \
	VSHUFPS      $0x88, b, a, Y0 \
	VSHUFPS      $0xdd, b, a, Y1 \
	VADDPS       Y0, Y1, Y0 \
	VPERMPD      $0xd8, Y0, Y0 \
	VMOVUPS      X0, (DI) \
	VEXTRACTF128 $1, Y0, (DI)(BX*1) \
	LEAQ         (DI)(BX*2), DI

// Rows of one column: a register of partial sums each.
#define DOTS3(p, c0, c1, c2) \
	VFMADD231PS (p), Y0, c0 \
	VFMADD231PS (p)(DX*1), Y0, c1 \
	VFMADD231PS (p)(DX*2), Y0, c2

// Stores the four values of X0 in rows.
#define DOTSTORE2(x, i, j) \
	VEXTRACTPS $i, x, (DI) \
	VEXTRACTPS $j, x, (DI)(BX*1) \
	LEAQ       (DI)(BX*2), DI

// func winogradProductsAVX2(m, v, u *float32, xi, ldm, ldv, panels, half, pairs, quarter, dots, depth, groups int, ahead0 *float32, bytes0 int, ahead1 *float32, bytes1 int)
TEXT ·winogradProductsAVX2(SB), NOSPLIT, $0-136
	MOVQ xi+24(FP), AX
	SHLQ $2, AX
	MOVQ AX, xi+24(FP)
	MOVQ ldm+32(FP), BX
	SHLQ $2, BX
	MOVQ ldv+40(FP), DX
	SHLQ $2, DX
	MOVQ u+16(FP), R12
	MOVQ $16, R15

product:
	MOVQ  m+0(FP), R10
	MOVQ  panels+48(FP), R13
	TESTQ R13, R13
	JEQ   half

panel:
	MOVQ groups+96(FP), R11
	MOVQ v+8(FP), AX
	MOVQ R10, DI

group:
	SUBQ $128, bytes0+112(FP)
	JLT  fetch1
	MOVQ ahead0+104(FP), CX
	PREFETCHT0 (CX)
	PREFETCHT0 64(CX)
	ADDQ $128, ahead0+104(FP)

fetch1:
	SUBQ $128, bytes1+128(FP)
	JLT  begin
	MOVQ ahead1+120(FP), CX
	PREFETCHT0 (CX)
	PREFETCHT0 64(CX)
	ADDQ $128, ahead1+120(FP)

begin:
	LEAQ (DX)(DX*2), R9
	MOVQ AX, R8
	ADDQ AX, R9
	LEAQ (R9)(DX*2), AX
	ADDQ DX, AX
	MOVQ R12, SI
	MOVQ depth+88(FP), CX
	ZERO12
	SUBQ $8, CX
	JLT  odd

four:
	ROWSTEP(0, 0)
	ROWSTEP(4, 64)
	ROWSTEP(8, 128)
	ROWSTEP(12, 192)
	ADDQ $16, R8
	ADDQ $16, R9
	ADDQ $256, SI
	SUBQ $4, CX
	JGE  four

odd:
	ADDQ $4, CX
	JEQ  last

one:
	ROWSTEP(0, 0)
	ADDQ $4, R8
	ADDQ $4, R9
	ADDQ $64, SI
	DECQ CX
	JNZ  one

last:
	STEP2((R8), (R8)(DX*1), (SI), 32(SI), Y4, Y5, Y6, Y7)
	STEP2(4(R8), 4(R8)(DX*1), 64(SI), 96(SI), Y4, Y5, Y6, Y7)
	STEP2(8(R8), 8(R8)(DX*1), 128(SI), 160(SI), Y4, Y5, Y6, Y7)
	STEP2(12(R8), 12(R8)(DX*1), 192(SI), 224(SI), Y4, Y5, Y6, Y7)
	STORE4(DI, BX, Y4, Y5, Y6, Y7)
	STEP2((R8)(DX*2), (R9), (SI), 32(SI), Y8, Y9, Y10, Y11)
	STEP2(4(R8)(DX*2), 4(R9), 64(SI), 96(SI), Y8, Y9, Y10, Y11)
	STEP2(8(R8)(DX*2), 8(R9), 128(SI), 160(SI), Y8, Y9, Y10, Y11)
	STEP2(12(R8)(DX*2), 12(R9), 192(SI), 224(SI), Y8, Y9, Y10, Y11)
	STORE4(DI, BX, Y8, Y9, Y10, Y11)
	STEP2((R9)(DX*1), (R9)(DX*2), (SI), 32(SI), Y12, Y13, Y14, Y15)
	STEP2(4(R9)(DX*1), 4(R9)(DX*2), 64(SI), 96(SI), Y12, Y13, Y14, Y15)
	STEP2(8(R9)(DX*1), 8(R9)(DX*2), 128(SI), 160(SI), Y12, Y13, Y14, Y15)
	STEP2(12(R9)(DX*1), 12(R9)(DX*2), 192(SI), 224(SI), Y12, Y13, Y14, Y15)
	STORE4(DI, BX, Y12, Y13, Y14, Y15)
	DECQ R11
	JNZ  group

	ADDQ $64, R10
	LEAQ 256(SI), R12
	DECQ R13
	JNZ  panel

half:
	CMPQ half+56(FP), $0
	JEQ  pairs
	MOVQ groups+96(FP), R11
	MOVQ v+8(FP), AX
	MOVQ R10, DI

pair:
	LEAQ (DX)(DX*2), CX
	MOVQ AX, R8
	LEAQ (AX)(CX*1), R9
	MOVQ R8, R10
	MOVQ R9, R13
	CMPQ R11, $1
	JEQ  halfRows       // rows past the end repeat others
	LEAQ (R9)(CX*1), R10
	LEAQ (R10)(CX*1), R13

halfRows:
	MOVQ R12, SI
	MOVQ depth+88(FP), CX
	ZERO12
	SUBQ $2, CX

halfTwo:
	HALFSTEP(0, 0)
	HALFSTEP(4, 64)
	ADDQ $8, R8
	ADDQ $8, R9
	ADDQ $8, R10
	ADDQ $8, R13
	ADDQ $128, SI
	SUBQ $2, CX
	JGE  halfTwo
	ADDQ $2, CX
	JEQ  halfStore
	HALFSTEP(0, 0)
	ADDQ $64, SI

halfStore:
	HALFSTORE6(Y4, Y5, Y6, Y7, Y8, Y9)
	CMPQ R11, $1
	JEQ  halfEnd
	HALFSTORE6(Y10, Y11, Y12, Y13, Y14, Y15)
	LEAQ (AX)(DX*4), AX
	LEAQ (AX)(DX*8), AX
	SUBQ $2, R11
	JNZ  pair

halfEnd:
	MOVQ SI, R12

pairs:
	CMPQ pairs+64(FP), $0
	JEQ  quarter
	MOVQ groups+96(FP), R11
	MOVQ v+8(FP), AX
	MOVQ R10, DI

pairRows:
	LEAQ (DX)(DX*2), R9
	MOVQ AX, R8
	ADDQ AX, R9
	LEAQ (R9)(DX*2), AX
	ADDQ DX, AX
	MOVQ R12, SI
	MOVQ depth+88(FP), CX
	ZERO12
	SUBQ $4, CX
	JLT  pairRest

pairFour:
	PAIRSTEP(0, 0)
	PAIRSTEP(8, 64)
	ADDQ $16, R8
	ADDQ $16, R9
	ADDQ $128, SI
	SUBQ $4, CX
	JGE  pairFour

pairRest:
	ADDQ $4, CX
	JLE  pairStore

pairTwo:
	PAIRSTEP(0, 0)
	ADDQ $8, R8
	ADDQ $8, R9
	ADDQ $64, SI
	SUBQ $2, CX
	JGT  pairTwo

pairStore:
	PAIRSTORE(Y4, Y5)
	PAIRSTORE(Y6, Y7)
	PAIRSTORE(Y8, Y9)
	PAIRSTORE(Y10, Y11)
	PAIRSTORE(Y12, Y13)
	PAIRSTORE(Y14, Y15)
	DECQ R11
	JNZ  pairRows
	MOVQ SI, R12
	ADDQ $32, R10

quarter:
	CMPQ quarter+72(FP), $0
	JEQ  dots
	MOVQ groups+96(FP), R11
	MOVQ v+8(FP), AX
	MOVQ R10, DI

quarterRows:
	LEAQ (DX)(DX*2), CX
	MOVQ AX, R8
	LEAQ (AX)(CX*1), R9
	MOVQ R8, R10
	MOVQ R9, R13
	CMPQ R11, $1
	JEQ  quarterStart       // rows past the end repeat others
	LEAQ (R9)(CX*1), R10
	LEAQ (R10)(CX*1), R13

quarterStart:
	MOVQ R12, SI
	MOVQ depth+88(FP), CX
	ZERO12

quarterTwo:
	VMOVUPS (SI), Y0
	QUARTER3(R8, Y4, Y5, Y6)
	QUARTER3(R9, Y7, Y8, Y9)
	QUARTER3(R10, Y10, Y11, Y12)
	QUARTER3(R13, Y13, Y14, Y15)
	ADDQ $8, R8
	ADDQ $8, R9
	ADDQ $8, R10
	ADDQ $8, R13
	ADDQ $32, SI
	SUBQ $2, CX
	JGT  quarterTwo

	QUARTERSTORE(Y4, Y5)
	QUARTERSTORE(Y6, Y7)
	QUARTERSTORE(Y8, Y9)
	CMPQ R11, $1
	JEQ  quarterEnd
	QUARTERSTORE(Y10, Y11)
	QUARTERSTORE(Y12, Y13)
	QUARTERSTORE(Y14, Y15)
	LEAQ (AX)(DX*4), AX
	LEAQ (AX)(DX*8), AX
	SUBQ $2, R11
	JNZ  quarterRows

quarterEnd:
	MOVQ SI, R12
	JMP  next

dots:
	MOVQ  dots+80(FP), R13
	TESTQ R13, R13
	JEQ   next

dotColumn:
	MOVQ groups+96(FP), R11
	MOVQ v+8(FP), AX
	MOVQ R10, DI

dotRows:
	LEAQ   (DX)(DX*2), R9
	MOVQ   AX, R8
	ADDQ   AX, R9
	LEAQ   (R9)(DX*2), AX
	ADDQ   DX, AX
	MOVQ   R12, SI
	MOVQ   depth+88(FP), CX
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	VXORPS Y8, Y8, Y8
	VXORPS Y9, Y9, Y9

dotEight:
	VMOVUPS (SI), Y0
	DOTS3(R8, Y4, Y5, Y6)
	DOTS3(R9, Y7, Y8, Y9)
	ADDQ    $32, R8
	ADDQ    $32, R9
	ADDQ    $32, SI
	SUBQ    $8, CX
	JGT     dotEight

	VHADDPS      Y5, Y4, Y4
	VHADDPS      Y7, Y6, Y6
	VHADDPS      Y9, Y8, Y8
	VHADDPS      Y6, Y4, Y4
	VHADDPS      Y8, Y8, Y8
	VEXTRACTF128 $1, Y4, X0
	VEXTRACTF128 $1, Y8, X1
	VADDPS       X0, X4, X0
	VADDPS       X1, X8, X1
	DOTSTORE2(X0, 0, 1)
	DOTSTORE2(X0, 2, 3)
	DOTSTORE2(X1, 0, 1)
	DECQ         R11
	JNZ          dotRows
	MOVQ         SI, R12
	ADDQ         $4, R10
	DECQ         R13
	JNZ          dotColumn

next:
	MOVQ xi+24(FP), AX
	ADDQ AX, m+0(FP)
	ADDQ AX, v+8(FP)
	DECQ R15
	JNZ  product
	VZEROUPPER
	RET
