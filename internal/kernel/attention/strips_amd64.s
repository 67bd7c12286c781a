#include "textflag.h"
#include "go_asm.h"

#define ROW(row, lo, hi) \
	VBROADCASTSS row, Y10 \
	VFMADD231PS Y8, Y10, lo \
	VFMADD231PS Y9, Y10, hi

#define STORE(row, row2, lo, hi) \
	VMOVUPS lo, row \
	VMOVUPS hi, row2

// func stripsAVX2(s *strips, count int)
//
// Y0 to Y7 accumulate, Y8 and Y9 hold sixteen columns of b.
TEXT ·stripsAVX2(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), R13
	MOVQ strips_c(R13), DI
	MOVQ strips_a(R13), SI
	MOVQ strips_b(R13), DX
	MOVQ strips_ldc(R13), R8
	SHLQ $2, R8
	MOVQ strips_rowA(R13), R9
	SHLQ $2, R9
	LEAQ (R9)(R9*2), R10
	MOVQ strips_stepA(R13), R11
	SHLQ $2, R11
	MOVQ strips_ldb(R13), R12
	SHLQ $2, R12
	MOVQ strips_depth(R13), R15
	MOVQ strips_ahead(R13), R14

strip:
	TESTQ R14, R14
	JEQ   products
	MOVQ  strips_aheadK(R13), AX
	MOVQ  strips_aheadV(R13), BX
	PREFETCHT1 (R14)
	PREFETCHT1 64(R14)
	PREFETCHT1 (R14)(AX*1)
	PREFETCHT1 64(R14)(AX*1)
	PREFETCHT1 (R14)(BX*1)
	PREFETCHT1 64(R14)(BX*1)
	ADDQ  strips_aheadStep(R13), R14

products:
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	MOVQ   SI, AX
	MOVQ   DX, BX
	MOVQ   R15, CX
	TESTQ  CX, CX
	JLE    summed

step:
	VMOVUPS (BX), Y8
	VMOVUPS 32(BX), Y9
	ROW((AX), Y0, Y1)
	ROW((AX)(R9*1), Y2, Y3)
	ROW((AX)(R9*2), Y4, Y5)
	ROW((AX)(R10*1), Y6, Y7)
	ADDQ R11, AX
	ADDQ R12, BX
	DECQ CX
	JNE  step

summed:
	LEAQ    (DI)(R8*2), AX
	MOVBLZX strips_add(R13), CX
	TESTL   CX, CX
	JEQ     store
	VADDPS  (DI), Y0, Y0
	VADDPS  32(DI), Y1, Y1
	VADDPS  (DI)(R8*1), Y2, Y2
	VADDPS  32(DI)(R8*1), Y3, Y3
	VADDPS  (AX), Y4, Y4
	VADDPS  32(AX), Y5, Y5
	VADDPS  (AX)(R8*1), Y6, Y6
	VADDPS  32(AX)(R8*1), Y7, Y7

store:
	STORE((DI), 32(DI), Y0, Y1)
	STORE((DI)(R8*1), 32(DI)(R8*1), Y2, Y3)
	STORE((AX), 32(AX), Y4, Y5)
	STORE((AX)(R8*1), 32(AX)(R8*1), Y6, Y7)
	LEAQ (DI)(R8*4), DI
	MOVQ strips_nextA(R13), AX
	LEAQ (SI)(AX*4), SI
	MOVQ strips_nextB(R13), AX
	LEAQ (DX)(AX*4), DX
	ADDQ strips_nextDepth(R13), R15
	DECQ count+8(FP)
	JNE  strip
	VZEROUPPER
	RET
