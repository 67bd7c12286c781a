#include "textflag.h"
#include "exp_amd64.h"

// The steps of recurrent cells, eight units at a time. Y7 to Y15 belong to the exponential,
// with Y13 as scratch; Y6 is the mask of the last units. AX counts units, CX those left, BX
// is scratch. Gates lie DX bytes apart and R8 is three times that.

// MAXPS and MINPS return their second source when either is NaN, which in Go's
// operand order is the first operand written. Blends test the sign bit.

#define LOAD(m, r) VMOVUPS m, r
#define STORE(r, m) VMOVUPS r, m
#define LOADSOME(m, r) VMASKMOVPS m, Y6, r
#define STORESOME(r, m) VMASKMOVPS r, Y6, m

// STEPS runs BODY for all units; NEXT moves pointers on by eight.
#define STEPS(BODY, NEXT) \
	XORQ AX, AX \
	SUBQ $8, CX \
	JLT  tail \
loop: \
	BODY(LOAD, STORE) \
	NEXT \
	ADDQ $8, AX \
	CMPQ AX, CX \
	JLE  loop \
tail: \
	ADDQ $8, CX \
	SUBQ AX, CX \
	JEQ  done \
	TAILMASK(CX, BX, Y6) \
	BODY(LOADSOME, STORESOME) \
done: \
	VZEROUPPER \
	RET

#define NOTHING

#define STRIDES \
	MOVQ CX, DX \
	SHLQ $2, DX \
	LEAQ (DX)(DX*2), R8

// The pointers to gates.
#define ADVANCE \
	ADDQ $32, DI \
	ADDQ $32, SI

#define ADVANCEX \
	ADVANCE \
	ADDQ $32, R12

// x = 1/(1 + e^-x); Y1 to Y5 are scratch.
#define SIGMOID(x) \
	VMOVAPS x, Y5 \
	VPCMPEQD Y1, Y1, Y1 \
	VPSLLD  $31, Y1, Y1 \
	VORPS   Y1, x, x \
	EXPNEG(x, Y1, Y2, Y3, Y4) \
	VADDPS    Y7, Y4, Y1 \
	VBLENDVPS Y5, Y4, Y7, Y2 \
	VDIVPS    Y1, Y2, x

// x = tanh(x); one holds ones, z and p are scratch.
#define TANH(x, one, z, p) \
	VMOVUPS K(laneTable_tanhMax), z \
	VMINPS  x, z, x \
	VMOVUPS K(laneTable_tanhMin), z \
	VMAXPS  x, z, x \
	VMULPS  x, x, z \
	VMOVUPS K(laneTable_tanhP+32*4), p \
	VFMADD213PS K(laneTable_tanhP+32*3), z, p \
	VFMADD213PS K(laneTable_tanhP+32*2), z, p \
	VFMADD213PS K(laneTable_tanhP+32*1), z, p \
	VFMADD213PS K(laneTable_tanhP), z, p \
	VMULPS  p, x, x \
	VMOVUPS K(laneTable_tanhQ+32*4), p \
	VFMADD213PS K(laneTable_tanhQ+32*3), z, p \
	VFMADD213PS K(laneTable_tanhQ+32*2), z, p \
	VFMADD213PS K(laneTable_tanhQ+32*1), z, p \
	VFMADD213PS one, z, p \
	VDIVPS  p, x, x \
	VMINPS  x, one, x \
	VMOVUPS K(laneTable_negHalf), z \
	VADDPS  z, z, z \
	VMAXPS  x, z, x

#define SUM(LD, a, b, r, t) \
	LD(a, r) \
	LD(b, t) \
	VADDPS t, r, r

#define TANHSTEP(LD, ST) \
	SUM(LD, (SI)(AX*4), (DX)(AX*4), Y0, Y1) \
	TANH(Y0, Y7, Y1, Y2) \
	ST(Y0, (DI)(AX*4))

// func tanhStepAVX2(h, x, u *float32, n int)
TEXT ·tanhStepAVX2(SB), NOSPLIT, $0-32
	MOVQ    h+0(FP), DI
	MOVQ    x+8(FP), SI
	MOVQ    u+16(FP), DX
	MOVQ    n+24(FP), CX
	VMOVUPS K(laneTable_one), Y7
	STEPS(TANHSTEP, NOTHING)

