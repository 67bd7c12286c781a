#include "textflag.h"
#include "exp_amd64.h"

// MAXPS and MINPS return their second source when either is NaN, which in
// Go's operand order is the first operand written. Blends test the sign bit.

// MAP replaces n values of SI by BODY of them, in Y0, in DI; Y6 is the mask of
// the last values.
#define MAP(BODY) \
	XORQ AX, AX \
	SUBQ $8, CX \
	JLT  tail \
loop: \
	VMOVUPS (SI)(AX*4), Y0 \
	BODY \
	VMOVUPS Y0, (DI)(AX*4) \
	ADDQ $8, AX \
	CMPQ AX, CX \
	JLE  loop \
tail: \
	ADDQ $8, CX \
	SUBQ AX, CX \
	JEQ  done \
	TAILMASK(CX, BX, Y6) \
	VMASKMOVPS (SI)(AX*4), Y6, Y0 \
	BODY \
	VMASKMOVPS Y0, Y6, (DI)(AX*4) \
done: \
	VZEROUPPER \
	RET

// MAPGRAD is MAP with the result times the values of DX.
#define MAPGRAD(BODY) \
	XORQ AX, AX \
	SUBQ $8, CX \
	JLT  tail \
loop: \
	VMOVUPS (SI)(AX*4), Y0 \
	BODY \
	VMULPS  (DX)(AX*4), Y0, Y0 \
	VMOVUPS Y0, (DI)(AX*4) \
	ADDQ $8, AX \
	CMPQ AX, CX \
	JLE  loop \
tail: \
	ADDQ $8, CX \
	SUBQ AX, CX \
	JEQ  done \
	TAILMASK(CX, BX, Y6) \
	VMASKMOVPS (SI)(AX*4), Y6, Y0 \
	BODY \
	VMASKMOVPS (DX)(AX*4), Y6, Y1 \
	VMULPS Y1, Y0, Y0 \
	VMASKMOVPS Y0, Y6, (DI)(AX*4) \
done: \
	VZEROUPPER \
	RET

// r = the sign bits
#define SIGN(r) \
	VPCMPEQD r, r, r \
	VPSLLD $31, r, r

// r = max(x, 0)
#define RELU(x, r) \
	VXORPS r, r, r \
	VMAXPS x, r, r

// Y0 = 1 - u where x >= 0, else u.
#define MIRROR(x, u) \
	VMOVUPS   K(laneTable_one), Y0 \
	VSUBPS    u, Y0, Y0 \
	VBLENDVPS x, u, Y0, Y0

#define TANHBODY \
	VMINPS Y0, Y15, Y0 \
	VMAXPS Y0, Y14, Y0 \
	VMULPS Y0, Y0, Y1 \
	VMOVAPS Y13, Y2 \
	VFMADD213PS Y12, Y1, Y2 \
	VFMADD213PS Y11, Y1, Y2 \
	VFMADD213PS Y10, Y1, Y2 \
	VFMADD213PS Y9, Y1, Y2 \
	VMULPS Y2, Y0, Y0 \
	VMOVAPS Y8, Y2 \
	VFMADD213PS Y5, Y1, Y2 \
	VFMADD213PS K(laneTable_tanhQ+32*2), Y1, Y2 \
	VFMADD213PS K(laneTable_tanhQ+32*1), Y1, Y2 \
	VFMADD213PS Y7, Y1, Y2 \
	VDIVPS Y2, Y0, Y0 \
	VMINPS Y0, Y7, Y0 \
	VMAXPS Y0, Y4, Y0

// func tanhAVX2(dst, x *float32, n int)
TEXT ·tanhAVX2(SB), NOSPLIT, $0-24
	MOVQ    dst+0(FP), DI
	MOVQ    x+8(FP), SI
	MOVQ    n+16(FP), CX
	VMOVUPS K(laneTable_tanhMax), Y15
	VMOVUPS K(laneTable_tanhMin), Y14
	VMOVUPS K(laneTable_tanhP+32*4), Y13
	VMOVUPS K(laneTable_tanhP+32*3), Y12
	VMOVUPS K(laneTable_tanhP+32*2), Y11
	VMOVUPS K(laneTable_tanhP+32*1), Y10
	VMOVUPS K(laneTable_tanhP), Y9
	VMOVUPS K(laneTable_tanhQ+32*4), Y8
	VMOVUPS K(laneTable_one), Y7
	VMOVUPS K(laneTable_tanhQ+32*3), Y5
	SIGN(Y4)
	VXORPS  Y7, Y4, Y4
	MAP(TANHBODY)

