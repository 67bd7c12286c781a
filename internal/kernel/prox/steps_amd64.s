#include "go_asm.h"
#include "textflag.h"

// A soft threshold keeps |x| − t with the sign of x where not |x| <= t, which
// is true of NaN as well, and masks the rest to +0.

DATA absMask<>+0(SB)/4, $0x7fffffff
GLOBL absMask<>(SB), RODATA|NOPTR, $4
DATA one32<>+0(SB)/4, $0x3f800000
GLOBL one32<>(SB), RODATA|NOPTR, $4

// SOFT thresholds x at t; mask is absMask and a, b are scratch.
#define SOFT(x, t, mask, a, b) \
	VANDPS  mask, x, a     \
	VANDNPS x, mask, x     \
	VCMPPS  $6, t, a, b    \
	VSUBPS  t, a, a        \
	VORPS   x, a, x        \
	VANDPS  b, x, x

// func sgdAVX2(k *SGD, x, grad, v, frozen *float32, n int)
TEXT ·sgdAVX2(SB), NOSPLIT, $0-48
	MOVQ         k+0(FP), AX
	MOVQ         x+8(FP), DI
	MOVQ         grad+16(FP), SI
	MOVQ         v+24(FP), DX
	MOVQ         frozen+32(FP), R8
	MOVQ         n+40(FP), CX
	VBROADCASTSS SGD_Rate(AX), Y8
	VBROADCASTSS SGD_Scale(AX), Y9
	VBROADCASTSS SGD_Decay(AX), Y10
	VBROADCASTSS SGD_Momentum(AX), Y11
	VBROADCASTSS SGD_Cut(AX), Y12
	VBROADCASTSS SGD_Shrink(AX), Y13
	VBROADCASTSS absMask<>(SB), Y14
	VXORPS       Y15, Y15, Y15
	MOVBLZX      SGD_Nesterov(AX), R9
	XORQ         R10, R10
	VUCOMISS     X15, X12
	SETHI        R10
	XORQ         AX, AX

loop:
	VMOVUPS (DI)(AX*4), Y1
	VMULPS  (SI)(AX*4), Y9, Y0
	VMULPS  Y1, Y10, Y2
	VADDPS  Y2, Y0, Y0
	TESTQ   DX, DX
	JEQ     descend
	VMULPS  (DX)(AX*4), Y11, Y3
	VADDPS  Y0, Y3, Y3
	VMOVUPS Y3, (DX)(AX*4)
	TESTB   R9, R9
	JEQ     heavy
	VMULPS  Y3, Y11, Y3
	VADDPS  Y3, Y0, Y0
	JMP     descend

heavy:
	VMOVAPS Y3, Y0

descend:
	VMULPS Y0, Y8, Y0
	VSUBPS Y0, Y1, Y1
	TESTB  R10, R10
	JEQ    freeze
	SOFT(Y1, Y12, Y14, Y2, Y3)
	VMULPS Y13, Y1, Y1

freeze:
	TESTQ   R8, R8
	JEQ     store
	VCMPPS  $0, (R8)(AX*4), Y15, Y2
	VANDPS  Y2, Y1, Y1
	TESTQ   DX, DX
	JEQ     store
	VANDPS  (DX)(AX*4), Y2, Y2
	VMOVUPS Y2, (DX)(AX*4)

store:
	VMOVUPS Y1, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     loop
	VZEROUPPER
	RET

// func adamAVX2(k *Adam, x, grad, m, v, frozen *float32, n int)
TEXT ·adamAVX2(SB), NOSPLIT, $0-56
	MOVQ         k+0(FP), AX
	MOVQ         x+8(FP), DI
	MOVQ         grad+16(FP), SI
	MOVQ         m+24(FP), DX
	MOVQ         v+32(FP), BX
	MOVQ         frozen+40(FP), R8
	MOVQ         n+48(FP), CX
	VBROADCASTSS Adam_Scale(AX), Y5
	VBROADCASTSS Adam_Coupled(AX), Y6
	VBROADCASTSS Adam_Beta1(AX), Y7
	VBROADCASTSS Adam_Rest1(AX), Y8
	VBROADCASTSS Adam_Beta2(AX), Y9
	VBROADCASTSS Adam_Rest2(AX), Y10
	VBROADCASTSS Adam_Root(AX), Y11
	VBROADCASTSS Adam_Eps(AX), Y12
	VBROADCASTSS Adam_Rate(AX), Y13
	VBROADCASTSS Adam_Keep(AX), Y14
	VXORPS       Y15, Y15, Y15
	XORQ         R9, R9
	XORQ         R10, R10
	VMOVSS       Adam_Cut(AX), X0
	VUCOMISS     X15, X0
	SETHI        R9
	VMOVSS       Adam_Ridge(AX), X0
	VUCOMISS     X15, X0
	SETHI        R10
	XORQ         R11, R11

