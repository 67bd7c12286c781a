#include "go_asm.h"
#include "textflag.h"

DATA one64<>+0(SB)/8, $0x3ff0000000000000
GLOBL one64<>(SB), RODATA|NOPTR, $8

// FOLD adds the lanes of a and b up into the low lane of a, t being the low
// half of a scratch register.
#define FOLD(a, b, alow, t) \
	VADDPD       b, a, a       \
	VEXTRACTF128 $1, a, t      \
	VADDPD       t, alow, alow \
	VHADDPD      alow, alow, alow

// func metricBoundsAVX2(b *GroupBounds, w, d *float32, n int)
TEXT ·metricBoundsAVX2(SB), NOSPLIT, $0-32
	MOVQ         b+0(FP), DI
	MOVQ         w+8(FP), SI
	MOVQ         d+16(FP), DX
	MOVQ         n+24(FP), CX
	VXORPS       Y0, Y0, Y0
	VXORPS       Y1, Y1, Y1
	VXORPS       Y2, Y2, Y2
	VXORPS       Y3, Y3, Y3
	VBROADCASTSS (DX), Y4
	VMOVAPS      Y4, Y5
	XORQ         AX, AX

loop:
	VMOVUPS     (DX)(AX*4), Y6
	VMINPS      Y6, Y4, Y4
	VMAXPS      Y6, Y5, Y5
	VCVTPS2PD   X6, Y7
	VCVTPS2PD   16(DX)(AX*4), Y8
	VCVTPS2PD   (SI)(AX*4), Y9
	VCVTPS2PD   16(SI)(AX*4), Y10
	VFMADD231PD Y9, Y9, Y0
	VFMADD231PD Y10, Y10, Y1
	VMULPD      Y7, Y9, Y9
	VMULPD      Y8, Y10, Y10
	VFMADD231PD Y9, Y9, Y2
	VFMADD231PD Y10, Y10, Y3
	ADDQ        $8, AX
	CMPQ        AX, CX
	JLT         loop

	FOLD(Y0, Y1, X0, X6)
	FOLD(Y2, Y3, X2, X6)
	VMOVSD       X0, GroupBounds_Squares(DI)
	VMOVSD       X2, GroupBounds_Scaled(DI)
	VEXTRACTF128 $1, Y4, X6
	VMINPS       X6, X4, X4
	VPERMILPS    $0x4e, X4, X6
	VMINPS       X6, X4, X4
	VPERMILPS    $0xb1, X4, X6
	VMINPS       X6, X4, X4
	VMOVSS       X4, GroupBounds_DMin(DI)
	VEXTRACTF128 $1, Y5, X6
	VMAXPS       X6, X5, X5
	VPERMILPS    $0x4e, X5, X6
	VMAXPS       X6, X5, X5
	VPERMILPS    $0xb1, X5, X6
	VMAXPS       X6, X5, X5
	VMOVSS       X5, GroupBounds_DMax(DI)
	VZEROUPPER
	RET

// func metricSecularAVX2(w, d *float32, n int, theta, tau float64) (phi, psi float64)
TEXT ·metricSecularAVX2(SB), NOSPLIT, $0-56
	MOVQ         w+0(FP), SI
	MOVQ         d+8(FP), DX
	MOVQ         n+16(FP), CX
	VBROADCASTSD theta+24(FP), Y12
	VBROADCASTSD tau+32(FP), Y13
	VXORPS       Y0, Y0, Y0
	VXORPS       Y1, Y1, Y1
	VXORPS       Y2, Y2, Y2
	VXORPS       Y3, Y3, Y3
	XORQ         AX, AX

loop:
	VCVTPS2PD   (DX)(AX*4), Y4
	VCVTPS2PD   16(DX)(AX*4), Y5
	VMOVAPD     Y13, Y6
	VMOVAPD     Y13, Y7
	VFMADD231PD Y4, Y12, Y6
	VFMADD231PD Y5, Y12, Y7
	VDIVPD      Y6, Y4, Y4
	VDIVPD      Y7, Y5, Y5
	VCVTPS2PD   (SI)(AX*4), Y8
	VCVTPS2PD   16(SI)(AX*4), Y9
	VMULPD      Y4, Y8, Y8
	VMULPD      Y5, Y9, Y9
	VMULPD      Y8, Y8, Y8
	VMULPD      Y9, Y9, Y9
	VADDPD      Y8, Y0, Y0
	VADDPD      Y9, Y1, Y1
	VFMADD231PD Y8, Y4, Y2
	VFMADD231PD Y9, Y5, Y3
	ADDQ        $8, AX
	CMPQ        AX, CX
	JLT         loop

	FOLD(Y0, Y1, X0, X6)
	FOLD(Y2, Y3, X2, X6)
	VMOVSD X0, phi+40(FP)
	VMOVSD X2, psi+48(FP)
	VZEROUPPER
	RET

// func metricShrinkAVX2(w, d *float32, n int, theta, tau float64)
TEXT ·metricShrinkAVX2(SB), NOSPLIT, $0-40
	MOVQ         w+0(FP), SI
	MOVQ         d+8(FP), DX
	MOVQ         n+16(FP), CX
	VBROADCASTSD theta+24(FP), Y12
	VBROADCASTSD tau+32(FP), Y13
	XORQ         AX, AX

loop:
	VCVTPS2PD   (DX)(AX*4), Y4
	VCVTPS2PD   16(DX)(AX*4), Y5
	VMULPD      Y12, Y4, Y4
	VMULPD      Y12, Y5, Y5
	VADDPD      Y13, Y4, Y6
	VADDPD      Y13, Y5, Y7
	VCVTPS2PD   (SI)(AX*4), Y8
	VCVTPS2PD   16(SI)(AX*4), Y9
	VMULPD      Y4, Y8, Y8
	VMULPD      Y5, Y9, Y9
	VDIVPD      Y6, Y8, Y8
	VDIVPD      Y7, Y9, Y9
	VCVTPD2PSY  Y8, X8
	VCVTPD2PSY  Y9, X9
	VMOVUPS     X8, (SI)(AX*4)
	VMOVUPS     X9, 16(SI)(AX*4)
	ADDQ        $8, AX
	CMPQ        AX, CX
	JLT         loop
	VZEROUPPER
	RET
