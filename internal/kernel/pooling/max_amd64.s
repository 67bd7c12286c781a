#include "textflag.h"
#include "pool_amd64.h"

// A NaN, in the first operand of MAXPS, leaves the maximum as it is, so NaN is
// kept apart in Y2.
#define MAXTAP \
	VMOVUPS (SI)(DX*1), Y1 \
	VMAXPS  Y0, Y1, Y0 \
	VCMPPS  $3, Y1, Y1, Y1 \
	VORPS   Y1, Y2, Y2

// func maxAVX2(y, x *float32, n, c, step, ld, kh, kw int)
TEXT ·maxAVX2(SB), NOSPLIT, $0-64
	MOVQ     y+0(FP), DI
	MOVQ     x+8(FP), SI
	MOVQ     n+16(FP), R9
	MOVQ     c+24(FP), R11
	MOVQ     step+32(FP), R8
	MOVQ     ld+40(FP), R12
	MOVQ     kh+48(FP), R13
	MOVQ     kw+56(FP), R10
	SHLQ     $2, R8
	SHLQ     $2, R11
	SHLQ     $2, R12
	VPCMPEQD Y7, Y7, Y7
	VPSLLD   $23, Y7, Y7 // -Inf

next:
	XORQ AX, AX

channels:
	VMOVAPS Y7, Y0
	VXORPS  Y2, Y2, Y2
	EACH(MAXTAP)
	VORPS   Y2, Y0, Y0
	VMOVUPS Y0, (DI)(AX*1)
	NEXTCHANNELS(NOTHING)
	ADDQ    R8, SI
	ADDQ    R11, DI
	DECQ    R9
	JNZ     next
	VZEROUPPER
	RET

// MAXGRAD goes over the windows. TAP takes one position, NANTAP one in the
// opposite order for the channels whose maximum is NaN. Y0 is the maximum, Y1
// the part of dy that has not found its position yet, Y5 masks the channels
// there are and Y6 those that are done.
#define MAXGRAD(TAP, NANTAP, LAST) \
	SHLQ     $2, R11 \
	SHLQ     $2, R12 \
	SHLQ     $2, R14 \
	MOVQ     R14, stride-8(SP) \
	MOVQ     CX, R14 \
	VPCMPEQD Y5, Y5, Y5 \
	CMPQ     R11, $32 \
	JGE      next \
	LEAQ     maskEnd<>+32(SB), AX \
	SUBQ     R11, AX \
	VMOVUPS  (AX), Y5 \
next: \
	XORQ     AX, AX \
	VXORPS   Y6, Y6, Y6 \
channels: \
	VMOVUPS  (R8)(AX*1), Y0 \
	VANDNPS  (R9)(AX*1), Y6, Y1 \
	EACH(TAP) \
	VCMPPS   $3, Y0, Y0, Y2 \
	VMOVMSKPS Y2, CX \
	TESTL    CX, CX \
	JNE      nan \
found: \
	NEXTCHANNELS(LAST) \
	ADDQ     stride-8(SP), SI \
	ADDQ     stride-8(SP), DI \
	ADDQ     R11, R8 \
	ADDQ     R11, R9 \
	DECQ     R14 \
	JNZ      next \
	VZEROUPPER \
	RET \
nan: \
	VANDPS   Y2, Y1, Y1 \
	VANDPS   Y5, Y1, Y1 \
	MOVQ     R13, R15 \
nanRow: \
	SUBQ     R12, BX \
	MOVQ     R10, CX \
	MOVQ     R10, DX \
	IMULQ    R11, DX \
	ADDQ     BX, DX \
nanPosition: \
	SUBQ     R11, DX \
	VMOVUPS  (SI)(DX*1), Y2 \
	VCMPPS   $3, Y2, Y2, Y2 \
	VANDPS   Y1, Y2, Y3 \
	VANDNPS  Y1, Y2, Y1 \
	NANTAP \
	VMOVUPS  Y3, (DI)(DX*1) \
	DECQ     CX \
	JNZ      nanPosition \
	DECQ     R15 \
	JNZ      nanRow \
	JMP      found

#define TAP \
	VCMPPS  $0, (SI)(DX*1), Y0, Y2 \
	VANDPS  Y1, Y2, Y3 \
	VANDNPS Y1, Y2, Y1 \
	VMOVUPS Y3, (DI)(DX*1)

#define NANTAP \
	VORPS (DI)(DX*1), Y3, Y3

