#include "textflag.h"

// Comparisons with 0 are NEQ_UQ (4): NaN counts as a value.

// Y14 becomes the mask of all bits but the sign, Y13 the mask of the sign.
#define SIGNMASKS \
	VPCMPEQD Y14, Y14, Y14 \
	VPSLLD   $31, Y14, Y13 \
	VPSRLD   $1, Y14, Y14

// The sum of the lanes of Y becomes the first lane of X; Z is scratch.
#define LANES(Y, X, Z) \
	VEXTRACTF128 $1, Y, Z \
	VADDPS       Z, X, X  \
	VHADDPS      X, X, X  \
	VHADDPS      X, X, X

// func activityRowAVX2(x *float32, counts *int32, n int) (abs, square float32)
TEXT ·activityRowAVX2(SB), NOSPLIT, $0-32
	MOVQ   x+0(FP), SI
	MOVQ   counts+8(FP), DI
	MOVQ   n+16(FP), CX
	VXORPS Y15, Y15, Y15
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	SIGNMASKS
	XORQ   AX, AX

loop:
	VMOVUPS     (SI)(AX*4), Y0
	VCMPPS      $4, Y15, Y0, Y1
	VMOVDQU     (DI)(AX*4), Y2
	VPSUBD      Y1, Y2, Y2
	VMOVDQU     Y2, (DI)(AX*4)
	VANDPS      Y14, Y0, Y3
	VADDPS      Y3, Y4, Y4
	VFMADD231PS Y0, Y0, Y5
	ADDQ        $8, AX
	CMPQ        AX, CX
	JLT         loop
	LANES(Y4, X4, X0)
	LANES(Y5, X5, X0)
	VMOVSS      X4, abs+24(FP)
	VMOVSS      X5, square+28(FP)
	VZEROUPPER
	RET

// func saturatedRowAVX2(x *float32, n int, beta float32) (sum float32)
TEXT ·saturatedRowAVX2(SB), NOSPLIT, $0-28
	MOVQ         x+0(FP), SI
	MOVQ         n+8(FP), CX
	VBROADCASTSS beta+16(FP), Y6
	VXORPS       Y4, Y4, Y4
	SIGNMASKS
	XORQ         AX, AX

loop:
	VANDPS (SI)(AX*4), Y14, Y0
	VADDPS Y0, Y6, Y1
	VDIVPS Y1, Y0, Y0
	VADDPS Y0, Y4, Y4
	ADDQ   $8, AX
	CMPQ   AX, CX
	JLT    loop
	LANES(Y4, X4, X0)
	VMOVSS X4, sum+24(FP)
	VZEROUPPER
	RET

// func signGradAVX2(dst, x, w *float32, n int, p, q float32)
TEXT ·signGradAVX2(SB), NOSPLIT, $0-40
	MOVQ         dst+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         w+16(FP), DX
	MOVQ         n+24(FP), CX
	VBROADCASTSS p+32(FP), Y6
	VBROADCASTSS q+36(FP), Y7
	VXORPS       Y15, Y15, Y15
	SIGNMASKS
	XORQ         AX, AX

loop:
	VMOVUPS     (SI)(AX*4), Y0
	VCMPPS      $4, Y15, Y0, Y1
	VANDPS      Y13, Y0, Y2
	VORPS       Y6, Y2, Y2
	VANDPS      Y1, Y2, Y2
	VFMADD231PS Y0, Y7, Y2
	VMOVUPS     (DI)(AX*4), Y3
	VFMADD231PS (DX)(AX*4), Y2, Y3
	VMOVUPS     Y3, (DI)(AX*4)
	ADDQ        $8, AX
	CMPQ        AX, CX
	JLT         loop
	VZEROUPPER
	RET

// func saturatedGradAVX2(dst, x, w *float32, n int, beta float32)
TEXT ·saturatedGradAVX2(SB), NOSPLIT, $0-36
	MOVQ         dst+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         w+16(FP), DX
	MOVQ         n+24(FP), CX
	VBROADCASTSS beta+32(FP), Y6
	VXORPS       Y15, Y15, Y15
	SIGNMASKS
	XORQ         AX, AX

loop:
	VMOVUPS     (SI)(AX*4), Y0
	VCMPPS      $4, Y15, Y0, Y1
	VANDPS      Y14, Y0, Y2
	VADDPS      Y2, Y6, Y2
	VMULPS      Y2, Y2, Y2
	VDIVPS      Y2, Y6, Y2
	VANDPS      Y13, Y0, Y3
	VORPS       Y3, Y2, Y2
	VANDPS      Y1, Y2, Y2
	VMOVUPS     (DI)(AX*4), Y3
	VFMADD231PS (DX)(AX*4), Y2, Y3
	VMOVUPS     Y3, (DI)(AX*4)
	ADDQ        $8, AX
	CMPQ        AX, CX
	JLT         loop
	VZEROUPPER
	RET
