#include "textflag.h"

// Sixteen columns and two rows at a time, each row with its own sums, so that
// no addition waits for the one before it. Columns go in Y4..Y7 (sums of the
// even and the odd rows), squares in Y8..Y11, shifts in Y12 and Y13.

#define SHIFTED2(base, s0, s1, q0, q1) \
	VMOVUPS (base), Y0 \
	VMOVUPS 32(base), Y1 \
	VSUBPS Y12, Y0, Y0 \
	VSUBPS Y13, Y1, Y1 \
	VADDPS Y0, s0, s0 \
	VADDPS Y1, s1, s1 \
	VFMADD231PS Y0, Y0, q0 \
	VFMADD231PS Y1, Y1, q1

#define SHIFTED1(base, s, q) \
	VMOVUPS (base), Y0 \
	VSUBPS Y12, Y0, Y0 \
	VADDPS Y0, s, s \
	VFMADD231PS Y0, Y0, q

// func momentRowsAVX2(sum, square, x, shift *float32, rows, n, ld int)
TEXT ·momentRowsAVX2(SB), NOSPLIT, $0-56
	MOVQ sum+0(FP), DI
	MOVQ square+8(FP), R9
	MOVQ x+16(FP), SI
	MOVQ shift+24(FP), R8
	MOVQ n+40(FP), CX
	MOVQ ld+48(FP), DX
	SHLQ $2, DX

wide:
	SUBQ    $16, CX
	JLT     narrow
	MOVQ    rows+32(FP), BX
	MOVQ    SI, R10
	VMOVUPS (R8), Y12
	VMOVUPS 32(R8), Y13
	VMOVUPS (DI), Y4
	VMOVUPS 32(DI), Y5
	VMOVUPS (R9), Y8
	VMOVUPS 32(R9), Y9
	VXORPS  Y6, Y6, Y6
	VXORPS  Y7, Y7, Y7
	VXORPS  Y10, Y10, Y10
	VXORPS  Y11, Y11, Y11
	SUBQ    $2, BX
	JLT     wideLast

wideRows:
	SHIFTED2(R10, Y4, Y5, Y8, Y9)
	ADDQ DX, R10
	SHIFTED2(R10, Y6, Y7, Y10, Y11)
	ADDQ DX, R10
	SUBQ $2, BX
	JGE  wideRows

wideLast:
	ADDQ $2, BX
	JEQ  wideStore
	SHIFTED2(R10, Y4, Y5, Y8, Y9)

wideStore:
	VADDPS  Y6, Y4, Y4
	VADDPS  Y7, Y5, Y5
	VADDPS  Y10, Y8, Y8
	VADDPS  Y11, Y9, Y9
	VMOVUPS Y4, (DI)
	VMOVUPS Y5, 32(DI)
	VMOVUPS Y8, (R9)
	VMOVUPS Y9, 32(R9)
	ADDQ    $64, DI
	ADDQ    $64, SI
	ADDQ    $64, R8
	ADDQ    $64, R9
	JMP     wide

narrow:
	ADDQ    $16, CX
	JEQ     done
	MOVQ    rows+32(FP), BX
	VMOVUPS (R8), Y12
	VMOVUPS (DI), Y4
	VMOVUPS (R9), Y8
	VXORPS  Y6, Y6, Y6
	VXORPS  Y10, Y10, Y10
	SUBQ    $2, BX
	JLT     narrowLast

narrowRows:
	SHIFTED1(SI, Y4, Y8)
	ADDQ DX, SI
	SHIFTED1(SI, Y6, Y10)
	ADDQ DX, SI
	SUBQ $2, BX
	JGE  narrowRows

narrowLast:
	ADDQ $2, BX
	JEQ  narrowStore
	SHIFTED1(SI, Y4, Y8)

narrowStore:
	VADDPS  Y6, Y4, Y4
	VADDPS  Y10, Y8, Y8
	VMOVUPS Y4, (DI)
	VMOVUPS Y8, (R9)

done:
	VZEROUPPER
	RET
