#include "textflag.h"

// The transforms work on eight channels at a time; the lanes past the last
// channel are read as zeros and not written. In all of them DX is the distance
// of neighbouring products and BX three times that, and DI, SI, R15 and AX
// point at the products (0,0), (1,0), (2,0) and (3,0) of the tile.

DATA ·laneMasks+0(SB)/8, $0xffffffffffffffff
DATA ·laneMasks+8(SB)/8, $0xffffffffffffffff
DATA ·laneMasks+16(SB)/8, $0xffffffffffffffff
DATA ·laneMasks+24(SB)/8, $0xffffffffffffffff
DATA ·laneMasks+32(SB)/8, $0
DATA ·laneMasks+40(SB)/8, $0
DATA ·laneMasks+48(SB)/8, $0
DATA ·laneMasks+56(SB)/8, $0
GLOBL ·laneMasks(SB), RODATA, $64

// MASK loads the mask of the first min(n, 8) lanes; it destroys n and t.
#define MASK(n, t, y) \
	CMPQ n, $8 \
	MOVQ $8, t \
	CMOVQGT t, n \
	NEGQ n \
	LEAQ ·laneMasks(SB), t \
	VMOVUPS 32(t)(n*4), y

#define BASES \
	LEAQ (DI)(DX*4), SI \
	LEAQ (SI)(DX*4), R15 \
	LEAQ (R15)(DX*4), AX

// Column transform of the four pixels at CX.
#define COLUMN(c0, c1, c2, c3) \
	VMASKMOVPS (R9)(CX*1), Y15, Y12 \
	VMASKMOVPS (R10)(CX*1), Y15, Y13 \
	VMASKMOVPS (R8)(CX*1), Y15, c0 \
	VMASKMOVPS (R11)(CX*1), Y15, c3 \
	VSUBPS Y13, c0, c0 \
	VADDPS Y12, Y13, c1 \
	VSUBPS Y12, Y13, c2 \
	VSUBPS Y12, c3, c3

#define NOCOLUMN(c0, c1, c2, c3) \
	VXORPS c0, c0, c0 \
	VXORPS c1, c1, c1 \
	VXORPS c2, c2, c2 \
	VXORPS c3, c3, c3

// Row transform of the first three columns a, b, c.
#define ROW3(base, a, b, c) \
	VSUBPS c, a, Y12 \
	VADDPS c, b, Y13 \
	VSUBPS b, c, Y14 \
	VMOVUPS Y12, (base) \
	VMOVUPS Y13, (base)(DX*1) \
	VMOVUPS Y14, (base)(DX*2)

#define ROW1(base, b, d) \
	VSUBPS b, d, Y12 \
	VMOVUPS Y12, (base)(BX*1)

// Two columns of a tile are also the first two of the next: Y0..Y3 and Y4..Y7
// carry their transforms along.

// func winogradInputAVX2(v *float32, xi, ld int, r0, r1, r2, r3 *float32, col, width, c, tiles int)
TEXT ·winogradInputAVX2(SB), NOSPLIT, $0-88
	MOVQ  xi+8(FP), DX
	SHLQ  $2, DX
	LEAQ  (DX)(DX*2), BX
	SHLQ  $2, ld+16(FP)
	MOVQ  r0+24(FP), R8
	MOVQ  r1+32(FP), R9
	MOVQ  r2+40(FP), R10
	MOVQ  r3+48(FP), R11
	MOVQ  c+72(FP), R13
	SHLQ  $2, R13
	MOVQ  width+64(FP), R12
	IMULQ R13, R12
	MOVQ  col+56(FP), CX
	IMULQ R13, CX
	MOVQ  CX, col+56(FP)

octet:
	MOVQ c+72(FP), CX
	MASK(CX, AX, Y15)
	MOVQ v+0(FP), DI
	BASES
	MOVQ tiles+80(FP), R14
	MOVQ col+56(FP), CX
	CMPQ CX, R12
	JCC  noA
	COLUMN(Y0, Y1, Y2, Y3)

haveA:
	ADDQ R13, CX
	CMPQ CX, R12
	JCC  noB
	COLUMN(Y4, Y5, Y6, Y7)

haveB:
	ADDQ R13, CX

tile:
	CMPQ CX, R12
	JCC  noC
	COLUMN(Y8, Y9, Y10, Y11)

haveC:
	ADDQ R13, CX
	ROW3(DI, Y0, Y4, Y8)
	ROW3(SI, Y1, Y5, Y9)
	ROW3(R15, Y2, Y6, Y10)
	ROW3(AX, Y3, Y7, Y11)
	CMPQ CX, R12
	JCC  noD
	COLUMN(Y0, Y1, Y2, Y3)