#define SIGMOIDBODY \
	VMOVAPS Y0, Y5 \
	SIGN(Y1) \
	VORPS   Y1, Y0, Y0 \
	EXPNEG(Y0, Y1, Y2, Y3, Y4) \
	VADDPS    Y7, Y4, Y1 \
	VBLENDVPS Y5, Y4, Y7, Y2 \
	VDIVPS    Y1, Y2, Y0

// func sigmoidAVX2(dst, x *float32, n int)
TEXT ·sigmoidAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	LOADEXP
	MAP(SIGMOIDBODY)

// Y5 = x, Y4 = -min(|x|, expFar), Y3 = 2^64·e^Y4 and Y1 = 1 + e^Y4
#define SILUPARTS \
	VMOVAPS Y0, Y5 \
	SIGN(Y1) \
	VORPS   Y1, Y0, Y0 \
	VMOVUPS K(laneTable_negExpFar), Y4 \
	VMAXPS  Y0, Y4, Y0 \
	VMOVAPS Y0, Y4 \
	REDUCE(Y0, Y1, Y2) \
	EXPPOLY(Y0, Y2, Y3) \
	SCALE(Y1, Y3) \
	VMOVUPS K(laneTable_one), Y1 \
	VFMADD231PS K(laneTable_down64), Y3, Y1

#define SILUBODY \
	SILUPARTS \
	VMULPS Y4, Y3, Y2 \
	VDIVPS Y1, Y2, Y2 \
	RELU(Y5, Y0) \
	VFMADD231PS K(laneTable_down64), Y2, Y0

// func siluAVX2(dst, x *float32, n int)
TEXT ·siluAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	LOADEXPUP
	MAP(SILUBODY)

#define SILUGRADBODY \
	SILUPARTS \
	VMOVUPS K(laneTable_one), Y2 \
	VDIVPS  Y1, Y2, Y1 \
	VFMADD213PS Y2, Y1, Y4 \
	VMULPS  Y1, Y3, Y3 \
	VMULPS  Y4, Y3, Y3 \
	VMULPS  K(laneTable_down64), Y3, Y3 \
	MIRROR(Y5, Y3)

// func siluGradAVX2(dx, x, dy *float32, n int)
TEXT ·siluGradAVX2(SB), NOSPLIT, $0-32
	MOVQ dx+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ dy+16(FP), DX
	MOVQ n+24(FP), CX
	LOADEXPUP
	MAPGRAD(SILUGRADBODY)

// Y5 = x, Y0 = a = min(|x|, millsMax), Y2 = 2^64·e^(-a²/2), Y1 = P(a) and
// Y3 = Q(a). The rounding error of a² is made up for in the exponent.
#define GELUPARTS \
	VMOVAPS Y0, Y5 \
	SIGN(Y1) \
	VANDNPS Y0, Y1, Y0 \
	VMOVUPS K(laneTable_millsMax), Y1 \
	VMINPS  Y0, Y1, Y0 \
	VMULPS  Y0, Y0, Y1 \
	VMOVAPS Y0, Y2 \
	VFMSUB213PS Y1, Y0, Y2 \
	VMULPS  K(laneTable_negHalf), Y1, Y1 \
	REDUCE(Y1, Y3, Y4) \
	VFNMADD231PS K(laneTable_half), Y2, Y1 \
	EXPPOLY(Y1, Y4, Y2) \
	SCALE(Y3, Y2) \
	VMOVUPS K(laneTable_millsP+32*4), Y1 \
	VFMADD213PS K(laneTable_millsP+32*3), Y0, Y1 \
	VFMADD213PS K(laneTable_millsP+32*2), Y0, Y1 \
	VFMADD213PS K(laneTable_millsP+32*1), Y0, Y1 \
	VFMADD213PS K(laneTable_millsP), Y0, Y1 \
	VMOVUPS K(laneTable_millsQ+32*5), Y3 \
	VFMADD213PS K(laneTable_millsQ+32*4), Y0, Y3 \
	VFMADD213PS K(laneTable_millsQ+32*3), Y0, Y3 \
	VFMADD213PS K(laneTable_millsQ+32*2), Y0, Y3 \
	VFMADD213PS K(laneTable_millsQ+32*1), Y0, Y3 \
	VFMADD213PS K(laneTable_millsQ), Y0, Y3