#define TANHBACK(LD, ST) \
	SUM(LD, (DX)(AX*4), (R9)(AX*4), Y0, Y1) \
	LD((SI)(AX*4), Y1) \
	VFNMADD213PS Y7, Y1, Y1 \
	VMULPS Y1, Y0, Y0 \
	ST(Y0, (DI)(AX*4))

// func tanhStepBackAVX2(dx, h, dy, dh *float32, n int)
TEXT ·tanhStepBackAVX2(SB), NOSPLIT, $0-40
	MOVQ    dx+0(FP), DI
	MOVQ    h+8(FP), SI
	MOVQ    dy+16(FP), DX
	MOVQ    dh+24(FP), R9
	MOVQ    n+32(FP), CX
	VMOVUPS K(laneTable_one), Y7
	STEPS(TANHBACK, NOTHING)

#define LSTMSTEP(LD, ST) \
	SUM(LD, (R12), (SI), Y0, Y1) \
	SIGMOID(Y0) \
	ST(Y0, (DI)) \
	SUM(LD, (R12)(DX*1), (SI)(DX*1), Y0, Y1) \
	SIGMOID(Y0) \
	ST(Y0, (DI)(DX*1)) \
	SUM(LD, (R12)(R8*1), (SI)(R8*1), Y0, Y1) \
	SIGMOID(Y0) \
	ST(Y0, (DI)(R8*1)) \
	SUM(LD, (R12)(DX*2), (SI)(DX*2), Y0, Y1) \
	TANH(Y0, Y7, Y1, Y2) \
	ST(Y0, (DI)(DX*2)) \
	LD((DI), Y1) \
	VMULPS Y1, Y0, Y0 \
	LD((DI)(DX*1), Y1) \
	LD((R9)(AX*4), Y2) \
	VFMADD231PS Y2, Y1, Y0 \
	ST(Y0, (R10)(AX*4)) \
	TANH(Y0, Y7, Y1, Y2) \
	LD((DI)(R8*1), Y1) \
	VMULPS Y1, Y0, Y0 \
	ST(Y0, (R11)(AX*4))

// func lstmStepAVX2(gates, x, u, c0, c1, h *float32, n int)
TEXT ·lstmStepAVX2(SB), NOSPLIT, $0-56
	MOVQ gates+0(FP), DI
	MOVQ x+8(FP), R12
	MOVQ u+16(FP), SI
	MOVQ c0+24(FP), R9
	MOVQ c1+32(FP), R10
	MOVQ h+40(FP), R11
	MOVQ n+48(FP), CX
	STRIDES
	LOADEXP
	STEPS(LSTMSTEP, ADVANCEX)

// r = g·(1 − g); t is scratch.
#define SLOPE(g, r) \
	VSUBPS g, Y7, r \
	VMULPS g, r, r

// Y0 = tanh(c1), Y4 = dy + dh, Y5 = the whole gradient of c1.
#define LSTMBACK(LD, ST) \
	LD((R10)(AX*4), Y0) \
	TANH(Y0, Y7, Y1, Y2) \
	SUM(LD, (R11)(AX*4), (R12)(AX*4), Y4, Y1) \
	LD((SI)(R8*1), Y3) \
	SLOPE(Y3, Y1) \
	VMULPS Y4, Y1, Y1 \
	VMULPS Y0, Y1, Y1 \
	ST(Y1, (DI)(R8*1)) \
	VFNMADD213PS Y7, Y0, Y0 \
	VMULPS Y3, Y4, Y4 \
	LD((R13)(AX*4), Y5) \
	VFMADD231PS Y0, Y4, Y5 \
	LD((SI), Y0) \
	LD((SI)(DX*2), Y1) \
	SLOPE(Y0, Y2) \
	VMULPS Y5, Y2, Y2 \
	VMULPS Y1, Y2, Y2 \
	ST(Y2, (DI)) \
	VFNMADD213PS Y7, Y1, Y1 \
	VMULPS Y5, Y1, Y1 \
	VMULPS Y0, Y1, Y1 \
	ST(Y1, (DI)(DX*2)) \
	LD((SI)(DX*1), Y0) \
	LD((R9)(AX*4), Y1) \
	SLOPE(Y0, Y2) \
	VMULPS Y5, Y2, Y2 \
	VMULPS Y1, Y2, Y2 \
	ST(Y2, (DI)(DX*1)) \
	VMULPS Y0, Y5, Y5 \
	ST(Y5, (R13)(AX*4))

