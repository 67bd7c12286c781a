#include "textflag.h"
#include "pool_amd64.h"

#define SUMTAP \
	VADDPS (SI)(DX*1), Y0, Y0

// func meanAVX2(y, x *float32, n, c, step, ld, kh, kw int, f float32)
TEXT ·meanAVX2(SB), NOSPLIT, $0-68
	MOVQ         y+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         n+16(FP), R9
	MOVQ         c+24(FP), R11
	MOVQ         step+32(FP), R8
	MOVQ         ld+40(FP), R12
	MOVQ         kh+48(FP), R13
	MOVQ         kw+56(FP), R10
	VBROADCASTSS f+64(FP), Y7
	SHLQ         $2, R8
	SHLQ         $2, R11
	SHLQ         $2, R12

next:
	XORQ AX, AX

channels:
	VXORPS  Y0, Y0, Y0
	EACH(SUMTAP)
	VMULPS  Y7, Y0, Y0
	VMOVUPS Y0, (DI)(AX*1)
	NEXTCHANNELS(NOTHING)
	ADDQ    R8, SI
	ADDQ    R11, DI
	DECQ    R9
	JNZ     next
	VZEROUPPER
	RET

// AVGGRAD goes over the windows; TAP takes Y0, which is f·dy without the
// channels that Y6 masks.
#define AVGGRAD(TAP, LAST) \
	SHLQ    $2, R8 \
	SHLQ    $2, R11 \
	SHLQ    $2, R12 \
next: \
	XORQ    AX, AX \
	VXORPS  Y6, Y6, Y6 \
channels: \
	VMULPS  (SI)(AX*1), Y7, Y0 \
	VANDNPS Y0, Y6, Y0 \
	EACH(TAP) \
	NEXTCHANNELS(LAST) \
	ADDQ    R8, DI \
	ADDQ    R11, SI \
	DECQ    R9 \
	JNZ     next \
	VZEROUPPER \
	RET

#define STORETAP \
	VMOVUPS Y0, (DI)(DX*1)

// func meanGradAVX2(dx, dy *float32, n, c, step, ld, kh, kw int, f float32)
TEXT ·meanGradAVX2(SB), NOSPLIT, $0-68
	MOVQ         dx+0(FP), DI
	MOVQ         dy+8(FP), SI
	MOVQ         n+16(FP), R9
	MOVQ         c+24(FP), R11
	MOVQ         step+32(FP), R8
	MOVQ         ld+40(FP), R12
	MOVQ         kh+48(FP), R13
	MOVQ         kw+56(FP), R10
	VBROADCASTSS f+64(FP), Y7
	AVGGRAD(STORETAP, NOTHING)

#define ADDTAP \
	VADDPS  (DI)(DX*1), Y0, Y1 \
	VMOVUPS Y1, (DI)(DX*1)

// func meanGradAddAVX2(dx, dy *float32, n, c, step, ld, kh, kw int, f float32)
TEXT ·meanGradAddAVX2(SB), NOSPLIT, $0-68
	MOVQ         dx+0(FP), DI
	MOVQ         dy+8(FP), SI
	MOVQ         n+16(FP), R9
	MOVQ         c+24(FP), R11
	MOVQ         step+32(FP), R8
	MOVQ         ld+40(FP), R12
	MOVQ         kh+48(FP), R13
	MOVQ         kw+56(FP), R10
	VBROADCASTSS f+64(FP), Y7
	AVGGRAD(ADDTAP, MASKDONE)