#define GELUBODY \
	GELUPARTS \
	VMULPS Y1, Y0, Y1 \
	VDIVPS Y3, Y1, Y1 \
	VMULPS Y2, Y1, Y1 \
	RELU(Y5, Y0) \
	VFNMADD231PS K(laneTable_down64), Y1, Y0

// func geluAVX2(dst, x *float32, n int)
TEXT ·geluAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	LOADEXPUP
	MAP(GELUBODY)

#define GELUGRADBODY \
	GELUPARTS \
	VDIVPS Y3, Y1, Y1 \
	VFNMADD231PS K(laneTable_density0), Y0, Y1 \
	VMULPS Y2, Y1, Y1 \
	VMULPS K(laneTable_down64), Y1, Y1 \
	MIRROR(Y5, Y1)

// func geluGradAVX2(dx, x, dy *float32, n int)
TEXT ·geluGradAVX2(SB), NOSPLIT, $0-32
	MOVQ dx+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ dy+16(FP), DX
	MOVQ n+24(FP), CX
	LOADEXPUP
	MAPGRAD(GELUGRADBODY)

#define ELUBODY \
	VMOVAPS Y0, Y5 \
	VXORPS  Y1, Y1, Y1 \
	VMINPS  Y0, Y1, Y0 \
	VMOVUPS K(laneTable_expm1Min), Y1 \
	VMAXPS  Y0, Y1, Y0 \
	EXPM1(Y0, Y1, Y2, Y3) \
	RELU(Y5, Y0) \
	VADDPS  Y3, Y0, Y0

// func eluAVX2(dst, x *float32, n int)
TEXT ·eluAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	LOADEXP
	MAP(ELUBODY)

#define SOFTPLUSBODY \
	RELU(Y0, Y5) \
	SIGN(Y1) \
	VORPS Y1, Y0, Y0 \
	EXPNEG(Y0, Y1, Y2, Y3, Y4) \
	VMULPS  Y4, Y4, Y1 \
	VMOVUPS K(laneTable_logC+32*9), Y3 \
	VFMADD213PS K(laneTable_logC+32*8), Y4, Y3 \
	VMOVUPS K(laneTable_logC+32*7), Y0 \
	VFMADD213PS K(laneTable_logC+32*6), Y4, Y0 \
	VMOVUPS K(laneTable_logC+32*5), Y2 \
	VFMADD213PS K(laneTable_logC+32*4), Y4, Y2 \
	VFMADD231PS Y0, Y1, Y2 \
	VMOVUPS K(laneTable_logC+32*3), Y13 \
	VFMADD213PS K(laneTable_logC+32*2), Y4, Y13 \
	VMOVUPS K(laneTable_logC+32*1), Y0 \
	VFMADD213PS K(laneTable_logC), Y4, Y0 \
	VFMADD231PS Y13, Y1, Y0 \
	VMULPS  Y1, Y1, Y1 \
	VFMADD231PS Y3, Y1, Y2 \
	VFMADD231PS Y2, Y1, Y0 \
	VFMADD213PS Y5, Y4, Y0

// func softplusAVX2(dst, x *float32, n int)
TEXT ·softplusAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	LOADEXP
	MAP(SOFTPLUSBODY)

#define SOFTPLUSGRADBODY \
	SIGN(Y5) \
	VXORPS  Y5, Y0, Y0 \
	VMOVUPS K(laneTable_expm1Min), Y1 \
	VMAXPS  Y0, Y1, Y0 \
	EXPM1(Y0, Y1, Y2, Y3) \
	VXORPS  Y5, Y3, Y0

// func softplusGradAVX2(dx, y, dy *float32, n int)
TEXT ·softplusGradAVX2(SB), NOSPLIT, $0-32
	MOVQ dx+0(FP), DI
	MOVQ y+8(FP), SI
	MOVQ dy+16(FP), DX
	MOVQ n+24(FP), CX
	LOADEXP
	MAPGRAD(SOFTPLUSGRADBODY)

#define TANHGRADBODY \
	VFNMADD213PS Y7, Y0, Y0

// func tanhGradAVX2(dx, y, dy *float32, n int)
TEXT ·tanhGradAVX2(SB), NOSPLIT, $0-32
	MOVQ    dx+0(FP), DI
	MOVQ    y+8(FP), SI
	MOVQ    dy+16(FP), DX
	MOVQ    n+24(FP), CX
	VMOVUPS K(laneTable_one), Y7
	MAPGRAD(TANHGRADBODY)