// func lstmStepBackAVX2(dx, gates, c0, c1, dy, dh, dc *float32, n int)
TEXT ·lstmStepBackAVX2(SB), NOSPLIT, $0-64
	MOVQ dx+0(FP), DI
	MOVQ gates+8(FP), SI
	MOVQ c0+16(FP), R9
	MOVQ c1+24(FP), R10
	MOVQ dy+32(FP), R11
	MOVQ dh+40(FP), R12
	MOVQ dc+48(FP), R13
	MOVQ n+56(FP), CX
	STRIDES
	VMOVUPS K(laneTable_one), Y7
	STEPS(LSTMBACK, ADVANCE)

#define GRUSTEP(LD, ST) \
	SUM(LD, (R12), (SI), Y0, Y1) \
	SIGMOID(Y0) \
	ST(Y0, (DI)) \
	SUM(LD, (R12)(DX*1), (SI)(DX*1), Y0, Y1) \
	SIGMOID(Y0) \
	ST(Y0, (DI)(DX*1)) \
	LD((R12)(DX*2), Y0) \
	LD((SI)(DX*2), Y1) \
	ST(Y1, (R9)(AX*4)) \
	LD((DI), Y2) \
	VFMADD231PS Y2, Y1, Y0 \
	TANH(Y0, Y7, Y1, Y2) \
	ST(Y0, (DI)(DX*2)) \
	LD((R10)(AX*4), Y1) \
	VSUBPS Y0, Y1, Y1 \
	LD((DI)(DX*1), Y2) \
	VFMADD231PS Y2, Y1, Y0 \
	ST(Y0, (R10)(AX*4))

// func gruStepAVX2(gates, x, u, s, h *float32, n int)
TEXT ·gruStepAVX2(SB), NOSPLIT, $0-48
	MOVQ gates+0(FP), DI
	MOVQ x+8(FP), R12
	MOVQ u+16(FP), SI
	MOVQ s+24(FP), R9
	MOVQ h+32(FP), R10
	MOVQ n+40(FP), CX
	STRIDES
	LOADEXP
	STEPS(GRUSTEP, ADVANCEX)

// Y0 = dy + dh, Y1 = z, Y2 = n, Y3 = the gradient of n.
#define GRUBACK(LD, ST) \
	SUM(LD, (R11)(AX*4), (R12)(AX*4), Y0, Y1) \
	LD((SI)(DX*1), Y1) \
	LD((SI)(DX*2), Y2) \
	VMULPS Y1, Y0, Y4 \
	ST(Y4, (R12)(AX*4)) \
	SLOPE(Y1, Y4) \
	LD((R10)(AX*4), Y5) \
	VSUBPS Y2, Y5, Y5 \
	VMULPS Y0, Y5, Y5 \
	VMULPS Y5, Y4, Y4 \
	ST(Y4, (DI)(DX*1)) \
	VSUBPS Y1, Y7, Y3 \
	VMULPS Y0, Y3, Y3 \
	VFNMADD213PS Y7, Y2, Y2 \
	VMULPS Y2, Y3, Y3 \
	ST(Y3, (SI)(DX*2)) \
	LD((SI), Y1) \
	VMULPS Y1, Y3, Y4 \
	ST(Y4, (DI)(DX*2)) \
	SLOPE(Y1, Y4) \
	LD((R9)(AX*4), Y5) \
	VMULPS Y3, Y5, Y5 \
	VMULPS Y5, Y4, Y4 \
	ST(Y4, (DI))

// func gruStepBackAVX2(du, gates, s, h, dy, dh *float32, n int)
TEXT ·gruStepBackAVX2(SB), NOSPLIT, $0-56
	MOVQ du+0(FP), DI
	MOVQ gates+8(FP), SI
	MOVQ s+16(FP), R9
	MOVQ h+24(FP), R10
	MOVQ dy+32(FP), R11
	MOVQ dh+40(FP), R12
	MOVQ n+48(FP), CX
	STRIDES
	VMOVUPS K(laneTable_one), Y7
	STEPS(GRUBACK, ADVANCE)
