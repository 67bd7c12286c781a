#include "textflag.h"

// func normalizeRowAVX2(y, x, gamma, beta *float32, n int, m, s float32)
TEXT ·normalizeRowAVX2(SB), NOSPLIT, $0-48
	MOVQ         y+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         gamma+16(FP), R8
	MOVQ         beta+24(FP), R9
	MOVQ         n+32(FP), CX
	VBROADCASTSS m+40(FP), Y1
	VBROADCASTSS s+44(FP), Y2
	XORQ         AX, AX

loop:
	VMOVUPS     (SI)(AX*4), Y0
	VSUBPS      Y1, Y0, Y0
	VMULPS      Y2, Y0, Y0
	VMOVUPS     (R8)(AX*4), Y3
	VFMADD213PS (R9)(AX*4), Y3, Y0
	VMOVUPS     Y0, (DI)(AX*4)
	ADDQ        $8, AX
	CMPQ        AX, CX
	JLT         loop
	VZEROUPPER
	RET

// X(lo) = the sum of Y(lo) and Y(hi) as float64; scratch is overwritten.
#define PAIRSUM64(ylo, yhi, xlo, scratch, xscratch) \
	VADDPS yhi, ylo, ylo \
	VEXTRACTF128 $1, ylo, xscratch \
	VCVTPS2PD xlo, ylo \
	VCVTPS2PD xscratch, scratch \
	VADDPD scratch, ylo, ylo \
	VEXTRACTF128 $1, ylo, xscratch \
	VADDPD xscratch, xlo, xlo \
	VPERMILPD $1, xlo, xscratch \
	VADDSD xscratch, xlo, xlo

#define SUMS(d, p, q) \
	VMOVUPS d(DX)(AX*4), Y4 \
	VMULPS  d(R8)(AX*4), Y4, Y4 \
	VMOVUPS d(SI)(AX*4), Y5 \
	VSUBPS  Y7, Y5, Y5 \
	VADDPS  Y4, p, p \
	VFMADD231PS Y5, Y4, q

// func layerSumsAVX2(x, gamma, dy *float32, n int, m float32) (p, q float64)
TEXT ·layerSumsAVX2(SB), NOSPLIT, $0-56
	MOVQ         x+0(FP), SI
	MOVQ         gamma+8(FP), R8
	MOVQ         dy+16(FP), DX
	MOVQ         n+24(FP), CX
	VBROADCASTSS m+32(FP), Y7
	VXORPS       Y0, Y0, Y0
	VXORPS       Y1, Y1, Y1
	VXORPS       Y2, Y2, Y2
	VXORPS       Y3, Y3, Y3
	XORQ         AX, AX
	SUBQ         $16, CX
	JLT          last

loop:
	SUMS(0, Y0, Y2)
	SUMS(32, Y1, Y3)
	ADDQ $16, AX
	CMPQ AX, CX
	JLE  loop

last:
	ADDQ $16, CX
	CMPQ AX, CX
	JEQ  done
	SUMS(0, Y0, Y2)

done:
	PAIRSUM64(Y0, Y1, X0, Y4, X4)
	PAIRSUM64(Y2, Y3, X2, Y4, X4)
	VMOVSD X0, p+40(FP)
	VMOVSD X2, q+48(FP)
	VZEROUPPER
	RET

// func layerRowAVX2(dx, dgamma, dbeta, x, gamma, dy *float32, n int, m, s, p, q float32)
TEXT ·layerRowAVX2(SB), NOSPLIT, $0-72
	MOVQ         dx+0(FP), DI
	MOVQ         dgamma+8(FP), R9
	MOVQ         dbeta+16(FP), R10
	MOVQ         x+24(FP), SI
	MOVQ         gamma+32(FP), R8
	MOVQ         dy+40(FP), DX
	MOVQ         n+48(FP), CX
	VBROADCASTSS m+56(FP), Y12
	VBROADCASTSS s+60(FP), Y13
	VBROADCASTSS p+64(FP), Y14
	VBROADCASTSS q+68(FP), Y15
	XORQ         AX, AX

loop:
	VMOVUPS (SI)(AX*4), Y0
	VSUBPS  Y12, Y0, Y0
	VMOVUPS (DX)(AX*4), Y1
	TESTQ   R9, R9
	JEQ     input
	VMULPS  Y13, Y0, Y2
	VFMADD213PS (R9)(AX*4), Y1, Y2
	VMOVUPS Y2, (R9)(AX*4)
	VADDPS  (R10)(AX*4), Y1, Y3
	VMOVUPS Y3, (R10)(AX*4)

input:
	TESTQ        DI, DI
	JEQ          next
	VMULPS       (R8)(AX*4), Y1, Y1
	VFMSUB213PS  Y14, Y13, Y1
	VFNMADD231PS Y15, Y0, Y1
	VMOVUPS      Y1, (DI)(AX*4)

next:
	ADDQ $8, AX
	CMPQ AX, CX
	JLT  loop
	VZEROUPPER
	RET