#define SIGMOIDGRADBODY \
	VSUBPS Y0, Y7, Y1 \
	VMULPS Y1, Y0, Y0

// func sigmoidGradAVX2(dx, y, dy *float32, n int)
TEXT ·sigmoidGradAVX2(SB), NOSPLIT, $0-32
	MOVQ    dx+0(FP), DI
	MOVQ    y+8(FP), SI
	MOVQ    dy+16(FP), DX
	MOVQ    n+24(FP), CX
	VMOVUPS K(laneTable_one), Y7
	MAPGRAD(SIGMOIDGRADBODY)

#define ELUGRADBODY \
	VMINPS Y0, Y5, Y0 \
	VADDPS Y7, Y0, Y0

// func eluGradAVX2(dx, y, dy *float32, n int)
TEXT ·eluGradAVX2(SB), NOSPLIT, $0-32
	MOVQ    dx+0(FP), DI
	MOVQ    y+8(FP), SI
	MOVQ    dy+16(FP), DX
	MOVQ    n+24(FP), CX
	VMOVUPS K(laneTable_one), Y7
	VXORPS  Y5, Y5, Y5
	MAPGRAD(ELUGRADBODY)

// The derivative: the slope where x <= 0, else 1.
#define LEAKYBODY \
	VCMPPS    $2, Y5, Y0, Y0 \
	VBLENDVPS Y0, Y4, Y7, Y0

// func leakyAVX2(dst, x, v *float32, n int, slope float32)
TEXT ·leakyAVX2(SB), NOSPLIT, $0-36
	MOVQ         dst+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         v+16(FP), DX
	MOVQ         n+24(FP), CX
	VBROADCASTSS slope+32(FP), Y4
	VMOVUPS      K(laneTable_one), Y7
	VXORPS       Y5, Y5, Y5
	MAPGRAD(LEAKYBODY)

#define MISHBODY \
	SILUPARTS \
	VMULPS    K(laneTable_down64), Y3, Y0 \
	VADDPS    K(laneTable_two), Y0, Y2 \
	VMULPS    Y2, Y3, Y3 \
	VMOVUPS   K(laneTable_two), Y13 \
	VFMADD231PS K(laneTable_down64), Y3, Y13 \
	VMULPS    Y4, Y3, Y3 \
	VADDPS    Y0, Y0, Y2 \
	VADDPS    K(laneTable_one), Y2, Y1 \
	VFMADD213PS Y1, Y0, Y2 \
	VMULPS    Y5, Y1, Y1 \
	VBLENDVPS Y5, Y3, Y1, Y1 \
	VBLENDVPS Y5, Y13, Y2, Y2 \
	VDIVPS    Y2, Y1, Y1 \
	VMULPS    K(laneTable_down64), Y1, Y0 \
	VBLENDVPS Y5, Y0, Y1, Y0

// func mishAVX2(dst, x *float32, n int)
TEXT ·mishAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	LOADEXPUP
	MAP(MISHBODY)

#define MISHGRADBODY \
	SILUPARTS \
	VMULPS    K(laneTable_down64), Y3, Y0 \
	VMULPS    Y1, Y4, Y4 \
	VMULPS    K(laneTable_four), Y4, Y4 \
	VADDPS    K(laneTable_two), Y0, Y1 \
	VMOVAPS   Y0, Y2 \
	VFMADD213PS K(laneTable_two), Y1, Y2 \
	VFMADD213PS Y4, Y2, Y1 \
	VMULPS    Y3, Y1, Y1 \
	VMULPS    Y2, Y2, Y2 \
	VDIVPS    Y2, Y1, Y3 \
	VMULPS    K(laneTable_down64), Y3, Y3 \
	VADDPS    Y0, Y0, Y1 \
	VADDPS    K(laneTable_one), Y1, Y2 \
	VFMADD213PS Y2, Y0, Y1 \
	VMULPS    Y0, Y0, Y0 \
	VMULPS    Y1, Y2, Y2 \
	VFNMADD231PS Y4, Y0, Y2 \
	VMULPS    Y1, Y1, Y1 \
	VDIVPS    Y1, Y2, Y2 \
	VBLENDVPS Y5, Y3, Y2, Y0