haveD:
	ADDQ    R13, CX
	ROW1(DI, Y4, Y0)
	ROW1(SI, Y5, Y1)
	ROW1(R15, Y6, Y2)
	ROW1(AX, Y7, Y3)
	VMOVAPS Y0, Y4
	VMOVAPS Y1, Y5
	VMOVAPS Y2, Y6
	VMOVAPS Y3, Y7
	VMOVAPS Y8, Y0
	VMOVAPS Y9, Y1
	VMOVAPS Y10, Y2
	VMOVAPS Y11, Y3
	ADDQ    ld+16(FP), DI
	ADDQ    ld+16(FP), SI
	ADDQ    ld+16(FP), R15
	ADDQ    ld+16(FP), AX
	DECQ    R14
	JNZ     tile

	ADDQ $32, R8
	ADDQ $32, R9
	ADDQ $32, R10
	ADDQ $32, R11
	ADDQ $32, v+0(FP)
	SUBQ $8, c+72(FP)
	JGT  octet
	VZEROUPPER
	RET

noA:
	NOCOLUMN(Y0, Y1, Y2, Y3)
	JMP haveA

noB:
	NOCOLUMN(Y4, Y5, Y6, Y7)
	JMP haveB

noC:
	NOCOLUMN(Y8, Y9, Y10, Y11)
	JMP haveC

noD:
	NOCOLUMN(Y0, Y1, Y2, Y3)
	JMP haveD

// Two sums of the four products of a column or row: p = a + b + c and
// q = b - c + d, where a and d may lie in memory.
#define PAIR(a, b, c, d, p, q) \
	VADDPS c, b, p \
	VSUBPS c, b, q \
	VADDPS a, p, p \
	VADDPS d, q, q

// Stores the low R12 < 8 lanes of y, whose lower half is x, at R14; masked stores take tens of
// operations on AMD. It destroys y.
#define STORE7(x, y) \
	TESTQ $4, R12 \
	JEQ 4(PC) \
	VMOVUPS x, (R14) \
	VEXTRACTF128 $1, y, x \
	ADDQ $16, R14 \
	TESTQ $2, R12 \
	JEQ 4(PC) \
	VMOVLPS x, (R14) \
	VMOVHLPS x, x, x \
	ADDQ $8, R14 \
	TESTQ $1, R12 \
	JEQ 2(PC) \
	VMOVSS x, (R14)

#define LOAD2(b, c) \
	VMOVUPS b, Y8 \
	VMOVUPS c, Y9

// func winogradOutputAVX2(y0, y1 *float32, c, pitch int, m *float32, xi, ld, tiles int, bias, a0, a1, factor *float32, floor float32)
TEXT ·winogradOutputAVX2(SB), NOSPLIT, $0-100
	MOVQ xi+40(FP), DX
	SHLQ $2, DX
	LEAQ (DX)(DX*2), BX
	SHLQ $2, ld+48(FP)
	MOVQ pitch+24(FP), R13
	SHLQ $2, R13
	VBROADCASTSS floor+96(FP), Y13
	MOVQ bias+64(FP), R11
	MOVQ a0+72(FP), R10
	SUBQ y0+0(FP), R10 // distances of the values to add
	MOVQ y1+8(FP), AX
	SUBQ AX, a1+80(FP)

octet:
	MOVQ    c+16(FP), R12
	MOVQ    R12, CX
	MASK(CX, AX, Y15)
	VMOVUPS (R11), Y14
	CMPQ    a0+72(FP), $0
	JEQ     begin
	MOVQ    factor+88(FP), R14
	VMOVUPS (R14), Y12
	ADDQ    $32, factor+88(FP)

begin:
	MOVQ    m+32(FP), DI
	BASES
	MOVQ    y0+0(FP), R8
	MOVQ    y1+8(FP), R9
	MOVQ    tiles+56(FP), CX

tile:
	LOAD2((SI), (R15))
	PAIR((DI), Y8, Y9, (AX), Y0, Y4)
	LOAD2((SI)(DX*1), (R15)(DX*1))
	VADDPS Y14, Y8, Y8
	PAIR((DI)(DX*1), Y8, Y9, (AX)(DX*1), Y1, Y5)
	LOAD2((SI)(DX*2), (R15)(DX*2))
	PAIR((DI)(DX*2), Y8, Y9, (AX)(DX*2), Y2, Y6)
	LOAD2((SI)(BX*1), (R15)(BX*1))
	PAIR((DI)(BX*1), Y8, Y9, (AX)(BX*1), Y3, Y7)
	PAIR(Y0, Y1, Y2, Y3, Y8, Y9)
	PAIR(Y4, Y5, Y6, Y7, Y10, Y11)
	CMPQ   R12, $8
	JLT    tail
	CMPQ   a0+72(FP), $0
	JEQ    write
	MOVQ   a1+80(FP), R14
	ADDQ   R9, R14
	VFMADD231PS (R8)(R10*1), Y12, Y8
	VFMADD231PS (R14), Y12, Y10
	VFMADD231PS (R14)(R13*1), Y12, Y11
	LEAQ   (R8)(R13*1), R14
	VFMADD231PS (R14)(R10*1), Y12, Y9