// func maxGradAVX2(dx, x, y, dy *float32, n, c, step, ld, kh, kw int)
TEXT ·maxGradAVX2(SB), NOSPLIT, $8-80
	MOVQ dx+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ y+16(FP), R8
	MOVQ dy+24(FP), R9
	MOVQ n+32(FP), CX
	MOVQ c+40(FP), R11
	MOVQ step+48(FP), R14
	MOVQ ld+56(FP), R12
	MOVQ kh+64(FP), R13
	MOVQ kw+72(FP), R10
	MAXGRAD(TAP, NANTAP, NOTHING)

#define ADDTAP \
	VCMPPS  $0, (SI)(DX*1), Y0, Y2 \
	VANDPS  Y1, Y2, Y3 \
	VANDNPS Y1, Y2, Y1 \
	VADDPS  (DI)(DX*1), Y3, Y3 \
	VMOVUPS Y3, (DI)(DX*1)

#define ADDNANTAP \
	VADDPS (DI)(DX*1), Y3, Y3

// func maxGradAddAVX2(dx, x, y, dy *float32, n, c, step, ld, kh, kw int)
TEXT ·maxGradAddAVX2(SB), NOSPLIT, $8-80
	MOVQ dx+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ y+16(FP), R8
	MOVQ dy+24(FP), R9
	MOVQ n+32(FP), CX
	MOVQ c+40(FP), R11
	MOVQ step+48(FP), R14
	MOVQ ld+56(FP), R12
	MOVQ kh+64(FP), R13
	MOVQ kw+72(FP), R10
	MAXGRAD(ADDTAP, ADDNANTAP, MASKDONE)

// func maxSquareAVX2(y, x *float32, n, c, step, ld, rows, rowStep int)
TEXT ·maxSquareAVX2(SB), NOSPLIT, $0-64
	MOVQ y+0(FP), DI
	MOVQ x+8(FP), R14
	MOVQ c+24(FP), R11
	MOVQ step+32(FP), R8
	MOVQ ld+40(FP), R12
	MOVQ rows+48(FP), R13
	MOVQ rowStep+56(FP), R15
	SHLQ $2, R8
	SHLQ $2, R11
	SHLQ $2, R12
	SHLQ $2, R15

row:
	MOVQ R14, SI
	ADDQ R15, R14
	MOVQ n+16(FP), R9

next:
	LEAQ (SI)(R11*1), BX
	LEAQ (SI)(R12*1), CX
	LEAQ (BX)(R12*1), R10
	XORQ AX, AX

channels:
	VMOVUPS (SI)(AX*1), Y0
	VMOVUPS (BX)(AX*1), Y1
	VMOVUPS (CX)(AX*1), Y2
	VMOVUPS (R10)(AX*1), Y3
	VCMPPS  $3, Y0, Y1, Y4
	VCMPPS  $3, Y2, Y3, Y5
	VMAXPS  Y0, Y1, Y0
	VMAXPS  Y0, Y2, Y0
	VMAXPS  Y0, Y3, Y0
	VORPS   Y4, Y5, Y4
	VORPS   Y4, Y0, Y0
	VMOVUPS Y0, (DI)(AX*1)
	NEXTCHANNELS(NOTHING)
	ADDQ    R8, SI
	ADDQ    R11, DI
	DECQ    R9
	JNZ     next
	DECQ    R13
	JNZ     row
	VZEROUPPER
	RET

// func maxOfThreeAVX2(dst, a, b, c *float32, n, width, step int) (nan bool)
TEXT ·maxOfThreeAVX2(SB), NOSPLIT, $0-57
	MOVQ   dst+0(FP), DI
	MOVQ   a+8(FP), SI
	MOVQ   b+16(FP), BX
	MOVQ   c+24(FP), CX
	MOVQ   n+32(FP), R9
	MOVQ   width+40(FP), R11
	MOVQ   step+48(FP), R8
	SHLQ   $2, R8
	SHLQ   $2, R11
	VXORPS Y7, Y7, Y7

next:
	XORQ AX, AX

channels:
	VMOVUPS (SI)(AX*1), Y0
	VMOVUPS (BX)(AX*1), Y1
	VMOVUPS (CX)(AX*1), Y2
	VCMPPS  $3, Y0, Y1, Y3
	VCMPPS  $3, Y2, Y2, Y4
	VMAXPS  Y0, Y1, Y0
	VMAXPS  Y0, Y2, Y0
	VORPS   Y3, Y7, Y7
	VORPS   Y4, Y7, Y7
	VMOVUPS Y0, (DI)(AX*1)
	NEXTCHANNELS(NOTHING)
	ADDQ    R8, SI
	ADDQ    R8, BX
	ADDQ    R8, CX
	ADDQ    R11, DI
	DECQ    R9
	JNZ     next
	VMOVMSKPS Y7, AX
	TESTL   AX, AX
	SETNE   nan+56(FP)
	VZEROUPPER
	RET