// func mishGradAVX2(dx, x, dy *float32, n int)
TEXT ·mishGradAVX2(SB), NOSPLIT, $0-32
	MOVQ dx+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ dy+16(FP), DX
	MOVQ n+24(FP), CX
	LOADEXPUP
	MAPGRAD(MISHGRADBODY)

// Y5 = x, Y0 = a = min(|x|, geluTanhMax), Y2 = 2^64·e^-w and Y1 = 1 + e^-w with
// w = c0·a + c1·a³. The rounding errors of w are collected and made up for in the exponent.
#define GELUTANHPARTS \
	VMOVAPS Y0, Y5 \
	SIGN(Y1) \
	VANDNPS Y0, Y1, Y0 \
	VMOVUPS K(laneTable_geluTanhMax), Y1 \
	VMINPS  Y0, Y1, Y0 \
	VMULPS  Y0, Y0, Y1 \
	VMOVAPS Y0, Y2 \
	VFMSUB213PS Y1, Y0, Y2 \
	VMULPS  Y1, Y0, Y3 \
	VFMSUB213PS Y3, Y0, Y1 \
	VFMADD231PS Y2, Y0, Y1 \
	VMOVUPS K(laneTable_tanhC1), Y13 \
	VMULPS  Y1, Y13, Y2 \
	VMULPS  Y3, Y13, Y1 \
	VFMADD231PS K(laneTable_tanhC1Lo), Y3, Y2 \
	VFMSUB213PS Y1, Y13, Y3 \
	VADDPS  Y3, Y2, Y2 \
	VMOVUPS K(laneTable_tanhC0), Y13 \
	VMULPS  Y0, Y13, Y4 \
	VFMSUB213PS Y4, Y0, Y13 \
	VADDPS  Y13, Y2, Y2 \
	VFMADD231PS K(laneTable_tanhC0Lo), Y0, Y2 \
	VMAXPS  Y4, Y1, Y3 \
	VMINPS  Y4, Y1, Y13 \
	VADDPS  Y13, Y3, Y1 \
	VSUBPS  Y3, Y1, Y3 \
	VSUBPS  Y3, Y13, Y13 \
	VADDPS  Y13, Y2, Y2 \
	SIGN(Y3) \
	VXORPS  Y3, Y1, Y1 \
	REDUCE(Y1, Y3, Y4) \
	VSUBPS  Y2, Y1, Y1 \
	EXPPOLY(Y1, Y4, Y2) \
	SCALE(Y3, Y2) \
	VMOVUPS K(laneTable_one), Y1 \
	VFMADD231PS K(laneTable_down64), Y2, Y1

#define GELUTANHBODY \
	GELUTANHPARTS \
	VMULPS Y2, Y0, Y2 \
	VDIVPS Y1, Y2, Y2 \
	RELU(Y5, Y0) \
	VFNMADD231PS K(laneTable_down64), Y2, Y0

// func geluTanhAVX2(dst, x *float32, n int)
TEXT ·geluTanhAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	LOADEXPUP
	MAP(GELUTANHBODY)

#define GELUTANHGRADBODY \
	GELUTANHPARTS \
	VMOVUPS K(laneTable_one), Y3 \
	VMOVAPS Y3, Y13 \
	VDIVPS  Y1, Y3, Y3 \
	VMULPS  Y0, Y0, Y4 \
	VMOVUPS K(laneTable_tanhC0), Y1 \
	VFMADD231PS K(laneTable_tanhC13), Y4, Y1 \
	VMULPS  Y0, Y1, Y1 \
	VFNMADD231PS Y1, Y3, Y13 \
	VMULPS  Y3, Y2, Y2 \
	VMULPS  Y13, Y2, Y2 \
	VMULPS  K(laneTable_down64), Y2, Y2 \
	MIRROR(Y5, Y2)

// func geluTanhGradAVX2(dx, x, dy *float32, n int)
TEXT ·geluTanhGradAVX2(SB), NOSPLIT, $0-32
	MOVQ dx+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ dy+16(FP), DX
	MOVQ n+24(FP), CX
	LOADEXPUP
	MAPGRAD(GELUTANHGRADBODY)

#define HARDSWISHBODY \
	VADDPS Y15, Y0, Y1 \
	VMAXPS Y1, Y13, Y1 \
	VMINPS Y1, Y14, Y1 \
	VMULPS Y12, Y1, Y1 \
	VMAXPS Y0, Y11, Y0 \
	VMULPS Y1, Y0, Y0