write:
	VMAXPS Y8, Y13, Y8
	VMAXPS Y9, Y13, Y9
	VMAXPS Y10, Y13, Y10
	VMAXPS Y11, Y13, Y11
	VMOVUPS Y8, (R8)
	VMOVUPS Y9, (R8)(R13*1)
	VMOVUPS Y10, (R9)
	VMOVUPS Y11, (R9)(R13*1)

next:
	LEAQ (R8)(R13*2), R8
	LEAQ (R9)(R13*2), R9
	ADDQ ld+48(FP), DI
	ADDQ ld+48(FP), SI
	ADDQ ld+48(FP), R15
	ADDQ ld+48(FP), AX
	DECQ CX
	JNZ  tile

	ADDQ $32, R11
	ADDQ $32, m+32(FP)
	ADDQ $32, y0+0(FP)
	ADDQ $32, y1+8(FP)
	SUBQ $8, c+16(FP)
	JGT  octet
	VZEROUPPER
	RET

tail:
	CMPQ       a0+72(FP), $0
	JEQ        writeTail
	MOVQ       a1+80(FP), R14
	ADDQ       R9, R14
	VMASKMOVPS (R8)(R10*1), Y15, Y0
	VMASKMOVPS (R14), Y15, Y2
	VMASKMOVPS (R14)(R13*1), Y15, Y3
	LEAQ       (R8)(R13*1), R14
	VMASKMOVPS (R14)(R10*1), Y15, Y1
	VFMADD231PS Y0, Y12, Y8
	VFMADD231PS Y1, Y12, Y9
	VFMADD231PS Y2, Y12, Y10
	VFMADD231PS Y3, Y12, Y11

writeTail:
	VMAXPS Y8, Y13, Y8
	VMAXPS Y9, Y13, Y9
	VMAXPS Y10, Y13, Y10
	VMAXPS Y11, Y13, Y11
	MOVQ R8, R14
	STORE7(X8, Y8)
	LEAQ (R8)(R13*1), R14
	STORE7(X9, Y9)
	MOVQ R9, R14
	STORE7(X10, Y10)
	LEAQ (R9)(R13*1), R14
	STORE7(X11, Y11)
	JMP  next

// Row transform of a gradient tile with columns a, b.
#define SPREAD(base, a, b) \
	VADDPS b, a, Y8 \
	VSUBPS b, a, Y9 \
	VMOVUPS a, (base) \
	VMOVUPS Y8, (base)(DX*1) \
	VMOVUPS Y9, (base)(DX*2) \
	VMOVUPS b, (base)(BX*1)

// func winogradGradientAVX2(z *float32, xi, ld int, r0, r1 *float32, col, width, c, tiles int)
TEXT ·winogradGradientAVX2(SB), NOSPLIT, $0-72
	MOVQ  xi+8(FP), DX
	SHLQ  $2, DX
	LEAQ  (DX)(DX*2), BX
	MOVQ  ld+16(FP), R10
	SHLQ  $2, R10
	MOVQ  r0+24(FP), R8
	MOVQ  r1+32(FP), R9
	MOVQ  c+56(FP), R13
	SHLQ  $2, R13
	MOVQ  width+48(FP), R12
	IMULQ R13, R12
	MOVQ  col+40(FP), CX
	IMULQ R13, CX
	MOVQ  CX, col+40(FP)

octet:
	MOVQ c+56(FP), CX
	MASK(CX, AX, Y15)
	MOVQ z+0(FP), DI
	BASES
	MOVQ tiles+64(FP), R11
	MOVQ col+40(FP), CX

tile:
	VMASKMOVPS (R8)(CX*1), Y15, Y0
	VMASKMOVPS (R9)(CX*1), Y15, Y3
	ADDQ       R13, CX
	CMPQ       CX, R12
	JCC        noB
	VMASKMOVPS (R8)(CX*1), Y15, Y4
	VMASKMOVPS (R9)(CX*1), Y15, Y7

haveB:
	ADDQ   R13, CX
	VADDPS Y3, Y0, Y1
	VADDPS Y7, Y4, Y5
	VSUBPS Y3, Y0, Y2
	VSUBPS Y7, Y4, Y6
	SPREAD(DI, Y0, Y4)
	SPREAD(SI, Y1, Y5)
	SPREAD(R15, Y2, Y6)
	SPREAD(AX, Y3, Y7)
	ADDQ   R10, DI
	ADDQ   R10, SI
	ADDQ   R10, R15
	ADDQ   R10, AX
	DECQ   R11
	JNZ    tile

	ADDQ $32, R8
	ADDQ $32, R9
	ADDQ $32, z+0(FP)
	SUBQ $8, c+56(FP)
	JGT  octet
	VZEROUPPER
	RET

noB:
	VXORPS Y4, Y4, Y4
	VXORPS Y7, Y7, Y7
	JMP    haveB
