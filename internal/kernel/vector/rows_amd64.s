#include "textflag.h"
#include "exp_amd64.h"

// REDUCEROW goes over n values with BODY(d, acc), which takes those at byte
// displacement d into one of the accumulators Y0 to Y3, and ends with TAIL,
// which takes the last values, masked by Y5, into Y1.
#define REDUCEROW(BODY, TAIL) \
	XORQ AX, AX \
	SUBQ $32, CX \
	JLT  narrow \
wide: \
	BODY(0, Y0) \
	BODY(32, Y1) \
	BODY(64, Y2) \
	BODY(96, Y3) \
	ADDQ $32, AX \
	CMPQ AX, CX \
	JLE  wide \
narrow: \
	ADDQ $24, CX \
	CMPQ AX, CX \
	JGT  tail \
next: \
	BODY(0, Y0) \
	ADDQ $8, AX \
	CMPQ AX, CX \
	JLE  next \
tail: \
	ADDQ $8, CX \
	SUBQ AX, CX \
	JEQ  end \
	TAILMASK(CX, BX, Y5) \
	TAIL \
end: \

#define ZEROSUMS \
	VXORPS Y0, Y0, Y0 \
	VXORPS Y1, Y1, Y1 \
	VXORPS Y2, Y2, Y2 \
	VXORPS Y3, Y3, Y3

// X0 = the sum of Y0 to Y3 as float64.
#define SUM64 \
	VADDPS Y2, Y0, Y0 \
	VADDPS Y3, Y1, Y1 \
	VADDPS Y1, Y0, Y0 \
	VEXTRACTF128 $1, Y0, X1 \
	VCVTPS2PD X0, Y0 \
	VCVTPS2PD X1, Y1 \
	VADDPD Y1, Y0, Y0 \
	VEXTRACTF128 $1, Y0, X1 \
	VADDPD X1, X0, X0 \
	VPERMILPD $1, X0, X1 \
	VADDSD X1, X0, X0

// A NaN, in the first operand of MAXPS, leaves the maximum as it is.
#define MAXBODY(d, acc) \
	VMOVUPS d(SI)(AX*4), Y4 \
	VMAXPS  acc, Y4, acc

#define MAXTAIL \
	VMASKMOVPS (SI)(AX*4), Y5, Y4 \
	VBLENDVPS Y5, Y4, Y6, Y4 \
	VMAXPS    Y1, Y4, Y1

// func rowMaxAVX2(x *float32, n int) float32
TEXT ·rowMaxAVX2(SB), NOSPLIT, $0-20
	MOVQ     x+0(FP), SI
	MOVQ     n+8(FP), CX
	VPCMPEQD Y6, Y6, Y6
	VPSLLD   $23, Y6, Y6 // -Inf
	VMOVAPS  Y6, Y0
	VMOVAPS  Y6, Y1
	VMOVAPS  Y6, Y2
	VMOVAPS  Y6, Y3
	REDUCEROW(MAXBODY, MAXTAIL)
	VMAXPS   Y2, Y0, Y0
	VMAXPS   Y3, Y1, Y1
	VMAXPS   Y1, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VMAXPS   X1, X0, X0
	VPERMILPS $0x4e, X0, X1
	VMAXPS   X1, X0, X0
	VPERMILPS $0xb1, X0, X1
	VMAXSS   X1, X0, X0
	VMOVSS   X0, max+16(FP)
	VZEROUPPER
	RET

// func rowExpAVX2(dst, x *float32, n int, m float32) float64
TEXT ·rowExpAVX2(SB), NOSPLIT, $0-40
	MOVQ         dst+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS m+24(FP), Y5
	LOADEXP
	VXORPS       Y6, Y6, Y6
	XORQ         AX, AX
	SUBQ         $8, CX
	JLT          tail

loop:
	VMOVUPS (SI)(AX*4), Y0
	VSUBPS  Y5, Y0, Y0
	EXPNEG(Y0, Y1, Y2, Y3, Y4)
	VADDPS  Y4, Y6, Y6
	TESTQ   DI, DI
	JEQ     next
	VMOVUPS Y4, (DI)(AX*4)

next:
	ADDQ $8, AX
	CMPQ AX, CX
	JLE  loop

tail:
	ADDQ       $8, CX
	SUBQ       AX, CX
	JEQ        end
	TAILMASK(CX, BX, Y0)
	VMASKMOVPS (SI)(AX*4), Y0, Y0
	VSUBPS     Y5, Y0, Y0
	EXPNEG(Y0, Y1, Y2, Y3, Y4)
	VMOVUPS    (BX), Y0
	VANDPS     Y0, Y4, Y4
	VADDPS     Y4, Y6, Y6
	TESTQ      DI, DI
	JEQ        end
	VMASKMOVPS Y4, Y0, (DI)(AX*4)

end:
	ZEROSUMS
	VMOVAPS Y6, Y0
	SUM64
	VMOVSD  X0, sum+32(FP)
	VZEROUPPER
	RET

#define SUMBODY(d, acc) \
	VMOVUPS d(SI)(AX*4), Y4 \
	VSUBPS  Y7, Y4, Y4 \
	VADDPS  Y4, acc, acc

#define SUMTAIL \
	VMASKMOVPS (SI)(AX*4), Y5, Y4 \
	VSUBPS Y7, Y4, Y4 \
	VANDPS Y5, Y4, Y4 \
	VADDPS Y4, Y1, Y1

// func rowSumAVX2(x *float32, n int, shift float32) float64
TEXT ·rowSumAVX2(SB), NOSPLIT, $0-32
	MOVQ         x+0(FP), SI
	MOVQ         n+8(FP), CX
	VBROADCASTSS shift+16(FP), Y7
	ZEROSUMS
	REDUCEROW(SUMBODY, SUMTAIL)
	SUM64
	VMOVSD       X0, sum+24(FP)
	VZEROUPPER
	RET

#define SQUAREBODY(d, acc) \
	VMOVUPS d(SI)(AX*4), Y4 \
	VSUBPS  Y7, Y4, Y4 \
	VFMADD231PS Y4, Y4, acc

#define SQUARETAIL \
	VMASKMOVPS (SI)(AX*4), Y5, Y4 \
	VSUBPS Y7, Y4, Y4 \
	VANDPS Y5, Y4, Y4 \
	VFMADD231PS Y4, Y4, Y1

// func rowSquaresAVX2(x *float32, n int, shift float32) float64
TEXT ·rowSquaresAVX2(SB), NOSPLIT, $0-32
	MOVQ         x+0(FP), SI
	MOVQ         n+8(FP), CX
	VBROADCASTSS shift+16(FP), Y7
	ZEROSUMS
	REDUCEROW(SQUAREBODY, SQUARETAIL)
	SUM64
	VMOVSD       X0, sum+24(FP)
	VZEROUPPER
	RET