// func hardSwishAVX2(dst, x *float32, n int)
TEXT ·hardSwishAVX2(SB), NOSPLIT, $0-24
	MOVQ    dst+0(FP), DI
	MOVQ    x+8(FP), SI
	MOVQ    n+16(FP), CX
	VMOVUPS K(laneTable_three), Y15
	VMOVUPS K(laneTable_six), Y14
	VXORPS  Y13, Y13, Y13
	VMOVUPS K(laneTable_sixth), Y12
	VMOVUPS K(laneTable_negThree), Y11
	MAP(HARDSWISHBODY)

// The comparisons are LE_OS (2) with -3 and GE_OS (13) with 3; NaN passes.
#define HARDSWISHGRADBODY \
	VCMPPS $2, Y11, Y0, Y1 \
	VCMPPS $13, Y15, Y0, Y2 \
	VFMADD213PS Y13, Y12, Y0 \
	VANDNPS Y0, Y1, Y0 \
	VBLENDVPS Y2, Y7, Y0, Y0

// func hardSwishGradAVX2(dx, x, dy *float32, n int)
TEXT ·hardSwishGradAVX2(SB), NOSPLIT, $0-32
	MOVQ    dx+0(FP), DI
	MOVQ    x+8(FP), SI
	MOVQ    dy+16(FP), DX
	MOVQ    n+24(FP), CX
	VMOVUPS K(laneTable_three), Y15
	VMOVUPS K(laneTable_half), Y13
	VMOVUPS K(laneTable_third), Y12
	VMOVUPS K(laneTable_negThree), Y11
	VMOVUPS K(laneTable_one), Y7
	MAPGRAD(HARDSWISHGRADBODY)

#define CLIPBODY \
	VADDPS Y15, Y0, Y0 \
	VMAXPS Y0, Y14, Y0 \
	VMINPS Y0, Y13, Y0 \
	VMULPS Y12, Y0, Y0

// func clipAVX2(dst, x *float32, n int, shift, lo, hi, scale float32)
TEXT ·clipAVX2(SB), NOSPLIT, $0-40
	MOVQ         dst+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS shift+24(FP), Y15
	VBROADCASTSS lo+28(FP), Y14
	VBROADCASTSS hi+32(FP), Y13
	VBROADCASTSS scale+36(FP), Y12
	MAP(CLIPBODY)

// The derivative: the scale where y is neither LE_OS (2) lo nor GE_OS (13) hi, else 0.
#define CLIPGRADBODY \
	VCMPPS  $2, Y14, Y0, Y1 \
	VCMPPS  $13, Y13, Y0, Y2 \
	VORPS   Y1, Y2, Y1 \
	VANDNPS Y12, Y1, Y0

// func clipGradAVX2(dst, y, dy *float32, n int, lo, hi, scale float32)
TEXT ·clipGradAVX2(SB), NOSPLIT, $0-44
	MOVQ         dst+0(FP), DI
	MOVQ         y+8(FP), SI
	MOVQ         dy+16(FP), DX
	MOVQ         n+24(FP), CX
	VBROADCASTSS lo+32(FP), Y14
	VBROADCASTSS hi+36(FP), Y13
	VBROADCASTSS scale+40(FP), Y12
	MAPGRAD(CLIPGRADBODY)

// func preluAVX2(dst, x, v, slopes *float32, rows, n, ld int)
TEXT ·preluAVX2(SB), NOSPLIT, $0-56
	MOVQ    dst+0(FP), DI
	MOVQ    x+8(FP), SI
	MOVQ    v+16(FP), DX
	MOVQ    slopes+24(FP), R8
	MOVQ    rows+32(FP), R9
	MOVQ    n+40(FP), CX
	MOVQ    ld+48(FP), R10
	SHLQ    $2, R10
	VMOVUPS K(laneTable_one), Y7
	VXORPS  Y5, Y5, Y5

row:
	XORQ AX, AX

loop:
	VMOVUPS   (SI)(AX*4), Y0
	VCMPPS    $2, Y5, Y0, Y0
	VMOVUPS   (R8)(AX*4), Y1
	VBLENDVPS Y0, Y1, Y7, Y0
	VMULPS    (DX)(AX*4), Y0, Y0
	VMOVUPS   Y0, (DI)(AX*4)
	ADDQ      $8, AX
	CMPQ      AX, CX
	JLT       loop
	ADDQ      R10, DI
	ADDQ      R10, SI
	ADDQ      R10, DX
	DECQ      R9
	JNE       row
	VZEROUPPER
	RET