loop:
	VMOVUPS (DI)(R11*4), Y1
	VMULPS  (SI)(R11*4), Y5, Y0
	VMULPS  Y1, Y6, Y2
	VADDPS  Y2, Y0, Y0
	VMULPS  (DX)(R11*4), Y7, Y2
	VMULPS  Y0, Y8, Y3
	VADDPS  Y3, Y2, Y2
	VMOVUPS Y2, (DX)(R11*4)
	VMULPS  (BX)(R11*4), Y9, Y3
	VMULPS  Y0, Y10, Y4
	VMULPS  Y0, Y4, Y4
	VADDPS  Y4, Y3, Y3
	VMOVUPS Y3, (BX)(R11*4)
	VSQRTPS Y3, Y3
	VDIVPS  Y11, Y3, Y3
	VADDPS  Y12, Y3, Y3
	VMULPS  Y2, Y13, Y2
	VDIVPS  Y3, Y2, Y2
	VMULPS  Y1, Y14, Y1
	VSUBPS  Y2, Y1, Y1
	TESTB   R9, R9
	JEQ     freeze

	VBROADCASTSS Adam_Cut(AX), Y2
	VDIVPS       Y3, Y2, Y2
	VBROADCASTSS absMask<>(SB), Y4
	SOFT(Y1, Y2, Y4, Y0, Y4)
	TESTB        R10, R10
	JEQ          freeze
	VBROADCASTSS Adam_Ridge(AX), Y2
	VDIVPS       Y3, Y2, Y2
	VBROADCASTSS one32<>(SB), Y4
	VADDPS       Y4, Y2, Y2
	VDIVPS       Y2, Y1, Y1

freeze:
	TESTQ   R8, R8
	JEQ     store
	VCMPPS  $0, (R8)(R11*4), Y15, Y2
	VANDPS  Y2, Y1, Y1
	VANDPS  (DX)(R11*4), Y2, Y3
	VMOVUPS Y3, (DX)(R11*4)
	VANDPS  (BX)(R11*4), Y2, Y3
	VMOVUPS Y3, (BX)(R11*4)

store:
	VMOVUPS Y1, (DI)(R11*4)
	ADDQ    $8, R11
	CMPQ    R11, CX
	JLT     loop
	VZEROUPPER
	RET

// func adamMetricAVX2(dst, v *float32, n int, root, eps float32)
TEXT ·adamMetricAVX2(SB), NOSPLIT, $0-32
	MOVQ         dst+0(FP), DI
	MOVQ         v+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS root+24(FP), Y2
	VBROADCASTSS eps+28(FP), Y3
	XORQ         AX, AX

loop:
	VSQRTPS (SI)(AX*4), Y0
	VDIVPS  Y2, Y0, Y0
	VADDPS  Y3, Y0, Y0
	VMOVUPS Y0, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     loop
	VZEROUPPER
	RET

// func softAVX2(w *float32, n int, cut, shrink float32)
TEXT ·softAVX2(SB), NOSPLIT, $0-24
	MOVQ         w+0(FP), DI
	MOVQ         n+8(FP), CX
	VBROADCASTSS cut+16(FP), Y4
	VBROADCASTSS shrink+20(FP), Y5
	VBROADCASTSS absMask<>(SB), Y6
	XORQ         AX, AX

loop:
	VMOVUPS (DI)(AX*4), Y0
	SOFT(Y0, Y4, Y6, Y1, Y2)
	VMULPS  Y5, Y0, Y0
	VMOVUPS Y0, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     loop
	VZEROUPPER
	RET

// func softMetricAVX2(w, d *float32, n int, cut, ridge float32)
TEXT ·softMetricAVX2(SB), NOSPLIT, $0-32
	MOVQ         w+0(FP), DI
	MOVQ         d+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS cut+24(FP), Y4
	VBROADCASTSS ridge+28(FP), Y5
	VBROADCASTSS absMask<>(SB), Y6
	VBROADCASTSS one32<>(SB), Y7
	VXORPS       X8, X8, X8
	XORQ         DX, DX
	VUCOMISS     X8, X5
	SETHI        DX
	XORQ         AX, AX

loop:
	VMOVUPS (DI)(AX*4), Y0
	VMOVUPS (SI)(AX*4), Y3
	VDIVPS  Y3, Y4, Y8
	SOFT(Y0, Y8, Y6, Y1, Y2)
	TESTB   DX, DX
	JEQ     store
	VDIVPS  Y3, Y5, Y8
	VADDPS  Y7, Y8, Y8
	VDIVPS  Y8, Y0, Y0

store:
	VMOVUPS Y0, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     loop
	VZEROUPPER
	RET
